package dev.eventbroker.benchmarks.report;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * A chart, drawn.
 *
 * @param name of its file, without the ending
 * @param title the question that it answers
 * @param alt what it shows, for those who can't see it
 * @param svg the drawing
 */
record Chart(String name, String title, String alt, String svg) {

  /** About how wide a letter is. */
  private static final int LETTER = 7;

  /** How wide all of them are: what fits a page of text. */
  static final int WIDTH = 840;

  /** Says which colour is whose, from the left at this height; {@code floor} names the floor. */
  static void legend(Svg svg, int y, Collection<String> peers, String floor) {
    int x = 0;
    Map<String, String> names = Map.of("ours", "eventbroker", "floor", floor, "other", "others");
    for (String style : List.of("ours", "floor", "other")) {
      if (peers.stream().noneMatch(peer -> style(peer).equals(style))) {
        continue;
      }
      String name = names.getOrDefault(style, "");
      svg.bar(x, y - 10, 11, 11, style);
      svg.text(x + 17, y, "muted", Svg.Anchor.START, name);
      x += 17 + LETTER * name.length() + 20;
    }
  }

  /** What each shape of a peer looks like, and its text. */
  static String style(String peer) {
    if (Peers.isOurs(peer)) {
      return "ours";
    }
    return Peers.isFloor(peer) ? "floor" : "other";
  }
}

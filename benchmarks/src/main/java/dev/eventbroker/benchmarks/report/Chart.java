package dev.eventbroker.benchmarks.report;

/**
 * A chart, drawn.
 *
 * @param name of its file, without the ending
 * @param title the question that it answers
 * @param alt what it shows, for those who can't see it
 * @param svg the drawing
 */
record Chart(String name, String title, String alt, String svg) {

  /** How wide all of them are: what fits a page of text. */
  static final int WIDTH = 840;

  /** What each shape of a peer looks like, and its text. */
  static String style(String peer) {
    if (Peers.isOurs(peer)) {
      return "ours";
    }
    return Peers.isFloor(peer) ? "floor" : "other";
  }
}

package dev.eventbroker.benchmarks.report;

import dev.eventbroker.benchmarks.report.Svg.Anchor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Bars from the left, a row for each peer, panels side by side: medians as bars, the spread of the
 * rounds as whiskers.
 */
final class BarChart {

  private static final int LABELS = 150;
  private static final int TOP = 112;
  private static final int ROW = 26;
  private static final int BAR = 16;
  private static final int BOTTOM = 14;
  private static final int GAP = 18;

  /** What a number needs to the right of its bar. */
  private static final int NUMBER = 62;

  private final String name;
  private final String title;
  private final String unit;
  private final String floor;
  private final List<Panel> panels = new ArrayList<>();

  /** The unit is told below the title, and which way is better; who the floor is, in the legend. */
  BarChart(String name, String title, String unit, String floor) {
    this.name = name;
    this.title = title;
    this.unit = unit;
    this.floor = floor;
  }

  private record Panel(String heading, Map<String, Spread> bars) {

    double most() {
      return bars.values().stream().mapToDouble(Spread::max).max().orElse(0);
    }
  }

  /** Adds a panel, to the right of those before. */
  void panel(String heading, Map<String, Spread> bars) {
    if (!bars.isEmpty()) {
      panels.add(new Panel(heading, bars));
    }
  }

  boolean isEmpty() {
    return panels.isEmpty();
  }

  /** Draws it; panels share their scale where they show the same thing, else each has its own. */
  Chart draw(boolean sharedScale, boolean moreIsBetter) {
    List<String> peers = peers(moreIsBetter);
    String alt = description(peers);
    Svg svg = new Svg(Chart.WIDTH, TOP + ROW * peers.size() + BOTTOM, title, alt);
    svg.text(0, 20, "title", Anchor.START, title);
    svg.text(
        0,
        40,
        "muted",
        Anchor.START,
        unit + " Bars: medians; whiskers: least and most of the rounds.");
    Chart.legend(svg, 62, peers, floor);
    for (int row = 0; row < peers.size(); row++) {
      String peer = peers.get(row);
      svg.text(LABELS - 10, baseline(row), Chart.style(peer), Anchor.END, peer);
    }
    double width = (Chart.WIDTH - LABELS - GAP * (panels.size() - 1.0)) / panels.size();
    double most = panels.stream().mapToDouble(Panel::most).max().orElse(0);
    for (int i = 0; i < panels.size(); i++) {
      Panel panel = panels.get(i);
      double left = LABELS + i * (width + GAP);
      double scale = (width - NUMBER) / nonZero(sharedScale ? most : panel.most());
      draw(svg, panel, peers, left, scale);
    }
    return new Chart(name, title, alt, svg.toString());
  }

  private static void draw(Svg svg, Panel panel, List<String> peers, double left, double scale) {
    svg.text(left, TOP - 14, "muted", Anchor.START, panel.heading());
    svg.line(left, TOP - 4, left, TOP + ROW * peers.size(), "grid");
    for (int row = 0; row < peers.size(); row++) {
      Spread spread = panel.bars().get(peers.get(row));
      double y = TOP + ROW * row;
      if (spread == null) {
        svg.text(left + 6, baseline(row), "muted", Anchor.START, "not measured");
        continue;
      }
      svg.bar(left, y + 3, spread.median() * scale, BAR, Chart.style(peers.get(row)));
      double end = left + spread.max() * scale;
      if (spread.max() > spread.min()) {
        double start = left + spread.min() * scale;
        svg.line(start, y + 11, end, y + 11, "whisker");
        svg.line(start, y + 7, start, y + 15, "whisker");
        svg.line(end, y + 7, end, y + 15, "whisker");
      }
      String style = Peers.isOurs(peers.get(row)) ? "ours" : "";
      svg.text(end + 6, baseline(row), style, Anchor.START, Numbers.brief(spread.median()));
    }
  }

  private static double baseline(int row) {
    return TOP + ROW * row + 16;
  }

  private static double nonZero(double value) {
    return value > 0 ? value : 1;
  }

  /** The best first, by the first panel that has them. */
  private List<String> peers(boolean moreIsBetter) {
    Comparator<String> byFirst = Comparator.comparingDouble(this::firstMedian);
    return panels.stream()
        .flatMap(panel -> panel.bars().keySet().stream())
        .distinct()
        .sorted((moreIsBetter ? byFirst.reversed() : byFirst).thenComparing(Peers.order()))
        .toList();
  }

  private double firstMedian(String peer) {
    return panels.stream()
        .filter(panel -> panel.bars().containsKey(peer))
        .mapToDouble(panel -> panel.bars().get(peer).median())
        .findFirst()
        .orElse(0);
  }

  private String description(List<String> peers) {
    return panels.stream()
            .map(
                panel ->
                    panel.heading()
                        + ": "
                        + peers.stream()
                            .filter(panel.bars()::containsKey)
                            .map(
                                peer -> peer + " " + Numbers.brief(panel.bars().get(peer).median()))
                            .collect(Collectors.joining(", ")))
            .collect(Collectors.joining("; "))
        + ".";
  }
}

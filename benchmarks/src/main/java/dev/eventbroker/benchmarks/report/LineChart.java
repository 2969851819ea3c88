package dev.eventbroker.benchmarks.report;

import dev.eventbroker.benchmarks.report.Svg.Anchor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Lines over sizes that span decades: each size has its place (none at all among them), the scale
 * of the figure is logarithmic, each line is named at its end.
 */
final class LineChart {

  private static final int LEFT = 60;
  private static final int RIGHT = Chart.WIDTH - 230;
  private static final int TOP = 82;
  private static final int BOTTOM = 402;
  private static final int HEIGHT = 452;

  /** Names at the ends of lines are no closer than this. */
  private static final int LABEL = 17;

  private final String name;
  private final String title;
  private final String unit;
  private final String floor;
  private final String sizes;
  private final SortedMap<String, SortedMap<Long, Spread>> lines = new TreeMap<>(Peers.order());

  /** The unit is told below the title, who the floor is in the legend, what the sizes are below. */
  LineChart(String name, String title, String unit, String floor, String sizes) {
    this.name = name;
    this.title = title;
    this.unit = unit;
    this.floor = floor;
    this.sizes = sizes;
  }

  /** Adds a point to a peer's line; one that is not above zero has no place here. */
  void point(String peer, long size, Spread spread) {
    if (spread.min() > 0) {
      lines.computeIfAbsent(peer, key -> new TreeMap<>()).put(size, spread);
    }
  }

  boolean isEmpty() {
    return lines.isEmpty();
  }

  Chart draw() {
    Svg svg = new Svg(Chart.WIDTH, HEIGHT, title, description());
    svg.text(0, 20, "title", Anchor.START, title);
    svg.text(
        0,
        40,
        "muted",
        Anchor.START,
        unit + " Logarithmic; dots: medians; whiskers: least and most.");
    Chart.legend(svg, 62, lines.keySet(), floor);
    Scale scale = new Scale();
    for (int decade = scale.low; decade <= scale.high; decade++) {
      double y = scale.y(Math.pow(10, decade));
      svg.line(LEFT, y, RIGHT, y, "grid");
      svg.text(LEFT - 8, y + 4, "muted", Anchor.END, decade(decade));
    }
    for (long size : scale.sizes) {
      svg.text(scale.x(size), BOTTOM + 20, "muted", Anchor.MIDDLE, Numbers.whole(size));
    }
    svg.text((LEFT + RIGHT) / 2.0, BOTTOM + 42, "muted", Anchor.MIDDLE, sizes);
    int others = 0;
    // Ours last, so that nothing lies over it.
    for (String peer :
        new ArrayList<>(lines.keySet()).stream().sorted(Peers.order().reversed()).toList()) {
      line(svg, scale, peer, Chart.style(peer).equals("other") ? others++ : 0);
    }
    labels(svg, scale);
    return new Chart(name, title, description(), svg.toString());
  }

  private void line(Svg svg, Scale scale, String peer, int number) {
    String style = Chart.style(peer);
    // Neighbouring greys are told apart by their strokes.
    String stroke = List.of("", " dashed", " dotted").get(number % 3);
    svg.polyline(
        points(peer).entrySet().stream()
            .map(point -> Svg.point(scale.x(point.getKey()), scale.y(point.getValue().median())))
            .collect(Collectors.joining(" ")),
        style + stroke);
    points(peer)
        .forEach(
            (size, spread) -> {
              double x = scale.x(size);
              if (spread.max() > spread.min()) {
                svg.line(x, scale.y(spread.min()), x, scale.y(spread.max()), "whisker");
              }
              svg.dot(x, scale.y(spread.median()), style);
            });
  }

  /** Names the lines at their right ends, pushed apart where lines end close to each other. */
  private void labels(Svg svg, Scale scale) {
    List<String> byHeight =
        lines.keySet().stream()
            .sorted(Comparator.comparingDouble(peer -> scale.y(last(peer).median())))
            .toList();
    double[] places = new double[byHeight.size()];
    for (int i = 0; i < places.length; i++) {
      double wanted = scale.y(last(byHeight.get(i)).median());
      places[i] = i == 0 ? wanted : Math.max(wanted, places[i - 1] + LABEL);
    }
    double floor = BOTTOM;
    for (int i = places.length - 1; i >= 0; i--) {
      places[i] = Math.min(places[i], floor);
      floor = places[i] - LABEL;
    }
    for (int i = 0; i < places.length; i++) {
      String peer = byHeight.get(i);
      double x = scale.x(points(peer).lastKey());
      svg.line(x + 6, scale.y(last(peer).median()), RIGHT + 24, places[i], "leader");
      svg.text(
          RIGHT + 28,
          places[i] + 4,
          Chart.style(peer),
          Anchor.START,
          peer + " " + Numbers.brief(last(peer).median()));
    }
  }

  private SortedMap<Long, Spread> points(String peer) {
    return lines.getOrDefault(peer, new TreeMap<>());
  }

  private Spread last(String peer) {
    SortedMap<Long, Spread> points = points(peer);
    return points.get(points.lastKey());
  }

  /** As {@code 10 k}. */
  private static String decade(int decade) {
    return Numbers.brief(Math.pow(10, decade)).replace(".00", "").replace(".0", "");
  }

  private String description() {
    return lines.entrySet().stream()
            .map(
                line ->
                    line.getKey()
                        + ": "
                        + line.getValue().entrySet().stream()
                            .map(
                                point ->
                                    Numbers.brief(point.getValue().median())
                                        + " at "
                                        + Numbers.whole(point.getKey()))
                            .collect(Collectors.joining(", ")))
            .collect(Collectors.joining("; "))
        + ".";
  }

  /** Where sizes and figures are. */
  private final class Scale {

    final SortedSet<Long> sizes = new TreeSet<>();
    final int low;
    final int high;

    Scale() {
      double least = Double.MAX_VALUE;
      double most = 0;
      for (Map<Long, Spread> points : lines.values()) {
        sizes.addAll(points.keySet());
        for (Spread spread : points.values()) {
          least = Math.min(least, spread.min());
          most = Math.max(most, spread.max());
        }
      }
      low = (int) Math.floor(Math.log10(least));
      high = Math.max(low + 1, (int) Math.ceil(Math.log10(most)));
    }

    double x(long size) {
      double step = (RIGHT - LEFT) / (sizes.size() + 0.0);
      return LEFT + step * (sizes.headSet(size).size() + 0.5);
    }

    double y(double value) {
      return BOTTOM - (Math.log10(value) - low) * (BOTTOM - TOP) / (high - low);
    }
  }
}

package dev.eventbroker.benchmarks.report;

import java.util.Locale;

/**
 * A drawing: shapes are added, then it is asked for its text. The background is transparent, and
 * colours follow the reader's choice of light or dark. What a shape looks like is said by its class
 * ({@code ours}, {@code floor}, {@code other}), never by itself.
 */
final class Svg {

  private static final String STYLE =
      """
        <style>
          text { font: 13px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328; }
          text.title { font-size: 16px; font-weight: 600; }
          text.muted { fill: #59636e; font-size: 12px; }
          text.ours { fill: #0860c4; font-weight: 600; }
          text.floor { font-weight: 600; }
          rect.ours, circle.ours { fill: #2f81f7; }
          rect.floor, circle.floor { fill: #6e7781; }
          rect.other, circle.other { fill: #afb8c1; }
          polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
          polyline.ours { stroke: #2f81f7; stroke-width: 3; }
          polyline.floor { stroke: #6e7781; stroke-width: 2.5; }
          polyline.other { stroke: #afb8c1; }
          polyline.dashed { stroke-dasharray: 7 4; }
          polyline.dotted { stroke-dasharray: 2 4; }
          line.grid { stroke: #d1d9e0; stroke-width: 1; }
          line.leader { stroke: #d1d9e0; stroke-width: 1; }
          line.whisker { stroke: #1f2328; stroke-width: 1.2; }
          @media (prefers-color-scheme: dark) {
            text { fill: #f0f6fc; }
            text.muted { fill: #9198a1; }
            text.ours { fill: #6cb0ff; }
            rect.floor, circle.floor { fill: #9198a1; }
            rect.other, circle.other { fill: #565d66; }
            polyline.floor { stroke: #9198a1; }
            polyline.other { stroke: #656c76; }
            line.grid, line.leader { stroke: #3d444d; }
            line.whisker { stroke: #f0f6fc; }
          }
        </style>
      """;

  private final StringBuilder shapes = new StringBuilder();
  private final int width;
  private final int height;
  private final String title;
  private final String description;

  /** The title and the description are read to those who can't see it. */
  Svg(int width, int height, String title, String description) {
    this.width = width;
    this.height = height;
    this.title = title;
    this.description = description;
  }

  /** Where a text is held: by its beginning, its middle or its end. */
  enum Anchor {
    START,
    MIDDLE,
    END
  }

  void text(double x, double y, String style, Anchor anchor, String text) {
    shapes.append(
        format(
            "  <text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n",
            x, y, style, anchor.name().toLowerCase(Locale.ROOT), escaped(text)));
  }

  void bar(double x, double y, double width, double height, String style) {
    shapes.append(
        format(
            "  <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" class=\"%s\"/>\n",
            x, y, width, height, style));
  }

  void line(double x1, double y1, double x2, double y2, String style) {
    shapes.append(
        format(
            "  <line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n",
            x1, y1, x2, y2, style));
  }

  void dot(double x, double y, String style) {
    shapes.append(
        format("  <circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" class=\"%s\"/>\n", x, y, style));
  }

  /** Takes the points as {@code x,y} separated by blanks, see {@link #point}. */
  void polyline(String points, String style) {
    shapes.append("  <polyline points=\"" + points + "\" class=\"" + style + "\"/>\n");
  }

  static String point(double x, double y) {
    return format("%.1f,%.1f", x, y);
  }

  /** The whole drawing. */
  @Override
  public String toString() {
    return format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                + " role=\"img\" aria-labelledby=\"title description\">\n",
            width, height, width, height)
        + ("  <title id=\"title\">" + escaped(title) + "</title>\n")
        + ("  <desc id=\"description\">" + escaped(description) + "</desc>\n")
        + STYLE
        + shapes
        + "</svg>\n";
  }

  /** The same on every machine, whatever its language. */
  private static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}

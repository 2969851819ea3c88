package dev.eventbroker.examples.board;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** The page and what belongs to it, from the class path. */
final class Pages {

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml",
          "png", "image/png",
          "ico", "image/x-icon");

  /** One file of a known type in one folder: nothing that could climb out of it. */
  private static final Pattern NAME = Pattern.compile("/([a-z0-9-]+)\\.(html|css|js|svg|png|ico)");

  /** Scripts of this origin only, whatever text a card carries. */
  private static final String POLICY =
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

  private Pages() {}

  /** The file at that path, if there is one. */
  static Optional<Reply> at(String path) throws IOException {
    String file = path.equals("/") ? "/index.html" : path;
    var name = NAME.matcher(file);
    if (!name.matches()) {
      return Optional.empty();
    }
    try (InputStream content = Pages.class.getResourceAsStream("page" + file)) {
      if (content == null) {
        return Optional.empty();
      }
      Map<String, String> headers =
          Map.of(
              "Cache-Control",
              "no-cache",
              "X-Content-Type-Options",
              "nosniff",
              "Content-Security-Policy",
              POLICY);
      String type = TYPES.getOrDefault(name.group(2), "application/octet-stream");
      return Optional.of(new Reply(200, type, ByteBuffer.wrap(content.readAllBytes()), headers));
    }
  }
}

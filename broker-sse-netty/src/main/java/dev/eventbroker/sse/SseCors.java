package dev.eventbroker.sse;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.URI;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Which pages of other origins may read what an endpoint answers, refusals included (the <a
 * href="https://fetch.spec.whatwg.org/#http-cors-protocol">CORS protocol</a> of the Fetch
 * standard). A page whose origin is not named is answered without the header fields that would let
 * it read, which is what ends it in a browser. Immutable.
 */
public final class SseCors {

  /** For how many seconds a browser may remember the answer to a preflight: ten minutes. */
  private static final int MAX_AGE_SECONDS = 600;

  /**
   * What an event source may send beyond what is always allowed: the id to go on from, which needs
   * a preflight from some browsers and in some forms, and what polyfills add.
   */
  private static final List<String> ALWAYS_ALLOWED =
      List.of("Last-Event-ID", "Cache-Control", "Accept");

  private final Optional<Set<String>> origins;
  private final boolean credentials;
  private final List<String> headers;

  private SseCors(Optional<Set<String>> origins, boolean credentials, List<String> headers) {
    this.origins = origins;
    this.credentials = credentials;
    this.headers = headers;
  }

  /**
   * Pages of these origins may read, each written as a browser does: {@code https://a.example} or
   * {@code https://a.example:8443}.
   *
   * @throws IllegalArgumentException if there is none, or one is not written so
   */
  public static SseCors origins(String... allowed) {
    if (allowed.length == 0) {
      throw new IllegalArgumentException("origins: none (expected: at least one)");
    }
    Set<String> known = new LinkedHashSet<>();
    for (String origin : allowed) {
      known.add(requireOrigin(origin));
    }
    return new SseCors(Optional.of(known), false, ALWAYS_ALLOWED);
  }

  /** Every page may read; without credentials, and there is no way to add them. */
  public static SseCors anyOrigin() {
    return new SseCors(Optional.empty(), false, ALWAYS_ALLOWED);
  }

  /**
   * The same policy for pages that send cookies along ({@code withCredentials}).
   *
   * @throws IllegalStateException if it lets every origin in
   */
  public SseCors withCredentials() {
    if (origins.isEmpty()) {
      throw new IllegalStateException("origins: any (expected: a list, for there are credentials)");
    }
    return new SseCors(origins, true, headers);
  }

  /** The same policy for pages that send these header fields too, such as {@code Authorization}. */
  public SseCors withHeaders(String... more) {
    Set<String> all = new LinkedHashSet<>(headers);
    all.addAll(List.of(more));
    return new SseCors(origins, credentials, List.copyOf(all));
  }

  private static String requireOrigin(String origin) {
    URI uri = URI.create(origin);
    boolean isOrigin =
        uri.getScheme() != null
            && uri.getHost() != null
            && origin.equals(
                (uri.getScheme() + "://" + uri.getHost() + port(uri)).toLowerCase(Locale.ROOT));
    if (!isOrigin) {
      throw new IllegalArgumentException(
          "origin: \"" + origin + "\" (expected: scheme://host or scheme://host:port)");
    }
    return origin;
  }

  private static String port(URI uri) {
    return uri.getPort() < 0 ? "" : ":" + uri.getPort();
  }

  /** Writes into an answer what lets the page behind that request read it. */
  void describe(HttpHeaders request, boolean preflight, HttpHeaders answer) {
    if (origins.isPresent()) {
      // Also where there is no origin: a cache must not give that answer to a page.
      answer.add(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
    }
    String origin = request.get(HttpHeaderNames.ORIGIN);
    if (origin == null || (origins.isPresent() && !origins.get().contains(origin))) {
      return;
    }
    answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origins.isPresent() ? origin : "*");
    if (credentials) {
      answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if (preflight && request.contains(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD)) {
      answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_METHODS, Refusal.ALLOWED_METHODS);
      answer.set(HttpHeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, String.join(", ", headers));
      answer.set(HttpHeaderNames.ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS);
    }
  }
}

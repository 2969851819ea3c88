package dev.eventbroker.sse;

import dev.eventbroker.SubscribeRequest;

/**
 * What one endpoint takes on at most. Beyond a limit on streams the newcomer is sent away, never
 * one that is there: an event source is told to come back later, everybody else gets 503 with
 * {@code Retry-After}. Immutable.
 *
 * @param streams streams at a time, undecided requests included
 * @param perPrincipal of these, the streams of one principal; the broker's own limit on the
 *     connections of a principal (1 000 by default, {@code BrokerBuilder.connectionsPerPrincipal})
 *     holds beside it
 * @param perAddress of these, the ones from one address, undecided requests included; addresses of
 *     one IPv6 /64 network count as one ({@link SseEndpoint.Builder#address})
 * @param filters filters of one request; more are refused with 400
 * @param requestBytes bytes of a request's line and header fields; more are refused with 431
 */
public record SseLimits(
    int streams, int perPrincipal, int perAddress, int filters, int requestBytes) {

  /** What a node's memory carries at some KiB each; more nodes come cheaper than a larger one. */
  public static final int DEFAULT_STREAMS = 100_000;

  /**
   * No limit here: behind a proxy all clients share one address, and one principal may be a whole
   * application. Who knows better sets one. The broker's own limit per principal still holds.
   */
  public static final int UNLIMITED = Integer.MAX_VALUE;

  /** Room for a hundred filters and for the cookies and tokens of grown applications. */
  public static final int DEFAULT_REQUEST_BYTES = 32 * 1024;

  /**
   * @throws IllegalArgumentException if one of them is not positive, or there are more filters than
   *     a subscription may have
   */
  public SseLimits {
    requirePositive("streams", streams);
    requirePositive("perPrincipal", perPrincipal);
    requirePositive("perAddress", perAddress);
    requirePositive("requestBytes", requestBytes);
    if (filters < 1 || filters > SubscribeRequest.MAX_FILTERS) {
      throw new IllegalArgumentException(
          "filters: " + filters + " (expected: 1 to " + SubscribeRequest.MAX_FILTERS + ")");
    }
  }

  /** {@value #DEFAULT_STREAMS} streams, as many filters as the core takes, 32 KiB of a request. */
  public static SseLimits defaults() {
    return new SseLimits(
        DEFAULT_STREAMS, UNLIMITED, UNLIMITED, SubscribeRequest.MAX_FILTERS, DEFAULT_REQUEST_BYTES);
  }

  /** The same limits with another number of streams. */
  public SseLimits withStreams(int most) {
    return new SseLimits(most, perPrincipal, perAddress, filters, requestBytes);
  }

  /** The same limits with another number of streams of one principal. */
  public SseLimits withPerPrincipal(int most) {
    return new SseLimits(streams, most, perAddress, filters, requestBytes);
  }

  /** The same limits with another number of streams from one address. */
  public SseLimits withPerAddress(int most) {
    return new SseLimits(streams, perPrincipal, most, filters, requestBytes);
  }

  /** The same limits with another number of filters of one request. */
  public SseLimits withFilters(int most) {
    return new SseLimits(streams, perPrincipal, perAddress, most, requestBytes);
  }

  /** The same limits with another size of a request's line and header fields. */
  public SseLimits withRequestBytes(int most) {
    return new SseLimits(streams, perPrincipal, perAddress, filters, most);
  }

  private static void requirePositive(String what, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + ": " + value + " (expected: > 0)");
    }
  }
}

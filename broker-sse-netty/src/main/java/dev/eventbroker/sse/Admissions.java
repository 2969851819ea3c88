package dev.eventbroker.sse;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who is in, so that nobody is let in beyond a limit. Safe on any thread: a count and the
 * look at its limit are one step.
 */
final class Admissions {

  private final SseLimits limits;
  private final AtomicInteger streams = new AtomicInteger();
  private final ConcurrentHashMap<String, Integer> byAddress = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Integer> byPrincipal = new ConcurrentHashMap<>();

  Admissions(SseLimits limits) {
    this.limits = limits;
  }

  /** Counts a client from that address in, or answers nothing if it is one too many. */
  Optional<Admission> enter(String address) {
    if (streams.incrementAndGet() > limits.streams()) {
      streams.decrementAndGet();
      return Optional.empty();
    }
    if (!count(byAddress, address, limits.perAddress())) {
      streams.decrementAndGet();
      return Optional.empty();
    }
    // What is not counted need not be remembered.
    boolean counted = limits.perAddress() != SseLimits.UNLIMITED;
    return Optional.of(new Admission(counted ? address : ""));
  }

  /** How many are in. */
  int streams() {
    return streams.get();
  }

  /** Whether nobody is counted anywhere. */
  boolean isEmpty() {
    return streams.get() == 0 && byAddress.isEmpty() && byPrincipal.isEmpty();
  }

  private static boolean count(ConcurrentHashMap<String, Integer> counts, String name, int most) {
    if (most == SseLimits.UNLIMITED) {
      return true;
    }
    boolean[] in = new boolean[1];
    counts.compute(
        name,
        (key, now) -> {
          int before = now == null ? 0 : now;
          in[0] = before < most;
          return in[0] ? Integer.valueOf(before + 1) : now;
        });
    return in[0];
  }

  private static void uncount(ConcurrentHashMap<String, Integer> counts, String name) {
    counts.computeIfPresent(name, (key, now) -> now == 1 ? null : Integer.valueOf(now - 1));
  }

  /** One client that was counted in. Used on its event loop only. */
  final class Admission {

    private final String address;
    private Optional<String> principal = Optional.empty();
    private boolean over;

    private Admission(String address) {
      this.address = address;
    }

    /** Counts it for its principal too; false if it is one too many. */
    boolean as(String name) {
      if (!count(byPrincipal, name, limits.perPrincipal())) {
        return false;
      }
      principal = Optional.of(name);
      return true;
    }

    /** Counts it out; only the first call does. */
    void leave() {
      if (over) {
        return;
      }
      over = true;
      principal.ifPresent(name -> uncount(byPrincipal, name));
      uncount(byAddress, address);
      streams.decrementAndGet();
    }
  }
}

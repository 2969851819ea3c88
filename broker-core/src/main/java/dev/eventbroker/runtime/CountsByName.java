package dev.eventbroker.runtime;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counters that come into being as their names do, such as one for each reason why something ended.
 * Safe on any thread, and without a lock for a name that is known.
 */
public final class CountsByName {

  /**
   * What is counted for names beyond {@link #MAX_NAMES}: a caller that makes up a name each time
   * must not fill the memory.
   */
  public static final String OTHER = "other";

  /** More reasons than anybody has, and few enough for a page or a metrics store. */
  static final int MAX_NAMES = 64;

  private final ConcurrentHashMap<String, LongAdder> counts = new ConcurrentHashMap<>();

  /** Nothing was counted yet. */
  public CountsByName() {}

  /** One more of that name. */
  public void increment(String name) {
    LongAdder known = counts.get(name);
    (known == null ? named(name) : known).increment();
  }

  private synchronized LongAdder named(String name) {
    boolean fits = counts.size() < MAX_NAMES || counts.containsKey(name);
    return counts.computeIfAbsent(fits ? name : OTHER, same -> new LongAdder());
  }

  /** What was counted so far, by name; a copy. */
  public Map<String, Long> counts() {
    Map<String, Long> copy = new TreeMap<>();
    counts.forEach((name, count) -> copy.put(name, count.sum()));
    return copy;
  }
}

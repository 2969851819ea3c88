package dev.eventbroker.detached;

import dev.eventbroker.Retry;
import java.util.Optional;

/** What a view of the publisher adds to each of its tasks. */
record Manner(Optional<Retry> retry, boolean tellsGaps) {

  static final Manner PLAIN = new Manner(Optional.empty(), false);

  Manner retrying(Retry newRetry) {
    return new Manner(Optional.of(newRetry), tellsGaps);
  }

  Manner tellingGaps() {
    return new Manner(retry, true);
  }
}

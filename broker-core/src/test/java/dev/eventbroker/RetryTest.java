package dev.eventbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class RetryTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  @Test
  void everyBoundIsCheckedAndNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retry(0, SECOND, SECOND))
        .withMessage("attempts: 0 (expected: 1 to 100)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retry(101, SECOND, SECOND))
        .withMessage("attempts: 101 (expected: 1 to 100)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retry(2, Duration.ZERO, SECOND))
        .withMessage("firstDelay: PT0S (expected: > 0)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retry(2, SECOND, Duration.ofMillis(999)))
        .withMessage("maxDelay: PT0.999S (expected: PT1S to PT1H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retry(2, SECOND, Duration.ofMinutes(61)))
        .withMessage("maxDelay: PT1H1M (expected: PT1S to PT1H)");
  }

  @Test
  void theCeilingDoublesUpToTheLongestDelayAndTheWaitIsDrawnBelowIt() {
    Retry retry = new Retry(100, Duration.ofMillis(100), SECOND);

    assertThat(retry.delayAfter(1, highest())).isEqualTo(Duration.ofMillis(100));
    assertThat(retry.delayAfter(2, highest())).isEqualTo(Duration.ofMillis(200));
    assertThat(retry.delayAfter(4, highest())).isEqualTo(Duration.ofMillis(800));
    assertThat(retry.delayAfter(5, highest())).isEqualTo(SECOND);
    assertThat(retry.delayAfter(100, highest())).isEqualTo(SECOND);
    assertThat(retry.delayAfter(100, lowest())).isEqualTo(Duration.ZERO);
  }

  @Test
  void waitsAreSpreadOverTheWholeSpan() {
    Retry retry = new Retry(3, SECOND, SECOND);
    Random random = new Random(42);

    long early = 0;
    for (int i = 0; i < 1000; i++) {
      if (retry.delayAfter(1, random).toMillis() < 500) {
        early++;
      }
    }

    assertThat(early).isBetween(400L, 600L);
  }

  @Test
  void whatIsWrongInItselfIsNotTriedAgain() {
    assertThat(Retry.mayHelp(new java.io.IOException())).isTrue();
    assertThat(Retry.mayHelp(new BrokerException.Overloaded("full"))).isTrue();
    assertThat(Retry.mayHelp(new IllegalArgumentException())).isFalse();
    assertThat(Retry.mayHelp(new BrokerException.Closed("broker"))).isFalse();
    assertThat(Retry.mayHelp(new OutOfMemoryError("on purpose"))).isFalse();
  }

  private static RandomGenerator lowest() {
    return bound(0);
  }

  private static RandomGenerator highest() {
    return bound(1);
  }

  /** Draws the first or the last of what may be drawn. */
  private static RandomGenerator bound(int which) {
    return new RandomGenerator() {
      @Override
      public long nextLong() {
        throw new UnsupportedOperationException("only ever asked for a bounded one");
      }

      @Override
      public long nextLong(long bound) {
        return which * (bound - 1);
      }
    };
  }
}

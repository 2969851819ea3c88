package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private static final Backoff BACKOFF =
      new Backoff(Duration.ofMillis(100), Duration.ofSeconds(30));

  @Test
  void theBoundDoublesUntilTheLongest() {
    double almostOne = Math.nextDown(1.0);

    assertThat(millis(1, almostOne)).isEqualTo(99);
    assertThat(millis(2, almostOne)).isEqualTo(199);
    assertThat(millis(9, almostOne)).isEqualTo(25_599);
    assertThat(millis(10, almostOne)).isEqualTo(29_999);
    assertThat(millis(Integer.MAX_VALUE, almostOne)).isEqualTo(29_999);
  }

  @Test
  void theWaitIsAnythingBelowTheBound() {
    assertThat(millis(3, 0)).isZero();
    assertThat(millis(3, 0.5)).isEqualTo(200);
  }

  private static long millis(int failures, double random) {
    RandomGenerator generator =
        new RandomGenerator() {
          @Override
          public long nextLong() {
            return 0;
          }

          @Override
          public double nextDouble() {
            return random;
          }
        };
    return Duration.ofNanos(BACKOFF.nanosAfter(failures, generator)).toMillis();
  }
}

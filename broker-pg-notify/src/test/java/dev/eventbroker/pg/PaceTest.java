package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How rounds keep their distance. */
class PaceTest {

  private static final long DISTANCE = Pace.DISTANCE.toNanos();
  private static final long NOW = Long.MAX_VALUE - 1;

  private final Pace pace = new Pace();

  @Test
  void theFirstRoundBeginsAtOnce() {
    assertThat(pace.nanosLeft(NOW)).isNotPositive();
  }

  @Test
  void afterALoneEventTheNextRoundBeginsAtOnce() {
    pace.begin(NOW);
    pace.found(1);

    assertThat(pace.nanosLeft(NOW)).isNotPositive();
  }

  @Test
  void whereEventsComeFasterThanRoundsTheRoundsKeepTheirDistance() {
    pace.begin(NOW);
    pace.found(2);

    assertThat(pace.nanosLeft(NOW)).isEqualTo(DISTANCE);
    assertThat(pace.nanosLeft(NOW + DISTANCE - 1)).isOne();
    assertThat(pace.nanosLeft(NOW + DISTANCE)).isZero();
  }

  @Test
  void aRoundThatFindsNothingEndsIt() {
    pace.begin(NOW);
    pace.found(2);
    pace.begin(NOW + DISTANCE);
    pace.found(0);

    assertThat(pace.nanosLeft(NOW + DISTANCE)).isNotPositive();
  }
}

package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Audience;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogTest {

  private static final Topic TOPIC = Topic.of("t");

  private final Log log = new Log(16, 1 << 20, new EventId("e", 0));

  @Test
  void idsRiseWithoutHoles() {
    assertThat(log.append(event("a"), Instant.EPOCH)).isEqualTo(new EventId("e", 1));
    log.appendLocal(event("local"), Instant.EPOCH);
    assertThat(log.append(event("b"), Instant.EPOCH)).isEqualTo(new EventId("e", 2));
    assertThat(log.cursor()).isEqualTo(new EventId("e", 2));
  }

  @Test
  void theOldestGoesWhenTheBoundInEventsIsReached() {
    append(20);

    assertThat(log.tail() - log.head()).isEqualTo(16);
    assertThat(log.get(log.head())).isNotNull();
    assertThat(log.get(log.head() - 1)).isNull();
    assertThat(log.get(log.tail())).isNull();
  }

  @Test
  void theOldestGoesWhenTheBoundInBytesIsReached() {
    Log small = new Log(1024, 10_000, new EventId("e", 0));
    for (int i = 0; i < 100; i++) {
      small.append(event("x".repeat(1000)), Instant.EPOCH);
      assertThat(small.bytes()).isLessThanOrEqualTo(10_000 + 2250);
    }
    assertThat(small.tail() - small.head()).isBetween(4L, 5L);
  }

  @Test
  void anEventLargerThanTheBoundStandsAlone() {
    Log small = new Log(1024, 10_000, new EventId("e", 0));
    small.append(event("a"), Instant.EPOCH);

    small.append(event("x".repeat(100_000)), Instant.EPOCH);

    assertThat(small.tail() - small.head()).isEqualTo(1);
  }

  @Test
  void aRunGoesOnRightAfterTheIdThatWasSeen() {
    append(20);

    assertThat(after(20).next()).isEqualTo(log.tail());
    assertThat(after(19).next()).isEqualTo(log.tail() - 1);
    assertThat(after(4).next()).isEqualTo(log.head());
    assertThat(after(4).missed()).isEmpty();
  }

  @Test
  void anIdThatIsTooOldIsSaidToBeExpired() {
    append(20);

    assertThat(after(3).missed()).contains(Gap.Reason.EXPIRED);
    assertThat(after(3).next()).isEqualTo(log.tail());
    assertThat(after(3).cursor()).isEqualTo(new EventId("e", 20));
  }

  @Test
  void anIdOfAnotherEpochOrFromTheFutureIsNeverGuessedAt() {
    append(5);

    assertThat(log.after(new EventId("other", 3), true).missed()).contains(Gap.Reason.EPOCH);
    assertThat(log.after(new EventId("e", 6), false).missed()).contains(Gap.Reason.EPOCH);
    assertThat(log.after(new EventId("e", 1_000_000), true).missed()).contains(Gap.Reason.EPOCH);
  }

  @Test
  void anIdThatAnotherNodeHasAndThisOneHasNotYetIsWaitedFor() {
    append(5);

    Log.Place place = log.after(new EventId("e", 7), true);

    assertThat(place.missed()).isEmpty();
    assertThat(place.next()).isEqualTo(log.tail());
    assertThat(place.cursor()).isEqualTo(new EventId("e", 7));
  }

  @Test
  void aGapInTheLogIsNotPassedOverByWhoResumesRightBeforeIt() {
    append(5);
    long gapAt = log.tail();
    log.appendGap(Gap.Reason.SOURCE, TopicFilter.ALL);
    append(1);

    assertThat(after(5).next()).isEqualTo(gapAt);
    assertThat(log.get(gapAt)).isInstanceOf(Entry.OfGap.class);
    assertThat(after(6).next()).isEqualTo(log.tail());
  }

  @Test
  void aGapThatIsNoLongerKeptMakesTheIdBeforeItUnusable() {
    append(5);
    log.appendGap(Gap.Reason.SOURCE, TopicFilter.ALL);
    append(16);

    assertThat(after(5).missed()).contains(Gap.Reason.EXPIRED);
    assertThat(after(6).missed()).isEmpty();
  }

  @Test
  void localEventsAreNotResumedFrom() {
    append(2);
    log.appendLocal(event("local"), Instant.EPOCH);
    append(1);

    Log.Place place = after(2);

    assertThat(place.next()).isEqualTo(log.tail() - 2);
    assertThat(after(3).next()).isEqualTo(log.tail());
  }

  @Test
  void aRestartMakesOldIdsUnusableAndTellsReaders() {
    append(5);

    log.restart(new EventId("f", 100));

    assertThat(after(5).missed()).contains(Gap.Reason.EPOCH);
    assertThat(log.after(new EventId("f", 99), true).missed()).contains(Gap.Reason.EXPIRED);
    assertThat(log.after(new EventId("f", 100), true).missed()).isEmpty();
    Entry entry = log.get(log.tail() - 1);
    assertThat(entry).isInstanceOf(Entry.OfGap.class);
    Gap gap = ((Entry.OfGap) entry).gap;
    assertThat(gap.reason()).isEqualTo(Gap.Reason.EPOCH);
    assertThat(gap.from()).isEqualTo(Optional.of(new EventId("e", 5)));
    assertThat(gap.to()).isEqualTo(new EventId("f", 100));
  }

  @Test
  void theFirstStartIsNoGapForNobodyHasReadAnything() {
    log.begin(new EventId("f", 100));

    assertThat(log.tail()).isEqualTo(log.head());
    assertThat(log.cursor()).isEqualTo(new EventId("f", 100));
  }

  @Test
  void aRestartOfALogThatHasSeenNoEventIsAGapAllTheSameForThereMayBeSubscribers() {
    log.begin(new EventId("f", 100));

    log.restart(new EventId("g", 0));

    assertThat(log.get(log.tail() - 1)).isInstanceOf(Entry.OfGap.class);
  }

  @Test
  void aRestartThatGoesBackWithinTheEpochIsRefused() {
    append(5);

    assertThatThrownBy(() -> log.restart(new EventId("e", 4)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("begin: e.4 (expected: another epoch, or from e.5)");
    log.restart(new EventId("e", 5));
    assertThat(log.cursor()).isEqualTo(new EventId("e", 5));
  }

  @Test
  void anEventThatIsNotTheNextOneIsRefused() {
    log.append(new EventId("e", 1), event("a"), Instant.EPOCH);

    assertThatThrownBy(() -> log.append(new EventId("e", 3), event("c"), Instant.EPOCH))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("id: e.3 (expected: e.2)");
    assertThatThrownBy(() -> log.append(new EventId("x", 2), event("c"), Instant.EPOCH))
        .hasMessage("id: x.2 (expected: e.2)");
  }

  @Test
  void aGapThatIsNoLongerKeptIsNotForgottenWhenALocalEventBehindItGoesToo() {
    append(5);
    log.appendGap(Gap.Reason.SOURCE, TopicFilter.ALL);
    for (int i = 0; i < 17; i++) {
      log.appendLocal(event("local"), Instant.EPOCH);
    }

    assertThat(after(5).missed()).contains(Gap.Reason.EXPIRED);
    append(1);
    assertThat(after(6).missed()).isEmpty();
  }

  @Test
  void keysAndAudiencesCountForTheBoundInBytes() {
    Log keys = new Log(1024, 100_000, new EventId("e", 0));
    Log audiences = new Log(1024, 100_000, new EventId("e", 0));
    Audience audience =
        Audience.of(IntStream.range(0, 1000).mapToObj(i -> "principal-" + i).toList());
    for (int i = 0; i < 100; i++) {
      keys.append(event("x").withKey("k".repeat(10_000)), Instant.EPOCH);
      audiences.append(event("x").withAudience(audience), Instant.EPOCH);
    }

    assertThat(keys.tail() - keys.head()).isLessThan(10);
    assertThat(audiences.tail() - audiences.head()).isLessThan(10);
  }

  @Test
  void aCapacityThatIsNoPowerOfTwoIsKeptToTheLetter() {
    Log odd = new Log(17, 1 << 20, new EventId("e", 0));
    for (int i = 1; i <= 100; i++) {
      odd.append(event("x"), Instant.EPOCH);
      assertThat(odd.tail() - odd.head()).isEqualTo(Math.min(i, 17));
      assertThat(odd.get(odd.head())).isNotNull();
      assertThat(odd.get(odd.head() - 1)).isNull();
      long oldest = Math.max(0, i - 17);
      assertThat(odd.after(new EventId("e", oldest), false))
          .isEqualTo(
              new Log.Place(odd.head(), new EventId("e", oldest), odd.tail(), Optional.empty()));
    }
    assertThat(odd.bytes()).isEqualTo(17 * Entry.OfEvent.bytes(event("x")) + Strands.TOPIC_BYTES);
  }

  private Log.Place after(long position) {
    return log.after(new EventId("e", position), false);
  }

  private void append(int count) {
    for (int i = 0; i < count; i++) {
      log.append(event("x"), Instant.EPOCH);
    }
  }

  private static Event event(String data) {
    return Event.of(TOPIC, "t", data);
  }
}

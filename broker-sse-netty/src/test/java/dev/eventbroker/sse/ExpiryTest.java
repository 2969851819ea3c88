package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** What a client was let in with ends: it is told before, and then the stream ends. */
class ExpiryTest {

  @Test
  void theEndOfATokenIsAnnouncedAndThenTheStreamEndsBetweenTwoEvents() {
    try (TimedStream stream = new TimedStream(until(Duration.ofMinutes(5)))) {
      stream.open();
      stream.pass(Duration.ofSeconds(269));
      assertThat(stream.sent()).doesNotContain("expiring");

      stream.pass(Duration.ofSeconds(1));
      assertThat(stream.sent()).contains("event: expiring\ndata: {\"inMillis\":30000}\n\n");
      stream.pass(Duration.ofSeconds(29));
      var unused = stream.broker.publish(Event.of(Topic.of("a"), "moved", "last"));
      stream.pass(Duration.ofSeconds(1));

      assertThat(stream.sent()).doesNotContain("expiring").endsWith("data: last\n\n\r\n0\r\n\r\n");
      assertThat(stream.channel.isOpen()).isFalse();
      assertThat(stream.closed).extracting(CloseReason::code).containsExactly("expired");
      assertThat(stream.closed.get(0).expectedBack()).isTrue();
    }
  }

  @Test
  void theAnnouncementMovesNoCursor() {
    try (TimedStream stream = new TimedStream(until(Duration.ofMinutes(5)))) {
      stream.open();
      stream.pass(Duration.ofSeconds(270));

      String seen = stream.sent();
      String before = seen.substring(0, seen.indexOf("event: expiring"));
      assertThat(before).endsWith("\r\n");
    }
  }

  @Test
  void aTokenThatEndsSoonIsAnnouncedAtOnce() {
    try (TimedStream stream = new TimedStream(until(Duration.ofSeconds(10)))) {
      stream.open();
      stream.pass(Duration.ofMillis(1));

      assertThat(stream.sent()).contains("event: expiring\ndata: {\"inMillis\":");
    }
  }

  @Test
  void aTokenThatIsOverIsRefused() {
    try (TimedStream stream = new TimedStream(until(Duration.ZERO))) {
      stream.open();

      assertThat(stream.sent()).startsWith("HTTP/1.1 401 ").contains("authorization: expired");
      assertThat(stream.broker.stats().connections().open()).isZero();
    }
  }

  @Test
  void oneThatWasOverBeforeAnyClockIsRefusedToo() {
    try (TimedStream stream = new TimedStream(until(Instant.MIN))) {
      stream.open();

      assertThat(stream.sent()).startsWith("HTTP/1.1 401 ");
    }
  }

  @Test
  void oneThatNeverEndsIsAStreamLikeAnyOther() {
    try (TimedStream stream = new TimedStream(until(Instant.MAX))) {
      stream.open();
      stream.pass(Duration.ofSeconds(1));

      assertThat(stream.sent()).startsWith("HTTP/1.1 200 ").doesNotContain("expiring");
    }
  }

  @Test
  void noEventCanPassForTheAnnouncement() {
    Assertions.assertThatIllegalArgumentException()
        .isThrownBy(() -> Event.of(Topic.of("a"), "expiring", ""));
  }

  private static UnaryOperator<SseEndpoint.Builder> until(Duration fromStart) {
    return until(TimedStream.START.plus(fromStart));
  }

  private static UnaryOperator<SseEndpoint.Builder> until(Instant end) {
    SseDecision decision = SseDecision.allow(Authorized.principal("ann")).until(end);
    return options -> options.authorizer(request -> CompletableFuture.completedStage(decision));
  }
}

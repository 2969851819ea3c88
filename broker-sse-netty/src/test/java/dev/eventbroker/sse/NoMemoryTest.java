package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.CloseReason;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** There is no buffer for what a stream has to write: a client that is cut off comes back. */
class NoMemoryTest {

  private final Scarce scarce = new Scarce();

  @Test
  void aStreamThatCannotWriteItsEventsIsCutOff() {
    try (TimedStream stream = new TimedStream(UnaryOperator.identity())) {
      open(stream);

      scarce.isOut = true;
      var unused = stream.broker.publish(Event.of(Topic.of("a"), "t", "1"));
      stream.channel.runPendingTasks();
      scarce.isOut = false;

      assertCutOff(stream);
    }
  }

  @Test
  void aStreamThatCannotWriteItsHeartbeatIsCutOff() {
    try (TimedStream stream = new TimedStream(UnaryOperator.identity())) {
      open(stream);

      scarce.isOut = true;
      stream.pass(Duration.ofSeconds(16));
      scarce.isOut = false;

      assertCutOff(stream);
    }
  }

  @Test
  void aStreamThatCannotWriteItsEndIsCutOff() {
    try (TimedStream stream = new TimedStream(UnaryOperator.identity())) {
      open(stream);

      scarce.isOut = true;
      stream.broker.close();
      stream.channel.runPendingTasks();
      scarce.isOut = false;

      assertThat(stream.channel.isOpen()).isFalse();
      assertThat(stream.closed).hasSize(1);
    }
  }

  private void open(TimedStream stream) {
    stream.open();
    assertThat(stream.sent()).contains(": connected");
    var unused = stream.channel.config().setAllocator(scarce);
  }

  private static void assertCutOff(TimedStream stream) {
    assertThat(stream.channel.isOpen()).isFalse();
    assertThat(stream.closed).extracting(CloseReason::code).containsExactly("failed");
    assertThat(stream.broker.stats().subscriptions().open()).isZero();
  }

  private static final class Scarce extends AbstractByteBufAllocator {

    private boolean isOut;

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
      if (isOut) {
        throw new OutOfMemoryError("on purpose");
      }
      return UnpooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
      return newHeapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }
}

package dev.eventbroker.sse;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOutboundBuffer;

/**
 * Sees whether the bytes that wait for a socket move: a write to a dead or a stopped peer does not
 * fail, it waits. Listens to the last write of each batch, and looks at what is left of the others.
 * Used on the channel's event loop only.
 */
final class WriteProgress implements ChannelFutureListener {

  private long completed;

  // As of the last look.
  private long seenCompleted;
  private long seenPending;
  private long seenPartial;
  private long movedAt;

  /** A batch has gone out. */
  @Override
  public void operationComplete(ChannelFuture lastWrite) {
    completed++;
  }

  /** How long what waits has not moved, as far as the looks at it can tell; 0 if nothing waits. */
  long stalledNanos(Channel channel, long now) {
    ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
    long pending = buffer == null ? 0 : buffer.totalPendingWriteBytes();
    long partial = buffer == null ? 0 : buffer.currentProgress();
    // More bytes behind those that wait are no movement.
    boolean moved =
        seenPending == 0
            || pending < seenPending
            || partial != seenPartial
            || completed != seenCompleted;
    if (pending == 0 || moved) {
      movedAt = now;
    }
    seenCompleted = completed;
    seenPending = pending;
    seenPartial = partial;
    return now - movedAt;
  }

  /** Whether something waited at the last look. */
  boolean isPending() {
    return seenPending > 0;
  }
}

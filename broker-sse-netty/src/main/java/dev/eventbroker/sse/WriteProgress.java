package dev.eventbroker.sse;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;

/**
 * Sees whether the bytes that wait for a socket move. A write to a dead or a stopped peer does not
 * fail; it waits. Used on the channel's event loop only.
 */
final class WriteProgress {

  private long pending;
  private long progress;
  private int current;
  private long movedAt;

  /** How long what waits has not moved, as far as the looks at it can tell; 0 if nothing waits. */
  long stalledNanos(Channel channel, long now) {
    ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
    long pendingNow = buffer == null ? 0 : buffer.totalPendingWriteBytes();
    if (buffer == null || pendingNow == 0) {
      pending = 0;
      movedAt = now;
      return 0;
    }
    long progressNow = buffer.currentProgress();
    // Its identity is enough, and keeps no buffer; what is added behind it is no movement.
    int currentNow = System.identityHashCode(buffer.current());
    if (pending == 0 || pendingNow < pending || progressNow != progress || currentNow != current) {
      movedAt = now;
    }
    pending = pendingNow;
    progress = progressNow;
    current = currentNow;
    return now - movedAt;
  }

  /** Whether something waited at the last look. */
  boolean isPending() {
    return pending > 0;
  }
}

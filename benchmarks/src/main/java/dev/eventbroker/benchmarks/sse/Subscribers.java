package dev.eventbroker.benchmarks.sse;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;

/** The subscriptions of one event loop of {@link NettyServer}. Used on that loop only. */
final class Subscribers {

  private final List<ChannelHandlerContext> contexts = new ArrayList<>();

  /** Writes to that channel from now on, until it is closed. */
  void add(ChannelHandlerContext context) {
    contexts.add(context);
    var unused = context.channel().closeFuture().addListener(closed -> contexts.remove(context));
  }

  /** Writes a frame to each channel, flushed, and releases it. */
  void write(ByteBuf frame) {
    // By index, for a write that fails at once closes its channel, which takes it out.
    for (int i = contexts.size() - 1; i >= 0; i--) {
      ChannelHandlerContext context = contexts.get(i);
      var unused = context.writeAndFlush(frame.retainedDuplicate(), context.voidPromise());
    }
    frame.release();
  }
}

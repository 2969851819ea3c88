package dev.eventbroker.sse;

import dev.eventbroker.runtime.LimitedWarnings;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What the exchanges of one endpoint share. Safe on any thread. */
final class EndpointState {

  private final SseSettings settings;

  /** Every client can make an authorizer fail as often as it likes. */
  private final LimitedWarnings failures;

  private final Admissions admissions;
  private final ChannelGroup streams = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

  /** A host may make and close event loops for as long as it lives: those that are over may go. */
  private final Map<EventLoop, FrameBatch> batches =
      Collections.synchronizedMap(new WeakHashMap<>());

  private volatile boolean draining;

  EndpointState(SseSettings settings, LimitedWarnings failures) {
    this.settings = settings;
    this.failures = failures;
    this.admissions = new Admissions(settings.limits());
  }

  SseSettings settings() {
    return settings;
  }

  LimitedWarnings failures() {
    return failures;
  }

  Admissions admissions() {
    return admissions;
  }

  /** What the streams of that event loop write with. */
  FrameBatch batchOf(EventLoop loop) {
    return batches.computeIfAbsent(loop, first -> new FrameBatch());
  }

  /** A stream begins on that channel; from then on it hears of a drain. */
  void opened(Channel channel) {
    streams.add(channel);
  }

  /** To be asked after {@link #opened}, for the drain may have begun in between. */
  boolean isDraining() {
    return draining;
  }

  CompletionStage<Void> drain() {
    draining = true;
    for (Channel channel : streams) {
      channel.pipeline().fireUserEventTriggered(Drain.EVENT);
    }
    CompletableFuture<Void> done = new CompletableFuture<>();
    streams.newCloseFuture().addListener(closed -> done.complete(null));
    return done;
  }
}

package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.channel.ChannelPipeline;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A broker and a server on a free port, and a record of what has ended. */
final class RunningServer implements AutoCloseable {

  /** Only ever reached by a test that fails. */
  private static final long TIMEOUT_SECONDS = 60;

  final Broker broker;
  final SseEndpoint endpoint;
  final SseServer server;
  final AtomicInteger opened = new AtomicInteger();
  final BlockingQueue<CloseReason> closedConnections = new LinkedBlockingQueue<>();
  final BlockingQueue<CloseReason> closedSubscriptions = new LinkedBlockingQueue<>();

  private RunningServer(
      UnaryOperator<BrokerBuilder> brokerOptions,
      UnaryOperator<SseEndpoint.Builder> options,
      Consumer<ChannelPipeline> pipeline,
      UnaryOperator<SseServer.Builder> serverOptions) {
    broker =
        brokerOptions
            .apply(
                new BrokerBuilder()
                    .observer(
                        new BrokerObserver() {
                          @Override
                          public void subscriptionClosed(String principal, CloseReason reason) {
                            closedSubscriptions.add(reason);
                          }
                        }))
            .build();
    var unused =
        broker
            .connections()
            .listen(
                new ConnectionListener() {
                  @Override
                  public void onOpen(Connection connection) {
                    opened.incrementAndGet();
                  }

                  @Override
                  public void onClose(Connection connection, CloseReason reason) {
                    closedConnections.add(reason);
                  }
                });
    SseEndpoint.Builder builder =
        SseEndpoint.builder(broker).authorizer(SseAuthorizer.everybodyAs("ann"));
    endpoint = options.apply(builder).build();
    server =
        serverOptions
            .apply(
                SseServer.builder(endpoint)
                    .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .pipeline(pipeline)
                    .transport(Transport.nio())
                    .threads(2))
            .build()
            .start();
  }

  static RunningServer start() {
    return start(UnaryOperator.identity());
  }

  static RunningServer start(UnaryOperator<SseEndpoint.Builder> options) {
    return new RunningServer(
        UnaryOperator.identity(), options, pipeline -> {}, UnaryOperator.identity());
  }

  static RunningServer startServer(
      UnaryOperator<SseEndpoint.Builder> options, UnaryOperator<SseServer.Builder> serverOptions) {
    return new RunningServer(UnaryOperator.identity(), options, pipeline -> {}, serverOptions);
  }

  static RunningServer start(
      UnaryOperator<BrokerBuilder> brokerOptions,
      UnaryOperator<SseEndpoint.Builder> options,
      Consumer<ChannelPipeline> pipeline) {
    return new RunningServer(brokerOptions, options, pipeline, UnaryOperator.identity());
  }

  static RunningServer start(
      UnaryOperator<BrokerBuilder> brokerOptions,
      UnaryOperator<SseEndpoint.Builder> options,
      Consumer<ChannelPipeline> pipeline,
      UnaryOperator<SseServer.Builder> serverOptions) {
    return new RunningServer(brokerOptions, options, pipeline, serverOptions);
  }

  RawClient connect() {
    return RawClient.connect(server.localAddress());
  }

  EventId publish(String topic, String data) {
    return broker.publish(Event.of(Topic.of(topic), "moved", data)).toCompletableFuture().join();
  }

  /** Waits for one connection and its subscription to end. */
  void awaitClosed() {
    next(closedConnections);
    next(closedSubscriptions);
  }

  static <T> T next(BlockingQueue<T> queue) {
    try {
      T next = queue.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      assertThat(next).as("what was waited for").isNotNull();
      return next;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Waits for what another thread is about to bring about. */
  static void until(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  /** Waits until nobody is there any more, wherever that is counted. */
  void awaitNobody() {
    until("no connection", () -> broker.stats().connections().open() == 0);
    until("no subscription", () -> broker.stats().subscriptions().open() == 0);
    until("nobody counted in", endpoint::isIdle);
    assertNothingIsLeft();
  }

  void assertNothingIsLeft() {
    assertThat(broker.stats().connections().open()).isZero();
    assertThat(broker.stats().subscriptions().open()).isZero();
    assertThat(broker.connections().principals()).isEmpty();
    assertThat(broker.connections().owners()).isEmpty();
  }

  @Override
  public void close() {
    server.close();
    broker.close();
  }
}

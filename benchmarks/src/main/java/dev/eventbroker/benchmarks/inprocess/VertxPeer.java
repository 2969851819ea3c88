package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.TopicFilter;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The event bus of Vert.x within one process. Consumers are spread over two event loops; a codec
 * passes the object on as it is, without a copy. There is no bound for a consumer but that of the
 * load.
 */
final class VertxPeer implements Peer {

  private static final DeliveryOptions LOCAL =
      new DeliveryOptions().setLocalOnly(true).setCodecName(AsItIs.NAME);

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(THREADS));
  private final List<Context> loops = new ArrayList<>();
  private int nextLoop;

  VertxPeer() {
    vertx.eventBus().registerCodec(new AsItIs());
    for (int i = 0; i < THREADS; i++) {
      await(
          vertx.deployVerticle(
              context -> {
                loops.add(context);
                return Future.succeededFuture();
              }));
    }
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    Context loop = loops.get(nextLoop);
    nextLoop = (nextLoop + 1) % loops.size();
    CompletableFuture<MessageConsumer<Tick>> consumer = new CompletableFuture<>();
    loop.runOnContext(
        unused ->
            consumer.complete(
                vertx
                    .eventBus()
                    .localConsumer(filter.toString(), message -> listener.accept(message.body()))));
    MessageConsumer<Tick> registered = consumer.join();
    return () -> await(registered.unregister());
  }

  @Override
  public void publish(Tick tick) {
    vertx.eventBus().publish(tick.topic(), tick, LOCAL);
  }

  @Override
  public void close() {
    await(vertx.close());
  }

  private static void await(Future<?> future) {
    future.toCompletionStage().toCompletableFuture().join();
  }

  /** The object itself; it never leaves the process. */
  private static final class AsItIs implements MessageCodec<Tick, Tick> {

    static final String NAME = "tick";

    @Override
    public void encodeToWire(Buffer buffer, Tick tick) {
      throw new UnsupportedOperationException("wire: none (expected: one process)");
    }

    @Override
    public Tick decodeFromWire(int position, Buffer buffer) {
      throw new UnsupportedOperationException("wire: none (expected: one process)");
    }

    @Override
    public Tick transform(Tick tick) {
      return tick;
    }

    @Override
    public String name() {
      return NAME;
    }

    /** None of Vert.x's own. */
    @Override
    public byte systemCodecID() {
      return -1;
    }
  }
}

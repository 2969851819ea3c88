package dev.eventbroker.benchmarks.postgres;

import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.Gap;
import dev.eventbroker.Subscriber;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.pg.PgNotifySource;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.pubsub.PgSubscriber;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A way of hearing notifications on {@link NotificationLoop#CHANNEL}, until it is closed. */
interface Listening {

  /** Called on one thread for each notification. */
  interface Hearer {
    void heard();
  }

  /** Opens one that listens when this returns. */
  interface Opening {
    Listening open(BenchmarkDatabase database, Hearer hearer) throws Exception;
  }

  /** Nothing is heard any more when this returns. */
  void close() throws Exception;

  /** A {@link PgNotifySource}, a broker, and a subscription: events with topics, all the way. */
  static Listening ours(BenchmarkDatabase database, Hearer hearer) {
    Topic topic = Topic.of("project/42/board");
    Broker broker = new BrokerBuilder().build();
    BenchmarkDatabase.subscribe(
        broker,
        new Subscriber() {
          @Override
          public void onEvent(Delivery delivery) {
            hearer.heard();
          }

          @Override
          public void onGap(Gap gap) {
            throw new IllegalStateException("a gap: " + gap);
          }
        });
    broker.attach(
        PgNotifySource.builder(database.url())
            .channel(NotificationLoop.CHANNEL)
            .mapper((channel, payload) -> List.of(Event.of(topic, "card.moved", payload)))
            .build());
    return () -> BenchmarkDatabase.close(broker);
  }

  /** A loop over the driver and a callback. */
  static Listening byHand(BenchmarkDatabase database, Hearer hearer) throws SQLException {
    NotificationLoop loop = new NotificationLoop(database, payload -> hearer.heard());
    return loop::close;
  }

  /** A handler of Vert.x's subscriber. */
  static Listening vertx(BenchmarkDatabase database, Hearer hearer) throws Exception {
    Vertx vertx = Vertx.vertx();
    PgSubscriber subscriber =
        PgSubscriber.subscriber(
            vertx,
            new PgConnectOptions()
                .setHost("localhost")
                .setPort(database.port())
                .setDatabase("postgres")
                .setUser("postgres"));
    subscriber.channel(NotificationLoop.CHANNEL).handler(payload -> hearer.heard());
    subscriber.connect().toCompletionStage().toCompletableFuture().get(1, TimeUnit.MINUTES);
    return () -> {
      subscriber.close().toCompletionStage().toCompletableFuture().get(1, TimeUnit.MINUTES);
      vertx.close().toCompletionStage().toCompletableFuture().get(1, TimeUnit.MINUTES);
    };
  }
}

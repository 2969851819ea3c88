package dev.eventbroker;

import dev.eventbroker.engine.BrokerBuilder;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.annotations.AfterMethod;
import org.testng.annotations.BeforeMethod;

/**
 * The rules of Reactive Streams for a publisher. A stream of a broker has no last element of its
 * own, so each is closed by its owner after so many; that happens on the broker's side, and the
 * Flow side is what users get.
 */
public class FlowTckTest extends FlowPublisherVerification<EventPublisher.Item> {

  private static final Topic TOPIC = Topic.of("t");

  /** Generous, for a build machine may be busy. */
  private static final long TIMEOUT_MILLIS = 2_000;

  /** How long the kit waits to see that nothing comes. */
  private static final long SILENCE_MILLIS = 50;

  /** More than any test of the kit takes without asking for more than it can have. */
  private static final long READY_MADE = 2_000;

  private Broker broker;

  /** With times of its own. */
  public FlowTckTest() {
    super(new TestEnvironment(TIMEOUT_MILLIS, SILENCE_MILLIS), TIMEOUT_MILLIS);
  }

  /** One broker for each test. */
  @BeforeMethod
  public void openBroker() {
    broker = new BrokerBuilder().build();
  }

  /** And nothing of it left. */
  @AfterMethod
  public void closeBroker() {
    broker.close();
  }

  @Override
  public Flow.Publisher<EventPublisher.Item> createFlowPublisher(long elements) {
    SubscribeRequest fromTheBeginning =
        SubscribeRequest.by(Authorized.principal("p"))
            .filter(TopicFilter.ALL)
            .lastEventId(broker.cursor().toString())
            .build();
    for (long i = 0; i < Math.min(elements, READY_MADE); i++) {
      publish();
    }
    Function<Subscriber, Subscription> subscribing =
        subscriber -> {
          Finite finite = new Finite(subscriber, elements);
          Subscription subscription = broker.subscribe(fromTheBeginning, finite);
          finite.begin(subscription);
          return subscription;
        };
    return new EventPublisher(subscribing);
  }

  @Override
  public Flow.Publisher<EventPublisher.Item> createFailedFlowPublisher() {
    Broker closed = new BrokerBuilder().build();
    closed.close();
    return EventPublisher.of(
        closed, SubscribeRequest.by(Authorized.principal("p")).filter(TopicFilter.ALL).build());
  }

  private void publish() {
    var unused = broker.publish(Event.of(TOPIC, "e", ""));
  }

  /** Passes everything on, and closes the subscription after so many events. */
  private final class Finite implements Subscriber {

    private final Subscriber subscriber;
    private final AtomicReference<Subscription> subscription = new AtomicReference<>();
    private final long elements;
    private final AtomicLong count = new AtomicLong();

    Finite(Subscriber subscriber, long elements) {
      this.subscriber = subscriber;
      this.elements = elements;
    }

    void begin(Subscription mine) {
      subscription.set(mine);
      closeIfDone();
    }

    private void closeIfDone() {
      Subscription mine = subscription.get();
      if (count.get() >= elements && mine != null) {
        mine.close();
      }
    }

    @Override
    public boolean ready() {
      return count.get() < elements && subscriber.ready();
    }

    @Override
    public void onEvent(Delivery delivery) {
      count.incrementAndGet();
      subscriber.onEvent(delivery);
      if (elements > READY_MADE) {
        publish();
      }
      closeIfDone();
    }

    @Override
    public void onGap(Gap gap) {
      subscriber.onGap(gap);
    }

    @Override
    public void onClose(CloseReason reason) {
      subscriber.onClose(reason);
    }
  }
}

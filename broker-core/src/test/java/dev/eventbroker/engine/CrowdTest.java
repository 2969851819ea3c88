package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Delivery;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.testing.ManualExecutor;
import dev.eventbroker.testing.RecordingSubscriber;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A crowd that comes back at once does not hold up those who were there all the time. */
class CrowdTest {

  private static final Topic TOPIC = Topic.of("a");
  private static final int CROWD = 500;
  private static final int MISSED = 10;

  /** So many have begun to read what they missed when something new is published. */
  private static final int BEGUN = 20;

  /** So many more may begin before it is delivered. */
  private static final int FEW = 16;

  private final ManualExecutor lane = new ManualExecutor();
  private final Broker broker = new BrokerBuilder().build();

  private int begun;
  private int begunWhenNewsCame;

  @AfterEach
  void close() {
    broker.close();
    lane.runAll();
  }

  @Test
  void whoIsLiveGetsWhatIsNewWhileTheCrowdReadsWhatItMissed() {
    subscribe(new Staying(), "");
    lane.runAll();
    for (int i = 0; i < MISSED; i++) {
      publish("missed");
    }
    lane.runAll();
    List<Returning> crowd = new ArrayList<>();
    for (int i = 0; i < CROWD; i++) {
      Returning returning = new Returning();
      crowd.add(returning);
      subscribe(returning, broker.cursor().epoch() + ".0");
    }

    lane.runAll();

    assertThat(begunWhenNewsCame).isBetween(BEGUN, BEGUN + FEW);
    assertThat(crowd)
        .allSatisfy(
            returning -> assertThat(returning.data()).hasSize(MISSED + 1).last().isEqualTo("new"));
  }

  private void publish(String data) {
    broker.publish(Event.of(TOPIC, "message", data));
  }

  private void subscribe(RecordingSubscriber subscriber, String lastEventId) {
    SubscribeRequest.Builder<?> request =
        SubscribeRequest.by(Authorized.principal("ann")).filter(TopicFilter.ALL).lane(lane);
    if (!lastEventId.isEmpty()) {
      request.lastEventId(lastEventId);
    }
    var unused = broker.subscribe(request.build(), subscriber);
  }

  private final class Staying extends RecordingSubscriber {
    @Override
    public void onEvent(Delivery delivery) {
      super.onEvent(delivery);
      if (delivery.event().data().equals("new")) {
        begunWhenNewsCame = begun;
      }
    }
  }

  private final class Returning extends RecordingSubscriber {
    @Override
    public void onEvent(Delivery delivery) {
      super.onEvent(delivery);
      if (deliveries().size() == 1 && ++begun == BEGUN) {
        publish("new");
      }
    }
  }
}

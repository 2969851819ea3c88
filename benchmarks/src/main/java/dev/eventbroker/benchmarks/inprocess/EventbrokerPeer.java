package dev.eventbroker.benchmarks.inprocess;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Subscription;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Ours, with every default of the builder but the number of lanes: whole events with ids in the
 * log, filters, audience and readiness looked at for each delivery.
 */
final class EventbrokerPeer implements Peer {

  private static final Authorized<String> SOMEBODY = Authorized.principal("somebody");

  private final Broker broker;
  private final Optional<Executor> lane;

  private EventbrokerPeer(Broker broker, Optional<Executor> lane) {
    this.broker = broker;
    this.lane = lane;
  }

  /** Subscribers are spread over two lanes with threads of their own. */
  static Peer withLanes() {
    return new EventbrokerPeer(new BrokerBuilder().lanes(THREADS).build(), Optional.empty());
  }

  /** The lane is on the calling thread, so that what it does is part of the call. */
  static Peer onCallingThread() {
    return new EventbrokerPeer(new BrokerBuilder().build(), Optional.of(Runnable::run));
  }

  @Override
  public Runnable subscribe(TopicFilter filter, Listener listener) {
    SubscribeRequest.Builder<String> request = SubscribeRequest.by(SOMEBODY).filter(filter);
    lane.ifPresent(request::lane);
    Subscription subscription = broker.subscribe(request.build(), listener);
    return subscription::close;
  }

  @Override
  public void publish(Tick tick) {
    var unused = broker.publish(tick.event());
  }

  @Override
  public void close() {
    broker.close();
  }
}

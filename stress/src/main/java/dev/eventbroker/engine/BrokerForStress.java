package dev.eventbroker.engine;

import dev.eventbroker.Broker;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledExecutorService;

/** A broker that costs little to make: a million of them are made in a minute. */
final class BrokerForStress {

  private BrokerForStress() {}

  /** Never closed, for it starts nothing: the timer is given, and lanes are the tests' own. */
  static Broker create(ScheduledExecutorService timer) {
    return new BrokerBuilder().logEvents(16).timer(timer).random(new SplittableRandom(1)).build();
  }
}

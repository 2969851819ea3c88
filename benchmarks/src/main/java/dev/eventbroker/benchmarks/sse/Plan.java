package dev.eventbroker.benchmarks.sse;

import dev.eventbroker.benchmarks.report.Run;
import java.util.List;
import java.util.function.Predicate;

/**
 * What is measured in a round, and of whom.
 *
 * @param name what a person calls it
 * @param contenders whose turns there are
 * @param scenario what is done in a turn
 */
record Plan(String name, Predicate<Contender> contenders, Scenario scenario) {

  boolean wants(Contender contender) {
    return contenders.test(contender);
  }

  /** Returns what this effort comprises, in the order in which it is done. */
  static List<Plan> of(Run.Effort effort) {
    return switch (effort) {
      case GUARD ->
          List.of(
              new Plan(
                  "fanout",
                  named("eventbroker-nio", "netty-nio"),
                  new FanoutScenario(List.of(1000), false)));
      case SHORT ->
          List.of(
              new Plan("fanout", each -> true, new FanoutScenario(List.of(1000), true)),
              new Plan("stalled", oursAndFloor(), new StalledScenario()),
              new Plan("storm", named("eventbroker-nio"), new StormScenario(10_000, 1000)),
              new Plan("idle", named("eventbroker-nio", "netty-nio"), new IdleScenario(5000)),
              new Plan("soak", named("eventbroker-nio"), new SoakScenario(1_000_000)));
      case FULL ->
          List.of(
              new Plan(
                  "fanout", each -> true, new FanoutScenario(List.of(1000, 5000, 10_000), true)),
              new Plan("stalled", each -> true, new StalledScenario()),
              new Plan("storm", Plan::isOurs, new StormScenario(10_000, 1000)),
              new Plan("idle", each -> true, new IdleScenario(20_000)),
              new Plan(
                  "soak",
                  named("eventbroker-nio", "eventbroker-epoll"),
                  new SoakScenario(10_000_000)));
    };
  }

  /** Returns whether it is one of our own servers. */
  static boolean isOurs(Contender contender) {
    return contender.label().startsWith("eventbroker-");
  }

  private static Predicate<Contender> oursAndFloor() {
    return named("eventbroker-nio", "eventbroker-epoll", "netty-nio", "netty-epoll");
  }

  private static Predicate<Contender> named(String... labels) {
    return contender -> List.of(labels).contains(contender.label());
  }
}

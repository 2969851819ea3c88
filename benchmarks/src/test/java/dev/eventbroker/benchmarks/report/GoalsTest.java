package dev.eventbroker.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GoalsTest {

  private static final String RUN = "2026-11-21T09:00:00Z";

  @Test
  void aGoalThatWasNotMeasuredIsNotReached() {
    Goal goal = goal("storm", List.of());

    assertThat(goal.reached()).isEqualTo("not measured");
    assertThat(goal.measured()).isEqualTo("not measured");
  }

  @Test
  void aGoalReachedInPartSaysInHowMany() {
    List<Result> results = new ArrayList<>();
    results.addAll(closed(1_000, 1.5));
    results.addAll(closed(5_000, 1.2));

    Goal goal = goal("closed-nchan", results);

    assertThat(goal.reached()).isEqualTo("1 of 3");
    assertThat(goal.measured()).isEqualTo("1\u00a0000: 1.50<br>5\u00a0000: 1.20");
  }

  @Test
  void aGoalThatIsMissedSaysNo() {
    Goal goal = goal("fanout-loop", List.of(fanout("loop", 100), fanout("eventbroker", 49)));

    assertThat(goal.reached()).isEqualTo("no");
  }

  @Test
  void burstsAreComparedWithTheBestOfAllOthers() {
    List<Result> results =
        List.of(
            burst("eventbroker-epoll", 600),
            burst("eventbroker-nio", 900),
            burst("netty-epoll", 200),
            burst("nchan", 150));

    Goal goal = goal("burst", results);

    assertThat(goal.measured()).isEqualTo("1\u00a0000: 3.00");
  }

  @Test
  void stalledReadersAreComparedWithTheClosedLoopWhereNothingElseIsThere() {
    Map<String, Long> closed = Map.of("connections", 1_000L, "burst", 1L);
    Map<String, Long> stalled = Map.of("connections", 1_000L, "stalled", 10L);
    List<Result> results =
        List.of(
            result("sse/closed", "eventbroker-nio", closed, Map.of("p99Millis", 5.0)),
            result("sse/stalled", "eventbroker-nio", stalled, Map.of("p99Millis", 5.5)));

    Goal goal = goal("p99-stalled", results);

    assertThat(goal.measured()).isEqualTo("1\u00a0000, nio: 1.10");
    assertThat(goal.reached()).isEqualTo("yes");
  }

  private static Goal goal(String key, List<Result> results) {
    return new Goals(new Summary(results))
        .all().stream().filter(goal -> goal.key().equals(key)).findFirst().orElseThrow();
  }

  private static List<Result> closed(long connections, double overNchan) {
    Map<String, Long> load = Map.of("connections", connections, "burst", 1L);
    return List.of(
        result("sse/closed", "nchan", load, Map.of("deliveriesPerSecond", 1_000.0)),
        result(
            "sse/closed",
            "eventbroker-epoll",
            load,
            Map.of("deliveriesPerSecond", 1_000 * overNchan)));
  }

  private static Result burst(String peer, double rate) {
    Map<String, Long> load = Map.of("connections", 1_000L, "burst", 16L);
    return result("sse/closed", peer, load, Map.of("deliveriesPerSecond", rate));
  }

  private static Result fanout(String peer, double rate) {
    Map<String, Long> load = Map.of("subscribers", 1_000L, "publishers", 1L, "topics", 1L);
    return result("inprocess/fanout", peer, load, Map.of("deliveriesPerSecond", rate));
  }

  private static Result result(
      String scenario, String peer, Map<String, Long> load, Map<String, Double> figures) {
    return new Result(RUN, scenario, peer, 1, load, figures, 17);
  }
}

package dev.eventbroker.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryTest {

  private static final String OLD = "2026-11-21T08:00:00Z";
  private static final String NEW = "2026-11-21T09:00:00Z";
  private static final String RATE = "deliveriesPerSecond";

  @Test
  void theNewestRunOfALoadCountsWhateverTheOrderInTheFile() {
    Summary summary =
        new Summary(
            List.of(
                result(NEW, "loop", 1, 10, 300),
                result(OLD, "loop", 1, 10, 100),
                result(OLD, "loop", 1, 1_000, 700)));

    List<Load> loads = summary.loads("inprocess/fanout");

    assertThat(loads).extracting(Load::run).containsExactly(NEW, OLD);
    assertThat(loads.get(0).figure("loop", RATE)).contains(new Spread(300, 300, 300, 1));
    assertThat(loads.get(1).figure("loop", RATE)).contains(new Spread(700, 700, 700, 1));
  }

  @Test
  void aRatioIsOfTheSameRound() {
    Load load =
        only(
            result(NEW, "eventbroker", 1, 10, 50),
            result(NEW, "loop", 1, 10, 100),
            result(NEW, "eventbroker", 2, 10, 180),
            result(NEW, "loop", 2, 10, 200),
            result(NEW, "eventbroker", 3, 10, 1_000));

    assertThat(load.ratio("eventbroker", "loop", RATE)).contains(new Spread(0.7, 0.5, 0.9, 2));
  }

  @Test
  void theBestOfOthersIsTheBestOfEachRound() {
    Load load =
        only(
            result(NEW, "eventbroker", 1, 10, 100),
            result(NEW, "vertx", 1, 10, 50),
            result(NEW, "jctools", 1, 10, 20),
            result(NEW, "eventbroker", 2, 10, 100),
            result(NEW, "vertx", 2, 10, 20),
            result(NEW, "jctools", 2, 10, 25));

    assertThat(load.ratioToBest("eventbroker", peer -> !Peers.isOurs(peer), RATE))
        .contains(new Spread(3, 2, 4, 2));
  }

  @Test
  void ofARepeatedRoundTheLastMeasurementCounts() {
    Load load = only(result(NEW, "loop", 1, 10, 100), result(NEW, "loop", 1, 10, 110));

    assertThat(load.figure("loop", RATE)).contains(new Spread(110, 110, 110, 1));
  }

  @Test
  void figuresOfDifferentRunsAreNeverCompared() {
    Load one = only(result(OLD, "eventbroker", 1, 1, 300));
    Load many = only(result(NEW, "eventbroker", 1, 100_000, 300));

    assertThat(many.against(one, "eventbroker", RATE)).isEmpty();
  }

  private static Load only(Result... results) {
    return new Summary(List.of(results)).loads("inprocess/fanout").get(0);
  }

  private static Result result(String run, String peer, int round, long subscribers, double rate) {
    return new Result(
        run,
        "inprocess/fanout",
        peer,
        round,
        Map.of("subscribers", subscribers),
        Map.of(RATE, rate),
        17);
  }
}

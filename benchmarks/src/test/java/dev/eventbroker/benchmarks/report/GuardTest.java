package dev.eventbroker.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.benchmarks.report.Guard.Entry;
import dev.eventbroker.benchmarks.report.Guard.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuardTest {

  private static final Map<String, Long> LOAD = Map.of("connections", 1_000L, "burst", 1L);
  private static final String RATE = "deliveriesPerSecond";

  private static final Entry RECORD =
      new Entry("sse/closed", LOAD, "eventbroker-nio", "netty-nio", RATE, 0.9, "2026-11-21");

  @Test
  void halfOfWhatIsOnRecordPasses() {
    Guard guard = measured(result("eventbroker-nio", 1, 45_000), result("netty-nio", 1, 100_000));

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts).extracting(Verdict::passed).containsExactly(true);
  }

  @Test
  void belowHalfOfWhatIsOnRecordFailsAndSaysWhatWasMeasuredAndExpected() {
    Guard guard = measured(result("eventbroker-nio", 1, 44_900), result("netty-nio", 1, 100_000));

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts)
        .containsExactly(
            new Verdict(
                false,
                "sse/closed, burst 1, connections 1\u00a0000: eventbroker-nio over netty-nio,"
                    + " deliveriesPerSecond: 0.45 (expected: >= 0.450, half of the 0.900 of"
                    + " 2026-11-21; 44.9\u00a0k over 100\u00a0k)"));
  }

  @Test
  void aNoisyRoundDoesNotFailTheMedianOfThem() {
    Guard guard =
        measured(
            result("eventbroker-nio", 1, 10_000),
            result("netty-nio", 1, 100_000),
            result("eventbroker-nio", 2, 90_000),
            result("netty-nio", 2, 100_000),
            result("eventbroker-nio", 3, 80_000),
            result("netty-nio", 3, 100_000));

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts).extracting(Verdict::passed).containsExactly(true);
  }

  @Test
  void whatWasNotMeasuredHasFailed() {
    Guard guard = measured();

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts).extracting(Verdict::passed).containsExactly(false);
    assertThat(verdicts.get(0).text()).contains("not measured", "expected: >= 0.450");
  }

  @Test
  void aFloorThatWasNotMeasuredInAnyRoundOfOursHasFailed() {
    Guard guard = measured(result("eventbroker-nio", 1, 90_000), result("netty-nio", 2, 100_000));

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts).extracting(Verdict::passed).containsExactly(false);
  }

  @Test
  void anotherLoadOfTheSameScenarioDoesNotStandIn() {
    Map<String, Long> larger = Map.of("connections", 5_000L, "burst", 1L);
    Guard guard =
        measured(
            result("eventbroker-nio", 1, larger, 90_000), result("netty-nio", 1, larger, 100_000));

    List<Verdict> verdicts = guard.compare(List.of(RECORD));

    assertThat(verdicts).extracting(Verdict::passed).containsExactly(false);
  }

  @Test
  void whatIsPutOnRecordIsReadAgainAndPassesByItself(@TempDir Path directory) {
    Guard guard =
        measured(
            result("eventbroker-nio", 1, 87_654),
            result("netty-nio", 1, 100_000),
            result("vertx", 1, 50_000));
    GuardFile file = new GuardFile(directory.resolve("guard.json"));

    file.write(guard.entries("2026-11-22"));

    assertThat(file.read())
        .containsExactly(
            new Entry(
                "sse/closed", LOAD, "eventbroker-nio", "netty-nio", RATE, 0.877, "2026-11-22"));
    assertThat(guard.compare(file.read())).extracting(Verdict::passed).containsExactly(true);
  }

  @Test
  void whatIsNotOnRecordIsTold() {
    Map<String, Long> larger = Map.of("connections", 5_000L, "burst", 1L);
    Guard guard =
        measured(
            result("eventbroker-nio", 1, 90_000),
            result("netty-nio", 1, 100_000),
            result("eventbroker-nio", 1, larger, 90_000),
            result("netty-nio", 1, larger, 100_000));

    List<String> unguarded = guard.unguarded(List.of(RECORD));

    assertThat(unguarded)
        .containsExactly(
            "sse/closed, burst 1, connections 5\u00a0000: eventbroker-nio over netty-nio");
  }

  @Test
  void anEmptyRecordIsRefused(@TempDir Path directory) {
    GuardFile file = new GuardFile(directory.resolve("guard.json"));
    file.write(List.of());

    assertThatThrownBy(file::read)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing on record");
  }

  private static Guard measured(Result... results) {
    return new Guard(new Summary(List.of(results)));
  }

  private static Result result(String peer, int round, double rate) {
    return result(peer, round, LOAD, rate);
  }

  private static Result result(String peer, int round, Map<String, Long> load, double rate) {
    return new Result(
        "2026-11-22T08:00:00Z", "sse/closed", peer, round, load, Map.of(RATE, rate), 17);
  }
}

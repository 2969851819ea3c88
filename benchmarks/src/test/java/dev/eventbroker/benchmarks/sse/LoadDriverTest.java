package dev.eventbroker.benchmarks.sse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The load driver and a server of ours in a process of its own, for a moment. */
class LoadDriverTest {

  private static final int CONNECTIONS = 20;
  private static final Machine ANYWHERE = new Machine(Machine.ANY, Machine.ANY, "");

  @TempDir Path scratch;

  @Test
  void everyConnectionHasEveryEventOfTheClosedLoopAndWhoComesBackHasWhatItMissed() {
    Payloads payloads = new Payloads(1, Turn.PAYLOAD_BYTES);
    try (ServerProcess server = ServerProcess.start(Contender.EVENTBROKER_NIO, ANYWHERE, scratch);
        LoadDriver driver =
            new LoadDriver(server.address(), Contender.EVENTBROKER_NIO.linesPerPost(), payloads)) {
      ReaderGroup readers = driver.group();
      Opening opening = driver.open(readers, CONNECTIONS, i -> Origin.FRESH, server.figures());
      Cursor.Remembering cursor = new Cursor.Remembering();
      readers.readers().get(0).stream().remember(cursor);

      boolean single = driver.closedLoop(1, () -> payloads.published() >= 30);
      boolean bursts = driver.closedLoop(16, () -> payloads.published() >= 62);
      ReaderGroup back = driver.group();
      Origin origin = Origin.resuming(cursor.idOf(10), 10);
      var unused = driver.open(back, CONNECTIONS, i -> origin, server.figures());
      boolean caughtUp = driver.drain();

      assertThat(opening.withoutHeaders()).isZero();
      assertThat(opening.headers().getTotalCount()).isEqualTo(CONNECTIONS);
      assertThat(single && bursts && caughtUp).isTrue();
      assertThat(readers.tally.delivered).isEqualTo(62L * CONNECTIONS);
      assertThat(back.tally.delivered).isEqualTo(52L * CONNECTIONS);
      for (ReaderGroup group : new ReaderGroup[] {readers, back}) {
        Tally tally = group.tally;
        assertThat(tally.lost + tally.duplicated + tally.disordered + tally.damaged + tally.gaps)
            .isZero();
        assertThat(tally.awaited).isZero();
      }
      assertThat(server.figures().heapKibAfterFullCollection()).isBetween(1_000L, 100_000L);
      assertThat(server.figures().rssKib()).isGreaterThan(10_000);
    }
  }

  @Test
  void aServerThatDoesNotStartIsAnError() {
    Path notThere = scratch.resolve("not-there");

    var thrown =
        catchThrowable(() -> ServerProcess.start(Contender.EVENTBROKER_NIO, ANYWHERE, notThere));

    assertThat(thrown).hasMessageContaining("can't start");
  }
}

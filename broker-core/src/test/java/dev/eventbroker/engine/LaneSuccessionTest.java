package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import dev.eventbroker.testing.ManualExecutor;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** A lane that its last subscription has left gives its thread to the lane that comes after it. */
class LaneSuccessionTest {

  private static final int WORK = 100_000;

  private final ManualExecutor thread = new ManualExecutor();
  private final Log log = new Log(16, Long.MAX_VALUE, new EventId("e", 0));
  private final Lane abandoned =
      new Lane(
          thread,
          true,
          log,
          new Counters(new FlushTimes(InstantSource.fixed(Instant.EPOCH), new BrokerObserver() {})),
          dead -> {});
  private int done;
  private int doneBeforeSuccessor = -1;

  @Test
  void anAbandonedLaneForWhichThereIsAlwaysMoreDoesNotKeepItsSuccessorFromTheThread() {
    abandoned.submit(this::bringMore);
    thread.execute(() -> doneBeforeSuccessor = done);

    thread.runAll();

    assertThat(doneBeforeSuccessor).isBetween(1, WORK / 10);
    assertThat(done).isEqualTo(WORK);
  }

  /** Whenever the lane looks, the log has grown and there is another command. */
  private void bringMore() {
    done++;
    log.appendLocal(Event.of(Topic.of("a"), "t", "x"), Instant.EPOCH);
    if (done < WORK) {
      abandoned.submit(this::bringMore);
    }
  }
}

package dev.eventbroker.connection;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import java.time.Duration;
import java.util.Optional;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Connections of one owner that come and go at one moment. */
final class ConnectionsStress {

  private ConnectionsStress() {}

  /** One opens while another is closed, twice: what is left is one, and its owner is known. */
  @JCStressTest
  @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "one is left")
  @Outcome(expect = FORBIDDEN, desc = "counted wrongly")
  @State
  public static class OpenAndClose {

    private final LiveConnections connections =
        new LiveConnections(
            Duration.ofSeconds(30), Integer.MAX_VALUE, new BrokerObserver() {}, System::nanoTime);
    private final Connection first = connections.open("p", Optional.of("o"));

    @Actor
    public void opens() {
      var unused = connections.open("p", Optional.of("o"));
    }

    @Actor
    public void closes() {
      first.close(CloseReason.DISCONNECTED);
      first.close(CloseReason.SHUTDOWN);
    }

    @Arbiter
    public void afterwards(III_Result result) {
      result.r1 = connections.count();
      result.r2 = connections.hasOwner("o") ? 1 : 0;
      result.r3 = connections.principals().size();
    }
  }
}

package dev.eventbroker.connection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerException;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.Connection;
import dev.eventbroker.ConnectionListener;
import dev.eventbroker.Registration;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.ManualTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LiveConnectionsTest {

  private final LiveConnections connections =
      new LiveConnections(Duration.ofSeconds(30), 3, new BrokerObserver() {}, System::nanoTime);
  private final List<String> heard = new ArrayList<>();
  private final ConnectionListener listener =
      new ConnectionListener() {
        @Override
        public void onOpen(Connection connection) {
          heard.add("open " + connection.principal());
        }

        @Override
        public void onTick(Set<String> owners) {
          heard.add("tick " + owners);
        }

        @Override
        public void onClose(Connection connection, CloseReason reason) {
          heard.add("close " + reason.code() + ", owner left: " + connections.hasOwner("tab"));
        }
      };

  @Test
  void anOwnerIsThereAsLongAsOneOfItsConnectionsIs() {
    connections.listen(listener);
    Connection first = connections.open("ann", Optional.of("tab"));
    Connection second = connections.open("ann", Optional.of("tab"));
    connections.open("bob", Optional.empty());

    first.close(CloseReason.DISCONNECTED);
    first.close(CloseReason.SLOW);
    assertThat(connections.owners()).containsExactly("tab");
    assertThat(connections.count()).isEqualTo(2);
    second.close(CloseReason.DISCONNECTED);

    assertThat(connections.owners()).isEmpty();
    assertThat(connections.principals()).containsExactly("bob");
    assertThat(heard)
        .containsExactly(
            "open ann",
            "open ann",
            "open bob",
            "close disconnected, owner left: true",
            "close disconnected, owner left: false");
  }

  @Test
  void aListenerThatThrowsHarmsNobodyAndOneThatIsTakenBackHearsNothing() {
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onOpen(Connection connection) {
            throw new IllegalStateException("on purpose");
          }
        });
    Registration registration = connections.listen(listener);
    connections.open("ann", Optional.empty());
    registration.close();
    registration.close();
    connections.open("bob", Optional.empty());

    assertThat(heard).containsExactly("open ann");
    assertThat(connections.count()).isEqualTo(2);
  }

  @Test
  void theHeartbeatTellsTheLiveOwnersOncePerTickGiveOrTakeATenth() {
    ManualTimer timer = new ManualTimer();
    Broker broker = new BrokerBuilder().timer(timer).heartbeat(Duration.ofSeconds(30)).build();
    broker.connections().listen(listener);
    broker.connections().open("ann", Optional.of("tab"));
    heard.clear();

    timer.advance(Duration.ofSeconds(26));
    assertThat(heard).isEmpty();
    timer.advance(Duration.ofSeconds(8));
    assertThat(heard).containsExactly("tick [tab]");
    timer.advance(Duration.ofMinutes(5));
    assertThat(heard).hasSizeBetween(10, 12);

    broker.close();
    heard.clear();
    timer.advance(Duration.ofMinutes(5));
    assertThat(heard).isEmpty();
  }

  @Test
  void aListenerThatThrowsAnErrorNeitherSilencesTheOthersNorLosesAConnection() {
    connections.listen(new Erring());
    connections.listen(listener);

    Connection connection = connections.open("ann", Optional.of("tab"));
    connections.tick();
    connection.close(CloseReason.DISCONNECTED);

    assertThat(heard)
        .containsExactly("open ann", "tick [tab]", "close disconnected, owner left: false");
    assertThat(connections.count()).isZero();
  }

  @Test
  void anErrorAtAHeartbeatDoesNotEndTheHeartbeats() {
    ManualTimer timer = new ManualTimer();
    Broker broker = new BrokerBuilder().timer(timer).heartbeat(Duration.ofSeconds(30)).build();
    broker.connections().listen(new Erring());
    broker.connections().listen(listener);

    timer.advance(Duration.ofMinutes(5));

    assertThat(heard).hasSizeBetween(9, 11);
    broker.close();
  }

  @Test
  void whoClosesAConnectionAsSoonAsItOpensIsNotHeardBeforeItsOpening() {
    connections.listen(
        new ConnectionListener() {
          @Override
          public void onOpen(Connection connection) {
            connection.close(CloseReason.SLOW);
          }
        });
    connections.listen(listener);

    connections.open("ann", Optional.of("tab"));

    assertThat(heard).containsExactly("open ann", "close slow, owner left: false");
    assertThat(connections.count()).isZero();
  }

  @Test
  void nothingIsLeftOnAGivenTimerWhenTheBrokerIsClosed() {
    ManualTimer timer = new ManualTimer();
    Broker broker = new BrokerBuilder().timer(timer).heartbeat(Duration.ofHours(1)).build();

    broker.close();

    assertThat(timer.scheduled()).isZero();
  }

  @Test
  void oneMoreThanAPrincipalMayHaveIsRefusedAndTheOthersStay() {
    connections.listen(listener);
    Connection first = connections.open("ann", Optional.of("tab"));
    connections.open("ann", Optional.of("tab"));
    connections.open("ann", Optional.of("tab"));
    heard.clear();

    assertThatThrownBy(() -> connections.open("ann", Optional.of("other")))
        .isInstanceOf(BrokerException.Overloaded.class)
        .hasMessage("connections of ann: 3 (expected: < 3, the limit per principal)");

    assertThat(heard).isEmpty();
    assertThat(connections.count()).isEqualTo(3);
    assertThat(connections.count("ann")).isEqualTo(3);
    assertThat(connections.owners()).containsExactly("tab");
    connections.open("bob", Optional.empty());
    first.close(CloseReason.DISCONNECTED);
    assertThat(connections.count("ann")).isEqualTo(2);
    connections.open("ann", Optional.empty());
    assertThat(connections.count("ann")).isEqualTo(3);
    assertThat(connections.count("nobody")).isZero();
  }

  @Test
  void aListenerThatIsRegisteredTwiceIsTakenBackOnceForEachOfItsRegistrations() {
    Registration registration = connections.listen(listener);
    connections.listen(listener);

    registration.close();
    registration.close();
    connections.open("ann", Optional.empty());

    assertThat(heard).containsExactly("open ann");
  }

  @Test
  void ownersAreGatheredOncePerTickForAllListeners() {
    List<Set<String>> sets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      connections.listen(
          new ConnectionListener() {
            @Override
            public void onTick(Set<String> owners) {
              sets.add(owners);
            }
          });
    }
    connections.open("ann", Optional.of("tab"));

    connections.tick();
    Connection late = connections.open("ann", Optional.of("late"));

    assertThat(sets).hasSize(3).allMatch(set -> set == sets.get(0));
    assertThat(sets.get(0)).containsExactly("tab");
    assertThatThrownBy(() -> sets.get(0).add("x"))
        .isInstanceOf(UnsupportedOperationException.class);
    late.close(CloseReason.DISCONNECTED);
  }

  private static final class Erring implements ConnectionListener {
    @Override
    public void onOpen(Connection connection) {
      throw new NoClassDefFoundError("on purpose");
    }

    @Override
    public void onTick(Set<String> owners) {
      throw new NoClassDefFoundError("on purpose");
    }

    @Override
    public void onClose(Connection connection, CloseReason reason) {
      throw new NoClassDefFoundError("on purpose");
    }
  }
}

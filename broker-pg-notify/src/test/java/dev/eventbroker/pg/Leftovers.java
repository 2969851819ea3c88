package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.pg.socket.OwnedSockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/** What is there before something is started, and has to be all that is there after its end. */
final class Leftovers {

  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final Set<Thread> threads = Thread.getAllStackTraces().keySet();
  private final long sockets;

  Leftovers() {
    // The first one to be closed leaves the JDK with a pair that it keeps.
    try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket other = new Socket(first.getInetAddress(), first.getLocalPort())) {
      other.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    sockets = sockets();
  }

  /**
   * Waits until nothing is left of it: no thread, no socket, and no backend.
   *
   * @param name what threads and connections of it are named after
   * @param backends how many the server still has for that name
   */
  void assertNoneOf(String name, LongSupplier backends) {
    // An executor says that it has ended a moment before its thread has.
    Await.until(
        () -> "no thread of " + name + ", now " + newThreads(name),
        () -> newThreads(name).isEmpty());
    // One of these may still bring a connection after everybody has gone.
    Await.until(
        "no attempt", () -> newThreads("PostgreSQL JDBC driver connection thread").isEmpty());
    assertThat(OwnedSockets.claimed()).isZero();
    Await.until("no backend of " + name, () -> backends.getAsLong() == 0);
    Await.until("no socket more than before", () -> sockets() <= sockets);
  }

  static List<String> threads(String prefix) {
    return named(prefix, Thread.getAllStackTraces().keySet().stream());
  }

  /** Other tests' ones are theirs to end. */
  private List<String> newThreads(String prefix) {
    return named(
        prefix,
        Thread.getAllStackTraces().keySet().stream().filter(thread -> !threads.contains(thread)));
  }

  private static List<String> named(String prefix, Stream<Thread> threads) {
    return threads.map(Thread::getName).filter(name -> name.startsWith(prefix)).toList();
  }

  /** Of this process; 0 where the system does not show them. */
  private static long sockets() {
    if (!Files.isDirectory(DESCRIPTORS)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(DESCRIPTORS)) {
      return all.filter(Leftovers::isSocket).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException e) {
      // It was closed meanwhile.
      return false;
    }
  }
}

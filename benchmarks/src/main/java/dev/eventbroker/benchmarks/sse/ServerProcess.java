package dev.eventbroker.benchmarks.sse;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server in a process of its own, which ends with this object or with this JVM. */
final class ServerProcess implements AutoCloseable {

  private static final Duration STARTS_WITHIN = Duration.ofSeconds(60);
  private static final Duration ENDS_WITHIN = Duration.ofSeconds(5);
  private static final long BETWEEN_LOOKS_MILLIS = 20;
  private static final int TOLD = 2000;

  private final Process process;
  private final InetSocketAddress address;
  private final Thread endsWithUs;
  private final ProcessFigures figures;

  private ServerProcess(Process process, InetSocketAddress address, Path log) {
    this.process = process;
    this.address = address;
    // A server that reads its standard input ends with us even if we are killed.
    this.endsWithUs = new Thread(() -> destroy(process), "end-server-" + process.pid());
    Runtime.getRuntime().addShutdownHook(endsWithUs);
    boolean started = false;
    try {
      awaitAccepting(log);
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
    this.figures = new ProcessFigures(process.toHandle());
  }

  /**
   * Starts one, and waits until it accepts connections.
   *
   * @param scratch where it may leave what it writes
   * @throws IllegalStateException if it does not start
   */
  static ServerProcess start(Contender contender, Machine machine, Path scratch) {
    int port = freePort();
    List<String> command = new ArrayList<>(machine.serverPrefix());
    command.addAll(contender.command(port, scratch));
    Path log = scratch.resolve(contender.label() + ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      return new ServerProcess(
          process, new InetSocketAddress(InetAddress.getLoopbackAddress(), port), log);
    } catch (IOException e) {
      throw new UncheckedIOException("can't start " + String.join(" ", command), e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("no free port", e);
    }
  }

  private void awaitAccepting(Path log) {
    long end = System.nanoTime() + STARTS_WITHIN.toNanos();
    while (!accepts()) {
      if (endsWithin(BETWEEN_LOOKS_MILLIS) || System.nanoTime() > end) {
        throw new IllegalStateException("the server did not start: " + tail(log));
      }
    }
  }

  private boolean accepts() {
    try (Socket socket = new Socket()) {
      socket.connect(address, 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean endsWithin(long millis) {
    try {
      return process.waitFor(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static String tail(Path log) {
    try {
      String all = Files.readString(log);
      return all.substring(Math.max(0, all.length() - TOLD));
    } catch (IOException e) {
      return "it left no log";
    }
  }

  InetSocketAddress address() {
    return address;
  }

  /** Returns what the machine says of it. */
  ProcessFigures figures() {
    return figures;
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
    if (!endsWithin(ENDS_WITHIN.toMillis())) {
      destroy(process);
      boolean unused = endsWithin(ENDS_WITHIN.toMillis());
    }
    Runtime.getRuntime().removeShutdownHook(endsWithUs);
  }

  private static void destroy(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}

package dev.eventbroker.benchmarks.sse;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * What each server of this package understands on its command line: {@code [--port N] [--threads N]
 * [--transport nio|epoll|io_uring] [--owned]}.
 *
 * @param port where it listens on the loopback address; 0 for a free port
 * @param threads how many event loops it has; 1 to 1000
 * @param transport what moves its bytes
 * @param owned whether it ends when its standard input does, and so with whoever started it
 */
record ServerOptions(int port, int threads, NettyTransport transport, boolean owned) {

  static final int DEFAULT_PORT = 8080;

  ServerOptions {
    requireBetween("--port", port, 0, 65_535);
    requireBetween("--threads", threads, 1, 1000);
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException if there is something else in it, or a value out of bounds
   */
  static ServerOptions parse(String... arguments) {
    int port = DEFAULT_PORT;
    int threads = Runtime.getRuntime().availableProcessors();
    NettyTransport transport = NettyTransport.NIO;
    boolean owned = false;
    var words = List.of(arguments).iterator();
    while (words.hasNext()) {
      String option = words.next();
      if (option.equals("--owned")) {
        owned = true;
        continue;
      }
      if (!words.hasNext()) {
        throw unexpected(option);
      }
      String value = words.next();
      switch (option) {
        case "--port" -> port = Integer.parseInt(value);
        case "--threads" -> threads = Integer.parseInt(value);
        case "--transport" -> transport = NettyTransport.named(value);
        default -> throw unexpected(option);
      }
    }
    return new ServerOptions(port, threads, transport, owned);
  }

  /**
   * Says on standard output where the server listens, which is what its driver waits for, and from
   * now on ends the process with its standard input if it is owned.
   */
  void announce(InetSocketAddress address) {
    System.out.println(
        "listening on " + address.getAddress().getHostAddress() + ":" + address.getPort());
    if (!owned) {
      return;
    }
    Thread watch = new Thread(() -> endWith(System.in), "owner-watch");
    watch.setDaemon(true);
    watch.start();
  }

  private static void endWith(InputStream input) {
    try {
      input.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // Then it is gone as well.
    }
    // Not exit(): there is nothing to save, and a hook that hangs would outlive the owner.
    Runtime.getRuntime().halt(0);
  }

  private static IllegalArgumentException unexpected(String option) {
    return new IllegalArgumentException(
        "argument: "
            + option
            + " (expected: --port N, --threads N, --transport nio|epoll|io_uring, --owned)");
  }

  private static void requireBetween(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + ": " + value + " (expected: " + least + " to " + most + ")");
    }
  }
}

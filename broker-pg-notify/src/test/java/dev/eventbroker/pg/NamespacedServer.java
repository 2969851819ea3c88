package dev.eventbroker.pg;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * A server in a network namespace of its own, behind a pair of virtual links that can be pulled.
 * Needs root on Linux.
 */
final class NamespacedServer implements AutoCloseable {

  private static final String NETWORK = "10.213.77.";
  private static final int PORT = 5432;

  /** Short enough for a link's name, and of this process alone. */
  private final String name = "eb" + ProcessHandle.current().pid() % 1_000_000;

  private final Process postmaster;

  /** With our tables in it. */
  NamespacedServer(Path data) throws Exception {
    String postgres = prepare(data);
    ip("netns", "add", name);
    try {
      ip("link", "add", name + "a", "type", "veth", "peer", "name", name + "b");
      ip("link", "set", name + "b", "netns", name);
      ip("addr", "add", NETWORK + "1/24", "dev", name + "a");
      ip("link", "set", name + "a", "up");
      ip("-n", name, "addr", "add", NETWORK + "2/24", "dev", name + "b");
      ip("-n", name, "link", "set", name + "b", "up");
      ip("-n", name, "link", "set", "lo", "up");
      postmaster = start(postgres, data);
    } catch (IOException | RuntimeException | Error e) {
      delete();
      throw e;
    }
  }

  /** Whether this machine lets us. */
  static boolean isPossible() {
    String probe = "eb-probe" + ProcessHandle.current().pid();
    try {
      if (!run(List.of("ip", "netns", "add", probe))) {
        return false;
      }
      return run(List.of("ip", "netns", "delete", probe));
    } catch (IOException e) {
      return false;
    }
  }

  /** The server's program. */
  private static String prepare(Path data) throws Exception {
    try (OwnServer server = new OwnServer(data).withSchema()) {
      String rule = "host all all " + NETWORK + "0/24 trust\n";
      Files.writeString(data.resolve("pg_hba.conf"), rule, StandardOpenOption.APPEND);
      return ProcessHandle.of(server.postmaster()).orElseThrow().info().command().orElseThrow();
    }
  }

  /** In a user namespace, for it refuses to be root. */
  private Process start(String postgres, Path data) throws IOException {
    List<String> command =
        List.of(
            "ip",
            "netns",
            "exec",
            name,
            "unshare",
            "-U",
            postgres,
            "-D",
            data.toString(),
            "-c",
            "listen_addresses=*",
            "-c",
            "port=" + PORT,
            "-c",
            "unix_socket_directories=");
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  String url() {
    return TestDatabase.url(PORT).replace("localhost", NETWORK + "2");
  }

  /** Nothing gets through any more, and nobody is told so. */
  void pull() throws IOException {
    ip("link", "set", name + "a", "down");
  }

  void plug() throws IOException {
    ip("link", "set", name + "a", "up");
  }

  private static void ip(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    if (!run(command)) {
      throw new IOException(command + " failed");
    }
  }

  private static boolean run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.onExit().join().exitValue() == 0;
  }

  private void delete() throws IOException {
    ip("netns", "delete", name);
  }

  @Override
  public void close() throws IOException {
    Signals.send("QUIT", postmaster.pid());
    postmaster.onExit().join();
    // The links go with it.
    delete();
  }
}

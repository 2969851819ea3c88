package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server's network and a client's, each a namespace of its own, and a cable between them; only
 * root can make them. Nothing of the machine's own network is touched.
 */
final class LostNetwork implements AutoCloseable {

  /** From the range for benchmarks (RFC 2544), where nobody lives. */
  static final String SERVER = "198.18.77.1";

  private static final String CLIENT = "198.18.77.2";
  private static final String SERVER_SPACE = "eventbroker-half-open-server";
  private static final String CLIENT_SPACE = "eventbroker-half-open-client";

  // Known from the start and for good: a lookup that fails would tell the server that nobody is
  // there.
  private static final String CLIENT_LINK_ADDRESS = "02:00:00:00:77:02";

  /** Makes it, if that can be done here. */
  boolean make() {
    close();
    return ip("netns add " + SERVER_SPACE)
        && ip("netns add " + CLIENT_SPACE)
        && ip(
            "-n "
                + SERVER_SPACE
                + " link add ebho0 type veth peer name ebho1 address "
                + CLIENT_LINK_ADDRESS
                + " netns "
                + CLIENT_SPACE)
        && inServer("addr add " + SERVER + "/30 dev ebho0")
        && inServer("link set ebho0 up")
        && inServer("neigh add " + CLIENT + " lladdr " + CLIENT_LINK_ADDRESS + " dev ebho0")
        && inClient("addr add " + CLIENT + "/30 dev ebho1")
        && inClient("link set ebho1 up")
        // Else it would answer that it knows no way to who it was.
        && set(CLIENT_SPACE, "ip_forward", 0);
  }

  /** How often the server's kernel sends again before it gives up, see tcp(7). */
  void retries(int most) {
    assertThat(set(SERVER_SPACE, "tcp_retries2", most)).isTrue();
  }

  /** The client is there no longer, and nothing on the way says so. */
  void cut() {
    assertThat(inClient("addr del " + CLIENT + "/30 dev ebho1")).isTrue();
  }

  ProcessBuilder onServer(List<String> command) {
    return in(SERVER_SPACE, command);
  }

  ProcessBuilder onClient(List<String> command) {
    return in(CLIENT_SPACE, command);
  }

  private static ProcessBuilder in(String space, List<String> command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", space));
    all.addAll(command);
    return new ProcessBuilder(all);
  }

  private static boolean set(String space, String option, int value) {
    String script = "echo " + value + " > /proc/sys/net/ipv4/" + option;
    return succeeds(in(space, List.of("bash", "-c", script)));
  }

  private static boolean inServer(String arguments) {
    return ip("-n " + SERVER_SPACE + " " + arguments);
  }

  private static boolean inClient(String arguments) {
    return ip("-n " + CLIENT_SPACE + " " + arguments);
  }

  private static boolean ip(String arguments) {
    return succeeds(new ProcessBuilder(("ip " + arguments).split(" ", -1)));
  }

  private static boolean succeeds(ProcessBuilder command) {
    try {
      Process process = command.redirectErrorStream(true).start();
      var unused = new String(process.getInputStream().readAllBytes(), UTF_8);
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The cable goes with its ends. */
  @Override
  public void close() {
    var unused = ip("netns del " + SERVER_SPACE);
    unused = ip("netns del " + CLIENT_SPACE);
  }
}

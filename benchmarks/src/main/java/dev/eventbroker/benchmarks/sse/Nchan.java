package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * nginx with the module nchan (on Debian: {@code nginx-light} and {@code libnginx-mod-nchan}), with
 * one worker and one channel in memory.
 */
final class Nchan {

  private static final Pattern MODULES = Pattern.compile("--modules-path=(\\S+)");
  private static final String MODULE = "ngx_nchan_module.so";

  /** Where Debian has it, which is not on everybody's path. */
  private static final Path SBIN = Path.of("/usr/sbin");

  private static final String CONFIGURATION =
      """
      load_module %s;
      daemon off;
      worker_processes 1;
      pid nginx.pid;
      error_log stderr warn;
      events {
        worker_connections 50000;
      }
      http {
        access_log off;
        client_body_temp_path body;
        proxy_temp_path proxy;
        fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        # A driver publishes on one connection for as long as it likes.
        keepalive_requests 1000000000;
        keepalive_time 1d;
        tcp_nodelay on;
        server {
          listen 127.0.0.1:%d backlog=4096;
          location = /publish {
            nchan_publisher;
            nchan_channel_id load;
          }
          location = /events {
            nchan_subscriber eventsource;
            nchan_channel_id load;
            # As with the other servers: a subscriber hears of what comes after it.
            nchan_subscriber_first_message newest;
          }
        }
      }
      """;

  /**
   * Becomes nginx, and leaves a child behind that says when it listens (the file with its number is
   * written when it does) and ends it with the standard input.
   */
  private static final String LEASH =
      """
      rm -f "$1/nginx.pid"
      exec 3<&0
      (
        until [ -s "$1/nginx.pid" ]; do kill -0 $$ || exit 1; sleep 0.02; done
        echo "listening on 127.0.0.1:$2"
        cat <&3 >/dev/null
        kill $$
      ) &
      exec "$3" -p "$1" -c "$1/nginx.conf" -e stderr 3<&- </dev/null
      """;

  private Nchan() {}

  /** What this machine lacks, or an empty text. */
  static String missing() {
    Optional<Path> nginx = nginx();
    if (nginx.isEmpty()) {
      return "no nginx on the path or in " + SBIN + " (Debian: nginx-light, libnginx-mod-nchan)";
    }
    return module(nginx.get()).isPresent()
        ? ""
        : "no " + MODULE + " among the modules of " + nginx.get() + " (Debian: libnginx-mod-nchan)";
  }

  /**
   * Writes its configuration into that directory.
   *
   * @param port where it shall listen; 0 for a port that is free at the moment
   */
  static List<String> command(int port, Path directory) {
    Path nginx = nginx().orElseThrow();
    Path module = module(nginx).orElseThrow();
    Path home = directory.toAbsolutePath();
    try {
      int listening = port == 0 ? freePort() : port;
      Files.writeString(
          home.resolve("nginx.conf"), CONFIGURATION.formatted(module, listening), UTF_8);
      return List.of(
          "/bin/sh",
          "-c",
          LEASH,
          "nchan",
          home.toString(),
          Integer.toString(listening),
          nginx.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Optional<Path> nginx() {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.concat(
            Stream.of(path.split(File.pathSeparator)).filter(part -> !part.isEmpty()).map(Path::of),
            Stream.of(SBIN))
        .map(directory -> directory.resolve("nginx"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  private static Optional<Path> module(Path nginx) {
    Matcher modules = MODULES.matcher(buildOptions(nginx));
    if (!modules.find()) {
      return Optional.empty();
    }
    return Optional.of(Path.of(modules.group(1), MODULE)).filter(Files::isReadable);
  }

  /** What nginx says of how it was built; an empty text if it can't be asked. */
  private static String buildOptions(Path nginx) {
    try {
      Process version =
          new ProcessBuilder(nginx.toString(), "-V").redirectErrorStream(true).start();
      version.getOutputStream().close();
      return new String(version.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}

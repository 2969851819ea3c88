package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A contender in a process of its own, which ends with this. */
final class RunningContender implements AutoCloseable {

  private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:(\\d+)");

  private final Process process;
  private final int port;

  private RunningContender(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts it on a free port, and returns when it listens. */
  static RunningContender start(Contender contender, Path scratchDirectory) throws IOException {
    Process process =
        new ProcessBuilder(contender.command(0, scratchDirectory))
            .redirectErrorStream(true)
            .start();
    StringBuilder said = new StringBuilder();
    BufferedReader output = process.inputReader(UTF_8);
    while (true) {
      String line = output.readLine();
      if (line == null) {
        throw new IOException(contender + " ended: " + said);
      }
      Matcher listening = LISTENING.matcher(line);
      if (listening.matches()) {
        return new RunningContender(process, Integer.parseInt(listening.group(1)));
      }
      said.append(line).append('\n');
    }
  }

  /** A new connection to it. */
  RawHttp connect() throws IOException {
    return new RawHttp(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  /** Closes its standard input. */
  void letGo() throws IOException {
    process.getOutputStream().close();
  }

  /** Whether it has ended before a long time is over. */
  boolean ends() throws InterruptedException {
    return process.waitFor(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}

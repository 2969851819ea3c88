package dev.eventbroker.pg;

import java.io.IOException;

/** What an operating system does to a process. For processes of the test's own servers alone. */
final class Signals {

  private Signals() {}

  static void send(String signal, long pid) throws IOException {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
    int result = kill.onExit().join().exitValue();
    if (result != 0) {
      throw new AssertionError("kill -" + signal + " " + pid + ": " + result + " (expected: 0)");
    }
  }
}

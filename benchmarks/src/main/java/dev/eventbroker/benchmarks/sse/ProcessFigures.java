package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the machine says of a process and its children: Linux only. */
final class ProcessFigures {

  /** What Linux counts processor time in, wherever Java runs. */
  private static final double TICKS_PER_SECOND = 100;

  private static final int UTIME_AFTER_NAME = 11;
  private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");

  private static final Pattern MOST_FILES = Pattern.compile("Max open files\\s+(\\d+)");

  /** Of each part of the heap; the line of the metaspace has no total. */
  private static final Pattern USED = Pattern.compile("total (?:reserved )?\\d+K.*used (\\d+)K");

  private final ProcessHandle process;

  /** It and its children, when its processor time was last asked for. */
  private List<Long> pids;

  /** Looks at that process and at the children that it will have. */
  ProcessFigures(ProcessHandle process) {
    this.process = process;
    this.pids = List.of(process.pid());
  }

  /** Returns the processor time of this process, with everything that its JVM does. */
  static double ownCpuSeconds() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / 1e9;
  }

  /** Returns how many files and sockets this process may have open, and so may its children. */
  static long mostFiles() {
    Matcher most = MOST_FILES.matcher(read(Path.of("/proc/self/limits")));
    return most.find() ? Long.parseLong(most.group(1)) : Long.MAX_VALUE;
  }

  /** Returns the processor time that it has taken, the kernel's for it included. */
  double cpuSeconds() {
    // Looking for children is too much to do whenever memory is looked at.
    pids =
        Stream.concat(Stream.of(process), process.descendants()).map(ProcessHandle::pid).toList();
    return pids.stream().mapToDouble(ProcessFigures::cpuSeconds).sum();
  }

  /** Returns how much of its memory is in use, in KiB: 0 if it is gone. */
  long rssKib() {
    return pids.stream().mapToLong(ProcessFigures::rssKib).sum();
  }

  /**
   * Has a JVM collect all garbage, and returns what is left, in KiB.
   *
   * @throws IllegalStateException if it can't be asked
   */
  long heapKibAfterFullCollection() {
    String unused = jcmd("GC.run");
    String info = jcmd("GC.heap_info");
    Matcher used = USED.matcher(info);
    long sum = 0;
    while (used.find()) {
      sum += Long.parseLong(used.group(1));
    }
    if (sum == 0) {
      throw new IllegalStateException("no heap in: " + info);
    }
    return sum;
  }

  private static double cpuSeconds(long pid) {
    String stat = read(Path.of("/proc", Long.toString(pid), "stat"));
    if (stat.isEmpty()) {
      return 0;
    }
    // The name before it may hold anything.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    long ticks =
        Long.parseLong(fields[UTIME_AFTER_NAME]) + Long.parseLong(fields[UTIME_AFTER_NAME + 1]);
    return ticks / TICKS_PER_SECOND;
  }

  private static long rssKib(long pid) {
    Matcher rss = RSS.matcher(read(Path.of("/proc", Long.toString(pid), "status")));
    return rss.find() ? Long.parseLong(rss.group(1)) : 0;
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException("can't read " + path, e);
    }
  }

  private String jcmd(String command) {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    try {
      Process asked =
          new ProcessBuilder(List.of(jcmd.toString(), Long.toString(process.pid()), command))
              .redirectErrorStream(true)
              .start();
      String answer = new String(asked.getInputStream().readAllBytes(), UTF_8);
      if (!asked.waitFor(1, TimeUnit.MINUTES) || asked.exitValue() != 0) {
        throw new IllegalStateException("jcmd " + command + ": " + answer);
      }
      return answer;
    } catch (IOException e) {
      throw new UncheckedIOException("can't run " + jcmd, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}

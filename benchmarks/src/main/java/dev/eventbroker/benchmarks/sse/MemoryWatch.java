package dev.eventbroker.benchmarks.sse;

/** The memory of a server from now on: where it began and the most that was seen. */
final class MemoryWatch implements Runnable {

  private static final double KIB_PER_MIB = 1024;

  private final ProcessFigures server;
  private final long startKib;
  private long peakKib;

  /** Looks for the first time. */
  MemoryWatch(ProcessFigures server) {
    this.server = server;
    this.startKib = server.rssKib();
    this.peakKib = startKib;
  }

  /** Looks again. */
  @Override
  public void run() {
    peakKib = Math.max(peakKib, server.rssKib());
  }

  double startMib() {
    return startKib / KIB_PER_MIB;
  }

  double peakMib() {
    return peakKib / KIB_PER_MIB;
  }
}

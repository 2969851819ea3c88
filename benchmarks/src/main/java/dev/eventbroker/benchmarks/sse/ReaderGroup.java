package dev.eventbroker.benchmarks.sse;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Connections that are looked at together: what they received, and how they came to be. Used by one
 * thread.
 */
final class ReaderGroup {

  private static final long SLOWEST_NANOS = TimeUnit.MINUTES.toNanos(2);

  final Tally tally;

  /** From {@code connect()} to the end of the headers, in nanoseconds, of those opened last. */
  final Histogram headers = new Histogram(SLOWEST_NANOS, 3);

  private final List<Reader> readers = new ArrayList<>();
  private int live;
  private int closedByServer;
  private int refused;
  private String refusal = "";

  ReaderGroup(Payloads payloads) {
    this.tally = new Tally(payloads);
  }

  void add(Reader reader) {
    readers.add(reader);
  }

  /** Returns all that were ever added and not taken away, whatever has become of them. */
  List<Reader> readers() {
    return Collections.unmodifiableList(readers);
  }

  /** Returns how many are open and read. */
  int live() {
    return live;
  }

  /** Returns how many the server has closed after it had answered them. */
  int closedByServer() {
    return closedByServer;
  }

  /** Returns how many were not answered as they should be. */
  int refused() {
    return refused;
  }

  /** Returns what the first of those was told, or nothing. */
  String refusal() {
    return refusal;
  }

  /** Returns how many wait for their headers. */
  int waiting() {
    return (int) readers.stream().filter(Reader::waits).count();
  }

  /** Returns what those that live should have received by now and have not. */
  long owed() {
    return readers.stream()
        .filter(reader -> reader.state() == Reader.State.OPEN && !reader.origin().stalls())
        .mapToLong(reader -> reader.stream().owed())
        .sum();
  }

  /** That many events were published. */
  void published(int events) {
    tally.awaited += (long) live * events;
  }

  void opened(Reader reader, long nanos) {
    headers.recordValue(Math.min(nanos, SLOWEST_NANOS));
    if (!reader.origin().stalls()) {
      live++;
      tally.awaited += reader.stream().owed();
    }
  }

  void refused(String why) {
    refused++;
    refusal = refusal.isEmpty() ? why : refusal;
  }

  /** What it should have received and has not, it will never receive. */
  void closedByServer(Reader reader) {
    closedByServer++;
    if (!reader.origin().stalls()) {
      live--;
      tally.lost += reader.stream().owed();
      tally.awaited -= reader.stream().owed();
    }
  }

  /** Has the connections with these places go away without a word, and forgets them. */
  void vanish(int from, int to) {
    List<Reader> going = readers.subList(from, to);
    for (Reader reader : going) {
      if (reader.state() == Reader.State.OPEN && !reader.origin().stalls()) {
        live--;
        tally.awaited -= reader.stream().owed();
      }
      reader.vanish();
    }
    going.clear();
  }
}

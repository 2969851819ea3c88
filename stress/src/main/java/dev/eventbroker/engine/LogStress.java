package dev.eventbroker.engine;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.Topic;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The ring: a publisher that waits for nobody, and a reader without a lock. */
final class LogStress {

  /** Nothing there, for the log has not got there or has moved on. */
  static final int NOTHING = 0;

  /** The entry that was asked for, whole. */
  static final int WHOLE = 1;

  static final int ANOTHER = 2;
  static final int HALF = 3;

  private static final int CAPACITY = 16;
  private static final Topic TOPIC = Topic.of("a/b");

  /** No part of it is what a field is before it is written. */
  private static final Instant TIME = Instant.ofEpochSecond(1, 1);

  private LogStress() {}

  static Log log(int entries) {
    Log log = new Log(CAPACITY, Long.MAX_VALUE, new EventId("e", 0));
    for (int i = 0; i < entries; i++) {
      append(log);
    }
    return log;
  }

  static void append(Log log) {
    // Data that tells the position: what is read must be what was appended there.
    Event event = Event.of(TOPIC, "e", Long.toString(log.tail()));
    var unused = log.append(event, TIME);
  }

  static int read(Log log, long sequence) {
    return judge(log.get(sequence), sequence);
  }

  private static int judge(@Nullable Entry entry, long sequence) {
    if (entry == null) {
      return NOTHING;
    }
    if (entry.sequence != sequence) {
      return ANOTHER;
    }
    boolean whole =
        entry instanceof Entry.OfEvent event
            && entry.place.position() == sequence
            && "e".equals(entry.place.epoch())
            && event.event != null
            && event.event.data().equals(Long.toString(sequence))
            && event.time().equals(TIME);
    return whole ? WHOLE : HALF;
  }

  /** Who sees the tail sees what is before it; who does not may see it all the same, but whole. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "not appended yet")
  @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "in its slot, ahead of the tail")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "appended")
  @Outcome(expect = FORBIDDEN, desc = "the tail without the entry, or an entry that is not whole")
  @State
  public static class Append {

    private final Log log = log(0);

    @Actor
    public void publisher() {
      append(log);
    }

    @Actor
    public void reader(II_Result result) {
      result.r1 = log.tail() > 1 ? 1 : 0;
      result.r2 = read(log, 1);
    }
  }

  /** The slot that is asked for is overwritten: its entry or none, never the one that follows. */
  @JCStressTest
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "still there")
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "overtaken")
  @Outcome(expect = FORBIDDEN, desc = "another entry, or half of one")
  @State
  public static class Overwrite {

    private final Log log = log(CAPACITY);

    @Actor
    public void publisher() {
      append(log);
    }

    @Actor
    public void reader(I_Result result) {
      result.r1 = read(log, 1);
    }
  }

  /**
   * A reader that finds nothing before the tail is overtaken, and can see by the head that it is.
   */
  @JCStressTest
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "still there")
  @Outcome(id = "0", expect = ACCEPTABLE, desc = "overtaken, and the place to go on from is later")
  @Outcome(expect = FORBIDDEN, desc = "overtaken, and told to go on from the same place")
  @State
  public static class Overtaken {

    private final Log log = log(CAPACITY);

    @Actor
    public void publisher() {
      append(log);
    }

    @Actor
    public void reader(I_Result result) {
      int seen = read(log, 1);
      result.r1 = seen == NOTHING && log.now().next() <= CAPACITY ? -1 : seen;
    }
  }

  /** Two publishers have one order without holes. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "both, each in its place")
  @Outcome(expect = FORBIDDEN, desc = "one is lost, or stands in the other's place")
  @State
  public static class TwoPublishers {

    private final Log log = log(0);

    private void publish() {
      var unused = log.append(Event.of(TOPIC, "e", ""), Instant.EPOCH);
    }

    @Actor
    public void one() {
      publish();
    }

    @Actor
    public void other() {
      publish();
    }

    @Arbiter
    public void both(II_Result result) {
      result.r1 = holds(1);
      result.r2 = log.tail() == 3 ? holds(2) : 0;
    }

    private int holds(long sequence) {
      Entry entry = log.get(sequence);
      return entry != null && entry.place.position() == sequence ? 1 : 0;
    }
  }
}

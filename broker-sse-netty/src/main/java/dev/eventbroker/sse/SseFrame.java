package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import dev.eventbroker.Gap;
import dev.eventbroker.Snapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;

/**
 * One block of a stream: its bytes, and the id that it moves its client to. Needs no Netty: a
 * server of another kind writes the bytes as they are, one frame after the other, and begins with
 * {@link #preamble}. {@link BlockingSseStream} does all of it for servers with a thread per
 * request.
 *
 * <p>What makes a block is that it ends with exactly one empty line; fields come in the order id,
 * event, data. Line ends are CR, LF and CRLF, and nothing else is: what a client puts together from
 * a block is the text that went in, with each line end turned into LF and each unpaired surrogate
 * into U+FFFD. Immutable.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">HTML, 9.2</a>
 */
public final class SseFrame {

  /** The media type of a stream, for the {@code Content-Type} of the answer. */
  public static final String MEDIA_TYPE = "text/event-stream; charset=utf-8";

  /** Shortest reconnection time that a stream may ask for: shorter ones are a storm. */
  public static final Duration MIN_RETRY = Duration.ofMillis(250);

  /** Longest reconnection time that a stream may ask for. */
  public static final Duration MAX_RETRY = Duration.ofHours(24);

  /**
   * Makes the frame of a delivery, once for all who share the delivery: for {@link
   * Delivery#encodedBy}.
   */
  public static final Delivery.Encoder<SseFrame> EVENT = SseFrame::event;

  /** Says that the connection lives, and nothing else. */
  public static final SseFrame HEARTBEAT = new SseFrame(comment("hb") + '\n', Optional.empty());

  private static final String CONNECTED = comment("connected") + '\n';

  private static final String NOT_NOW = comment("not now") + '\n';

  /** A type that no event can have. */
  private static final String EXPIRING = "expiring";

  private final byte[] bytes;
  private final Optional<EventId> id;

  private SseFrame(String block, Optional<EventId> id) {
    this.bytes = wellFormed(block).getBytes(UTF_8);
    this.id = id;
  }

  /**
   * The first bytes of a stream, which a server flushes at once, whether there are events or not.
   *
   * @param retry how long the client waits before it comes back: {@link #MIN_RETRY} to {@link
   *     #MAX_RETRY}; give each client one of its own, or all come back at once
   * @throws IllegalArgumentException if it is outside of that
   */
  public static SseFrame preamble(Duration retry) {
    return opening(retry, CONNECTED);
  }

  /**
   * All there is of a stream that can't be had now: when to come back. It goes out with status 200,
   * for browsers never come back from any other.
   *
   * @param retry as for {@link #preamble}
   * @throws IllegalArgumentException if it is outside of the bounds
   */
  public static SseFrame notNow(Duration retry) {
    return opening(retry, NOT_NOW);
  }

  private static SseFrame opening(Duration retry, String comment) {
    if (retry.compareTo(MIN_RETRY) < 0 || retry.compareTo(MAX_RETRY) > 0) {
      throw new IllegalArgumentException(
          "retry: " + retry + " (expected: " + MIN_RETRY + " to " + MAX_RETRY + ")");
    }
    return new SseFrame("retry: " + retry.toMillis() + '\n' + comment, Optional.empty());
  }

  /** Says when to come back, and fires nothing. */
  static SseFrame retry(Duration retry) {
    return new SseFrame("retry: " + retry.toMillis() + "\n\n", Optional.empty());
  }

  /** Announces the end of what the client was let in with. */
  static SseFrame expiring(Duration left) {
    String data = new Json().with("inMillis", Math.max(0, left.toMillis())).toString();
    return block(Optional.empty(), EXPIRING, data);
  }

  /** Moves the client's cursor; the browser fires nothing, for there is no data. */
  public static SseFrame cursor(EventId id) {
    return new SseFrame("id: " + id + "\n\n", Optional.of(id));
  }

  /** The state that a run starts from. */
  public static SseFrame snapshot(Snapshot snapshot, EventId cursor) {
    return block(Optional.of(cursor), snapshot.type(), snapshot.data());
  }

  /**
   * Tells a gap.
   *
   * @param settled whether the client may go on from behind the gap if it is lost right after this
   *     block; false while a snapshot is still to follow
   */
  public static SseFrame gap(Gap gap, boolean settled) {
    String data =
        new Json()
            .with("reason", gap.reason().wireName())
            .with("from", gap.from().map(EventId::toString))
            .with("to", gap.to().toString())
            .with("scope", gap.scope().toString())
            .toString();
    return block(settled ? Optional.of(gap.to()) : Optional.empty(), "gap", data);
  }

  /** The event of a delivery, with its id if it has one. */
  public static SseFrame event(Delivery delivery) {
    return block(delivery.id(), delivery.event().type(), delivery.event().data());
  }

  /** Writes the bytes, without flushing. */
  public void writeTo(OutputStream out) throws IOException {
    out.write(bytes);
  }

  /** A copy of the bytes: UTF-8, and a whole block. */
  public byte[] toBytes() {
    return bytes.clone();
  }

  /** The bytes; not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  /** What the client has as its last event id once it has this block, if the block changes that. */
  public Optional<EventId> id() {
    return id;
  }

  private static SseFrame block(Optional<EventId> id, String type, String data) {
    StringBuilder block = new StringBuilder(data.length() + type.length() + 100);
    id.ifPresent(there -> block.append("id: ").append(there).append('\n'));
    block.append("event: ").append(type).append('\n');
    appendLines(block, "data: ", data);
    return new SseFrame(block.append('\n').toString(), id);
  }

  /** The text as comment lines, at least one. */
  static String comment(String text) {
    StringBuilder lines = new StringBuilder();
    appendLines(lines, ": ", text);
    return lines.toString();
  }

  /** One line for the text before, between and after its line ends; so at least one. */
  private static void appendLines(StringBuilder to, String field, String text) {
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\n' && c != '\r') {
        continue;
      }
      to.append(field).append(text, start, i).append('\n');
      if (c == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
        i++;
      }
      start = i + 1;
    }
    to.append(field).append(text, start, text.length()).append('\n');
  }

  /** Java's own encoder would write a question mark for an unpaired surrogate. */
  private static String wellFormed(String text) {
    int unpaired = nextUnpaired(text, 0);
    if (unpaired == text.length()) {
      return text;
    }
    StringBuilder repaired = new StringBuilder(text);
    while (unpaired < text.length()) {
      repaired.setCharAt(unpaired, '\uFFFD');
      unpaired = nextUnpaired(text, unpaired + 1);
    }
    return repaired.toString();
  }

  private static int nextUnpaired(String text, int from) {
    int i = from;
    while (i < text.length()) {
      int point = text.codePointAt(i);
      if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
        return i;
      }
      i += Character.charCount(point);
    }
    return text.length();
  }
}

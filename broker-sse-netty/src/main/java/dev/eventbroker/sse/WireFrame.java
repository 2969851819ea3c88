package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.eventbroker.Delivery;
import dev.eventbroker.EventId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A frame as it goes to a socket: with the framing of an HTTP/1.1 chunk around it, one chunk a
 * frame, or without. Any number of connections share the bytes; they are not counted references, so
 * nobody has to let go of them.
 *
 * <p>The bytes of a large frame move to direct memory, where a socket takes them from without a
 * copy, once several connections have asked for them: an event for one client alone is cheaper on
 * the heap.
 */
final class WireFrame {

  private static final byte[] LINE_END = "\r\n".getBytes(US_ASCII);

  /** The one encoder of events, for results are remembered by its identity. */
  static final Delivery.Encoder<WireFrame> EVENT =
      delivery -> new WireFrame(SseFrame.event(delivery));

  /** Says that the connection lives, and nothing else. */
  static final WireFrame HEARTBEAT = new WireFrame(SseFrame.HEARTBEAT);

  /** From this use on, the copy to direct memory has paid for itself. */
  private static final int DIRECT_FROM = 4;

  private final Optional<EventId> id;
  private final byte[] framed;
  private final int start;
  private final int length;

  // Several event loops may write these at once, and any of the values will do.
  private int uses;
  private volatile @Nullable ByteBuf shared;

  WireFrame(SseFrame frame) {
    byte[] bytes = frame.bytes();
    byte[] size = Integer.toHexString(bytes.length).getBytes(US_ASCII);
    id = frame.id();
    start = size.length + LINE_END.length;
    length = bytes.length;
    framed = new byte[start + length + LINE_END.length];
    ByteBuffer.wrap(framed).put(size).put(LINE_END).put(bytes).put(LINE_END);
  }

  private WireFrame(byte[] bytes) {
    id = Optional.empty();
    start = 0;
    length = bytes.length;
    framed = bytes;
  }

  /** Bytes that are no block of a stream: they go out as they are, in chunks or not. */
  static WireFrame verbatim(byte[] bytes) {
    return new WireFrame(bytes);
  }

  /** What the client has as its last event id once it has this frame, if the frame changes that. */
  Optional<EventId> id() {
    return id;
  }

  /** How many bytes it takes, as a chunk or without. */
  int size(boolean asChunk) {
    return asChunk ? framed.length : length;
  }

  /** Copies it behind what is there. */
  void copyTo(ByteBuf target, boolean asChunk) {
    if (asChunk) {
      target.writeBytes(framed);
    } else {
      target.writeBytes(framed, start, length);
    }
  }

  /** The shared bytes; for one write. */
  ByteBuf share(boolean asChunk) {
    ByteBuf all = used();
    return asChunk ? all.duplicate() : all.slice(start, length);
  }

  private ByteBuf used() {
    ByteBuf known = shared;
    if (uses < DIRECT_FROM && ++uses == DIRECT_FROM) {
      known = unreleasable(ByteBuffer.allocateDirect(framed.length).put(framed).flip());
      shared = known;
    } else if (known == null) {
      known = unreleasable(ByteBuffer.wrap(framed));
      shared = known;
    }
    return known;
  }

  private static ByteBuf unreleasable(ByteBuffer bytes) {
    return Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(bytes));
  }
}

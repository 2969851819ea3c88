package dev.eventbroker.sse;

import dev.eventbroker.EventId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The frames that one stream of an event loop has written and not sent yet. A lane serves one
 * subscriber after the other, so the streams of a loop need one of these between them: it stays in
 * the processor's cache, and a quiet connection has none. Should two ever take turns all the same,
 * what the first has written is sent before the other's begins.
 *
 * <p>Used on its event loop only.
 */
final class FrameBatch {

  private static final int FIRST_CAPACITY = 16;

  private @Nullable Owner owner;
  private WireFrame[] frames = new WireFrame[FIRST_CAPACITY];
  private int count;
  private int bytes;

  private WireFrame lastCursor = WireFrame.HEARTBEAT;

  /** Whose frames these are. */
  interface Owner {

    /** Takes them, for another one is about to write. */
    void sendBatch();
  }

  /** Makes way for the frames of that one. */
  void belongTo(Owner next) {
    Owner before = owner;
    if (before == next) {
      return;
    }
    if (before != null) {
      before.sendBatch();
    }
    owner = next;
  }

  /**
   * The block that moves a client to that id: newcomers and quiet streams are sent the same one
   * until the loop reads on.
   */
  WireFrame cursor(EventId id) {
    if (lastCursor.id().filter(id::equals).isEmpty()) {
      lastCursor = new WireFrame(SseFrame.cursor(id));
    }
    return lastCursor;
  }

  /** Whether there are frames of that one. */
  boolean isOf(Owner one) {
    return owner == one;
  }

  /** How many bytes the frames take. */
  int bytes() {
    return bytes;
  }

  /** Adds a frame of that many bytes. */
  void add(WireFrame frame, int size) {
    if (count == frames.length) {
      frames = Arrays.copyOf(frames, 2 * count);
    }
    frames[count++] = frame;
    bytes += size;
  }

  /** The frames as one buffer, which is the caller's; nothing is left here. */
  ByteBuf take(ByteBufAllocator allocator, boolean asChunks) {
    ByteBuf together = allocator.ioBuffer(bytes, bytes);
    for (int i = 0; i < count; i++) {
      frames[i].copyTo(together, asChunks);
    }
    clear();
    return together;
  }

  /** The frames are not wanted any more. */
  void clear() {
    // They belong to the log; what is quiet must not keep them.
    Arrays.fill(frames, 0, count, WireFrame.HEARTBEAT);
    count = 0;
    bytes = 0;
    owner = null;
  }
}

package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.eventbroker.EventId;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The way of frames to a channel, a batch at a time.
 *
 * <ul>
 *   <li>Where nothing but the HTTP/1 codec stands between the stream and the transport, frames pass
 *       it by as ready chunks: small ones of one batch in one pooled buffer, large ones as the
 *       bytes that all connections share. Nothing of that is garbage.
 *   <li>Where the host has put a handler in between that might want to see the response, each goes
 *       through it as HTTP content.
 *   <li>In a stream of a multiplexed connection they go through its codec, those of one batch
 *       together, in pieces that fit its frames.
 * </ul>
 *
 * <p>In the first case the codec sees nothing of a response whose head is the same for all. Another
 * head goes through it, and so does the end then, while there is a codec. Used on the channel's
 * event loop only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write or close that fails ends in channelInactive
final class Wire implements ChannelFutureListener, FrameBatch.Owner {

  /** A copy of this many bytes costs less than a buffer object of its own. */
  private static final int COPIED_UP_TO = 4 * 1024;

  /**
   * Pieces of this size go out before the batch is over: what a reader that stops reading leaves
   * behind is bounded, and it is the largest frame that every HTTP/2 peer takes.
   */
  private static final int PIECE = 16 * 1024;

  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(US_ASCII);

  private final ChannelHandlerContext ctx;
  private final FrameBatch batch;
  private final boolean chunked;
  private final boolean multiplexed;
  private final boolean promisesMayBeVoid;

  /** From where bytes reach the transport as they are; null if they go through a codec. */
  private @Nullable ChannelHandlerContext bytesFrom;

  /** Whether it has seen the head, and is to see the end. */
  private boolean codecBegan;

  // Writes, and those of them that have ended or whose end is not told: the channel's own buffer
  // is where the latter are seen.
  private long told;
  private long completed;

  /**
   * The way from a handler.
   *
   * @param batch the one of the channel's event loop
   * @param chunked whether the response is, which HTTP/1.0 and multiplexed connections do not know
   */
  Wire(StreamPlace place, FrameBatch batch, boolean chunked, boolean multiplexed) {
    this.ctx = place.ctx();
    this.batch = batch;
    this.bytesFrom = multiplexed ? null : place.codec();
    this.chunked = chunked && bytesFrom != null;
    this.multiplexed = multiplexed;
    this.promisesMayBeVoid = bytesFrom != null && place.isTransportNext();
  }

  /** Whether the channel is one of several of a connection. */
  boolean isMultiplexed() {
    return multiplexed;
  }

  /** Begins the response; goes out with {@link #flush} at the latest. */
  void begin(Answers answers, boolean keepAlive) {
    Optional<WireFrame> shared =
        bytesFrom == null ? Optional.empty() : answers.sharedStream(keepAlive);
    if (shared.isPresent()) {
      write(shared.get());
      return;
    }
    codecBegan = true;
    ctx.write(answers.stream(keepAlive));
  }

  /** The block that moves the client to that id; others of the event loop share it. */
  WireFrame cursor(EventId id) {
    return batch.cursor(id);
  }

  /** Adds a frame to the batch; goes out with {@link #flush} at the latest. */
  void write(WireFrame frame) {
    int size = frame.size(chunked);
    if (size > COPIED_UP_TO || (bytesFrom == null && !multiplexed)) {
      sendBatch();
      sendAlone(frame);
      return;
    }
    if (batch.isOf(this) && batch.bytes() + size > PIECE) {
      sendBatch();
    }
    batch.belongTo(this);
    batch.add(frame, size);
  }

  /** Sends the batch on its way to the socket. */
  void flush() {
    sendBatch();
    (bytesFrom == null ? ctx : bytesFrom).flush(); // the codec holds nothing back itself
  }

  /** Ends the response behind everything that was written. */
  ChannelFuture end() {
    sendBatch();
    ChannelHandlerContext from = bytesFrom;
    if (from == null || (codecBegan && from != ctx)) {
      return ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
    }
    ByteBuf end = ctx.alloc().ioBuffer(LAST_CHUNK.length);
    return from.writeAndFlush(chunked ? end.writeBytes(LAST_CHUNK) : end);
  }

  /** The codec is gone: nothing stands in the way any more, and the end is written from here. */
  void standAlone() {
    bytesFrom = ctx;
  }

  /** Nobody takes anything any more: lets go of what was not sent. */
  void abandon() {
    if (batch.isOf(this)) {
      batch.clear();
    }
  }

  /** Sends what the event loop's batch has of this one's frames. */
  @Override
  public void sendBatch() {
    if (batch.isOf(this)) {
      send(batch.take(ctx.alloc(), chunked));
    }
  }

  private void sendAlone(WireFrame frame) {
    ByteBuf bytes = frame.share(chunked);
    if (!multiplexed) {
      send(bytes);
      return;
    }
    // In pieces, so that it can be seen whether a slow reader takes any of it.
    while (bytes.isReadable()) {
      send(bytes.readSlice(Math.min(PIECE, bytes.readableBytes())));
    }
  }

  private void send(ByteBuf bytes) {
    ChannelHandlerContext from = bytesFrom;
    if (from != null && promisesMayBeVoid && !isPending()) {
      // Nobody tells of its end; but that nothing waits any more says that all before it has ended.
      told++;
      completed++;
      from.write(bytes, from.voidPromise());
      return;
    }
    told++;
    ChannelFuture written =
        from == null ? ctx.write(new DefaultHttpContent(bytes)) : from.write(bytes);
    written.addListener(this);
  }

  /** A write is over, whether it went well or not. */
  @Override
  public void operationComplete(ChannelFuture written) {
    completed++;
  }

  /** Whether bytes wait for the client to take them. */
  boolean isPending() {
    return told != completed || pendingBytes() > 0;
  }

  /** How many writes have ended. */
  long completed() {
    return completed;
  }

  /** What the channel itself holds back, as far as it says so. */
  long pendingBytes() {
    ChannelOutboundBuffer buffer = channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  /** How much of the write that is under way is gone. */
  long partialBytes() {
    ChannelOutboundBuffer buffer = channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.currentProgress();
  }

  private Channel channel() {
    return ctx.channel();
  }
}

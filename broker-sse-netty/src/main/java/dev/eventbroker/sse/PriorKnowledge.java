package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells by its first bytes whether a connection without TLS speaks HTTP/2 (RFC 9113, 3.3 and 3.4),
 * makes way for what goes on then, and hands on every byte. Who has not said so in time is closed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a close that fails finds a closed channel
final class PriorKnowledge extends ByteToMessageDecoder {

  private static final Logger log = LoggerFactory.getLogger(PriorKnowledge.class);

  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  private final long timeoutNanos;
  private final Begin begin;

  private @Nullable Future<?> timeout;

  /** Adds what goes on with a connection. */
  interface Begin {
    void begin(ChannelPipeline pipeline, boolean speaksHttp2);
  }

  PriorKnowledge(long timeoutNanos, Begin begin) {
    this.timeoutNanos = timeoutNanos;
    this.begin = begin;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    timeout = ctx.executor().schedule(() -> tooLate(ctx), timeoutNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext ctx) {
    Future<?> due = timeout;
    if (due != null) {
      due.cancel(false);
    }
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    int known = Math.min(in.readableBytes(), PREFACE.length);
    boolean mayBe = true;
    for (int i = 0; i < known && mayBe; i++) {
      mayBe = in.getByte(in.readerIndex() + i) == PREFACE[i];
    }
    if (!mayBe || known == PREFACE.length) {
      begin.begin(ctx.pipeline(), mayBe);
      ctx.pipeline().remove(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    log.debug("a connection broke before it said what it speaks", cause);
    ctx.close();
  }

  private static void tooLate(ChannelHandlerContext ctx) {
    ctx.close();
  }
}

package dev.eventbroker.examples.board;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the requests of one connection to the API, one after another, so that answers come in the
 * order asked.
 */
final class BoardHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

  private static final Logger log = LoggerFactory.getLogger(BoardHandler.class);

  /** Requests of one connection that may wait; browsers send one at a time. */
  private static final int MAX_WAITING = 16;

  private final Api api;
  private final Executor blocking;
  private final Queue<FullHttpRequest> waiting = new ArrayDeque<>();
  private boolean busy;
  private boolean closing;

  /** What answers a request: {@link BoardApi#answer}. */
  @FunctionalInterface
  interface Api {
    Reply answer(FullHttpRequest request) throws Exception;
  }

  BoardHandler(Api api, Executor blocking) {
    this.api = api;
    this.blocking = blocking;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    if (closing) {
      return;
    }
    if (waiting.size() >= MAX_WAITING) {
      var unused = context.close();
      return;
    }
    waiting.add(request.retain());
    next(context);
  }

  private void next(ChannelHandlerContext context) {
    FullHttpRequest request = busy || closing ? null : waiting.poll();
    if (request == null) {
      return;
    }
    busy = true;
    try {
      blocking.execute(
          () -> {
            Reply reply = replyTo(request);
            context.executor().execute(() -> write(context, request, reply));
          });
    } catch (RejectedExecutionException e) {
      write(
          context,
          request,
          Reply.of(new HttpProblem(503, "overloaded", "too many requests at once")));
    }
  }

  private Reply replyTo(FullHttpRequest request) {
    try {
      if (request.decoderResult().isFailure()) {
        throw HttpProblem.unreadable(request.decoderResult().cause());
      }
      return api.answer(request);
    } catch (HttpProblem e) {
      return Reply.of(e);
    } catch (IllegalArgumentException e) {
      return Reply.of(HttpProblem.badRequest(String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Reply.of(new HttpProblem(503, "stopping", "the node is stopping"));
    } catch (Exception e) {
      log.warn("{} {} failed", request.method(), request.uri(), e);
      return Reply.of(
          new HttpProblem(503, "unavailable", "the database does not answer as it should"));
    }
  }

  private void write(ChannelHandlerContext context, FullHttpRequest request, Reply reply) {
    // Nothing can be read behind a request that could not be; and for a client that leaves its
    // answers where they are, there would be ever more of them.
    boolean keepAlive =
        HttpUtil.isKeepAlive(request)
            && request.decoderResult().isSuccess()
            && context.channel().isWritable();
    request.release();
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(reply.status()),
            Unpooled.wrappedBuffer(reply.body()));
    reply.headers().forEach(response.headers()::set);
    if (!reply.contentType().isEmpty()) {
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, reply.contentType());
    }
    if (reply.status() != HttpResponseStatus.NO_CONTENT.code()) {
      HttpUtil.setContentLength(response, reply.body().remaining());
    }
    HttpUtil.setKeepAlive(response.headers(), request.protocolVersion(), keepAlive);
    ChannelFuture written = context.writeAndFlush(response);
    if (!keepAlive) {
      closing = true;
      forgetWaiting();
      written.addListener(ChannelFutureListener.CLOSE);
    }
    busy = false;
    next(context);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    forgetWaiting();
    context.fireChannelInactive();
  }

  private void forgetWaiting() {
    waiting.forEach(FullHttpRequest::release);
    waiting.clear();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    log.debug("a client's connection failed", cause);
    var unused = context.close();
  }
}

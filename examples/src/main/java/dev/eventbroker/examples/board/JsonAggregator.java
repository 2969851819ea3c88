package dev.eventbroker.examples.board;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.TooLongHttpContentException;
import org.jspecify.annotations.Nullable;

/**
 * Gathers requests whole. One that is too large goes on without its body, as one that could not be
 * read, so that it is answered in its turn and with the reason.
 */
final class JsonAggregator extends HttpObjectAggregator {

  /** As large as the broker's largest event. */
  static final int MAX_BODY = 1 << 20;

  JsonAggregator() {
    super(MAX_BODY);
  }

  @Override
  protected void handleOversizedMessage(ChannelHandlerContext context, HttpMessage oversized) {
    HttpRequest head = (HttpRequest) oversized;
    FullHttpRequest request =
        new DefaultFullHttpRequest(head.protocolVersion(), head.method(), head.uri());
    request.setDecoderResult(DecoderResult.failure(new TooLongHttpContentException()));
    context.fireChannelRead(request);
  }

  /** Only ever "go on"; what is to be refused is refused like any other request. */
  @Override
  protected @Nullable Object newContinueResponse(
      HttpMessage start, int maxContentLength, ChannelPipeline pipeline) {
    return HttpUtil.is100ContinueExpected(start) && !isContentLengthInvalid(start, maxContentLength)
        ? super.newContinueResponse(start, maxContentLength, pipeline)
        : null;
  }
}

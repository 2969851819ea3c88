import org.jspecify.annotations.NullMarked;

/** Server-Sent Events on Netty: HTTP in, {@code text/event-stream} out. */
@NullMarked
module dev.eventbroker.sse {
  requires static transitive org.jspecify;
  requires transitive dev.eventbroker;
  requires io.netty.codec.http;
  requires transitive io.netty.transport;
  requires io.netty.buffer;
  requires io.netty.codec;
  requires io.netty.common;
  requires transitive io.netty.handler;
  requires static io.netty.codec.http2;
  requires static io.netty.transport.classes.epoll;
  requires static io.netty.transport.classes.io_uring;
  requires org.slf4j;

  exports dev.eventbroker.sse;
}

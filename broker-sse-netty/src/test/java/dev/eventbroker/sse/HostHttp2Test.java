package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The endpoint in the streams of somebody else's HTTP/2 server, which has no deadlines. */
class HostHttp2Test {

  private final Broker broker = new BrokerBuilder().build();
  private final SseEndpoint endpoint =
      SseEndpoint.builder(broker)
          .authorizer(SseAuthorizer.everybodyAs("ann"))
          .stallTimeout(Duration.ofMillis(200))
          .build();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

  @AfterEach
  void close() {
    broker.close();
    loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/events?topic=a*", "/events"})
  void aRefusalThatWaitsBehindAClosedWindowIsGivenUpAloud(String target) {
    try (Http2RawClient client = Http2RawClient.connect(serve(), 0)) {
      assertThat(client.get(1, target).readHead(1).status()).hasToString("400");

      Http2RawClient.Frame frame = client.next();

      assertThat(frame.type()).isEqualTo(Http2RawClient.RST_STREAM);
      assertThat(frame.payload().getInt(0)).as("CANCEL").isEqualTo(8);
    }
  }

  @Test
  void aRefusalThatIsTakenEndsItsStreamOnly() {
    try (Http2RawClient client = Http2RawClient.connect(serve(), 10_000)) {
      assertThat(client.begin(1, "/events").readHead(1).status()).hasToString("400");
      Http2RawClient.Frame body = client.next();
      assertThat(body.endsStream()).isTrue();

      client.send(Http2RawClient.DATA, Http2RawClient.END_STREAM, 1, new byte[10]);

      client.open(3, "/events?topic=a");
    }
  }

  private InetSocketAddress serve() {
    Channel server =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    connection
                        .pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forServer().build(),
                            new Http2MultiplexHandler(
                                new ChannelInitializer<>() {
                                  @Override
                                  protected void initChannel(Channel stream) {
                                    stream
                                        .pipeline()
                                        .addLast(
                                            new Http2StreamFrameToHttpObjectCodec(true), endpoint);
                                  }
                                }));
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .syncUninterruptibly()
            .channel();
    return (InetSocketAddress) server.localAddress();
  }
}

package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.eventbroker.Broker;
import dev.eventbroker.BrokerObserver;
import dev.eventbroker.CloseReason;
import dev.eventbroker.benchmarks.report.Run;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.SseAuthorizer;
import dev.eventbroker.sse.SseEndpoint;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * How long it takes from the moment when a client closes its connection, or resets it, until its
 * subscription has ended; nothing is written to it meanwhile. {@value #CLIENTS} clients of a server
 * with one event loop, in the same JVM, go one after the other.
 */
final class Detection {

  private static final int CLIENTS = 200;

  /** Far beyond what is promised (a second): who is not found by then ends the run. */
  private static final long PATIENCE_SECONDS = 30;

  private static final byte[] REQUEST =
      "GET /events?topic=load HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII);

  private Detection() {}

  /**
   * Measures every transport that there is on this machine, some seconds each.
   *
   * @throws UncheckedIOException if a client can't connect
   * @throws IllegalStateException if a client that has gone is not found
   */
  static void run(Run run) {
    List<Kind> kinds = Stream.of(Kind.values()).filter(Kind::isAvailable).toList();
    for (int round = 1; round <= run.rounds(); round++) {
      for (Kind kind : kinds) {
        for (boolean reset : new boolean[] {false, true}) {
          measure(run, round, kind, reset);
        }
      }
    }
  }

  private static void measure(Run run, int round, Kind kind, boolean reset) {
    Ends ends = new Ends();
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("detection"), kind.handlers());
    try (Broker broker = new BrokerBuilder().observer(ends).build()) {
      InetSocketAddress address = listen(kind, loop, broker);
      // Once so that it is compiled, and once for the figures.
      goOneAfterTheOther(address, ends, reset);
      long[] nanos = goOneAfterTheOther(address, ends, reset);
      Arrays.sort(nanos);
      run.measured(
          "sse/detection",
          "eventbroker-" + kind.label,
          round,
          Map.of("rst", reset ? 1L : 0L),
          Map.of(
              "p50Millis", millis(nanos, 0.50),
              "p99Millis", millis(nanos, 0.99),
              "maxMillis", millis(nanos, 1)));
    } catch (IOException e) {
      throw new UncheckedIOException("no client of " + kind.label, e);
    } finally {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
  }

  private static InetSocketAddress listen(Kind kind, EventLoopGroup loop, Broker broker) {
    Duration never = Duration.ofDays(1);
    SseEndpoint endpoint =
        SseEndpoint.builder(broker)
            .authorizer(SseAuthorizer.everybodyAs("load"))
            .heartbeat(never)
            .stallTimeout(never)
            .maxLifetime(never)
            .build();
    Channel listening =
        new ServerBootstrap()
            .group(loop)
            .channel(kind.listening)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel connection) {
                    connection.pipeline().addLast(new HttpServerCodec(), endpoint);
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return (InetSocketAddress) listening.localAddress();
  }

  private static long[] goOneAfterTheOther(InetSocketAddress address, Ends ends, boolean reset)
      throws IOException {
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(connect(address));
    }
    long[] nanos = new long[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
      Socket client = clients.get(i);
      if (reset) {
        client.setSoLinger(true, 0);
      }
      long gone = System.nanoTime();
      client.close();
      nanos[i] = ends.next() - gone;
    }
    return nanos;
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    Socket client = new Socket();
    client.connect(address);
    client.getOutputStream().write(REQUEST);
    InputStream in = client.getInputStream();
    StringBuilder opening = new StringBuilder();
    // The block with the cursor is the last for now. What is not read would turn a FIN into a RST.
    while (opening.indexOf("\nid: ") < 0 || opening.lastIndexOf("\n\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the server closed the connection (expected: a stream)");
      }
      opening.append((char) next);
    }
    return client;
  }

  private static double millis(long[] sorted, double share) {
    int at = (int) Math.ceil(share * sorted.length) - 1;
    return sorted[at] / 1e6;
  }

  /** When subscriptions have ended. */
  private static final class Ends implements BrokerObserver {

    private final BlockingQueue<Long> times = new LinkedBlockingQueue<>();

    @Override
    public void subscriptionClosed(String principal, CloseReason reason) {
      times.add(System.nanoTime());
    }

    long next() {
      try {
        Long time = times.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (time == null) {
          throw new IllegalStateException("a client is gone, and its subscription is not");
        }
        return time;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  private enum Kind {
    NIO("nio", NioServerSocketChannel.class),
    EPOLL("epoll", EpollServerSocketChannel.class),
    IO_URING("io_uring", IoUringServerSocketChannel.class);

    private final String label;
    private final Class<? extends ServerChannel> listening;

    Kind(String label, Class<? extends ServerChannel> listening) {
      this.label = label;
      this.listening = listening;
    }

    boolean isAvailable() {
      return switch (this) {
        case NIO -> true;
        case EPOLL -> Epoll.isAvailable();
        case IO_URING -> IoUring.isAvailable();
      };
    }

    IoHandlerFactory handlers() {
      return switch (this) {
        case NIO -> NioIoHandler.newFactory();
        case EPOLL -> EpollIoHandler.newFactory();
        case IO_URING -> IoUringIoHandler.newFactory();
      };
    }
  }
}

package dev.eventbroker.benchmarks.sse;

import io.vertx.core.Context;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.transport.Transport;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Server-sent events as one writes them with Vert.x Web: a set of chunked responses for each event
 * loop, and each event, encoded once, written to each of them. The lines of a {@code POST} are
 * written one event after another; nothing is batched. What a client does not read is kept without
 * a bound.
 *
 * <p>Arguments: {@code [--port N] [--threads N] [--transport nio|epoll|io_uring] [--owned]}. Runs
 * until it is ended, or with {@code --owned} until its standard input is.
 */
public final class VertxServer {

  /** A crowd that comes at once. */
  private static final int BACKLOG = 4096;

  /** What Vert.x calls a free port that all event loops share. */
  private static final int FREE_PORT = -1;

  private static final String HOST = InetAddress.getLoopbackAddress().getHostAddress();

  private final ServerOptions options;
  private final List<EventLoopStreams> all = new CopyOnWriteArrayList<>();

  private VertxServer(ServerOptions options) {
    this.options = options;
  }

  /** See the class comment. */
  public static void main(String[] args) {
    ServerOptions options = ServerOptions.parse(args);
    VertxServer server = new VertxServer(options);
    Vertx vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventLoopPoolSize(options.threads()))
            .withTransport(transport(options.transport()))
            .build();
    vertx
        .deployVerticle(
            () -> server.new EventLoopStreams(),
            new DeploymentOptions().setInstances(options.threads()))
        .await();
    options.announce(new InetSocketAddress(HOST, server.all.get(0).port));
  }

  private static Transport transport(NettyTransport transport) {
    return switch (transport) {
      case NIO -> Transport.NIO;
      case EPOLL -> Transport.EPOLL;
      case IO_URING -> Transport.IO_URING;
    };
  }

  /** The streams of one event loop. Used on that loop. */
  private final class EventLoopStreams extends VerticleBase {

    private final Set<HttpServerResponse> streams = new HashSet<>();
    private volatile int port;

    @Override
    public Future<?> start() {
      Router router = Router.router(vertx);
      router.get("/events").handler(this::subscribe);
      router.post("/publish").handler(BodyHandler.create(false)).handler(this::publish);
      return vertx
          .createHttpServer(new HttpServerOptions().setAcceptBacklog(BACKLOG))
          .requestHandler(router)
          .listen(options.port() == 0 ? FREE_PORT : options.port(), HOST)
          .onSuccess(
              listening -> {
                port = listening.actualPort();
                all.add(this);
              });
    }

    private void subscribe(RoutingContext request) {
      HttpServerResponse stream =
          request
              .response()
              .setChunked(true)
              .putHeader("Content-Type", "text/event-stream")
              .putHeader("Cache-Control", "no-cache");
      stream.closeHandler(closed -> streams.remove(stream));
      streams.add(stream);
      var unused = stream.writeHead();
    }

    private void publish(RoutingContext request) {
      request.body().asString().lines().forEach(VertxServer.this::publish);
      var unused = request.response().setStatusCode(204).end();
    }

    private void write(Buffer event) {
      for (HttpServerResponse stream : streams) {
        var unused = stream.write(event);
      }
    }

    private Context loop() {
      return context;
    }
  }

  private void publish(String data) {
    Buffer event = Buffer.buffer("data: " + data + "\n\n");
    Context here = Vertx.currentContext();
    for (EventLoopStreams streams : all) {
      // The responses of one event loop must be written by it; without a hop if this is it.
      if (streams.loop() == here) {
        streams.write(event);
      } else {
        streams.loop().runOnContext(later -> streams.write(event));
      }
    }
  }
}

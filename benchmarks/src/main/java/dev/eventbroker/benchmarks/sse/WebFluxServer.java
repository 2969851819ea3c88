package dev.eventbroker.benchmarks.sse;

import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.ReactorHttpHandlerAdapter;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/**
 * Server-sent events as one writes them with Spring WebFlux: functional routes on Reactor Netty,
 * and a flux of {@link ServerSentEvent} from a multicast sink with a buffer of 256. The lines of a
 * {@code POST} are emitted one event after another; nothing is batched.
 *
 * <p>Two things are its own: headers go out with the first event and not before, and the slowest
 * client sets the pace for all, for an event that finds the buffer full is lost to everybody.
 *
 * <p>Arguments: {@code [--port N] [--threads N] [--transport nio|epoll|io_uring] [--owned]}. Runs
 * until it is ended, or with {@code --owned} until its standard input is.
 */
public final class WebFluxServer {

  /** How many events wait for the slowest client. */
  private static final int BUFFER = 256;

  /** A crowd that comes at once. */
  private static final int BACKLOG = 4096;

  private final Sinks.Many<ServerSentEvent<String>> events =
      Sinks.many().multicast().onBackpressureBuffer(BUFFER, false);

  private WebFluxServer() {}

  /** See the class comment. */
  public static void main(String[] args) {
    ServerOptions options = ServerOptions.parse(args);
    WebFluxServer server = new WebFluxServer();
    HttpHandler handler =
        RouterFunctions.toHttpHandler(
            route().GET("/events", server::subscribe).POST("/publish", server::publish).build());
    MultiThreadIoEventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(options.threads(), options.transport().handlers());
    DisposableServer listening =
        HttpServer.create()
            .host(InetAddress.getLoopbackAddress().getHostAddress())
            .port(options.port())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .runOn(useNative -> loops)
            .handle(new ReactorHttpHandlerAdapter(handler))
            .bindNow();
    options.announce((InetSocketAddress) listening.address());
  }

  private Mono<ServerResponse> subscribe(ServerRequest request) {
    return ServerResponse.ok().body(BodyInserters.fromServerSentEvents(events.asFlux()));
  }

  private Mono<ServerResponse> publish(ServerRequest request) {
    return request
        .bodyToMono(String.class)
        .doOnNext(body -> body.lines().forEach(this::emit))
        .then(ServerResponse.noContent().build());
  }

  private void emit(String data) {
    // The sink keeps events for the first subscriber if there is none; the other servers do not.
    if (events.currentSubscriberCount() == 0) {
      return;
    }
    ServerSentEvent<String> event = ServerSentEvent.builder(data).build();
    while (events.tryEmitNext(event) == Sinks.EmitResult.FAIL_NON_SERIALIZED) {
      Thread.onSpinWait(); // another event loop emits
    }
  }
}

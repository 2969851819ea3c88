package dev.eventbroker.examples.jdkserver;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.EventId;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.BlockingSseStream;
import dev.eventbroker.sse.SseFrame;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/**
 * {@code GET /events?topic=a/b} streams, {@code POST /publish?topic=a/b} publishes its body. A
 * stream holds a thread, so there is a limit to them; over it a browser is told to come back later.
 *
 * <p>Everybody is let in as {@code guest}; a server of your own decides here, and answers 401 or
 * 403 before anything of the stream exists.
 */
public final class JdkServer implements AutoCloseable {

  /** As many threads as a small machine carries easily. */
  static final int MAX_STREAMS = 200;

  private static final Duration LATER = Duration.ofSeconds(5);

  /** An event is news, not a file. */
  private static final int MAX_BODY_BYTES = 1 << 16;

  private final Broker broker;
  private final BlockingSseStream streams;
  private final Semaphore free = new Semaphore(MAX_STREAMS);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  /** Listens on a port of the loopback interface; 0 for any free one. */
  public JdkServer(Broker broker, int port) throws IOException {
    this.broker = broker;
    this.streams = BlockingSseStream.builder(broker).build();
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.createContext("/events", this::events);
    server.createContext("/publish", this::publish);
    server.setExecutor(threads);
  }

  /** Serves until the process is ended. */
  public static void main(String[] args) throws IOException {
    JdkServer server =
        new JdkServer(
            new BrokerBuilder().build(), args.length > 0 ? Integer.parseInt(args[0]) : 8080);
    server.start();
    System.out.println("http://127.0.0.1:" + server.port() + "/events?topic=**");
  }

  void start() {
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void events(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestMethod().equals("GET")) {
        exchange.getResponseHeaders().set("Allow", "GET");
        answer(exchange, 405, "only GET");
        return;
      }
      SubscribeRequest.Builder<String> request;
      try {
        request = requested(exchange);
      } catch (IllegalArgumentException e) {
        answer(exchange, 400, String.valueOf(e.getMessage()));
        return;
      }
      stream(exchange, request);
    }
  }

  private SubscribeRequest.Builder<String> requested(HttpExchange exchange) {
    // Taken before anything is decided, so that a right that is taken away meanwhile is gone.
    EventId asOf = broker.cursor();
    SubscribeRequest.Builder<String> request =
        SubscribeRequest.by(Authorized.principal("guest").asOf(asOf));
    parameters(exchange, "topic").forEach(topic -> request.filter(TopicFilter.of(topic)));
    Optional.ofNullable(exchange.getRequestHeaders().getFirst("Last-Event-ID"))
        .ifPresent(request::lastEventId);
    var checked = request.build();
    System.out.println(checked.principal() + " asks for " + checked.filters());
    return request;
  }

  private void stream(HttpExchange exchange, SubscribeRequest.Builder<String> request)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", SseFrame.MEDIA_TYPE);
    exchange.getResponseHeaders().set("Cache-Control", "no-cache, no-store, no-transform");
    exchange.getResponseHeaders().set("X-Accel-Buffering", "no");
    exchange.sendResponseHeaders(200, 0);
    OutputStream out = exchange.getResponseBody();
    if (!free.tryAcquire()) {
      // Not 503: a browser would never come back.
      SseFrame.notNow(LATER).writeTo(out);
      return;
    }
    try {
      var ended = streams.serve(request, Optional.empty(), out);
      System.out.println("a stream has ended: " + ended.text());
    } finally {
      free.release();
    }
  }

  private void publish(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (!exchange.getRequestMethod().equals("POST")) {
        exchange.getResponseHeaders().set("Allow", "POST");
        answer(exchange, 405, "only POST");
        return;
      }
      byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
      if (body.length > MAX_BODY_BYTES) {
        answer(exchange, 413, "body: more than " + MAX_BODY_BYTES + " bytes");
        return;
      }
      try {
        List<String> topics = parameters(exchange, "topic");
        if (topics.size() != 1) {
          throw new IllegalArgumentException("topic: " + topics.size() + " (expected: 1)");
        }
        Event event = Event.of(Topic.of(topics.get(0)), "published", new String(body, UTF_8));
        EventId id = broker.publish(event).toCompletableFuture().join();
        answer(exchange, 202, id.toString());
      } catch (IllegalArgumentException e) {
        answer(exchange, 400, String.valueOf(e.getMessage()));
      }
    }
  }

  private static List<String> parameters(HttpExchange exchange, String name) {
    String query = exchange.getRequestURI().getRawQuery();
    List<String> values = new ArrayList<>();
    for (String pair : query == null ? new String[0] : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals >= 0 && URLDecoder.decode(pair.substring(0, equals), UTF_8).equals(name)) {
        values.add(URLDecoder.decode(pair.substring(equals + 1), UTF_8));
      }
    }
    return values;
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = (text + "\n").getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  /** Ends the streams and the server, not the broker. */
  @Override
  public void close() {
    threads.shutdownNow();
    server.stop(0);
  }
}

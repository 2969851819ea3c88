package dev.eventbroker.examples.springmvc;

import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.Topic;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.sse.BlockingSseStream;
import dev.eventbroker.sse.SseFrame;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * {@code GET /events?topic=a/b} streams, {@code POST /publish?topic=a/b} publishes its body.
 *
 * <p>Everybody is let in as {@code guest}. In an application of your own, Spring Security has
 * decided before this is called, and the principal is the one it names.
 */
@RestController
class EventsController {

  private static final Logger log = LoggerFactory.getLogger(EventsController.class);

  /** As many threads as a small machine carries easily. */
  private static final int MAX_STREAMS = 200;

  private static final Duration LATER = Duration.ofSeconds(5);

  private final Broker broker;
  private final BlockingSseStream streams;
  private final ExecutorService threads;
  private final Semaphore free = new Semaphore(MAX_STREAMS);

  EventsController(Broker broker, BlockingSseStream streams, ExecutorService threads) {
    this.broker = broker;
    this.streams = streams;
    this.threads = threads;
  }

  /**
   * On the servlet's own stream, for Spring's (that of {@code StreamingResponseBody}) swallows a
   * flush; and with no time limit but the stream's own lifetime, after which its client comes back.
   */
  @GetMapping("/events")
  void events(
      @RequestParam("topic") List<String> topics,
      @RequestHeader("Last-Event-ID") Optional<String> lastEventId,
      HttpServletRequest http,
      HttpServletResponse response) {
    SubscribeRequest.Builder<String> request = requested(topics, lastEventId);
    response.setContentType(SseFrame.MEDIA_TYPE);
    response.setHeader("Cache-Control", "no-cache, no-store, no-transform");
    response.setHeader("X-Accel-Buffering", "no");
    AsyncContext async = http.startAsync();
    async.setTimeout(0);
    threads.execute(
        () -> {
          try {
            stream(request, response.getOutputStream());
          } catch (IOException e) {
            log.debug("the client has gone before the stream began", e);
          } finally {
            async.complete();
          }
        });
  }

  /** Throws for what can't be subscribed to, while there is still an answer to give. */
  private SubscribeRequest.Builder<String> requested(
      List<String> topics, Optional<String> lastEventId) {
    SubscribeRequest.Builder<String> request =
        SubscribeRequest.by(Authorized.principal("guest").asOf(broker.cursor()));
    topics.forEach(topic -> request.filter(TopicFilter.of(topic)));
    lastEventId.ifPresent(request::lastEventId);
    var unused = request.build();
    return request;
  }

  private void stream(SubscribeRequest.Builder<?> request, OutputStream out) throws IOException {
    if (!free.tryAcquire()) {
      // Not 503: a browser would never come back.
      SseFrame.notNow(LATER).writeTo(out);
      return;
    }
    try {
      var unused = streams.serve(request, Optional.empty(), out);
    } finally {
      free.release();
    }
  }

  /**
   * Ends the streams before the web server waits for them: its graceful shutdown would wait for 30
   * s otherwise, and a {@code @PreDestroy} comes after that wait.
   */
  @EventListener(ContextClosedEvent.class)
  void endStreams() {
    var neverStarted = threads.shutdownNow();
    log.debug("ending all streams, {} of them before they began", neverStarted.size());
  }

  @PostMapping("/publish")
  @ResponseStatus(HttpStatus.ACCEPTED)
  String publish(@RequestParam("topic") String topic, @RequestBody String body) {
    Event event = Event.of(Topic.of(topic), "published", body);
    return broker.publish(event).toCompletableFuture().join().toString();
  }

  @ExceptionHandler(IllegalArgumentException.class)
  ResponseEntity<String> refused(IllegalArgumentException e) {
    return ResponseEntity.badRequest().body(e.getMessage());
  }
}

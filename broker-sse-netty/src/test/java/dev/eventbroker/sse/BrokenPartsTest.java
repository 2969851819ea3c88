package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.engine.BrokerBuilder;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the host handed in throws while a request is answered: no request may hang for that. */
class BrokenPartsTest {

  private final Broker broker = new BrokerBuilder().build();
  private final CompletableFuture<SseDecision> decision = new CompletableFuture<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(SseExchange.class);
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

  @BeforeEach
  void listenToTheLog() {
    logged.start();
    logger.addAppender(logged);
    logger.setAdditive(false);
  }

  @AfterEach
  void stopListening() {
    logger.setAdditive(true);
    logger.detachAppender(logged);
    broker.close();
  }

  @Test
  void afterADecisionThatWasThereAlready() {
    decision.complete(SseDecision.allow(Authorized.principal("ann")));
    SseEndpoint endpoint = endpoint(BrokenPartsTest::brokenRandom);

    EmbeddedChannel channel = ask(endpoint);

    assertGivenUp(endpoint, channel);
  }

  @Test
  void afterADecisionThatCameLater() {
    SseEndpoint endpoint = endpoint(BrokenPartsTest::brokenRandom);
    EmbeddedChannel channel = ask(endpoint);

    decision.complete(SseDecision.allow(Authorized.principal("ann")));
    channel.runPendingTasks();

    assertGivenUp(endpoint, channel);
  }

  @Test
  void whileAClientIsSentAwayWithoutADecision() {
    decision.completeExceptionally(new IllegalStateException("on purpose"));
    SseEndpoint endpoint = endpoint(BrokenPartsTest::brokenRandom);

    EmbeddedChannel channel = ask(endpoint);

    assertGivenUp(endpoint, channel);
  }

  @Test
  void beforeTheDecisionIsAskedFor() {
    SseEndpoint endpoint =
        endpoint(
            options ->
                options.address(
                    request -> {
                      throw new AssertionError("on purpose");
                    }));

    EmbeddedChannel channel = ask(endpoint);

    assertGivenUp(endpoint, channel);
  }

  @Test
  void onceTheStreamHasBegun() {
    decision.complete(SseDecision.allow(Authorized.principal("ann")));
    AtomicInteger asked = new AtomicInteger();
    SseEndpoint endpoint =
        endpoint(
            options ->
                options.random(
                    () -> {
                      // A heartbeat, a lifetime, and then what the first bytes say.
                      if (asked.incrementAndGet() == 3) {
                        throw new IllegalStateException("on purpose");
                      }
                      return 0;
                    }));

    EmbeddedChannel channel = ask(endpoint);

    assertThat(asked).hasValue(3);
    assertGivenUp(endpoint, channel);
  }

  private static SseEndpoint.Builder brokenRandom(SseEndpoint.Builder options) {
    return options.random(
        () -> {
          throw new IllegalStateException("on purpose");
        });
  }

  private SseEndpoint endpoint(UnaryOperator<SseEndpoint.Builder> options) {
    return options.apply(SseEndpoint.builder(broker).authorizer(request -> decision)).build();
  }

  private static EmbeddedChannel ask(SseEndpoint endpoint) {
    EmbeddedChannel channel = new EmbeddedChannel(new HttpServerCodec(), endpoint);
    channel.writeInbound(
        Unpooled.copiedBuffer("GET /events?topic=a HTTP/1.1\r\nHost: x\r\n\r\n", ISO_8859_1));
    channel.runPendingTasks();
    return channel;
  }

  private void assertGivenUp(SseEndpoint endpoint, EmbeddedChannel channel) {
    assertThat(channel.isOpen()).isFalse();
    assertThat(endpoint.isIdle()).isTrue();
    assertThat(broker.stats().connections().open()).isZero();
    assertThat(broker.stats().subscriptions().open()).isZero();
    assertThat(logged.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
    channel.finishAndReleaseAll();
  }
}

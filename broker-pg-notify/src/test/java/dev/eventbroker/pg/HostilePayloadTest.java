package dev.eventbroker.pg;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.eventbroker.Authorized;
import dev.eventbroker.Broker;
import dev.eventbroker.SubscribeRequest;
import dev.eventbroker.TopicFilter;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.testing.LogLines;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whoever may NOTIFY may send anything; none of it ends the stream, floods the log or writes in it.
 */
class HostilePayloadTest {

  private static final int PAYLOADS = 400;
  private static final int MAX_BYTES = 7_999;

  /** Excerpt, channel, name and cause, each of them bounded. */
  private static final int LONGEST_LINE = 600;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whateverComesEveryNotificationIsAnEventOrIsTold(long seed) throws Exception {
    Random random = new Random(seed);
    List<String> payloads = new ArrayList<>();
    for (int i = 0; i < PAYLOADS; i++) {
      payloads.add(i % 4 == 0 ? good(i) : hostile(random, i));
    }
    List<String> bad = payloads.stream().filter(HostilePayloadTest::isUnmappable).toList();
    List<String> told = new CopyOnWriteArrayList<>();
    Node.Received received = new Node.Received();
    try (LogLines logged = new LogLines("dev.eventbroker.pg");
        Broker broker = new BrokerBuilder().build()) {
      PgNotifySource source =
          PgNotifySource.builder(TestDatabase.url())
              .channel("hostile")
              .unmappable((channel, payload, cause) -> told.add(payload))
              .build();
      broker.attach(source);
      subscribe(broker, received);

      send(payloads);
      send(List.of(good(PAYLOADS)));

      received.await(PAYLOADS - bad.size() + 1);
      assertThat(told).as("seed " + seed).containsExactlyElementsOf(bad);
      assertThat(source.unmappable()).isEqualTo(bad.size());
      assertThat(received.data())
          .filteredOn(data -> data.startsWith("{\"good\""))
          .hasSize(PAYLOADS / 4 + 1);
      assertThat(received.gaps).isEmpty();
      assertThat(logged.at(Level.WARN))
          .hasSizeLessThan(bad.size() / 2)
          .allSatisfy(line -> assertThat(line).hasSizeLessThan(LONGEST_LINE))
          .allMatch(line -> line.chars().noneMatch(Character::isISOControl));
    }
  }

  /** Each has a warning of its own when they come one a second; here the clock says so. */
  @Test
  void whatIsLoggedOfABadPayloadIsShortAndOfOneLine() throws Exception {
    AtomicInteger seconds = new AtomicInteger();
    Node.Received received = new Node.Received();
    List<String> payloads =
        List.of(
            "x".repeat(MAX_BYTES),
            "a\nWARN forged line\r\n\u001b[31m",
            "{\"topic\":\"" + "a/".repeat(2000) + "\",\"type\":\"t\"}",
            "{\"topic\":\"a\\u0007b\\n\",\"type\":\"" + "t".repeat(3000) + "\"}",
            "{\"topic\":\"a\",\"type\":\"x\\ny\"}",
            "[".repeat(MAX_BYTES),
            "{\"" + "k".repeat(7000) + "\" 1}");
    try (LogLines logged = new LogLines("dev.eventbroker.pg");
        Broker broker = new BrokerBuilder().build()) {
      PgNotifySource source =
          PgNotifySource.builder(TestDatabase.url())
              .channel("hostile")
              .nanoClock(() -> System.nanoTime() + seconds.get() * 2_000_000_000L)
              .canaryInterval(Duration.ofDays(1))
              .canaryTimeout(Duration.ofDays(1))
              .unmappable((channel, payload, cause) -> seconds.incrementAndGet())
              .build();
      broker.attach(source);
      subscribe(broker, received);

      send(payloads);
      send(List.of(good(1)));

      received.await(1);
      assertThat(source.unmappable()).isEqualTo(payloads.size());
      assertThat(logged.at(Level.WARN))
          .hasSize(payloads.size())
          .allSatisfy(line -> assertThat(line).hasSizeLessThan(LONGEST_LINE))
          .allMatch(line -> line.chars().noneMatch(Character::isISOControl));
    }
  }

  private static void subscribe(Broker broker, Node.Received received) {
    received.subscription =
        broker.subscribe(
            SubscribeRequest.by(Authorized.principal("somebody")).filter(TopicFilter.ALL).build(),
            received);
  }

  private static boolean isUnmappable(String payload) {
    try {
      PgNotifyMapper.json().events("hostile", payload);
      return false;
    } catch (Exception | StackOverflowError e) {
      return true;
    }
  }

  private static String good(int i) {
    return "{\"topic\":\"a\",\"type\":\"t\",\"data\":{\"good\":" + i + "}}";
  }

  private static String hostile(Random random, int i) {
    return switch (random.nextInt(10)) {
      case 0 -> noise(random, random.nextInt(200));
      case 1 -> noise(random, 3_000);
      case 2 -> good(i).substring(0, random.nextInt(good(i).length()));
      case 3 -> good(i) + noise(random, 1 + random.nextInt(5));
      case 4 -> "[".repeat(1 + random.nextInt(7_000));
      case 5 -> "{\"data\":" + "{\"d\":".repeat(1 + random.nextInt(1_300));
      case 6 -> "{\"topic\":\"" + escaped(noise(random, 30)) + "\",\"type\":\"t\"}";
      case 7 -> "{\"topic\":\"a\",\"type\":\"" + escaped(noise(random, 30)) + "\"}";
      case 8 ->
          "{\"topic\":\"a\",\"type\":\"t\",\"data\":" + "9".repeat(1 + random.nextInt(2_000)) + "}";
      default -> "{\"topic\":\"a\",\"topic\":" + random.nextInt() + ",\"type\":null}";
    };
  }

  private static String noise(Random random, int length) {
    StringBuilder noise = new StringBuilder();
    while (noise.length() < length) {
      int point =
          switch (random.nextInt(4)) {
            case 0 -> 1 + random.nextInt(31);
            case 1 -> 32 + random.nextInt(95);
            case 2 -> 0x80 + random.nextInt(0x700);
            default -> 0x10000 + random.nextInt(0x10000);
          };
      noise.appendCodePoint(point);
    }
    while (noise.toString().getBytes(StandardCharsets.UTF_8).length > MAX_BYTES - 100) {
      noise.setLength(noise.offsetByCodePoints(0, noise.codePointCount(0, noise.length()) / 2));
    }
    return noise.toString();
  }

  private static String escaped(String noise) {
    return noise.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  /** Each in a transaction of its own, so that none is folded away. */
  private static void send(List<String> payloads) throws Exception {
    try (Connection connection = TestDatabase.connect();
        PreparedStatement statement =
            connection.prepareStatement("select pg_notify('hostile', ?)")) {
      for (String payload : payloads) {
        statement.setString(1, payload);
        statement.execute();
      }
    }
  }
}

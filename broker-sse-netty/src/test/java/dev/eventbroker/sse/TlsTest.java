package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** The server with TLS, seen by the JDK's client. */
class TlsTest {

  private static final char[] PASSWORD = "changeit".toCharArray();

  private static KeyStore keys;

  @BeforeAll
  static void makeCertificate(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "test",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=ip:127.0.0.1,dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), US_ASCII);
    assertThat(keytool.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(keytool.exitValue()).as(said).isZero();
    keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD);
    }
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void bothVersionsAreServedOnOnePortAsTheClientsLike(HttpClient.Version version) throws Exception {
    try (RunningServer running = start();
        InputStream body = get(running, version)) {
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
      assertThat(lines.readLine()).startsWith("retry: ");
      assertThat(lines.readLine()).isEqualTo(": connected");
      running.publish("a", "hello");

      String line = lines.readLine();
      while (!line.startsWith("data: ")) {
        line = lines.readLine();
      }
      assertThat(line).isEqualTo("data: hello");
    }
  }

  private static InputStream get(RunningServer running, HttpClient.Version version)
      throws Exception {
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(keys);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(null, trust.getTrustManagers(), null);
    HttpClient client = HttpClient.newBuilder().sslContext(tls).version(version).build();
    URI uri =
        URI.create(
            "https://127.0.0.1:" + running.server.localAddress().getPort() + "/events?topic=a");
    HttpResponse<InputStream> response =
        client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.version()).isEqualTo(version);
    return response.body();
  }

  @Test
  void whatIsNoHandshakeIsClosedAndWakesNobody() {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    logged.start();
    root.addAppender(logged);
    try (RunningServer running = start();
        RawClient plain = running.connect();
        RawClient rude = running.connect()) {
      plain.get("/events?topic=a");
      plain.awaitEnd();
      rude.reset();
    } finally {
      root.detachAppender(logged);
    }
    assertThat(logged.list).isEmpty();
  }

  @Test
  void aContextThatDoesNotOfferWhatIsAskedForIsToldAtOnce() throws Exception {
    SslContext withoutHttp2 = context(ApplicationProtocolNames.HTTP_1_1);
    SslContext with = context(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1);
    try (RunningServer running = RunningServer.start()) {
      assertThatThrownBy(
              () -> SseServer.builder(running.endpoint).tls(withoutHttp2).http2().build())
          .hasMessage("tls: ALPN without h2 (expected: as http2() says)");
      assertThatThrownBy(() -> SseServer.builder(running.endpoint).tls(with).build())
          .hasMessage("tls: ALPN with h2 (expected: as http2() says)");
    }
  }

  private static RunningServer start() {
    try {
      SslContext context =
          context(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1);
      return RunningServer.startServer(options -> options, server -> server.tls(context).http2());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static SslContext context(String... protocols) throws Exception {
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, PASSWORD);
    return SslContextBuilder.forServer(own)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                protocols))
        .build();
  }
}

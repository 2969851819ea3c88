package dev.eventbroker.examples.board;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;

/** Starts two nodes that share one Postgres, and says where they are once both answer. */
public final class BoardDemo implements AutoCloseable {

  private static final String JDBC_DATABASE = "postgres";

  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private final BoardNode first;
  private final BoardNode second;

  /** Starts everything that the options ask for; nothing is left behind if that fails. */
  BoardDemo(DemoOptions options) {
    try {
      String jdbcUrl = options.jdbcUrl().orElseGet(this::startPostgres);
      first = start("a", options.port(), jdbcUrl, options.pace());
      second = start("b", options.port2(), jdbcUrl, options.pace());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** See {@link DemoOptions#USAGE}. */
  public static void main(String[] args) throws Exception {
    DemoOptions options;
    try {
      options = DemoOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(DemoOptions.USAGE);
      System.exit(2);
      return;
    }
    if (options.help()) {
      System.out.println(DemoOptions.USAGE);
      return;
    }
    run(options);
  }

  private static void run(DemoOptions options) throws Exception {
    System.out.println(
        options.jdbcUrl().isPresent()
            ? "connecting to " + options.jdbcUrl().get()
            : "starting an embedded Postgres (the first time takes some seconds) ...");
    BoardDemo demo;
    try {
      demo = new BoardDemo(options);
    } catch (RuntimeException e) {
      System.err.println("the demo can't start: " + reason(e));
      System.exit(1);
      return;
    }
    CountDownLatch told = new CountDownLatch(1);
    Termination.onSignal(told::countDown);
    demo.awaitAnswers();
    System.out.println("node a  " + demo.first.address());
    System.out.println("node b  " + demo.second.address());
    System.out.println("open both, edit a card in one and watch the other; Ctrl-C ends the demo");
    told.await();
    demo.close();
    System.exit(0);
  }

  /** The innermost message, which says what was wrong, before the ones that say what it broke. */
  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null && !(cause instanceof BindException)) {
      cause = cause.getCause();
    }
    String message = failure.getMessage();
    return cause == failure ? String.valueOf(message) : message + " (" + cause.getMessage() + ")";
  }

  private BoardNode start(String name, int port, String jdbcUrl, Pace pace) {
    BoardNode node = new BoardNode(name, port, jdbcUrl, pace);
    started.push(node);
    return node;
  }

  private String startPostgres() {
    try {
      // The default of ten seconds is short for a machine with other work to do.
      EmbeddedPostgres postgres =
          EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(60)).start();
      started.push(postgres);
      return postgres.getJdbcUrl(JDBC_DATABASE, JDBC_DATABASE);
    } catch (IOException e) {
      throw new UncheckedIOException("the embedded Postgres does not start", e);
    }
  }

  private void awaitAnswers() throws IOException, InterruptedException {
    HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    for (BoardNode node : new BoardNode[] {first, second}) {
      URI health = URI.create(node.address() + "/healthz");
      HttpRequest request = HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(10)).build();
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IllegalStateException(
            health + ": " + response.statusCode() + " " + response.body());
      }
    }
  }

  /** Where the first node is. */
  String firstAddress() {
    return first.address();
  }

  /** Where the second node is. */
  String secondAddress() {
    return second.address();
  }

  /** Ends what was started, the last first. */
  @Override
  public void close() {
    while (!started.isEmpty()) {
      AutoCloseable last = started.pop();
      try {
        last.close();
      } catch (Exception e) {
        System.err.println("while stopping: " + e);
      }
    }
  }
}

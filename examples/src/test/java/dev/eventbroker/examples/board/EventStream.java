package dev.eventbroker.examples.board;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A client of a stream: reads blocks on a thread of its own, and keeps the last id as a browser
 * does.
 */
final class EventStream implements AutoCloseable {

  private static final long PATIENCE_SECONDS = 20;

  private final HttpResponse<InputStream> response;
  private final LinkedBlockingQueue<Block> blocks = new LinkedBlockingQueue<>();
  private volatile String lastId = "";

  /** What stands between two blank lines; a comment alone is a block, too. */
  record Block(String id, String event, String data, String comment) {}

  private EventStream(HttpResponse<InputStream> response) {
    this.response = response;
    Thread reader = new Thread(this::read, "test-stream");
    reader.setDaemon(true);
    reader.start();
  }

  static EventStream open(HttpClient client, String url) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
    HttpResponse<InputStream> response =
        client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    return new EventStream(response);
  }

  HttpResponse<InputStream> response() {
    return response;
  }

  String lastId() {
    return lastId;
  }

  /** The next event of that type, passing over whatever comes before. */
  Block next(String event) throws InterruptedException {
    while (true) {
      Optional<Block> block = next();
      assertThat(block).as("an event of type %s", event).isPresent();
      if (block.get().event().equals(event)) {
        return block.get();
      }
    }
  }

  /** The next block of any kind; empty if none comes for long. */
  Optional<Block> next() throws InterruptedException {
    return Optional.ofNullable(blocks.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      Block block = new Block("", "", "", "");
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isEmpty()) {
          if (!block.id().isEmpty()) {
            lastId = block.id();
          }
          blocks.add(block);
          block = new Block("", "", "", "");
        } else {
          block = with(block, line);
        }
      }
    } catch (IOException e) {
      // The stream was closed, by this test or by the server; what came is in the queue.
    }
  }

  private static Block with(Block block, String line) {
    int colon = line.indexOf(": ");
    String value = line.substring(colon + 2);
    return switch (line.substring(0, colon)) {
      case "id" -> new Block(value, block.event(), block.data(), block.comment());
      case "event" -> new Block(block.id(), value, block.data(), block.comment());
      case "data" -> new Block(block.id(), block.event(), block.data() + value, block.comment());
      case "" -> new Block(block.id(), block.event(), block.data(), value);
      default -> block;
    };
  }

  @Override
  public void close() throws IOException {
    response.body().close();
  }
}

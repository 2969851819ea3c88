package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Answers to what the load driver publishes, cut anywhere. */
class HttpAnswersTest {

  private static final String ANSWERS =
      "HTTP/1.1 204 No Content\r\n\r\n"
          + "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\n\r\n\r\n!"
          + "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
          + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
          + "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nX: y\r\n\r\n";

  @Test
  void eachIsTakenWhenItIsThereAsAWhole() {
    for (int size = 1; size <= ANSWERS.length(); size++) {
      assertThat(statuses(size))
          .as("in pieces of %d", size)
          .containsExactly(204, 202, 503, 200, 201);
    }
  }

  private static List<Integer> statuses(int size) {
    Publisher.HttpAnswers answers = new Publisher.HttpAnswers();
    byte[] bytes = ANSWERS.getBytes(US_ASCII);
    List<Integer> statuses = new ArrayList<>();
    for (int at = 0; at < bytes.length; at += size) {
      int count = Math.min(size, bytes.length - at);
      byte[] piece = new byte[count];
      System.arraycopy(bytes, at, piece, 0, count);
      answers.take(piece, count);
      for (int status = answers.next(); status > 0; status = answers.next()) {
        statuses.add(status);
      }
    }
    return statuses;
  }
}

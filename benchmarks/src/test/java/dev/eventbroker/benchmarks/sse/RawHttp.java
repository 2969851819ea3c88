package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.util.Locale;

/** HTTP/1.1 by hand on one socket, so that it is seen what comes when. */
final class RawHttp implements AutoCloseable {

  private static final int TIMEOUT_MILLIS = 60_000;

  private final Socket socket;
  private final InputStream input;

  RawHttp(Socket socket) throws IOException {
    this.socket = socket;
    this.input = new BufferedInputStream(socket.getInputStream());
    try {
      socket.setSoTimeout(TIMEOUT_MILLIS);
    } catch (SocketException e) {
      socket.close();
      throw e;
    }
  }

  /** Asks for the stream of events; nothing is read. */
  void subscribe() throws IOException {
    send("GET /events?topic=load HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n");
  }

  /** Asks for something that is not there, and reads the answer. */
  void askForNothing() throws IOException {
    send("POST /nothing HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    skipAnswer();
  }

  /** Publishes, and returns the line with the status. */
  String publish(String body) throws IOException {
    send(
        "POST /publish HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\nContent-Length: "
            + body.getBytes(UTF_8).length
            + "\r\n\r\n"
            + body);
    return skipAnswer();
  }

  /** The head of an answer: its first line and its headers. */
  String head() throws IOException {
    StringBuilder head = new StringBuilder();
    for (String line = line(); !line.isEmpty(); line = line()) {
      head.append(line).append('\n');
    }
    return head.toString();
  }

  /** The data of the next event; of framing, ids, names and comments nothing. */
  String data() throws IOException {
    while (true) {
      String line = line();
      if (line.startsWith("data:")) {
        return line.substring("data:".length()).strip();
      }
    }
  }

  /** Whether nothing has come that is not read yet. */
  boolean isSilent() throws IOException {
    return input.available() == 0;
  }

  private String skipAnswer() throws IOException {
    String head = head();
    int length = contentLength(head);
    if (length != input.readNBytes(length).length) {
      throw new EOFException();
    }
    return head.lines().findFirst().orElseThrow();
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      int next = input.read();
      if (next < 0) {
        throw new EOFException("after: " + line);
      }
      if (next == '\n') {
        return line.toString().strip();
      }
      line.append((char) next);
    }
  }

  private static int contentLength(String head) {
    return head.lines()
        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-length:"))
        .map(line -> Integer.parseInt(line.substring("content-length:".length()).strip()))
        .findFirst()
        .orElse(0);
  }

  private void send(String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(UTF_8));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Locale;

/** A client that knows no HTTP library, so that it sees the bytes as they are. */
final class RawClient implements AutoCloseable {

  /** Only ever reached by a test that fails. */
  private static final int TIMEOUT_MILLIS = 20_000;

  private final Socket socket;
  private final InputStream in;

  private RawClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  static RawClient connect(InetSocketAddress address) {
    return connect(address, 0);
  }

  /** With a receive buffer of that size, or the system's default for 0. */
  static RawClient connect(InetSocketAddress address, int receiveBuffer) {
    try {
      Socket socket = new Socket();
      if (receiveBuffer > 0) {
        socket.setReceiveBufferSize(receiveBuffer);
      }
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.connect(address, TIMEOUT_MILLIS);
      return new RawClient(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RawClient send(String text) {
    try {
      socket.getOutputStream().write(text.getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RawClient get(String target, String... headers) {
    return request("GET", target, headers);
  }

  RawClient request(String method, String target, String... headers) {
    StringBuilder request = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: x\r\n");
    for (String header : headers) {
      request.append(header).append("\r\n");
    }
    return send(request.append("\r\n").toString());
  }

  /** The status line and the header fields, each with its line end. */
  String readHead() {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) readByte());
    }
    return head.substring(0, head.length() - 2);
  }

  /** A whole answer with a content length. */
  String readAnswer() {
    String head = readHead();
    String lower = head.toLowerCase(Locale.ROOT);
    int at = lower.indexOf("content-length: ");
    if (at < 0) {
      return head;
    }
    int end = lower.indexOf("\r\n", at);
    return head + "\r\n" + read(Integer.parseInt(lower.substring(at + 16, end)));
  }

  /** The next chunk; empty for the last one. */
  String readChunk() {
    StringBuilder size = new StringBuilder();
    while (size.indexOf("\r\n") < 0) {
      size.append((char) readByte());
    }
    String chunk = read(Integer.parseInt(size.toString().strip(), 16));
    assertThat(read(2)).isEqualTo("\r\n");
    return chunk;
  }

  /** Opens a stream and reads it up to where events start. */
  RawClient open(String target, String... headers) {
    get(target, headers);
    assertThat(readHead()).startsWith("HTTP/1.1 200 OK\r\n");
    assertThat(readChunk()).matches("retry: [0-9]+\n: connected\n\n");
    return this;
  }

  String read(int bytes) {
    try {
      byte[] read = in.readNBytes(bytes);
      assertThat(read.length).as("bytes before the server closed").isEqualTo(bytes);
      return new String(read, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whatever comes until the server closes. */
  String readToEnd() {
    try {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether there is nothing more, and the server has closed the connection. */
  boolean isEnded() {
    try {
      return in.read() < 0;
    } catch (SocketTimeoutException e) {
      throw new UncheckedIOException(e);
    } catch (IOException e) {
      return true;
    }
  }

  /** Reads on until the server has closed the connection. */
  void awaitEnd() {
    while (!isEnded()) {
      // Whatever was on its way.
    }
  }

  private int readByte() {
    try {
      int read = in.read();
      if (read < 0) {
        throw new AssertionError("the server closed the connection (expected: more bytes)");
      }
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Goes without a goodbye: the server gets a RST. */
  void reset() {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Says its last word, and would still listen. */
  void lastWord() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Goes as a browser does whose page was left: the server gets a FIN. */
  void goodbye() {
    close();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

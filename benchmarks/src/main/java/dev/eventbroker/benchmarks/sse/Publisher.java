package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Locale;

/**
 * The one connection that publishes, kept alive and opened again if the server has ended it in the
 * meantime, as servers do with one that says nothing for long: each line of a request is an event,
 * or each request is one where a server can't take several at once. Used by one thread.
 */
final class Publisher implements Ready, AutoCloseable {

  private static final int MOST_BYTES = 8 << 20;

  private final Selector selector;
  private final InetSocketAddress server;
  private final Payloads payloads;
  private final boolean linesPerPost;
  private final ByteBuffer requests = ByteBuffer.allocateDirect(MOST_BYTES);
  private SocketChannel channel;
  private SelectionKey key;
  private HttpAnswers answers = new HttpAnswers();
  private byte[] head = {};
  private int headLength = -1;
  private int unanswered;

  /**
   * Connects.
   *
   * @param linesPerPost whether several events go into one request
   */
  Publisher(Selector selector, InetSocketAddress server, Payloads payloads, boolean linesPerPost)
      throws IOException {
    this.selector = selector;
    this.server = server;
    this.payloads = payloads;
    this.linesPerPost = linesPerPost;
    connect();
  }

  private void connect() throws IOException {
    answers = new HttpAnswers();
    channel = SocketChannel.open(server);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_READ, this);
  }

  /** Returns whether every request has been answered. */
  boolean idle() {
    return unanswered == 0;
  }

  /**
   * Publishes that many events, all as of this moment.
   *
   * @throws UncheckedIOException if they can't be sent; that they are refused is thrown later
   * @throws IllegalStateException if what was published before has not been answered
   */
  void publish(int events, long nanos) {
    if (!idle()) {
      throw new IllegalStateException("the last request has not been answered");
    }
    requests.clear();
    int perRequest = linesPerPost ? events : 1;
    for (int done = 0; done < events; done += perRequest) {
      request(perRequest, nanos);
      unanswered++;
    }
    requests.flip();
    write();
  }

  private void request(int events, long nanos) {
    int length = events * (payloads.length() + 1) - 1;
    if (headLength != length) {
      headLength = length;
      head =
          ("POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
                  + "Content-Length: "
                  + length
                  + "\r\n\r\n")
              .getBytes(US_ASCII);
    }
    requests.put(head);
    for (int i = 0; i < events; i++) {
      if (i > 0) {
        requests.put((byte) '\n');
      }
      requests.put(payloads.next(nanos));
    }
  }

  private void write() {
    try {
      if (!channel.isOpen()) {
        connect();
      }
      channel.write(requests);
      key.interestOps(
          requests.hasRemaining()
              ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
              : SelectionKey.OP_READ);
    } catch (IOException e) {
      throw new UncheckedIOException("can't publish", e);
    }
  }

  @Override
  public void ready(ByteBuffer buffer, byte[] bytes) {
    if (key.isWritable()) {
      write();
    }
    if (!key.isReadable()) {
      return;
    }
    try {
      read(buffer, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("can't publish", e);
    }
  }

  private void read(ByteBuffer buffer, byte[] bytes) throws IOException {
    buffer.clear();
    int count = channel.read(buffer);
    if (count < 0 && idle()) {
      channel.close();
      return;
    }
    if (count < 0) {
      throw new IOException("closed before " + unanswered + " requests were answered");
    }
    buffer.get(0, bytes, 0, count);
    answers.take(bytes, count);
    for (int status = answers.next(); status > 0; status = answers.next()) {
      unanswered--;
      if (status / 100 != 2) {
        throw new IOException("answered with " + status);
      }
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("can't close the connection that publishes", e);
    }
  }

  /** Takes answers apart that come one after another. */
  static final class HttpAnswers {

    private static final byte[] END = "\r\n\r\n".getBytes(US_ASCII);
    private static final String LENGTH = "content-length:";

    private byte[] bytes = new byte[4096];
    private int from;
    private int to;

    /** Adds what came. */
    void take(byte[] more, int count) {
      System.arraycopy(bytes, from, bytes, 0, to - from);
      to -= from;
      from = 0;
      if (bytes.length < to + count) {
        bytes = Arrays.copyOf(bytes, (to + count) * 2);
      }
      System.arraycopy(more, 0, bytes, to, count);
      to += count;
    }

    /** Returns the status of the next one that is there as a whole, and takes it away; or -1. */
    int next() {
      int headEnd = indexOf(END, from);
      if (headEnd < 0) {
        return -1;
      }
      // A tenth of a millisecond at most once per request: no need to be clever.
      String head = new String(bytes, from, headEnd - from, ISO_8859_1).toLowerCase(Locale.ROOT);
      int status = Integer.parseInt(head.substring(9, 12));
      int end = headEnd + END.length;
      int lengthAt = head.indexOf(LENGTH);
      if (head.contains("transfer-encoding: chunked")) {
        // Its last chunk is of size 0; none of these answers has trailers.
        end = indexOf("0\r\n\r\n".getBytes(US_ASCII), end);
        end = end < 0 ? to + 1 : end + 5;
      } else if (lengthAt >= 0) {
        int lineEnd = head.indexOf("\r\n", lengthAt);
        String length =
            head.substring(lengthAt + LENGTH.length(), lineEnd < 0 ? head.length() : lineEnd);
        end += Integer.parseInt(length.trim());
      }
      if (end > to) {
        return -1;
      }
      from = end;
      return status;
    }

    private int indexOf(byte[] what, int start) {
      for (int i = start; i + what.length <= to; i++) {
        if (Arrays.equals(bytes, i, i + what.length, what, 0, what.length)) {
          return i;
        }
      }
      return -1;
    }
  }
}

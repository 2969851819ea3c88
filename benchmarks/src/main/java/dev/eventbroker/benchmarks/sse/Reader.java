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

/** One connection that reads events, or that never reads again once it has its headers. */
final class Reader implements Ready {

  /** Where a connection is. */
  enum State {
    CONNECTING,
    WAITING,
    OPEN,
    REFUSED,
    CLOSED
  }

  /** Little enough that the server's side notices soon that nobody reads. */
  private static final int STALLED_RECEIVE_BUFFER = 4096;

  private static final byte[] NOTHING = {};

  private final ReaderGroup group;
  private final Origin origin;
  private final long publishedBefore;
  private final long startedNanos;
  private final SocketChannel channel;
  private final SelectionKey key;
  private State state = State.CONNECTING;
  private byte[] headers = NOTHING;
  private long openedAfter;
  private EventStream stream;

  /** Starts to connect; what comes of it is told to the group. */
  Reader(ReaderGroup group, Selector selector, InetSocketAddress server, Origin origin)
      throws IOException {
    this.group = group;
    this.origin = origin;
    this.publishedBefore = group.tally.payloads.published();
    this.stream = new EventStream(group.tally, false, 0);
    this.startedNanos = System.nanoTime();
    this.channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    // A reset instead of a wait: thousands of ports are needed again at once.
    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    if (origin.stalls()) {
      channel.setOption(StandardSocketOptions.SO_RCVBUF, STALLED_RECEIVE_BUFFER);
    }
    if (origin.bound()) {
      channel.bind(origin.local());
    }
    boolean connected = channel.connect(server);
    this.key = channel.register(selector, SelectionKey.OP_CONNECT, this);
    if (connected) {
      ask();
    }
  }

  Origin origin() {
    return origin;
  }

  State state() {
    return state;
  }

  long startedNanos() {
    return startedNanos;
  }

  /** Returns what it has received; nothing before it is open. */
  EventStream stream() {
    return stream;
  }

  /** Returns whether it has no headers yet. */
  boolean waits() {
    return state == State.CONNECTING || state == State.WAITING;
  }

  /** Returns whether it has received something that was published after it was open. */
  boolean isLive() {
    return state == State.OPEN && stream.last() > openedAfter;
  }

  @Override
  public void ready(ByteBuffer buffer, byte[] bytes) {
    try {
      if (state == State.CONNECTING) {
        channel.finishConnect();
        ask();
      } else {
        read(buffer, bytes);
      }
    } catch (IOException e) {
      ended(String.valueOf(e.getMessage()));
    }
  }

  private void ask() throws IOException {
    String resume = origin.resumes() ? "Last-Event-ID: " + origin.lastEventId() + "\r\n" : "";
    String request =
        "GET /events?topic=load HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
            + resume
            + "\r\n";
    ByteBuffer bytes = US_ASCII.encode(request);
    channel.write(bytes);
    if (bytes.hasRemaining()) {
      throw new IOException("a request of " + request.length() + " bytes did not fit");
    }
    state = State.WAITING;
    key.interestOps(SelectionKey.OP_READ);
  }

  /** Once: if more is there, the selector says so again, and nearly always there is not. */
  private void read(ByteBuffer buffer, byte[] bytes) throws IOException {
    buffer.clear();
    int count = channel.read(buffer);
    long now = System.nanoTime();
    if (count < 0) {
      ended("closed without an answer");
      return;
    }
    buffer.get(0, bytes, 0, count);
    if (state == State.OPEN) {
      take(bytes, 0, count, now);
    } else {
      opening(bytes, count, now);
    }
  }

  private void take(byte[] bytes, int from, int to, long nowNanos) {
    stream.feed(bytes, from, to, nowNanos);
    if (stream.over()) {
      ended("");
    }
  }

  private void opening(byte[] bytes, int count, long nowNanos) {
    int before = headers.length;
    headers = Arrays.copyOf(headers, before + count);
    System.arraycopy(bytes, 0, headers, before, count);
    String text = new String(headers, ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      return;
    }
    String head = text.substring(0, end).toLowerCase(Locale.ROOT);
    if (!head.startsWith("http/1.1 200")) {
      ended(head.lines().findFirst().orElse(""));
      return;
    }
    opened(head.contains("transfer-encoding: chunked"), nowNanos);
    byte[] all = headers;
    headers = NOTHING;
    if (!origin.stalls()) {
      take(all, end + 4, all.length, nowNanos);
    }
  }

  private void opened(boolean chunked, long nowNanos) {
    openedAfter = group.tally.payloads.published();
    long last = openedAfter;
    if (origin.resumes()) {
      last = origin.lastSequence();
    } else if (openedAfter != publishedBefore) {
      last = EventStream.afterUnknown(openedAfter);
    }
    stream = new EventStream(group.tally, chunked, last);
    state = State.OPEN;
    group.opened(this, nowNanos - startedNanos);
    if (origin.stalls()) {
      key.interestOps(0);
    }
  }

  private void ended(String why) {
    boolean early = waits();
    state = early ? State.REFUSED : State.CLOSED;
    close();
    if (early) {
      group.refused(why);
    } else {
      group.closedByServer(this);
    }
  }

  /** Reads what has come in the meantime, if this is one that stalls. */
  void readAgain() {
    if (state == State.OPEN) {
      key.interestOps(SelectionKey.OP_READ);
    }
  }

  /** Goes away without a word. */
  void vanish() {
    state = State.CLOSED;
    close();
  }

  private void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException("can't close a connection", e);
    }
  }
}

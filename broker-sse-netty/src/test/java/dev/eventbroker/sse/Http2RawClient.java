package dev.eventbroker.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.function.Predicate;

/**
 * A client that writes and reads the frames of HTTP/2 itself, without TLS and with prior knowledge,
 * so that it sees what is on the wire and gives no window that it was not told to give.
 */
final class Http2RawClient implements AutoCloseable {

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;

  static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int INITIAL_WINDOW_SIZE = 4;

  /** Only ever reached by a test that fails. */
  private static final int TIMEOUT_MILLIS = 60_000;

  private final Socket socket;
  private final DataInputStream in;
  private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
  private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder();

  /** One frame as it came. */
  record Frame(int type, int flags, int stream, ByteBuffer payload) {

    boolean endsStream() {
      return (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
    }

    String text() {
      return UTF_8.decode(payload.duplicate()).toString();
    }
  }

  private Http2RawClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(socket.getInputStream());
  }

  /** A connection whose streams have that much room at first. */
  static Http2RawClient connect(InetSocketAddress address, int window) {
    try {
      Socket socket = new Socket();
      socket.setSoTimeout(TIMEOUT_MILLIS);
      socket.connect(address, TIMEOUT_MILLIS);
      Http2RawClient client = new Http2RawClient(socket);
      socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
      client.send(
          SETTINGS,
          0,
          0,
          ByteBuffer.allocate(6).putShort((short) INITIAL_WINDOW_SIZE).putInt(window).array());
      return client;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Http2RawClient get(int stream, String target, String... fields) {
    return request(stream, "GET", target, fields);
  }

  /** Asks on that stream, whose request has no body. */
  Http2RawClient request(int stream, String method, String target, String... fields) {
    return request(stream, END_STREAM, method, target, fields);
  }

  /** Asks on that stream, and leaves open whether there is more to the request. */
  Http2RawClient begin(int stream, String target) {
    return request(stream, 0, "GET", target);
  }

  private Http2RawClient request(
      int stream, int flags, String method, String target, String... fields) {
    Http2Headers headers =
        new DefaultHttp2Headers().method(method).path(target).scheme("http").authority("x");
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(fields[i], fields[i + 1]);
    }
    ByteBuf block = Unpooled.buffer();
    try {
      encoder.encodeHeaders(stream, headers, block);
    } catch (Http2Exception e) {
      throw new AssertionError(e);
    }
    return send(HEADERS, flags | END_HEADERS, stream, ByteBufUtil.getBytes(block));
  }

  Http2RawClient giveWindow(int stream, int bytes) {
    return send(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
  }

  /** Takes the request back. */
  Http2RawClient cancel(int stream) {
    return send(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(8).array());
  }

  Http2RawClient send(int type, int flags, int stream, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(9 + payload.length);
    frame.put((byte) (payload.length >> 16)).putShort((short) payload.length);
    frame.put((byte) type).put((byte) flags).putInt(stream).put(payload);
    try {
      socket.getOutputStream().write(frame.array());
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next frame that is about a stream, or says goodbye. */
  Frame next() {
    while (true) {
      Frame frame = read();
      if (frame.type == SETTINGS && (frame.flags & ACK) == 0) {
        send(SETTINGS, ACK, 0, new byte[0]);
      } else if (frame.type == PING && (frame.flags & ACK) == 0) {
        send(PING, ACK, 0, ByteBufUtil.getBytes(Unpooled.wrappedBuffer(frame.payload)));
      } else if (frame.stream != 0 || frame.type == GOAWAY) {
        return frame;
      }
    }
  }

  private Frame read() {
    try {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      int flags = in.readUnsignedByte();
      int stream = in.readInt() & Integer.MAX_VALUE;
      return new Frame(type, flags, stream, ByteBuffer.wrap(in.readNBytes(length)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The head of the answer on that stream. */
  Http2Headers readHead(int stream) {
    Frame frame = next();
    assertThat(frame.type).isEqualTo(HEADERS);
    assertThat(frame.stream).isEqualTo(stream);
    try {
      return decoder.decodeHeaders(stream, Unpooled.wrappedBuffer(frame.payload.duplicate()));
    } catch (Http2Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Reads on in that stream until what it said ends like that. */
  String readUntil(int stream, String end) {
    return readUntil(stream, text -> text.endsWith(end));
  }

  String readUntil(int stream, Predicate<String> isEnough) {
    StringBuilder text = new StringBuilder();
    while (!isEnough.test(text.toString())) {
      Frame frame = next();
      assertThat(frame.type).as("data, not the end").isEqualTo(DATA);
      assertThat(frame.stream).isEqualTo(stream);
      text.append(frame.text());
    }
    return text.toString();
  }

  /** Opens a stream and reads it up to where events start. */
  Http2RawClient open(int stream, String target) {
    get(stream, target);
    assertThat(readHead(stream).status()).hasToString("200");
    assertThat(readUntil(stream, ": connected\n\n")).matches("retry: [0-9]+\n: connected\n\n");
    return this;
  }

  /** Goes as a browser does whose last page was left. */
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
    encoder.close();
  }
}

package dev.eventbroker.pg.socket;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The raw sockets of one connection, so that it can be ended from any thread whatever the driver is
 * doing with it.
 *
 * <p>The driver's own ways can't do that: {@code close()} hangs behind a stuck writer, {@code
 * abort()} does nothing once {@code close()} has begun, and over TLS both wait for the record lock.
 * Closing the descriptor under it all frees every thread that is in it within milliseconds.
 *
 * <p>An attempt to connect may make several sockets (several hosts, TLS and then plain), so all are
 * kept. Thread-safe.
 */
public final class OwnedSockets {

  /**
   * The driver makes our factory by class name and hands it one string, so the way from that string
   * to its owner has to be static. What is claimed is always destroyed, so nothing stays in here.
   */
  private static final Map<String, OwnedSockets> BY_TOKEN = new ConcurrentHashMap<>();

  private static final AtomicLong NEXT_TOKEN = new AtomicLong();

  /** A peer that is gone is noticed after 15 + 3 × 5 s of silence. */
  private static final Map<String, Integer> KEEPALIVE =
      Map.of("TCP_KEEPIDLE", 15, "TCP_KEEPINTERVAL", 5, "TCP_KEEPCOUNT", 3);

  private final String token = Long.toString(NEXT_TOKEN.incrementAndGet());

  // Guarded by this; nothing in here blocks while it is held.
  private final Set<Socket> sockets = new HashSet<>();
  private boolean destroyed;

  private OwnedSockets() {}

  /** A new owner without sockets; to be ended with {@link #destroy}. */
  public static OwnedSockets claim() {
    OwnedSockets sockets = new OwnedSockets();
    BY_TOKEN.put(sockets.token, sockets);
    return sockets;
  }

  /** How many owners were not destroyed yet, in this whole process. */
  public static int claimed() {
    return BY_TOKEN.size();
  }

  /** What the driver is told as {@code socketFactoryArg}. */
  public String token() {
    return token;
  }

  /**
   * Resets every socket that was made, and lets no further one be made. Never blocks; idempotent.
   */
  public synchronized void destroy() {
    destroyed = true;
    BY_TOKEN.remove(token);
    sockets.forEach(OwnedSockets::reset);
    sockets.clear();
  }

  /** An unconnected socket for the owner of that token. */
  static Socket create(@Nullable String token) throws SocketException {
    OwnedSockets owner = token == null ? null : BY_TOKEN.get(token);
    if (owner == null) {
      throw new SocketException("the connection was given up");
    }
    return owner.create();
  }

  private synchronized Socket create() throws SocketException {
    if (destroyed) {
      throw new SocketException("the connection was given up");
    }
    sockets.removeIf(Socket::isClosed);
    Socket socket = new Socket();
    sockets.add(socket);
    keepAlive(socket);
    return socket;
  }

  @SuppressWarnings("unchecked") // the options of these names are integers
  private static void keepAlive(Socket socket) {
    for (SocketOption<?> option : socket.supportedOptions()) {
      Integer value = KEEPALIVE.get(option.name());
      if (value == null) {
        continue;
      }
      try {
        socket.setOption((SocketOption<Integer>) option, value);
      } catch (IOException | UnsupportedOperationException e) {
        // The system's own values then hold; the canary does not depend on them.
      }
    }
  }

  /** With linger 0 the peer gets a reset at once, and unsent bytes hold nobody up. */
  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException e) {
      // It was closed, or never connected: nothing lingers.
    }
    try {
      socket.close();
    } catch (IOException e) {
      // The descriptor is released all the same.
    }
  }
}

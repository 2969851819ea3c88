package dev.eventbroker.pg;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/**
 * Stands between client and server, in this process, and misbehaves on demand: passes everything,
 * keeps everything for itself, or lets through a few more bytes from the server and then nothing.
 */
final class FaultProxy implements AutoCloseable {

  private final int target;
  private final ServerSocket door;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  // Guarded by this.
  private boolean blackhole;
  private long bytesLeft = Long.MAX_VALUE;
  private boolean closed;

  private volatile CountDownLatch starved = new CountDownLatch(1);

  FaultProxy(int target) throws IOException {
    this.target = target;
    this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread("proxy-door", this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /** From now on nothing gets through, either way; connections stay open. */
  synchronized void blackhole() {
    blackhole = true;
  }

  /** That many bytes of the server still get through, over all connections, and then none. */
  synchronized void passFromServer(long bytes) {
    bytesLeft = bytes;
    starved = new CountDownLatch(1);
  }

  /** Waits until the server had more to say than was let through. */
  void awaitStarved() throws InterruptedException {
    starved.await();
  }

  /** Lets everything through again; what was held back comes late, if anybody still waits. */
  synchronized void pass() {
    blackhole = false;
    bytesLeft = Long.MAX_VALUE;
    notifyAll();
  }

  /** Cuts every connection there is. */
  void cut() {
    sockets.forEach(FaultProxy::closeQuietly);
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
        Socket server = new Socket();
        sockets.add(client);
        sockets.add(server);
        thread("proxy-up", () -> connectAndPump(client, server));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void connectAndPump(Socket client, Socket server) {
    try {
      server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
    } catch (IOException e) {
      closeQuietly(client);
      return;
    }
    thread("proxy-down", () -> pump(server, client, true));
    pump(client, server, false);
  }

  private void pump(Socket from, Socket to, boolean fromServer) {
    byte[] buffer = new byte[8192];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        int sent = 0;
        while (sent < n) {
          int allowed = awaitAllowance(n - sent, fromServer);
          out.write(buffer, sent, allowed);
          sent += allowed;
        }
      }
    } catch (IOException e) {
      // One side is gone, so the other goes too.
      closeQuietly(from);
      closeQuietly(to);
    }
  }

  private synchronized int awaitAllowance(int wanted, boolean fromServer) throws IOException {
    while (!closed && (blackhole || (fromServer && bytesLeft == 0))) {
      if (fromServer) {
        starved.countDown();
      }
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    if (closed) {
      throw new IOException("proxy closed");
    }
    if (!fromServer || bytesLeft == Long.MAX_VALUE) {
      return wanted;
    }
    int allowed = (int) Math.min(wanted, bytesLeft);
    bytesLeft -= allowed;
    return allowed;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      door.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    cut();
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }
}

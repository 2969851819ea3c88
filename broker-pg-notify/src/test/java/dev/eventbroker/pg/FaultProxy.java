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

/**
 * Stands between client and server, in this process, and misbehaves on demand. A fault stays with
 * the connections that it was done to, as in life: what a connection has swallowed never comes out.
 */
final class FaultProxy implements AutoCloseable {

  private static final long ALL = Long.MAX_VALUE;

  private final int target;
  private final ServerSocket door;
  private final Set<Pipe> pipes = ConcurrentHashMap.newKeySet();
  private volatile boolean swallowNew;

  FaultProxy(int target) throws IOException {
    this.target = target;
    this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread("proxy-door", this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /** From now on nothing gets through on the connections there are; they stay open. */
  void blackhole() {
    pipes.forEach(pipe -> pipe.limit(0, 0));
  }

  /** The same for those that are made from now on, or no longer. */
  void blackholeNew(boolean yes) {
    swallowNew = yes;
  }

  /** That many bytes of the server still get through on each connection there is, and no more. */
  void passFromServer(long bytes) {
    pipes.forEach(pipe -> pipe.limit(ALL, bytes));
  }

  /** What was held back goes on its way, and everything after it. */
  void passAll() {
    pipes.forEach(pipe -> pipe.limit(ALL, ALL));
  }

  /** Whether the server had more to say on each connection there is than was let through. */
  boolean areAllStarved() {
    return pipes.stream().allMatch(Pipe::isStarved);
  }

  /** Cuts every connection there is. */
  void cut() {
    pipes.forEach(Pipe::cut);
    pipes.clear();
  }

  @Override
  public void close() {
    try {
      door.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    cut();
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Pipe pipe = new Pipe(door.accept());
        if (swallowNew) {
          pipe.limit(0, 0);
        }
        pipes.add(pipe);
        thread("proxy-up", () -> pipe.connectAndPump(target));
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** One connection, both ways. */
  private static final class Pipe {

    private final Socket client;
    private final Socket server = new Socket();

    // Guarded by this.
    private long up = ALL;
    private long down = ALL;
    private boolean starved;
    private boolean closed;

    Pipe(Socket client) {
      this.client = client;
    }

    synchronized void limit(long newUp, long newDown) {
      up = newUp;
      down = newDown;
      starved = false;
      notifyAll();
    }

    synchronized boolean isStarved() {
      return starved;
    }

    void connectAndPump(int target) {
      try {
        server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
        thread("proxy-down", () -> pump(server, client, true));
        pump(client, server, false);
      } catch (IOException e) {
        cut();
      }
    }

    private void pump(Socket from, Socket to, boolean fromServer) {
      byte[] buffer = new byte[8192];
      try {
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
        return;
      } finally {
        // One side is gone, and so the other goes too.
        cut();
      }
    }

    private synchronized int awaitAllowance(int wanted, boolean fromServer) throws IOException {
      while (!closed && (fromServer ? down : up) == 0) {
        starved |= fromServer;
        try {
          wait();
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      }
      if (closed) {
        throw new IOException("cut");
      }
      int allowed = (int) Math.min(wanted, fromServer ? down : up);
      if (fromServer && down != ALL) {
        down -= allowed;
      }
      return allowed;
    }

    void cut() {
      synchronized (this) {
        closed = true;
        notifyAll();
      }
      try {
        client.close();
        server.close();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }
}

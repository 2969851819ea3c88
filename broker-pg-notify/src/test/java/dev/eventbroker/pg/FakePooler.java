package dev.eventbroker.pg;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a transaction pooler is to its clients: each transaction may be served by another backend,
 * and what a backend says while it serves nobody reaches nobody. Without TLS.
 */
final class FakePooler implements AutoCloseable {

  private static final int BACKEND_KEY = 'K';
  private static final int READY = 'Z';
  private static final int QUERY = 'Q';
  private static final int SYNC = 'S';

  private final int target;
  private final int backends;
  private final boolean ownKey;
  private final boolean sessions;
  private final ServerSocket door;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private FakePooler(int target, int backends, boolean ownKey, boolean sessions)
      throws IOException {
    this.target = target;
    this.backends = backends;
    this.ownKey = ownKey;
    this.sessions = sessions;
    this.door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread(this::accept);
  }

  /**
   * A backend for each transaction.
   *
   * @param backends how many take turns in serving a client
   * @param ownKey whether clients get a key of the pooler's own, as most poolers do
   */
  static FakePooler ofTransactions(int target, int backends, boolean ownKey) throws IOException {
    return new FakePooler(target, backends, ownKey, false);
  }

  /** A backend for each client, which is what LISTEN needs; the key is the pooler's own. */
  static FakePooler ofSessions(int target) throws IOException {
    return new FakePooler(target, 1, true, true);
  }

  int port() {
    return door.getLocalPort();
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
        sockets.add(client);
        thread(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    List<Wire> servers = new ArrayList<>();
    try {
      Wire from = new Wire(client);
      Message startup = from.readStartup();
      for (int i = 0; i < backends; i++) {
        Wire server = connect();
        servers.add(server);
        server.write(startup);
        forward(server, i == 0 ? from : null);
      }
      if (sessions) {
        Wire server = servers.get(0);
        thread(() -> pump(server, from));
        pump(from, server);
        return;
      }
      int turn = 0;
      for (Message asked = from.read(); true; asked = from.read()) {
        Wire server = servers.get(turn);
        server.write(asked);
        if (asked.type == QUERY || asked.type == SYNC) {
          boolean over = forward(server, from);
          turn = over ? (turn + 1) % backends : turn;
        }
      }
    } catch (IOException e) {
      // One side is gone, and so the other goes too.
      close(client);
      servers.forEach(server -> close(server.socket()));
    }
  }

  private static void pump(Wire from, Wire to) {
    try {
      while (true) {
        to.write(from.read());
      }
    } catch (IOException e) {
      close(from.socket());
      close(to.socket());
    }
  }

  private Wire connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target));
    sockets.add(socket);
    return new Wire(socket);
  }

  /** Everything up to where the server waits; whether its transaction is over. */
  private boolean forward(Wire server, Wire client) throws IOException {
    while (true) {
      Message said = server.read();
      if (client != null) {
        client.write(said.type == BACKEND_KEY && ownKey ? said.withOtherKey() : said);
      }
      if (said.type == READY) {
        return said.body[0] == 'I';
      }
    }
  }

  @Override
  public void close() {
    try {
      door.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    sockets.forEach(FakePooler::close);
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void thread(Runnable work) {
    Thread thread = new Thread(work, "fake-pooler");
    thread.setDaemon(true);
    thread.start();
  }

  /** One of the protocol's messages. */
  private static final class Message {

    /** 0 for the first of a client, which has none. */
    private final int type;

    private final byte[] body;

    Message(int type, byte[] body) {
      this.type = type;
      this.body = body;
    }

    Message withOtherKey() {
      byte[] other = body.clone();
      // The first four bytes are the process's number.
      other[0] ^= 0x55;
      return new Message(type, other);
    }
  }

  private record Wire(Socket socket, DataInputStream in, DataOutputStream out) {

    Wire(Socket socket) throws IOException {
      this(
          socket,
          new DataInputStream(socket.getInputStream()),
          new DataOutputStream(socket.getOutputStream()));
    }

    Message readStartup() throws IOException {
      return new Message(0, readBody());
    }

    Message read() throws IOException {
      int type = in.readUnsignedByte();
      return new Message(type, readBody());
    }

    private byte[] readBody() throws IOException {
      byte[] body = new byte[in.readInt() - Integer.BYTES];
      in.readFully(body);
      return body;
    }

    void write(Message message) throws IOException {
      if (message.type != 0) {
        out.writeByte(message.type);
      }
      out.writeInt(message.body.length + Integer.BYTES);
      out.write(message.body);
      out.flush();
    }
  }
}

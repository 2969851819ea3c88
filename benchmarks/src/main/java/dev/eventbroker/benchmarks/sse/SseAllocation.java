package dev.eventbroker.benchmarks.sse;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.management.ThreadMXBean;
import dev.eventbroker.Broker;
import dev.eventbroker.Event;
import dev.eventbroker.Topic;
import dev.eventbroker.engine.BrokerBuilder;
import dev.eventbroker.sse.SseAuthorizer;
import dev.eventbroker.sse.SseEndpoint;
import dev.eventbroker.sse.SseServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * How many bytes the event loop allocates for one delivery to one connection in steady state, real
 * sockets and all. What belongs to an event (its frame, its entry in the log) is allocated by the
 * loop too, once, and is divided by the number of connections here as it is in life. Arguments:
 * {@code [--connections N] [--rounds N]}.
 */
public final class SseAllocation {

  private static final Topic TOPIC = Topic.of("load");
  private static final String DATA = "#".repeat(200);

  private SseAllocation() {}

  /** See the class comment. */
  public static void main(String[] args) throws IOException {
    int connections = option(args, "--connections", 500);
    int rounds = option(args, "--rounds", 400);
    try (Broker broker = new BrokerBuilder().build();
        SseServer server =
            SseServer.builder(
                    SseEndpoint.builder(broker)
                        .authorizer(SseAuthorizer.everybodyAs("load"))
                        .build())
                .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .threads(1)
                .build()
                .start();
        Readers readers = new Readers(server.localAddress(), connections)) {
      for (int burst : new int[] {1, 16}) {
        run(broker, readers, connections, burst, rounds);
        long before = allocatedByLoops();
        run(broker, readers, connections, burst, rounds);
        long allocated = allocatedByLoops() - before;
        long deliveries = (long) connections * burst * rounds;
        System.out.printf(
            "bursts of %d: %.1f bytes per delivery (%d deliveries)%n",
            burst, (double) allocated / deliveries, deliveries);
      }
    }
  }

  private static void run(Broker broker, Readers readers, int connections, int burst, int rounds)
      throws IOException {
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < burst; i++) {
        var unused = broker.publish(Event.of(TOPIC, "moved", DATA));
      }
      // Whoever publishes waits for the readers, so that nobody lags and every delivery is made.
      readers.readData((long) connections * burst * DATA.length());
    }
  }

  private static long allocatedByLoops() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("eventbroker-sse"))
        .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId()))
        .sum();
  }

  private static int option(String[] args, String name, int otherwise) {
    for (int i = 0; i < args.length - 1; i++) {
      if (args[i].equals(name)) {
        return Integer.parseInt(args[i + 1]);
      }
    }
    return otherwise;
  }

  /** Clients that are read by the thread that publishes. */
  private static final class Readers implements AutoCloseable {

    private final Selector selector = Selector.open();
    private final List<SocketChannel> channels = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);

    Readers(InetSocketAddress address, int connections) throws IOException {
      byte[] request = "GET /events?topic=load HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII);
      for (int i = 0; i < connections; i++) {
        SocketChannel channel = SocketChannel.open(address);
        channel.write(ByteBuffer.wrap(request));
        channels.add(channel);
        StringBuilder opening = new StringBuilder();
        // The block with the cursor comes right after the first one, and is the last for now.
        while (opening.indexOf("\nid: ") < 0 || opening.lastIndexOf("\n\n\r\n") < 0) {
          buffer.clear();
          channel.read(buffer);
          opening.append(US_ASCII.decode(buffer.flip()));
        }
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
      }
    }

    /** Reads until that many characters of data have come; nothing else has a # in it. */
    void readData(long expected) throws IOException {
      long left = expected;
      while (left > 0) {
        selector.select();
        for (SelectionKey key : selector.selectedKeys()) {
          buffer.clear();
          ((SocketChannel) key.channel()).read(buffer);
          buffer.flip();
          while (buffer.hasRemaining()) {
            left -= buffer.get() == '#' ? 1 : 0;
          }
        }
        selector.selectedKeys().clear();
      }
    }

    @Override
    public void close() throws IOException {
      for (SocketChannel channel : channels) {
        channel.close();
      }
      selector.close();
    }
  }
}

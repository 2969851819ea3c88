package dev.eventbroker.benchmarks.sse;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A server that takes part in the measurements over sockets, and how to start it. Each takes {@code
 * GET /events?topic=load} for a subscription and {@code POST /publish} for events, says {@code
 * listening on HOST:PORT} on standard output when it accepts, has one event loop, and ends when its
 * standard input does.
 *
 * <p>Those on the JVM run on the JVM that asks, with its class path, so that all of them are on the
 * same Netty. Safe for use by several threads.
 */
public enum Contender {
  /** The whole stack of this project on NIO: {@link LoadServer}. */
  EVENTBROKER_NIO("eventbroker-nio", LoadServer.class, NettyTransport.NIO),
  /** The same on epoll. */
  EVENTBROKER_EPOLL("eventbroker-epoll", LoadServer.class, NettyTransport.EPOLL),
  /** The same on io_uring. */
  EVENTBROKER_IO_URING("eventbroker-io_uring", LoadServer.class, NettyTransport.IO_URING),
  /** The floor on NIO: {@link NettyServer}. */
  NETTY_NIO("netty-nio", NettyServer.class, NettyTransport.NIO),
  /** The floor on epoll. */
  NETTY_EPOLL("netty-epoll", NettyServer.class, NettyTransport.EPOLL),
  /** The floor on io_uring. */
  NETTY_IO_URING("netty-io_uring", NettyServer.class, NettyTransport.IO_URING),
  /** Vert.x Web on the transport it has by default: {@link VertxServer}. */
  VERTX("vertx", VertxServer.class, NettyTransport.NIO),
  /** Spring WebFlux on Reactor Netty: {@link WebFluxServer}. */
  WEBFLUX("webflux", WebFluxServer.class, NettyTransport.EPOLL),
  /** nginx with the module nchan, one worker. */
  NCHAN("nchan");

  /** Room for 10 000 connections of the hungriest of them; the same for all. */
  private static final String HEAP = "-Xmx2g";

  private final String label;
  private final Optional<Class<?>> server;
  private final Optional<NettyTransport> transport;

  Contender(String label) {
    this.label = label;
    this.server = Optional.empty();
    this.transport = Optional.empty();
  }

  Contender(String label, Class<?> server, NettyTransport transport) {
    this.label = label;
    this.server = Optional.of(server);
    this.transport = Optional.of(transport);
  }

  /**
   * The contender of that name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Contender labelled(String label) {
    requireNonNull(label, "label");
    for (Contender contender : values()) {
      if (contender.label.equals(label)) {
        return contender;
      }
    }
    throw new IllegalArgumentException(
        "contender: "
            + label
            + " (expected: "
            + Stream.of(values()).map(Contender::label).collect(Collectors.joining(", "))
            + ")");
  }

  /** What it is called in results. */
  public String label() {
    return label;
  }

  /**
   * How to start it. The process stays in the foreground, with the standard input of whoever
   * started it as a leash: it ends when that is closed. Processor time and memory are those of the
   * process and its children.
   *
   * @param port where it listens on 127.0.0.1; 0 for a port that is free
   * @param scratchDirectory an existing directory of its own, where it may leave files; it is not
   *     removed
   * @throws IllegalStateException if it is not {@link #available()}
   * @throws java.io.UncheckedIOException if the directory can't be written to
   */
  public List<String> command(int port, Path scratchDirectory) {
    requireNonNull(scratchDirectory, "scratchDirectory");
    if (!available()) {
      throw new IllegalStateException(label + ": " + missing() + " (expected: available)");
    }
    if (server.isEmpty()) {
      return Nchan.command(port, scratchDirectory);
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add(HEAP);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(server.get().getName());
    command.addAll(List.of("--port", Integer.toString(port), "--threads", "1", "--owned"));
    transport.ifPresent(used -> command.addAll(List.of("--transport", used.label())));
    return List.copyOf(command);
  }

  /**
   * Whether one {@code POST} of several lines publishes as many events, back to back inside the
   * server. If not, a burst is as many requests of one line each.
   */
  public boolean linesPerPost() {
    return java();
  }

  /** Whether it is a JVM, of which heaps can be asked. */
  public boolean java() {
    return server.isPresent();
  }

  /** Whether this machine can run it. */
  public boolean available() {
    return missing().isEmpty();
  }

  /** What this machine lacks to run it, for a person to read; empty if it is available. */
  public String missing() {
    if (server.isEmpty()) {
      return Nchan.missing();
    }
    return transport.flatMap(NettyTransport::missing).orElse("");
  }
}

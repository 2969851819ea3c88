package dev.eventbroker.benchmarks.sse;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.Optional;

/** What moves the bytes of a server on Netty. */
enum NettyTransport {
  NIO("nio", NioServerSocketChannel.class) {
    @Override
    IoHandlerFactory handlers() {
      return NioIoHandler.newFactory();
    }

    @Override
    Optional<Throwable> failure() {
      return Optional.empty();
    }
  },
  EPOLL("epoll", EpollServerSocketChannel.class) {
    @Override
    IoHandlerFactory handlers() {
      return EpollIoHandler.newFactory();
    }

    @Override
    Optional<Throwable> failure() {
      return Optional.ofNullable(Epoll.unavailabilityCause());
    }
  },
  IO_URING("io_uring", IoUringServerSocketChannel.class) {
    @Override
    IoHandlerFactory handlers() {
      return IoUringIoHandler.newFactory();
    }

    @Override
    Optional<Throwable> failure() {
      return Optional.ofNullable(IoUring.unavailabilityCause());
    }
  };

  private final String label;
  private final Class<? extends ServerChannel> listening;

  NettyTransport(String label, Class<? extends ServerChannel> listening) {
    this.label = label;
    this.listening = listening;
  }

  /**
   * The transport that a command line means.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  static NettyTransport named(String label) {
    for (NettyTransport transport : values()) {
      if (transport.label.equals(label)) {
        return transport;
      }
    }
    throw new IllegalArgumentException(
        "transport: " + label + " (expected: nio, epoll or io_uring)");
  }

  String label() {
    return label;
  }

  /** The kind of channel that listens. */
  Class<? extends ServerChannel> listening() {
    return listening;
  }

  /** What event loops run on. */
  abstract IoHandlerFactory handlers();

  /** Why this machine can't run it; empty if it can. */
  Optional<String> missing() {
    return failure().map(cause -> label + ": " + cause.getMessage());
  }

  abstract Optional<Throwable> failure();
}

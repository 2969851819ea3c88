package dev.eventbroker.sse;

import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What moves the bytes of a server.
 *
 * @param name for the log
 * @param handlers what its event loops run on
 * @param listening the kind of channel that listens
 * @param userTimeout how to say when unacknowledged bytes end a connection (TCP_USER_TIMEOUT, RFC
 *     5482, in milliseconds); only native transports can
 */
record Transport(
    String name,
    IoHandlerFactory handlers,
    Class<? extends ServerChannel> listening,
    Optional<ChannelOption<Integer>> userTimeout) {

  /** The best that the class path and this machine's kernel offer. */
  static Transport best() {
    return Stream.of(ioUring(), epoll())
        .flatMap(Optional::stream)
        .findFirst()
        .orElseGet(Transport::nio);
  }

  static Optional<Transport> ioUring() {
    return ifPresent(IoUringClasses::transport);
  }

  static Optional<Transport> epoll() {
    return ifPresent(EpollClasses::transport);
  }

  static Transport nio() {
    return new Transport(
        "NIO", NioIoHandler.newFactory(), NioServerSocketChannel.class, Optional.empty());
  }

  /** Nothing if its classes are not on the class path; they are optional. */
  private static Optional<Transport> ifPresent(Supplier<Optional<Transport>> transport) {
    try {
      return transport.get();
    } catch (NoClassDefFoundError e) {
      return Optional.empty();
    }
  }

  // Classes of their own, for what is not there must not be looked for before it is asked for.

  private static final class IoUringClasses {

    static Optional<Transport> transport() {
      if (!IoUring.isAvailable()) {
        return Optional.empty();
      }
      return Optional.of(
          new Transport(
              "io_uring",
              IoUringIoHandler.newFactory(),
              IoUringServerSocketChannel.class,
              Optional.of(IoUringChannelOption.TCP_USER_TIMEOUT)));
    }
  }

  private static final class EpollClasses {

    static Optional<Transport> transport() {
      if (!Epoll.isAvailable()) {
        return Optional.empty();
      }
      return Optional.of(
          new Transport(
              "epoll",
              EpollIoHandler.newFactory(),
              EpollServerSocketChannel.class,
              Optional.of(EpollChannelOption.TCP_USER_TIMEOUT)));
    }
  }
}

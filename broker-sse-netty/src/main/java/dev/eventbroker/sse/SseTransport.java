package dev.eventbroker.sse;

import java.util.Optional;

/** What moves the bytes of an {@link SseServer}, for who does not leave the choice to it. */
public enum SseTransport {
  /** The JDK's selectors: everywhere. */
  NIO,
  /** Linux; needs {@code io.netty:netty-transport-native-epoll}. */
  EPOLL,
  /** A Linux that allows it; needs {@code io.netty:netty-transport-native-io_uring}. */
  IO_URING;

  /** Whether it is on the class path and this machine's kernel lets it run. */
  public boolean isAvailable() {
    return found().isPresent();
  }

  Optional<Transport> found() {
    return switch (this) {
      case NIO -> Optional.of(Transport.nio());
      case EPOLL -> Transport.epoll();
      case IO_URING -> Transport.ioUring();
    };
  }
}

package dev.eventbroker;

/** Something that was registered and can be taken back. */
@FunctionalInterface
public interface Registration extends AutoCloseable {

  /** Takes it back. Any thread; idempotent. */
  @Override
  void close();
}

package dev.eventbroker.benchmarks.sse;

import java.nio.ByteBuffer;

/** What the driver does when a socket is ready. */
interface Ready {

  /**
   * Reads or writes as far as it goes.
   *
   * @param buffer shared by all, for reading into
   * @param bytes shared by all, as long as the buffer
   */
  void ready(ByteBuffer buffer, byte[] bytes);
}

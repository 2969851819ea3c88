package dev.eventbroker.benchmarks.sse;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * How a connection comes to be.
 *
 * @param local its own address; port 0 leaves the port to the machine
 * @param lastEventId what it comes back with, or nothing
 * @param lastSequence the event that had that id
 * @param stalls whether it reads nothing after its headers
 */
record Origin(InetSocketAddress local, String lastEventId, long lastSequence, boolean stalls) {

  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** A client that comes for the first time. */
  static final Origin FRESH = new Origin(ANY, "", 0, false);

  /** One that reads its headers and nothing after them. */
  static final Origin STALLING = new Origin(ANY, "", 0, true);

  /** A client at 127.0.0.{@code host}. */
  static Origin loopback(int host) {
    try {
      InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) host});
      return new Origin(new InetSocketAddress(address, 0), "", 0, false);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  /** A client that comes back after this event, which had this id. */
  static Origin resuming(String lastEventId, long lastSequence) {
    return new Origin(ANY, lastEventId, lastSequence, false);
  }

  /** Returns whether the machine may not choose the address. */
  boolean bound() {
    return !local.equals(ANY);
  }

  /** Returns whether it comes back. */
  boolean resumes() {
    return !lastEventId.isEmpty();
  }
}

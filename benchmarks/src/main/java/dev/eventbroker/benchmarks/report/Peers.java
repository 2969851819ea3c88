package dev.eventbroker.benchmarks.report;

import java.util.Comparator;
import java.util.Optional;
import java.util.Set;

/** Who is who: ours, the floor that each is compared with, and the others. */
final class Peers {

  private static final String OURS = "eventbroker";
  private static final String NETTY = "netty-";

  /** Of the others, those whose transport is NIO unless they are told; the rest are on epoll. */
  private static final Set<String> ON_NIO = Set.of("vertx");

  private Peers() {}

  static boolean isOurs(String peer) {
    return peer.equals(OURS) || peer.startsWith(OURS + "-");
  }

  /** Whether others are compared with this one: it does the work and nothing besides. */
  static boolean isFloor(String peer) {
    return peer.equals("loop") || peer.equals("pg_notify") || peer.startsWith(NETTY);
  }

  /**
   * Returns the floor of a peer among those present: a plain loop in process, bare Netty on the
   * same transport over sockets (which is that of the others by default), {@code pg_notify} in
   * Postgres.
   */
  static Optional<String> floor(String scenario, String peer, Set<String> present) {
    if (scenario.startsWith("inprocess/")) {
      return Optional.of("loop").filter(present::contains);
    }
    if (scenario.startsWith("postgres/")) {
      return Optional.of("pg_notify").filter(present::contains);
    }
    if (isOurs(peer) || peer.startsWith(NETTY)) {
      String transport = peer.substring(peer.indexOf('-') + 1);
      return Optional.of(NETTY + transport).filter(present::contains);
    }
    String transport = ON_NIO.contains(peer) ? "nio" : "epoll";
    return Optional.of(NETTY + transport).filter(present::contains);
  }

  /** What a reader calls the floor of a scenario. */
  static String floorName(String scenario) {
    if (scenario.startsWith("inprocess/")) {
      return "plain loop (the floor)";
    }
    return scenario.startsWith("postgres/") ? "plain pg_notify" : "bare Netty (the floor)";
  }

  /** Ours first, then the floors, then the others; each by name. */
  static Comparator<String> order() {
    return Comparator.comparingInt(Peers::rank).thenComparing(Comparator.naturalOrder());
  }

  private static int rank(String peer) {
    if (isOurs(peer)) {
      return 0;
    }
    return isFloor(peer) ? 1 : 2;
  }
}

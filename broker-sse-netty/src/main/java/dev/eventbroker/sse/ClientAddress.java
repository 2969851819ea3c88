package dev.eventbroker.sse;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.HexFormat;

/** What counts as one client's address for {@link SseLimits#perAddress}. */
final class ClientAddress {

  /** What one site is given at least (RFC 6177); one machine may use all addresses of it. */
  private static final int NETWORK_BYTES = 8;

  /** ::ffff:0:0/96, in front of an IPv4 address (RFC 4291). */
  private static final byte[] MAPPED = HexFormat.of().parseHex("00000000000000000000ffff");

  private ClientAddress() {}

  /**
   * The address of a connection's other end: of IPv6 its /64 network alone, for who has one address
   * of it has them all. An IPv4 address that is mapped into IPv6 is that IPv4 address.
   */
  static String of(SocketAddress remote) {
    if (!(remote instanceof InetSocketAddress inet) || inet.getAddress() == null) {
      return remote.toString();
    }
    InetAddress address = inet.getAddress();
    return address instanceof Inet6Address
        ? ofIpv6(address.getAddress())
        : address.getHostAddress();
  }

  private static String ofIpv6(byte[] address) {
    if (Arrays.equals(address, 0, MAPPED.length, MAPPED, 0, MAPPED.length)) {
      return dotted(address);
    }
    byte[] network = Arrays.copyOf(address, NETWORK_BYTES);
    return HexFormat.ofDelimiter(":").formatHex(network) + "/" + NETWORK_BYTES * Byte.SIZE;
  }

  private static String dotted(byte[] address) {
    StringBuilder text = new StringBuilder();
    for (int i = MAPPED.length; i < address.length; i++) {
      text.append(i == MAPPED.length ? "" : ".").append(Byte.toUnsignedInt(address[i]));
    }
    return text.toString();
  }
}

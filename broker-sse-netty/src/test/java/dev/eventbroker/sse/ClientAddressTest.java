package dev.eventbroker.sse;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.local.LocalAddress;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** What counts as one address. */
class ClientAddressTest {

  @Test
  void anIpv4AddressIsOneForItself() throws UnknownHostException {
    assertThat(of("198.51.100.1")).isEqualTo("198.51.100.1");
    assertThat(of("198.51.100.2")).isNotEqualTo(of("198.51.100.1"));
  }

  @Test
  void allAddressesOfAnIpv6NetworkAreOne() throws UnknownHostException {
    assertThat(of("2001:db8:1:2::1"))
        .isEqualTo(of("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        .isNotEqualTo(of("2001:db8:1:3::1"))
        .isNotEqualTo(of("2001:db9:1:2::1"));
  }

  @Test
  void whereAnIpv6AddressIsSeenFromMakesNoDifference() throws UnknownHostException {
    byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();

    assertThat(ClientAddress.of(socket(Inet6Address.getByAddress("", linkLocal, 2))))
        .isEqualTo(of("fe80::2"));
  }

  @Test
  void anIpv4AddressInsideOfAnIpv6OneIsThatOne() throws UnknownHostException {
    byte[] mapped = HexFormat.of().parseHex("00000000000000000000ffffc63364fe");

    // The JDK itself makes it an IPv4 address, but not on every way.
    assertThat(ClientAddress.of(socket(Inet6Address.getByAddress("", mapped, 0))))
        .isEqualTo(of("198.51.100.254"));
  }

  @Test
  void whatIsNoInternetAddressIsItsName() {
    assertThat(ClientAddress.of(new LocalAddress("here"))).isEqualTo("local:here");
    assertThat(ClientAddress.of(InetSocketAddress.createUnresolved("client.example", 1)))
        .contains("client.example");
  }

  private static String of(String address) throws UnknownHostException {
    return ClientAddress.of(socket(InetAddress.getByName(address)));
  }

  private static InetSocketAddress socket(InetAddress address) {
    return new InetSocketAddress(address, 40_000);
  }
}

package dev.eventbroker.pg;

import dev.eventbroker.pg.socket.OwnedSocketFactory;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import org.postgresql.Driver;

/**
 * What connections are made from. The caller's URL is taken apart, so that its parameters stand
 * beside ours instead of over them.
 */
final class ConnectionSettings {

  /**
   * For the backend, so that it notices by itself when we are gone, and is never ended for being
   * idle: a listener always is.
   */
  private static final String SERVER_OPTIONS =
      "-c idle_session_timeout=0 -c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5"
          + " -c tcp_keepalives_count=3 -c tcp_user_timeout=30000";

  private final String url;
  private final Properties given;
  private final Optional<Supplier<String>> password;
  private final Duration loginTimeout;

  /**
   * @throws IllegalArgumentException if the URL is not one of PostgreSQL's, or brings a socket
   *     factory
   */
  ConnectionSettings(
      String jdbcUrl,
      Optional<String> user,
      Optional<Supplier<String>> password,
      Duration loginTimeout) {
    int query = jdbcUrl.indexOf('?');
    this.url = query < 0 ? jdbcUrl : jdbcUrl.substring(0, query);
    Properties parsed = Driver.parseURL(jdbcUrl, null);
    if (parsed == null) {
      // Not the whole URL: parameters may hold a password.
      throw new IllegalArgumentException(
          "jdbcUrl: \"" + url + "\" (expected: jdbc:postgresql://host:port/database)");
    }
    if (parsed.getProperty("socketFactory") != null) {
      throw new IllegalArgumentException(
          "jdbcUrl: with a socketFactory (expected: none, for sockets have to be ours to be closed"
              + " for certain)");
    }
    this.given = new Properties();
    parsed.stringPropertyNames().forEach(key -> given.setProperty(key, parsed.getProperty(key)));
    user.ifPresent(name -> given.setProperty("user", name));
    this.password = password;
    this.loginTimeout = loginTimeout;
  }

  /** Without parameters. */
  String url() {
    return url;
  }

  Duration loginTimeout() {
    return loginTimeout;
  }

  /** Where to, for messages: no credentials. */
  String place() {
    return given.getProperty("PGHOST")
        + ':'
        + given.getProperty("PGPORT")
        + '/'
        + given.getProperty("PGDBNAME");
  }

  /**
   * The caller's own parameters, over them those of the connection's role, and over both what this
   * module relies on; options of the server add up, the caller's last. Asks for the password anew,
   * for it may have been rotated.
   */
  Properties forConnection(String applicationName, String socketToken, Properties more) {
    Properties properties = new Properties();
    // A multi-host attempt must get to its second host within the login timeout.
    properties.setProperty("connectTimeout", "2");
    properties.setProperty("loginTimeout", seconds(loginTimeout));
    given.stringPropertyNames().forEach(k -> properties.setProperty(k, given.getProperty(k)));

    more.stringPropertyNames().forEach(k -> properties.setProperty(k, more.getProperty(k)));

    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("targetServerType", "primary");
    properties.setProperty("ApplicationName", applicationName);
    properties.setProperty(
        "options",
        String.join(
            " ",
            SERVER_OPTIONS,
            more.getProperty("options", ""),
            given.getProperty("options", "")));
    properties.setProperty("socketFactory", OwnedSocketFactory.class.getName());
    properties.setProperty("socketFactoryArg", socketToken);
    password.ifPresent(supplier -> properties.setProperty("password", supplier.get()));
    return properties;
  }

  private static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0);
  }
}

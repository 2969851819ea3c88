package dev.eventbroker.pg;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A key and a certificate that nobody trusts, made by the JDK's keytool, so that the server speaks
 * TLS.
 *
 * @param certificate PEM
 * @param key PEM, readable by its owner alone, as the server demands
 */
record TestCertificate(Path certificate, Path key) {

  private static final String PASSWORD = "changeit";

  static TestCertificate create() throws IOException {
    Path directory = Path.of("target").toAbsolutePath();
    Path store = directory.resolve("tls.p12");
    Files.deleteIfExists(store);
    keytool(store);
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(in, PASSWORD.toCharArray());
      return new TestCertificate(
          pem(directory, "CERTIFICATE", keys.getCertificate("server").getEncoded()),
          pem(
              directory,
              "PRIVATE KEY",
              keys.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static void keytool(Path store) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "RSA",
                "-dname",
                "CN=localhost",
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (process.onExit().join().exitValue() != 0) {
      throw new AssertionError("keytool: " + process.exitValue() + " (expected: 0)");
    }
  }

  private static Path pem(Path directory, String what, byte[] encoded) throws IOException {
    Path file = directory.resolve("tls-" + what.replace(' ', '-') + ".pem");
    String body = Base64.getMimeEncoder().encodeToString(encoded);
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n");
    return file;
  }
}

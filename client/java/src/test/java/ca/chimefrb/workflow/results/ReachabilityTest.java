package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.spec.InvalidKeySpecException;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReachabilityTest {
  /** A key of P-256 in SEC 1, made for this test. */
  private static final String EC_KEY = "MHcCAQEEILQxywtYVVtIqzzcWApJflDzIh7/gLWG1Qbh38uz1X9yoAoGCCqGSM49AwEHoUQDQgAEkNbnJPrBAskwKdf0ysheU6LslNraRIgeRhM6H4yS/db1R/QNfCS8CDvn0neUzFAN/FFz1bpcXI1Udx+klROu+g==";

  @ParameterizedTest
  @CsvSource({
    "true, PKIX path building failed: unable to find valid certification path, is not trusted",
    "true, No subject alternative DNS name matching x found., is for another name",
    "true, not an SSL/TLS record: 00, uses plain text",
    "true, Received fatal alert: bad_certificate, require a client certificate",
    "false, Network closed for unknown reason, require TLS",
    "false, Unable to resolve host x, Its name is not known",
    "false, Connection refused: /127.0.0.1:2, WORKFLOW_RESULTS_TARGET"
  })
  void hintsAtWhatIsWrong(boolean secure, String told, String hint) {
    String message = Reachability.explain("host:1", secure, Duration.ofSeconds(2), told);
    assertTrue(message.contains(hint), message);
    assertTrue(message.contains("host:1") && message.contains("2 s"), message);
  }

  @Test
  void readsKeysOfOlderFormats() throws GeneralSecurityException {
    byte[] wrapped = Pkcs8.ofEllipticCurve(Base64.getDecoder().decode(EC_KEY));
    var key =
        (java.security.interfaces.ECPrivateKey)
            java.security.KeyFactory.getInstance("EC")
                .generatePrivate(new java.security.spec.PKCS8EncodedKeySpec(wrapped));
    assertEquals(256, key.getParams().getOrder().bitLength());
    assertThrows(InvalidKeySpecException.class, () -> Pkcs8.ofEllipticCurve(new byte[] {0x30, 0}));
  }

  @Test
  void readsRsaKeysOfOlderFormats() throws GeneralSecurityException {
    var generator = java.security.KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    byte[] modern = generator.generateKeyPair().getPrivate().getEncoded();
    byte[] old = java.util.Arrays.copyOfRange(modern, 26, modern.length); // what PKCS #8 wraps
    org.junit.jupiter.api.Assertions.assertArrayEquals(modern, Pkcs8.ofRsa(old));
  }

  @Test
  void namesFilesThatHoldNothing(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("empty.pem"), "");
    Exception error = assertThrows(GeneralSecurityException.class, () -> PemFiles.trusted(file));
    assertTrue(error.getMessage().contains(file.toString()), error.getMessage());
  }
}

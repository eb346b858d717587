package ca.chimefrb.workflow.results;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Certificates and keys from files of PEM. */
final class PemFiles {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\\s*([A-Za-z0-9+/=\\s]+)-----END \\1-----");

  /** The kinds of keys in PKCS #8, which does not say it outside. */
  private static final List<String> KINDS = List.of("RSA", "EC", "Ed25519", "Ed448");

  private PemFiles() {}

  /** What trusts the certificates in a file. */
  static TrustManager[] trusted(Path file) throws IOException, GeneralSecurityException {
    KeyStore store = emptyStore();
    int number = 0;
    for (Certificate each : certificates(file)) {
      store.setCertificateEntry("ca-" + number++, each);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  /** What shows a certificate, with the chain behind it in its file. */
  static KeyManager[] identity(Path certFile, Path keyFile) throws IOException, GeneralSecurityException {
    KeyStore store = emptyStore();
    Certificate[] chain = certificates(certFile).toArray(new Certificate[0]);
    store.setKeyEntry("client", privateKey(keyFile), new char[0], chain);
    KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(Path file)
      throws IOException, GeneralSecurityException {
    Collection<? extends Certificate> found =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)));
    if (found.isEmpty()) {
      throw new CertificateException("there is no certificate in " + file);
    }
    return found;
  }

  private static PrivateKey privateKey(Path file) throws IOException, GeneralSecurityException {
    Matcher found = KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
    if (!found.find()) {
      throw new InvalidKeySpecException("there is no key without a password in " + file);
    }
    byte[] data = Base64.getMimeDecoder().decode(found.group(2));
    byte[] wrapped =
        switch (found.group(1)) {
          case "RSA PRIVATE KEY" -> Pkcs8.ofRsa(data);
          case "EC PRIVATE KEY" -> Pkcs8.ofEllipticCurve(data);
          default -> data;
        };
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(wrapped);
    for (String kind : KINDS) {
      try {
        return KeyFactory.getInstance(kind).generatePrivate(spec);
      } catch (InvalidKeySpecException error) {
        // it is of another kind
      }
    }
    throw new InvalidKeySpecException("the key in " + file + " is of no known kind");
  }
}

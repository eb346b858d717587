package ca.chimefrb.workflow.results;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.spec.InvalidKeySpecException;
import java.util.HexFormat;

/** Keys in PKCS #8, which is all that Java reads, from the older formats that OpenSSL also writes. */
final class Pkcs8 {
  private static final int INTEGER = 0x02;
  private static final int OCTETS = 0x04;
  private static final int OBJECT_ID = 0x06;
  private static final int SEQUENCE = 0x30;
  private static final int FIRST_OPTIONAL = 0xa0;
  private static final byte[] VERSION = element(INTEGER, new byte[] {0});
  private static final byte[] RSA = HexFormat.of().parseHex("06092a864886f70d0101010500");
  private static final byte[] ELLIPTIC_CURVE = HexFormat.of().parseHex("06072a8648ce3d0201");

  private Pkcs8() {}

  /** Wraps a key of PKCS #1. */
  static byte[] ofRsa(byte[] key) {
    return wrapped(RSA, new byte[0], key);
  }

  /** Wraps a key of SEC 1, which names its curve within. */
  static byte[] ofEllipticCurve(byte[] key) throws InvalidKeySpecException {
    try {
      ByteBuffer fields = next(ByteBuffer.wrap(key), SEQUENCE);
      next(fields, INTEGER);
      next(fields, OCTETS);
      ByteBuffer curve = next(next(fields, FIRST_OPTIONAL), OBJECT_ID);
      byte[] name = new byte[curve.remaining()];
      curve.get(name);
      return wrapped(ELLIPTIC_CURVE, element(OBJECT_ID, name), key);
    } catch (RuntimeException error) {
      throw new InvalidKeySpecException("the key is broken, or does not name its curve", error);
    }
  }

  private static byte[] wrapped(byte[] algorithm, byte[] parameters, byte[] key) {
    return element(SEQUENCE, VERSION, element(SEQUENCE, algorithm, parameters), element(OCTETS, key));
  }

  /** Reads an element of DER, and returns what is in it. */
  private static ByteBuffer next(ByteBuffer from, int tag) {
    int found = from.get() & 0xff;
    int length = from.get() & 0xff;
    if (length >= 0x80) {
      int digits = length & 0x7f;
      length = 0;
      for (int index = 0; index < digits; index++) {
        length = (length << 8) | (from.get() & 0xff);
      }
    }
    if (found != tag) {
      throw new IllegalArgumentException("another element");
    }
    ByteBuffer content = from.slice(from.position(), length);
    from.position(from.position() + length);
    return content;
  }

  /** Writes an element of DER. */
  private static byte[] element(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream element = new ByteArrayOutputStream();
    element.write(tag);
    if (content.size() >= 0x100) {
      element.write(0x82);
      element.write(content.size() >> 8); // two bytes of length are enough for every key
    } else if (content.size() >= 0x80) {
      element.write(0x81);
    }
    element.write(content.size());
    element.writeBytes(content.toByteArray());
    return element.toByteArray();
  }
}

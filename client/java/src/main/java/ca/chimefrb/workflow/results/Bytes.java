package ca.chimefrb.workflow.results;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Documents as bytes, and what is done to them without decoding them. */
final class Bytes {
  private static final int LENGTH = Integer.BYTES;
  private static final byte[] MONGO_ID = "\2_id\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ID = "\2id\0".getBytes(StandardCharsets.US_ASCII);

  private Bytes() {}

  /** The length of the document that begins at a position. */
  static int length(byte[] bytes, int start) {
    return little(bytes).getInt(start);
  }

  /**
   * Drops the {@code _id} that MongoDB puts before everything else, by moving the beginning of a document behind it. It
   * is a string as our ids.
   *
   * @return where the document begins now; it ends where it did
   */
  static int skipMongoId(byte[] bytes, int start, int length) {
    int first = start + LENGTH;
    int end = start + length;
    int text = first + MONGO_ID.length;
    if (end - text < LENGTH || !Arrays.equals(bytes, first, text, MONGO_ID, 0, MONGO_ID.length)) {
      return start;
    }
    int number = MONGO_ID.length + LENGTH + length(bytes, text);
    if (number <= MONGO_ID.length + LENGTH || number > length - LENGTH - 1) {
      return start; // it is broken, which shows when it is decoded
    }
    little(bytes).putInt(start + number, length - number);
    return start + number;
  }

  /** Copies a document without some bytes. */
  static byte[] cut(byte[] bytes, int position, int number) {
    byte[] shorter = new byte[bytes.length - number];
    System.arraycopy(bytes, 0, shorter, 0, position);
    System.arraycopy(bytes, position + number, shorter, position, shorter.length - position);
    little(shorter).putInt(0, shorter.length);
    return shorter;
  }

  /** Copies a document with an id before everything else. */
  static byte[] withId(byte[] bytes, String id) {
    byte[] value = id.getBytes(StandardCharsets.UTF_8);
    byte[] longer = new byte[bytes.length + ID.length + LENGTH + value.length + 1];
    little(longer)
        .putInt(longer.length)
        .put(ID)
        .putInt(value.length + 1)
        .put(value)
        .put((byte) 0)
        .put(bytes, LENGTH, bytes.length - LENGTH);
    return longer;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}

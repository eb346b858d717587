package ca.chimefrb.workflow.results;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.bson.BsonBinaryReader;
import org.bson.BsonType;
import org.bson.RawBsonDocument;

/** A work that is ready to be sent. */
final class Work {
  /** The largest work, in bytes. */
  static final int MOST_BYTES = (16 << 20) - (16 << 10);

  private final byte[] bson;
  private final String pipeline;
  private final String id;

  private Work(byte[] bson, String pipeline, String id) {
    this.bson = bson;
    this.pipeline = pipeline;
    this.id = id;
  }

  /**
   * Reads what names a work, and gives it an id if it has none.
   *
   * @param newId makes an id
   */
  static Work of(byte[] bson, Supplier<String> newId) {
    String pipeline = "";
    String id = null;
    int nullAt = 0;
    int nullLength = 0;
    try (BsonBinaryReader reader = new BsonBinaryReader(ByteBuffer.wrap(bson))) {
      reader.readStartDocument();
      int begin = reader.getBsonInput().getPosition();
      for (BsonType type = reader.readBsonType(); type != BsonType.END_OF_DOCUMENT; type = reader.readBsonType()) {
        String name = reader.readName();
        if (name.equals("pipeline") && type == BsonType.STRING) {
          pipeline = reader.readString();
        } else if (name.equals("id") && type == BsonType.STRING) {
          id = reader.readString();
        } else {
          reader.skipValue();
          if (name.equals("id") && type == BsonType.NULL) {
            nullAt = begin;
            nullLength = reader.getBsonInput().getPosition() - begin;
          } else if (name.equals("id")) {
            id = "";
          }
        }
        begin = reader.getBsonInput().getPosition();
      }
    } catch (RuntimeException error) { // of many kinds, for broken BSON: the service says what is wrong with it
      return new Work(bson, pipeline, id == null ? "" : id);
    }
    if (id != null) {
      return new Work(bson, pipeline, id);
    }
    String made = newId.get();
    return new Work(Bytes.withId(Bytes.cut(bson, Math.max(nullAt, 4), nullLength), made), pipeline, made);
  }

  byte[] bson() {
    return bson;
  }

  /** The pipeline; empty if it has none, which the service refuses. */
  String pipeline() {
    return pipeline;
  }

  /** The id; empty if it is no string, which the service refuses. */
  String id() {
    return id;
  }

  /** The receipt of a work that is too large to be sent, or null. */
  Receipt tooLarge() {
    if (bson.length <= MOST_BYTES) {
      return null;
    }
    String problem = String.format("TOO_LARGE: has %,d bytes of BSON; at most %,d are stored", bson.length, MOST_BYTES);
    return new Receipt(pipeline, id, Receipt.Outcome.REJECTED, problem);
  }

  /** Whether it would be stored locked. */
  boolean isLocked() {
    try {
      RawBsonDocument work = raw();
      return work.isDocument("results")
          && work.getDocument("results").isBoolean("locked")
          && work.getDocument("results").getBoolean("locked").getValue();
    } catch (RuntimeException error) { // as above
      return false;
    }
  }

  RawBsonDocument raw() {
    return new RawBsonDocument(bson);
  }
}

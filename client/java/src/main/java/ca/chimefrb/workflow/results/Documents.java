package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.EncodedDocument;
import ca.chimefrb.workflow.results.v1.EncodedDocuments;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.BsonSerializationException;
import org.bson.ByteBuf;
import org.bson.Document;
import org.bson.RawBsonDocument;
import org.bson.UuidRepresentation;
import org.bson.codecs.Codec;
import org.bson.codecs.EncoderContext;
import org.bson.codecs.configuration.CodecConfigurationException;
import org.bson.codecs.configuration.CodecRegistries;
import org.bson.codecs.configuration.CodecRegistry;
import org.bson.conversions.Bson;
import org.bson.io.BasicOutputBuffer;

/** Documents as BSON and back. */
final class Documents {
  private static final Document EVERYTHING = new Document();

  private final CodecRegistry registry;

  /**
   * Begins.
   *
   * @param codecs what is asked before the codecs of this client; null for those alone
   */
  Documents(CodecRegistry codecs) {
    CodecRegistry usual = Bson.DEFAULT_CODEC_REGISTRY;
    CodecRegistry all = codecs == null ? usual : CodecRegistries.fromRegistries(codecs, usual);
    registry = CodecRegistries.withUuidRepresentation(all, UuidRepresentation.STANDARD);
  }

  /**
   * Returns what decodes results to a class.
   *
   * @throws ResultsException there is no codec for it
   */
  <T> Codec<T> codec(Class<T> class_) {
    try {
      return registry.get(class_);
    } catch (CodecConfigurationException error) {
      throw Failure.invalid("results can't be read as " + class_.getName() + ": " + error.getMessage())
          .withCause(error)
          .toException();
    }
  }

  /**
   * Encodes a document.
   *
   * @param path what it is called in errors
   * @throws ResultsException it can't be encoded
   */
  byte[] encode(String path, Bson document) {
    if (document == null) {
      throw Failure.invalid(path + " is null").toException();
    }
    try {
      return document instanceof RawBsonDocument raw ? bytes(raw) : written(document);
    } catch (RuntimeException error) { // of many kinds, those of the caller's own codecs too
      throw Failure.invalid(path + " can't be encoded as BSON: " + error.getMessage()).withCause(error).toException();
    }
  }

  /** Encodes a query or a projection; null is the empty one. */
  EncodedDocument message(String path, Bson document) {
    byte[] bson = encode(path, document == null ? EVERYTHING : document);
    return EncodedDocument.newBuilder().setBson(UnsafeByteOperations.unsafeWrap(bson)).build();
  }

  /** Puts documents back to back. */
  static EncodedDocuments message(Collection<byte[]> documents) {
    return EncodedDocuments.newBuilder().setBson(joined(documents)).build();
  }

  private static ByteString joined(Collection<byte[]> documents) {
    byte[] all = new byte[documents.stream().mapToInt(each -> each.length).sum()];
    int end = 0;
    for (byte[] each : documents) {
      System.arraycopy(each, 0, all, end, each.length);
      end += each.length;
    }
    return UnsafeByteOperations.unsafeWrap(all);
  }

  private static byte[] bytes(RawBsonDocument raw) {
    ByteBuf buffer = raw.getByteBuffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    if (bytes.length < 5 || Bytes.length(bytes, 0) != bytes.length) {
      throw new BsonSerializationException("the length of the document is not what it says");
    }
    return bytes;
  }

  private byte[] written(Bson document) {
    try (TextBuffer buffer = new TextBuffer();
        BsonBinaryWriter writer = new BsonBinaryWriter(buffer)) {
      EncoderContext context = EncoderContext.builder().build();
      if (document instanceof Document known) {
        registry.get(Document.class).encode(writer, known, context);
      } else {
        registry
            .get(BsonDocument.class)
            .encode(writer, document.toBsonDocument(Document.class, registry), context);
      }
      return buffer.toByteArray();
    }
  }

  /** A buffer that writes text at once; that of the library does so character by character. */
  private static final class TextBuffer extends BasicOutputBuffer {
    @Override
    protected int writeCharacters(String text, boolean isName) {
      byte[] bytes = isName ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
      if (isName || !new String(bytes, StandardCharsets.UTF_8).equals(text)) {
        return super.writeCharacters(text, isName); // which refuses NUL in names, and leaves half characters as they are
      }
      writeBytes(bytes, 0, bytes.length);
      writeByte(0);
      return bytes.length + 1;
    }
  }

  /**
   * Decodes a document.
   *
   * @throws ResultsException it is not what the codec takes
   */
  static <T> T decode(RawBsonDocument bson, Codec<T> codec) {
    try {
      return bson.decode(codec);
    } catch (RuntimeException error) { // as above
      throw Failure.other("a result can't be decoded: " + error.getMessage()).withCause(error).toException();
    }
  }

  /**
   * Cuts documents that stand back to back apart, and leaves out MongoDB's {@code _id}. They share their bytes.
   *
   * @throws ResultsException their lengths don't add up
   */
  static List<RawBsonDocument> split(ByteString documents) {
    byte[] all = documents.toByteArray();
    List<RawBsonDocument> found = new ArrayList<>();
    for (int start = 0; start < all.length; ) {
      int length = all.length - start < 5 ? 0 : Bytes.length(all, start);
      if (length < 5 || length > all.length - start) {
        throw Failure.other("the service has sent what is not BSON: lengths don't add up").toException();
      }
      int begin = Bytes.skipMongoId(all, start, length);
      found.add(new RawBsonDocument(all, begin, start + length - begin));
      start += length;
    }
    return found;
  }
}

package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import com.google.protobuf.ByteString;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.bson.BsonBinary;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonReader;
import org.bson.BsonString;
import org.bson.BsonWriter;
import org.bson.Document;
import org.bson.RawBsonDocument;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.Codec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.codecs.configuration.CodecRegistries;
import org.bson.conversions.Bson;
import org.bson.io.BasicOutputBuffer;
import org.junit.jupiter.api.Test;

class DocumentsTest {
  private static final Documents DOCUMENTS = new Documents(null);

  private static BsonDocument written(Bson document) {
    RawBsonDocument raw = new RawBsonDocument(DOCUMENTS.encode("work", document));
    return Documents.decode(raw, DOCUMENTS.codec(BsonDocument.class));
  }

  @Test
  void encodesTheTypesOfJava() {
    UUID uuid = UUID.randomUUID();
    Document document =
        new Document("at", Instant.ofEpochMilli(1))
            .append("uuid", uuid)
            .append("map", Map.of("a", 1))
            .append("list", List.of(1, 2L))
            .append("set", new TreeSet<>(List.of("b", "a")))
            .append("kind", Kind.OTHER);
    BsonDocument found = written(document);
    assertEquals(1, found.getDateTime("at").getValue());
    assertEquals(new BsonBinary(uuid), found.get("uuid"));
    assertEquals("{\"a\": 1}", found.getDocument("map").toJson());
    assertTrue(found.getArray("list").get(1).isInt64());
    assertEquals("a", found.getArray("set").get(0).asString().getValue());
    assertEquals("OTHER", found.getString("kind").getValue());
  }

  @Test
  void keepsTheOrderOfFieldsAndWhatIsEncodedAlready() {
    Document document = new Document("z", 1).append("a", 2L).append("m", null);
    byte[] bson = DOCUMENTS.encode("work", document);
    assertArrayEquals(bson, DOCUMENTS.encode("work", new RawBsonDocument(bson)));
    assertEquals(document, Documents.decode(new RawBsonDocument(bson), DOCUMENTS.codec(Document.class)));
  }

  @Test
  void namesWhatCanNotBeEncoded() {
    for (Bson each :
        Arrays.asList(
            new Document("a", new Object()),
            new Document("a", Map.of(1, 2)),
            new Document("a", new BigDecimal("1e9999")),
            new Document((String) null, 1),
            null,
            new RawBsonDocument(new byte[] {9, 0, 0, 0, 0}))) {
      ResultsException error =
          assertThrows(ResultsException.class, () -> DOCUMENTS.encode("works[3]", each));
      assertEquals(Kind.INVALID_REQUEST, error.kind());
      assertTrue(error.getMessage().startsWith("works[3]"), error.getMessage());
    }
  }

  @Test
  void cutsDocumentsApartAndLeavesOutTheIdOfMongo() {
    byte[] first = DOCUMENTS.encode("a", new Document("_id", "a").append("id", "a"));
    byte[] second = DOCUMENTS.encode("b", new Document("b", new Document("_id", "x")));
    ByteString both = ByteString.copyFrom(first).concat(ByteString.copyFrom(second));
    assertEquals(
        List.of("{\"id\": \"a\"}", "{\"b\": {\"_id\": \"x\"}}"),
        Documents.split(both).stream().map(RawBsonDocument::toJson).toList());
    assertEquals(List.of(), Documents.split(ByteString.EMPTY));
  }

  @Test
  void leavesABrokenIdOfMongoToTheDecoder() {
    byte[] document = DOCUMENTS.encode("a", new Document("_id", "a").append("id", "a"));
    for (int length : List.of(-1, 0, 18, Integer.MAX_VALUE)) {
      byte[] broken = document.clone();
      ByteBuffer.wrap(broken).order(ByteOrder.LITTLE_ENDIAN).putInt(9, length);
      RawBsonDocument found = Documents.split(ByteString.copyFrom(broken)).get(0);
      assertThrows(ResultsException.class, () -> Documents.decode(found, DOCUMENTS.codec(Document.class)));
    }
    assertEquals("{}", Documents.split(ByteString.copyFrom(DOCUMENTS.encode("a", new Document("_id", "")))).get(0).toJson());
  }

  @Test
  void writesTextAsTheLibraryDoes() {
    for (String text : List.of("", "a\0b", "é€😀", "?", "\ud800", "a\udc00?")) {
      BasicOutputBuffer expected = new BasicOutputBuffer();
      new BsonDocumentCodec()
          .encode(
              new BsonBinaryWriter(expected), new BsonDocument("é", new BsonString(text)), EncoderContext.builder().build());
      assertArrayEquals(expected.toByteArray(), DOCUMENTS.encode("work", new Document("é", text)));
    }
    assertThrows(ResultsException.class, () -> DOCUMENTS.encode("work", new Document("a\0", 1)));
  }

  @Test
  void refusesLengthsThatDoNotAddUp() {
    for (byte[] each : List.of(new byte[] {5, 0, 0, 0}, new byte[] {6, 0, 0, 0, 0}, new byte[] {4, 0, 0, 0, 0})) {
      assertThrows(ResultsException.class, () -> Documents.split(ByteString.copyFrom(each)));
    }
  }

  @Test
  void givesAnIdToAWorkThatHasNone() {
    for (Document each :
        List.of(
            new Document("pipeline", "p").append("n", 1),
            new Document("pipeline", "p").append("id", null).append("n", 1),
            new Document("id", null).append("pipeline", "p").append("n", 1))) {
      Work work = Work.of(DOCUMENTS.encode("work", each), () -> "new");
      assertEquals("new", work.id());
      assertEquals("p", work.pipeline());
      assertEquals("{\"id\": \"new\", \"pipeline\": \"p\", \"n\": 1}", work.raw().toJson());
    }
  }

  @Test
  void keepsAWorkThatHasAnId() {
    byte[] bson = DOCUMENTS.encode("work", new Document("id", "a").append("pipeline", "p"));
    Work work = Work.of(bson, () -> "new");
    assertEquals("a", work.id());
    assertArrayEquals(bson, work.bson());
    assertEquals("", Work.of(DOCUMENTS.encode("work", new Document("id", 7)), () -> "new").id());
  }

  @Test
  void leavesBrokenWorksToTheService() {
    byte[] broken = DOCUMENTS.encode("work", new Document("pipeline", "p").append("s", "text"));
    broken[broken.length - 10] = 99; // the length of the text
    assertArrayEquals(broken, Work.of(broken, () -> "new").bson());
  }

  @Test
  void knowsLockedWorks() {
    Document locked = new Document("id", "a").append("results", new Document("locked", true));
    assertTrue(Work.of(DOCUMENTS.encode("work", locked), () -> "").isLocked());
    locked.put("results", new Document("locked", 1));
    assertEquals(false, Work.of(DOCUMENTS.encode("work", locked), () -> "").isLocked());
  }

  @Test
  void rejectsWorksThatAreTooLarge() {
    Document work = new Document("id", "a").append("data", new byte[Work.MOST_BYTES]);
    Receipt receipt = Work.of(DOCUMENTS.encode("work", work), () -> "").tooLarge();
    assertEquals(Receipt.Outcome.REJECTED, receipt.outcome());
    assertTrue(receipt.reason().startsWith("TOO_LARGE: "), receipt.reason());
  }

  @Test
  void ordersIdsAsResultsAndDividesThem() {
    assertEquals(
        List.of("\ud83d\ude00", "\uffee", "b", "a"),
        Ids.requests("p", List.of("a", "\uffee", "b", "\ud83d\ude00", "a")).get(0).getIdsList());
    assertEquals(1, Ids.requests("p", List.of()).size());
    assertEquals(
        List.of(10_000, 1),
        Ids.requests("p", java.util.stream.IntStream.range(0, 10_001).mapToObj(Integer::toString).toList()).stream()
            .map(each -> each.getIdsCount())
            .toList());
  }

  @Test
  void refusesIdsThatAreNone() {
    assertThrows(ResultsException.class, () -> Ids.checked(Collections.singletonList(null)));
    assertThrows(ResultsException.class, () -> Ids.checked(List.of("\ud800")));
  }

  @Test
  void takesWhatTheBuildersOfTheDriverMake() {
    assertEquals("{\"snr\": {\"$gt\": 10}}", written(Filters.gt("snr", 10)).toJson());
    assertEquals(
        "{\"id\": 1, \"_id\": 0}",
        written(Projections.fields(Projections.include("id"), Projections.excludeId())).toJson());
  }

  private record Burst(String id) {}

  private static final class BurstCodec implements Codec<Burst> {
    @Override
    public void encode(BsonWriter writer, Burst burst, EncoderContext context) {
      writer.writeStartDocument();
      writer.writeString("id", burst.id());
      writer.writeEndDocument();
    }

    @Override
    public Burst decode(BsonReader reader, DecoderContext context) {
      reader.readStartDocument();
      Burst burst = new Burst(reader.readString("id"));
      reader.readEndDocument();
      return burst;
    }

    @Override
    public Class<Burst> getEncoderClass() {
      return Burst.class;
    }
  }

  @Test
  void usesCodecsOfTheCaller() {
    Documents documents = new Documents(CodecRegistries.fromCodecs(new BurstCodec()));
    byte[] bson = documents.encode("work", new Document("burst", new Burst("a")));
    assertEquals("{\"burst\": {\"id\": \"a\"}}", new RawBsonDocument(bson).toJson());
    RawBsonDocument found = new RawBsonDocument(documents.encode("work", new Document("id", "a")));
    assertEquals(new Burst("a"), Documents.decode(found, documents.codec(Burst.class)));
    assertEquals(new BsonInt32(1), written(new BsonDocument("a", new BsonInt32(1))).get("a"));
    ResultsException error = assertThrows(ResultsException.class, () -> DOCUMENTS.codec(DocumentsTest.class));
    assertEquals(Kind.INVALID_REQUEST, error.kind());
  }
}

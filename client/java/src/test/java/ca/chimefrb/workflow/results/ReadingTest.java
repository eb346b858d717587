package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.v1.ChangeKind;
import ca.chimefrb.workflow.results.v1.EncodedDocuments;
import ca.chimefrb.workflow.results.v1.ReadSummary;
import ca.chimefrb.workflow.results.v1.ResultBatch;
import ca.chimefrb.workflow.results.v1.ResultPart;
import ca.chimefrb.workflow.results.v1.TopRequest;
import ca.chimefrb.workflow.results.v1.TopResponse;
import ca.chimefrb.workflow.results.v1.ViewRequest;
import ca.chimefrb.workflow.results.v1.ViewResponse;
import ca.chimefrb.workflow.results.v1.WatchEvent;
import ca.chimefrb.workflow.results.v1.WatchRequest;
import ca.chimefrb.workflow.results.v1.WatchResponse;
import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import org.bson.Document;
import org.bson.RawBsonDocument;
import org.junit.jupiter.api.Test;

class ReadingTest {
  private static final Documents DOCUMENTS = new Documents(null);

  private static EncodedDocuments documents(String... ids) {
    return Documents.message(Arrays.stream(ids).map(id -> DOCUMENTS.encode("", new Document("id", id))).toList());
  }

  private static ResultPart batch(String token, String... ids) {
    ResultBatch batch =
        ResultBatch.newBuilder().setResults(documents(ids)).setResumeToken(ByteString.copyFromUtf8(token)).build();
    return ResultPart.newBuilder().setBatch(batch).build();
  }

  private static ResultPart summary(long count) {
    return ResultPart.newBuilder().setSummary(ReadSummary.newBuilder().setCount(count)).build();
  }

  private static List<String> ids(List<RawBsonDocument> documents) {
    return documents.stream().map(each -> each.getString("id").getValue()).toList();
  }

  private static List<String> viewed(Reading<ViewRequest, ViewResponse> reading, ResultPart part) {
    return ids(reading.take(ViewResponse.newBuilder().setPart(part).build()));
  }

  private static List<String> ranked(Reading<TopRequest, TopResponse> reading, ResultPart part) {
    return ids(reading.take(TopResponse.newBuilder().setPart(part).build()));
  }

  @Test
  void goesOnBehindTheLastBatch() {
    Reading<ViewRequest, ViewResponse> reading =
        new Reading<>(ReadMethod.VIEW, "host:1", ViewRequest.newBuilder().setPipeline("p").setLimit(9).build());
    assertTrue(reading.begin().getResumeToken().isEmpty());
    assertEquals(List.of("c", "b"), viewed(reading, batch("t1", "c", "b")));
    ViewRequest again = reading.begin();
    assertEquals("t1", again.getResumeToken().toStringUtf8());
    assertEquals(9, again.getLimit());
    assertEquals(List.of("a"), viewed(reading, batch("t2", "a")));
    assertFalse(reading.isComplete());
    viewed(reading, summary(1)); // of this stream alone
    assertTrue(reading.isComplete());
  }

  @Test
  void noticesResultsThatAreLost() {
    Reading<ViewRequest, ViewResponse> reading =
        new Reading<>(ReadMethod.VIEW, "host:1", ViewRequest.getDefaultInstance());
    reading.begin();
    viewed(reading, batch("t1", "a"));
    ResultsException error = assertThrows(ResultsException.class, () -> viewed(reading, summary(2)));
    assertTrue(error.getMessage().contains("lost results: 1 of 2"), error.getMessage());
  }

  @Test
  void keepsWhatCanNotBeResumedUntilAllIsThere() {
    Reading<TopRequest, TopResponse> reading =
        new Reading<>(ReadMethod.TOP, "host:1", TopRequest.getDefaultInstance());
    reading.begin();
    assertEquals(List.of(), ranked(reading, batch("", "c")));
    reading.begin();
    assertEquals(List.of(), ranked(reading, batch("", "b", "a")));
    assertEquals(List.of("b", "a"), ranked(reading, summary(2)));
  }

  private static WatchEvent.Builder event(ChangeKind kind, String id) {
    return WatchEvent.newBuilder().setKind(kind).setPipeline("p").setId(id);
  }

  private static Watching watching(String token) {
    return new Watching(
        "host:1", WatchRequest.newBuilder().setResumeToken(ByteString.copyFromUtf8(token)).build());
  }

  @Test
  void onlyTheLastChangeOfAResponseMovesTheTokenOn() {
    Watching watching = watching("t0");
    List<Watching.Arrived> arrived =
        watching.take(
            WatchResponse.newBuilder()
                .addEvents(event(ChangeKind.CHANGE_KIND_DEPOSITED, "a").setResultIndex(0))
                .addEvents(event(ChangeKind.CHANGE_KIND_DELETED, "b"))
                .setResults(documents("a"))
                .setResumeToken(ByteString.copyFromUtf8("t1"))
                .setSnapshotComplete(true)
                .build());
    assertEquals(List.of("t0", "t1", "t1"), arrived.stream().map(each -> each.token().toStringUtf8()).toList());
    assertEquals("t1", watching.begin().getResumeToken().toStringUtf8());
    List<Change<Document>> changes =
        arrived.stream().map(each -> each.decoded(DOCUMENTS.codec(Document.class))).toList();
    assertEquals(new Document("id", "a"), changes.get(0).result());
    assertEquals(null, changes.get(1).result());
    assertEquals(ca.chimefrb.workflow.results.ChangeKind.SNAPSHOT_COMPLETE, changes.get(2).kind());
  }

  @Test
  void aResponseWithoutATokenBelongsToTheNext() {
    Watching watching = watching("t0");
    watching.take(
        WatchResponse.newBuilder().addEvents(event(ChangeKind.CHANGE_KIND_DELETED, "a")).build());
    assertEquals("t0", watching.token().toStringUtf8());
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    WatchResponse unknown =
        WatchResponse.newBuilder().addEvents(WatchEvent.newBuilder().setKindValue(99)).build();
    assertThrows(ResultsException.class, () -> watching("").take(unknown));
    WatchResponse without =
        WatchResponse.newBuilder()
            .addEvents(event(ChangeKind.CHANGE_KIND_UPDATED, "a").setResultIndex(0))
            .build();
    assertThrows(ResultsException.class, () -> watching("").take(without));
  }
}

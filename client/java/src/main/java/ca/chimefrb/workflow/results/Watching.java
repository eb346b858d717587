package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.WatchEvent;
import ca.chimefrb.workflow.results.v1.WatchRequest;
import ca.chimefrb.workflow.results.v1.WatchResponse;
import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bson.RawBsonDocument;
import org.bson.codecs.Codec;

/** A watch on its way through one stream after another, no change missing. */
final class Watching implements Course<WatchRequest> {
  private final String what;
  private final Attempts attempts = new Attempts(Attempts.Policy.IDEMPOTENT);
  private WatchRequest request;

  Watching(String target, WatchRequest request) {
    this.what = "Watch at " + target;
    this.request = request;
  }

  /**
   * A change as it has arrived.
   *
   * @param event the event; null for the end of a snapshot
   * @param result the result, or null if none comes along
   * @param token the resume token behind the change
   */
  record Arrived(WatchEvent event, RawBsonDocument result, ByteString token) {
    /**
     * Puts it into the terms of this client.
     *
     * @throws ResultsException the result is not what the codec takes
     */
    <T> Change<T> decoded(Codec<T> codec) {
      if (event == null) {
        return new Change<>(ChangeKind.SNAPSHOT_COMPLETE, "", "", null, null, "", "", List.of(), token);
      }
      return new Change<>(
          Watching.kind(event),
          event.getPipeline(),
          event.getId(),
          result == null ? null : Documents.decode(result, codec),
          event.hasTime() ? Instant.ofEpochSecond(event.getTime().getSeconds(), event.getTime().getNanos()) : null,
          event.getCaller(),
          event.getReason(),
          List.copyOf(event.getFieldsList()),
          token);
    }
  }

  @Override
  public WatchRequest begin() {
    return request;
  }

  /** The resume token behind all that has arrived. */
  ByteString token() {
    return request.getResumeToken();
  }

  /**
   * Notes what has arrived.
   *
   * @return the changes in it
   * @throws ResultsException a result is missing, or this client does not know what happened
   */
  List<Arrived> take(WatchResponse response) {
    attempts.progress();
    List<RawBsonDocument> results = Documents.split(response.getResults().getBson());
    ByteString before = request.getResumeToken();
    ByteString behind = response.getResumeToken().isEmpty() ? before : response.getResumeToken();
    List<Arrived> arrived = new ArrayList<>();
    List<WatchEvent> events = response.getEventsList();
    for (int index = 0; index < events.size(); index++) {
      WatchEvent event = events.get(index);
      if (kind(event) == null) {
        throw Failure.other(what + " has changes that are not known to this client: is it older than the server?")
            .toException();
      }
      if (event.hasResultIndex() && event.getResultIndex() >= results.size()) {
        throw Failure.other(what + " lost results: " + results.size() + " arrived in a response").toException();
      }
      RawBsonDocument result = event.hasResultIndex() ? results.get(event.getResultIndex()) : null;
      arrived.add(new Arrived(event, result, index == events.size() - 1 ? behind : before));
    }
    if (response.getSnapshotComplete()) {
      arrived.add(new Arrived(null, null, behind));
    }
    request = request.toBuilder().setResumeToken(behind).build();
    return arrived;
  }

  @Override
  public boolean isComplete() {
    return false;
  }

  @Override
  public Failure endedEarly() {
    return Failure.unavailable(what + " ended");
  }

  @Override
  public Attempts attempts() {
    return attempts;
  }

  private static ChangeKind kind(WatchEvent event) {
    return switch (event.getKind()) {
      case CHANGE_KIND_EXISTING -> ChangeKind.EXISTING;
      case CHANGE_KIND_DEPOSITED -> ChangeKind.DEPOSITED;
      case CHANGE_KIND_UPDATED -> ChangeKind.UPDATED;
      case CHANGE_KIND_LOCKED -> ChangeKind.LOCKED;
      case CHANGE_KIND_UNLOCKED -> ChangeKind.UNLOCKED;
      case CHANGE_KIND_DELETED -> ChangeKind.DELETED;
      case CHANGE_KIND_CHANGED -> ChangeKind.CHANGED;
      case CHANGE_KIND_UNMATCHED -> ChangeKind.UNMATCHED;
      case CHANGE_KIND_DROPPED -> ChangeKind.DROPPED;
      case CHANGE_KIND_UNSPECIFIED, UNRECOGNIZED -> null;
    };
  }
}

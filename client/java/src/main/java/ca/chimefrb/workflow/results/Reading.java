package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.ResultPart;
import java.util.ArrayList;
import java.util.List;
import org.bson.RawBsonDocument;

/** A read on its way through one stream after another, nothing missing and nothing twice. */
final class Reading<Q, R> implements Course<Q> {
  private final ReadMethod<Q, R> method;
  private final String what;
  private final Attempts attempts = new Attempts(Attempts.Policy.IDEMPOTENT);

  /** What has arrived of a stream that begins anew where it breaks. */
  private final List<RawBsonDocument> kept = new ArrayList<>();

  private Q request;
  private long count;
  private boolean complete;

  Reading(ReadMethod<Q, R> method, String target, Q request) {
    this.method = method;
    this.what = method.call().getBareMethodName() + " at " + target;
    this.request = request;
  }

  @Override
  public Q begin() {
    count = 0;
    kept.clear();
    return request;
  }

  /**
   * Notes what has arrived.
   *
   * @return the documents in it; those of a stream that can't be resumed come when all have arrived
   * @throws ResultsException documents are missing, or no documents
   */
  List<RawBsonDocument> take(R response) {
    ResultPart part = method.part().apply(response);
    List<RawBsonDocument> documents = List.of();
    if (part.hasBatch()) {
      documents = Documents.split(part.getBatch().getResults().getBson());
      count += documents.size();
      if (method.resumed() != null) {
        request = method.resumed().apply(request, part.getBatch().getResumeToken());
      }
      attempts.progress();
    }
    if (part.hasSummary()) {
      if (part.getSummary().getCount() != count) {
        throw Failure.other(what + " lost results: " + count + " of " + part.getSummary().getCount() + " arrived")
            .toException();
      }
      complete = true;
    }
    if (method.resumed() != null) {
      return documents;
    }
    kept.addAll(documents);
    return complete ? List.copyOf(kept) : List.of();
  }

  @Override
  public boolean isComplete() {
    return complete;
  }

  @Override
  public Failure endedEarly() {
    return Failure.unavailable(what + " ended early, without a summary");
  }

  @Override
  public Attempts attempts() {
    return attempts;
  }
}

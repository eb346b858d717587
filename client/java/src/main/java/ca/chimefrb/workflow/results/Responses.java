package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.CountByResponse;
import ca.chimefrb.workflow.results.v1.InfoResponse;
import ca.chimefrb.workflow.results.v1.RefusalReason;
import java.time.Instant;
import java.util.List;
import org.bson.Document;
import org.bson.RawBsonDocument;
import org.bson.codecs.Codec;

/** Responses in the terms of this client. */
final class Responses {
  private Responses() {}

  static ChangeOutcome outcome(ca.chimefrb.workflow.results.v1.ChangeOutcome outcome, int lockedCount) {
    List<ChangeOutcome.Refusal> refusals =
        outcome.getRefusalsList().stream()
            .map(
                each ->
                    new ChangeOutcome.Refusal(
                        each.getPipeline(),
                        each.getId(),
                        each.getReason() == RefusalReason.REFUSAL_REASON_LOCKED))
            .toList();
    return new ChangeOutcome(outcome.getApplied(), refusals, outcome.getRefusalCount(), lockedCount);
  }

  static ValueCounts counts(CountByResponse response, Codec<Document> codec) {
    List<ValueCounts.ValueCount> counts =
        response.getCountsList().stream()
            .map(
                each -> {
                  Document value = Documents.decode(new RawBsonDocument(each.getValue().getBson().toByteArray()), codec);
                  return new ValueCounts.ValueCount(value.get("value"), each.getCount());
                })
            .toList();
    return new ValueCounts(counts, response.getHasMore(), response.getOtherCount());
  }

  static ServerInfo info(InfoResponse response) {
    var limits = response.getLimits();
    return new ServerInfo(
        response.getServerVersion(),
        response.getApiVersion(),
        response.getMongodbVersion(),
        new ServerInfo.Limits(
            limits.getMessageBytes(),
            limits.getWorkBytes(),
            limits.getWorkDepth(),
            limits.getPipelineLength(),
            limits.getIdLength(),
            limits.getTransactionResults(),
            limits.getBatchBytes(),
            limits.getServerSeconds(),
            limits.getRequestWorks(),
            limits.getPipelines()),
        response.getChecker());
  }

  /**
   * Reads an entry of a history.
   *
   * @throws ResultsException this client does not know its method
   */
  static HistoryEntry entry(ca.chimefrb.workflow.results.v1.HistoryEntry entry) {
    HistoryEntry.Method method =
        switch (entry.getMethod()) {
          case CHANGE_METHOD_UPDATE -> HistoryEntry.Method.UPDATE;
          case CHANGE_METHOD_DELETE_IDS -> HistoryEntry.Method.DELETE_IDS;
          case CHANGE_METHOD_LOCK -> HistoryEntry.Method.LOCK;
          case CHANGE_METHOD_UNLOCK -> HistoryEntry.Method.UNLOCK;
          case CHANGE_METHOD_DROP_PIPELINE -> HistoryEntry.Method.DROP_PIPELINE;
          case CHANGE_METHOD_UNSPECIFIED, UNRECOGNIZED ->
              throw Failure.other("the history has a method that this client does not know: is it older than the server?")
                  .toException();
        };
    return new HistoryEntry(
        Instant.ofEpochSecond(entry.getTime().getSeconds(), entry.getTime().getNanos()),
        method,
        entry.getCaller(),
        List.copyOf(entry.getFieldsList()),
        entry.getReason(),
        entry.getRequestId(),
        entry.getResultCount(),
        entry.getFieldCount());
  }

  static FieldIndex index(ca.chimefrb.workflow.results.v1.FieldIndex index) {
    return new FieldIndex(index.getField(), index.getSizeBytes(), index.getReady());
  }
}

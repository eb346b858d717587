package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.CountByRequest;
import ca.chimefrb.workflow.results.v1.CountRequest;
import ca.chimefrb.workflow.results.v1.CreateIndexRequest;
import ca.chimefrb.workflow.results.v1.DeleteIdsRequest;
import ca.chimefrb.workflow.results.v1.DropIndexRequest;
import ca.chimefrb.workflow.results.v1.DropPipelineRequest;
import ca.chimefrb.workflow.results.v1.GetByCountRequest;
import ca.chimefrb.workflow.results.v1.GetByEventRequest;
import ca.chimefrb.workflow.results.v1.GetLockedCountRequest;
import ca.chimefrb.workflow.results.v1.GetLockedRequest;
import ca.chimefrb.workflow.results.v1.HistoryRequest;
import ca.chimefrb.workflow.results.v1.HistoryResponse;
import ca.chimefrb.workflow.results.v1.InfoRequest;
import ca.chimefrb.workflow.results.v1.ListIndexesRequest;
import ca.chimefrb.workflow.results.v1.LockRequest;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import ca.chimefrb.workflow.results.v1.StatusRequest;
import ca.chimefrb.workflow.results.v1.TopRequest;
import ca.chimefrb.workflow.results.v1.UnlockRequest;
import ca.chimefrb.workflow.results.v1.UnlockResponse;
import ca.chimefrb.workflow.results.v1.UpdateRequest;
import ca.chimefrb.workflow.results.v1.ViewRequest;
import ca.chimefrb.workflow.results.v1.WatchRequest;
import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.bson.types.ObjectId;

/**
 * A client of Workflow Results.
 *
 * <p>It connects with its first call, and again whenever a connection breaks. Any number of threads may share it. Each
 * connection takes 100 calls at a time; the client opens further ones, and has others for streams, watches and
 * depositors than for calls with one answer.
 *
 * <p>Calls with one answer end within the timeout, which is 15 s by default, all attempts together. Reads have none
 * unless {@link #withTimeout} sets one; they give up after 60 s without progress. Every method throws a {@link
 * ResultsException} when it fails. To interrupt the thread, or to cancel its {@link io.grpc.Context}, ends a call.
 *
 * <p>Works, queries and projections may be any {@link Bson}: {@code Document}, {@code BsonDocument}, what the builders of
 * MongoDB's driver make, and {@code RawBsonDocument} for what is encoded already. Results come as {@code Document}, or in
 * another type: {@code results.view("p").as(BsonDocument.class)}. They are without MongoDB's {@code _id}.
 */
public final class Results implements AutoCloseable {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int DEFAULT_COUNT = 10;

  private final Calls calls;
  private final Documents documents;
  private final Duration clientTimeout;
  private final Duration callTimeout;

  /**
   * Begins.
   *
   * @param clientTimeout the timeout in the settings; null for the default
   * @param callTimeout the timeout of each call; null for the default
   */
  Results(Calls calls, Documents documents, Duration clientTimeout, Duration callTimeout) {
    this.calls = calls;
    this.documents = documents;
    this.clientTimeout = clientTimeout;
    this.callTimeout = callTimeout;
  }

  /**
   * Makes a client with the settings of the environment, or else the defaults.
   *
   * @return the client
   * @throws ResultsException settings can't be used; INVALID_REQUEST
   */
  public static Results connect() {
    return builder().connect();
  }

  /**
   * Makes a client of a service.
   *
   * @param target where the service is, {@code localhost:50051} for example
   * @return the client
   * @throws ResultsException settings can't be used; INVALID_REQUEST
   */
  public static Results connect(String target) {
    return builder().target(target).connect();
  }

  /**
   * Begins with the settings of a client.
   *
   * @return the settings
   */
  public static ResultsBuilder builder() {
    return new ResultsBuilder();
  }

  /**
   * The same client with another timeout for its calls.
   *
   * @param timeout the time for each call as a whole, reads and watches included. For a depositor, the time without an
   *     acknowledgement after which it gives up
   * @return a client that shares the connections of this one; to close either closes both
   * @throws ResultsException the timeout is not positive; INVALID_REQUEST
   */
  public Results withTimeout(Duration timeout) {
    return new Results(calls, documents, clientTimeout, Settings.checkedTimeout("timeout", timeout));
  }

  /**
   * Deposits a work.
   *
   * @param work as for {@link #deposit(Collection)}
   * @return what became of it
   * @throws ResultsException the call failed; {@code works()} has the work with its id
   */
  public Receipt deposit(Bson work) {
    return deposit(Collections.singletonList(work)).get(0);
  }

  /**
   * Deposits works. Nothing that is stored is ever overwritten, and any deposit may be repeated.
   *
   * @param works any number of works, each with {@code pipeline} and {@code status} ("success" or "failure"). One
   *     without an {@code id}, or with null, gets a new ObjectId as its id; the document of the caller is not changed
   * @return what became of each, in their order
   * @throws ResultsException the call failed, and some works may be stored; {@code works()} has all works with their
   *     ids, to be deposited again
   */
  public List<Receipt> deposit(Collection<? extends Bson> works) {
    List<Work> prepared = new ArrayList<>();
    for (byte[] each : encoded(works)) {
      prepared.add(Work.of(each, Results::newId));
    }
    return new Deposit(calls, prepared, limit()).send();
  }

  /**
   * Opens a depositor, for works that finish one by one: it sends them together, which costs the server far less than
   * one call per work.
   *
   * @return the depositor, to be closed
   */
  public Depositor depositor() {
    return new Depositor(calls, documents, callTimeout == null ? patience() : callTimeout);
  }

  /**
   * Sets top-level fields of results, all or nothing. Fields that are not given are kept.
   *
   * @param works each with {@code pipeline}, {@code id} and the fields to set; a {@code results} is replaced whole
   * @return whether all results were changed; they are not if one is locked or does not exist
   * @throws ResultsException the call failed
   */
  public ChangeOutcome update(Collection<? extends Bson> works) {
    return update(works, ChangeOptions.none());
  }

  /**
   * Does as {@link #update(Collection)}.
   *
   * @param works as there
   * @param options a reason and a request id
   * @return as there
   * @throws ResultsException the call failed
   */
  public ChangeOutcome update(Collection<? extends Bson> works, ChangeOptions options) {
    UpdateRequest request =
        UpdateRequest.newBuilder()
            .setWorks(Documents.message(encoded(works)))
            .setReason(options.reason())
            .setRequestId(options.requestId())
            .build();
    return Responses.outcome(
        call(ResultsServiceGrpc.getUpdateMethod(), request, options.requestId()).getOutcome(), 0);
  }

  /**
   * Deletes results, all or nothing.
   *
   * @param pipeline the pipeline of the results
   * @param ids their ids, at most 100,000
   * @return whether all results were deleted; they are not if one is locked or does not exist
   * @throws ResultsException the call failed
   */
  public ChangeOutcome deleteIds(String pipeline, Collection<String> ids) {
    return deleteIds(pipeline, ids, ChangeOptions.none());
  }

  /**
   * Does as {@link #deleteIds(String, Collection)}.
   *
   * @param pipeline as there
   * @param ids as there
   * @param options a reason and a request id
   * @return as there
   * @throws ResultsException the call failed
   */
  public ChangeOutcome deleteIds(String pipeline, Collection<String> ids, ChangeOptions options) {
    DeleteIdsRequest request =
        DeleteIdsRequest.newBuilder()
            .setPipeline(pipeline)
            .addAllIds(Ids.checked(ids))
            .setReason(options.reason())
            .setRequestId(options.requestId())
            .build();
    return Responses.outcome(
        call(ResultsServiceGrpc.getDeleteIdsMethod(), request, options.requestId()).getOutcome(), 0);
  }

  /**
   * Locks results, all or nothing: a locked result can be neither updated nor deleted.
   *
   * @param pipeline the pipeline of the results
   * @param ids their ids, at most 100,000
   * @return whether all results are locked; nothing is changed if one does not exist
   * @throws ResultsException the call failed
   */
  public ChangeOutcome lock(String pipeline, Collection<String> ids) {
    return lock(pipeline, ids, ChangeOptions.none());
  }

  /**
   * Does as {@link #lock(String, Collection)}.
   *
   * @param pipeline as there
   * @param ids as there
   * @param options a reason and a request id
   * @return as there
   * @throws ResultsException the call failed
   */
  public ChangeOutcome lock(String pipeline, Collection<String> ids, ChangeOptions options) {
    LockRequest request =
        LockRequest.newBuilder()
            .setPipeline(pipeline)
            .addAllIds(Ids.checked(ids))
            .setReason(options.reason())
            .setRequestId(options.requestId())
            .build();
    return Responses.outcome(
        call(ResultsServiceGrpc.getLockMethod(), request, options.requestId()).getOutcome(), 0);
  }

  /**
   * Unlocks results, all or nothing, or only counts those that are locked.
   *
   * @param pipeline the pipeline of the results
   * @param ids their ids, at most 100,000
   * @param force false changes nothing, and only counts
   * @return whether all results are unlocked, and how many were locked; nothing is changed if one does not exist
   * @throws ResultsException the call failed
   */
  public ChangeOutcome unlock(String pipeline, Collection<String> ids, boolean force) {
    return unlock(pipeline, ids, force, ChangeOptions.none());
  }

  /**
   * Does as {@link #unlock(String, Collection, boolean)}.
   *
   * @param pipeline as there
   * @param ids as there
   * @param force as there
   * @param options a reason and a request id
   * @return as there
   * @throws ResultsException the call failed
   */
  public ChangeOutcome unlock(String pipeline, Collection<String> ids, boolean force, ChangeOptions options) {
    UnlockRequest request =
        UnlockRequest.newBuilder()
            .setPipeline(pipeline)
            .addAllIds(Ids.checked(ids))
            .setForce(force)
            .setReason(options.reason())
            .setRequestId(options.requestId())
            .build();
    UnlockResponse response = call(ResultsServiceGrpc.getUnlockMethod(), request, options.requestId());
    return Responses.outcome(response.getOutcome(), response.getLockedCount());
  }

  /**
   * Reads all results of a pipeline, the highest id first.
   *
   * @param pipeline the pipeline
   * @return the results
   */
  public ResultStream<Document> view(String pipeline) {
    return view(pipeline, null, ViewOptions.none());
  }

  /**
   * Reads the results that match a query, the highest id first.
   *
   * @param pipeline the pipeline
   * @param query a MongoDB filter; null for every result
   * @return the results
   * @throws ResultsException the query can't be encoded; INVALID_REQUEST
   */
  public ResultStream<Document> view(String pipeline, Bson query) {
    return view(pipeline, query, ViewOptions.none());
  }

  /**
   * Reads some of the results that match a query, the highest id first.
   *
   * @param pipeline the pipeline
   * @param query a MongoDB filter; null for every result
   * @param options a projection, how many results to skip, and a limit
   * @return the results
   * @throws ResultsException the query or the projection can't be encoded; INVALID_REQUEST
   */
  public ResultStream<Document> view(String pipeline, Bson query, ViewOptions options) {
    ViewRequest request =
        ViewRequest.newBuilder()
            .setPipeline(pipeline)
            .setQuery(documents.message("query", query))
            .setProjection(documents.message("projection", options.projection()))
            .setSkip(options.skip())
            .setLimit(options.limit())
            .build();
    return read(ReadMethod.VIEW, List.of(request));
  }

  /**
   * Reads the results with some ids, the highest id first.
   *
   * @param pipeline the pipeline
   * @param ids any number of ids; those that do not exist are left out, and one that is named twice counts once
   * @return the results
   * @throws ResultsException an id is null or broken; INVALID_REQUEST
   */
  public ResultStream<Document> getById(String pipeline, Collection<String> ids) {
    return read(ReadMethod.GET_BY_ID, Ids.requests(pipeline, ids));
  }

  /**
   * Reads the results whose {@code event} contains a number, alone or among others.
   *
   * @param pipeline the pipeline
   * @param eventNumber the number of the event
   * @return the results, the highest id first
   */
  public ResultStream<Document> getByEvent(String pipeline, long eventNumber) {
    GetByEventRequest request =
        GetByEventRequest.newBuilder().setPipeline(pipeline).setEventNumber(eventNumber).build();
    return read(ReadMethod.GET_BY_EVENT, List.of(request));
  }

  /**
   * Reads the ten results with the highest ids, which for ids made by a client are the newest.
   *
   * @param pipeline the pipeline
   * @return the results
   */
  public ResultStream<Document> getByCount(String pipeline) {
    return getByCount(pipeline, DEFAULT_COUNT);
  }

  /**
   * Reads the results with the highest ids.
   *
   * @param pipeline the pipeline
   * @param count how many results to read at most; 0 for no limit
   * @return the results
   */
  public ResultStream<Document> getByCount(String pipeline, long count) {
    GetByCountRequest request =
        GetByCountRequest.newBuilder().setPipeline(pipeline).setCount(count).build();
    return read(ReadMethod.GET_BY_COUNT, List.of(request));
  }

  /**
   * Reads ten locked results, as {@link #getLocked(String, long, long)} does.
   *
   * @param pipeline the pipeline
   * @return the results
   */
  public ResultStream<Document> getLocked(String pipeline) {
    return getLocked(pipeline, 0, DEFAULT_COUNT);
  }

  /**
   * Reads locked results that have {@code results}, {@code plots} and {@code products}, each with these, {@code id} and
   * {@code event} only.
   *
   * @param pipeline the pipeline
   * @param skip how many results to skip
   * @param count how many results to read at most; 0 for no limit
   * @return the results, the highest id first
   */
  public ResultStream<Document> getLocked(String pipeline, long skip, long count) {
    GetLockedRequest request =
        GetLockedRequest.newBuilder().setPipeline(pipeline).setSkip(skip).setCount(count).build();
    return read(ReadMethod.GET_LOCKED, List.of(request));
  }

  /**
   * Reads the 100 results with the highest values of a field.
   *
   * @param pipeline the pipeline
   * @param field the path of the field, {@code results.snr} for example
   * @return the results, the highest value first
   */
  public ResultStream<Document> top(String pipeline, String field) {
    return top(pipeline, field, TopOptions.none());
  }

  /**
   * Reads the results with the highest or lowest values of a field. Results where it is no number are left out. If the
   * connection breaks, the read begins again; nothing is handed out before all has arrived.
   *
   * @param pipeline the pipeline
   * @param field the path of the field, {@code results.snr} for example
   * @param options a query, a projection, a limit and the order
   * @return the results in the order of their values
   * @throws ResultsException the query or the projection can't be encoded; INVALID_REQUEST
   */
  public ResultStream<Document> top(String pipeline, String field, TopOptions options) {
    TopRequest request =
        TopRequest.newBuilder()
            .setPipeline(pipeline)
            .setField(field)
            .setQuery(documents.message("query", options.query()))
            .setProjection(documents.message("projection", options.projection()))
            .setLimit(options.limit())
            .setAscending(options.ascending())
            .build();
    return read(ReadMethod.TOP, List.of(request));
  }

  /**
   * Watches changes of results as they are made.
   *
   * @param options what to watch
   * @return the changes from now on: the service has begun to watch
   * @throws ResultsException the watch failed; INVALID_REQUEST with the reason RESUME_TOKEN_EXPIRED if the changes since
   *     the token are not known any more
   */
  public Watch<Document> watch(WatchOptions options) {
    WatchRequest request =
        WatchRequest.newBuilder()
            .addAllPipelines(options.pipelines())
            .setQuery(documents.message("query", options.query()))
            .setProjection(documents.message("projection", options.projection()))
            .setSnapshot(options.snapshot())
            .setResumeToken(options.resumeToken())
            .build();
    ResumingStream.Times times =
        new ResumingStream.Times(TimeLimit.after(callTimeout), patience(), PATIENCE, true);
    return Watch.begin(calls, documents, Document.class, request, times);
  }

  /**
   * Watches changes of the results of a pipeline as they are made.
   *
   * @param pipeline the pipeline
   * @return the changes from now on: the service has begun to watch
   * @throws ResultsException the watch failed
   */
  public Watch<Document> watch(String pipeline) {
    return watch(WatchOptions.none().withPipelines(List.of(pipeline)));
  }

  /**
   * Counts the results that match a query, exactly.
   *
   * @param pipeline the pipeline
   * @param query a MongoDB filter; null for every result
   * @return the number of results
   * @throws ResultsException the call failed
   */
  public long count(String pipeline, Bson query) {
    CountRequest request =
        CountRequest.newBuilder().setPipeline(pipeline).setQuery(documents.message("query", query)).build();
    return call(ResultsServiceGrpc.getCountMethod(), request).getCount();
  }

  /**
   * Counts all results by the values of a field.
   *
   * @param pipeline the pipeline
   * @param field the path of the field, {@code results.class} for example
   * @return the most frequent values
   * @throws ResultsException the call failed
   */
  public ValueCounts countBy(String pipeline, String field) {
    return countBy(pipeline, field, null);
  }

  /**
   * Counts the results that match a query by the values of a field. A result whose field is a list counts for each
   * distinct element; results without the field are left out.
   *
   * @param pipeline the pipeline
   * @param field the path of the field, {@code results.class} for example
   * @param query a MongoDB filter; null for every result
   * @return the most frequent values
   * @throws ResultsException the call failed
   */
  public ValueCounts countBy(String pipeline, String field, Bson query) {
    CountByRequest request =
        CountByRequest.newBuilder()
            .setPipeline(pipeline)
            .setField(field)
            .setQuery(documents.message("query", query))
            .build();
    return Responses.counts(
        call(ResultsServiceGrpc.getCountByMethod(), request), documents.codec(Document.class));
  }

  /**
   * Counts the results of every pipeline.
   *
   * @return the numbers by pipeline, without pipelines that have none
   * @throws ResultsException the call failed
   */
  public Map<String, Long> status() {
    return call(ResultsServiceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance()).getCountsMap();
  }

  /**
   * Asks for the versions and limits of the server.
   *
   * @return the versions and limits
   * @throws ResultsException the call failed
   */
  public ServerInfo info() {
    return Responses.info(call(ResultsServiceGrpc.getInfoMethod(), InfoRequest.getDefaultInstance()));
  }

  /**
   * Counts all locked results of a pipeline.
   *
   * @param pipeline the pipeline
   * @return the number of results
   * @throws ResultsException the call failed
   */
  public long getLockedCount(String pipeline) {
    GetLockedCountRequest request = GetLockedCountRequest.newBuilder().setPipeline(pipeline).build();
    return call(ResultsServiceGrpc.getGetLockedCountMethod(), request).getCount();
  }

  /**
   * Lists the changes of a result. Deposits are not recorded; a deleted result keeps its history.
   *
   * @param pipeline the pipeline of the result
   * @param id the id of the result
   * @return all changes, the newest first
   * @throws ResultsException the call failed
   */
  public List<HistoryEntry> history(String pipeline, String id) {
    List<HistoryEntry> entries = new ArrayList<>();
    TimeLimit limit = limit();
    String token = "";
    do {
      HistoryRequest request =
          HistoryRequest.newBuilder().setPipeline(pipeline).setId(id).setPageToken(token).build();
      HistoryResponse response = call(ResultsServiceGrpc.getHistoryMethod(), request, "", limit);
      response.getEntriesList().forEach(each -> entries.add(Responses.entry(each)));
      token = response.getNextPageToken();
    } while (!token.isEmpty());
    return entries;
  }

  /**
   * Lists the changes of a pipeline itself, which are those by {@link #dropPipeline(String)}.
   *
   * @param pipeline the pipeline
   * @return all changes, the newest first
   * @throws ResultsException the call failed
   */
  public List<HistoryEntry> history(String pipeline) {
    return history(pipeline, "");
  }

  /**
   * Lists the indexes on fields of a pipeline. For admins.
   *
   * @param pipeline the pipeline
   * @return the indexes in the order of their fields
   * @throws ResultsException the call failed
   */
  public List<FieldIndex> listIndexes(String pipeline) {
    ListIndexesRequest request = ListIndexesRequest.newBuilder().setPipeline(pipeline).build();
    return call(ResultsServiceGrpc.getListIndexesMethod(), request).getIndexesList().stream()
        .map(Responses::index)
        .toList();
  }

  /**
   * Builds an index on a field, unless there is one. For admins.
   *
   * @param pipeline the pipeline
   * @param field the path of the field, {@code results.snr} for example
   * @return the index; it is not ready if building it takes longer than this call, which may be repeated to wait
   * @throws ResultsException the call failed
   */
  public FieldIndex createIndex(String pipeline, String field) {
    CreateIndexRequest request = CreateIndexRequest.newBuilder().setPipeline(pipeline).setField(field).build();
    return Responses.index(call(ResultsServiceGrpc.getCreateIndexMethod(), request).getIndex());
  }

  /**
   * Drops the index on a field, or gives up building it. For admins.
   *
   * @param pipeline the pipeline
   * @param field the path of the field
   * @return false if there was none
   * @throws ResultsException the call failed
   */
  public boolean dropIndex(String pipeline, String field) {
    DropIndexRequest request = DropIndexRequest.newBuilder().setPipeline(pipeline).setField(field).build();
    return call(ResultsServiceGrpc.getDropIndexMethod(), request).getDropped();
  }

  /**
   * Drops a pipeline that has no results left. For admins.
   *
   * @param pipeline the pipeline
   * @return false if it did not exist
   * @throws ResultsException the call failed; INVALID_REQUEST with the reason PIPELINE_NOT_EMPTY if it has results
   */
  public boolean dropPipeline(String pipeline) {
    return dropPipeline(pipeline, "");
  }

  /**
   * Does as {@link #dropPipeline(String)}.
   *
   * @param pipeline as there
   * @param reason why, for the history of the pipeline
   * @return as there
   * @throws ResultsException as there
   */
  public boolean dropPipeline(String pipeline, String reason) {
    DropPipelineRequest request =
        DropPipelineRequest.newBuilder().setPipeline(pipeline).setReason(reason).build();
    return call(ResultsServiceGrpc.getDropPipelineMethod(), request).getDropped();
  }

  /** Ends all calls, streams, watches and depositors of this client. Closing twice is fine. */
  @Override
  public void close() {
    calls.close();
  }

  /** The way to the service, for tests. */
  Calls calls() {
    return calls;
  }

  /** Makes the id of a work that has none. */
  static String newId() {
    return new ObjectId().toHexString();
  }

  private List<byte[]> encoded(Collection<? extends Bson> works) {
    List<byte[]> encoded = new ArrayList<>();
    for (Bson work : works) {
      encoded.add(documents.encode("works[" + encoded.size() + "]", work));
    }
    return encoded;
  }

  private <Q extends MessageLite, R> ResultStream<Document> read(ReadMethod<Q, R> method, List<Q> requests) {
    boolean patient = clientTimeout != null && clientTimeout.compareTo(PATIENCE) > 0;
    Duration silence = (patient ? clientTimeout : PATIENCE).multipliedBy(11).dividedBy(10);
    return new ResultStream<>(
        new ResultStream.Requests<>(
            calls,
            method,
            requests,
            () -> new ResumingStream.Times(TimeLimit.after(callTimeout), patience(), silence, false)),
        documents,
        Document.class);
  }

  private <Q extends MessageLite, R> R call(MethodDescriptor<Q, R> method, Q request) {
    return call(method, request, "");
  }

  private <Q extends MessageLite, R> R call(MethodDescriptor<Q, R> method, Q request, String requestId) {
    return call(method, request, requestId, limit());
  }

  private <Q extends MessageLite, R> R call(
      MethodDescriptor<Q, R> method, Q request, String requestId, TimeLimit limit) {
    try {
      return calls.unary(method, request, requestId, limit);
    } catch (CallFailedException error) {
      throw error.failure().toException();
    }
  }

  /** The time for a call with one answer. */
  private TimeLimit limit() {
    Duration chosen = callTimeout == null ? clientTimeout : callTimeout;
    return TimeLimit.after(chosen == null ? DEFAULT_TIMEOUT : chosen);
  }

  /** The time without progress after which a stream gives up. */
  private Duration patience() {
    return clientTimeout == null || clientTimeout.compareTo(PATIENCE) > 0 ? PATIENCE : clientTimeout;
  }
}

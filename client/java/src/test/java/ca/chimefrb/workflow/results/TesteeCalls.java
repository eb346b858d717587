package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Testee.ClientCommand;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.bson.conversions.Bson;

/** The commands that are calls. */
final class TesteeCalls {
  static final Map<String, ClientCommand> COMMANDS =
      Map.ofEntries(
          Map.entry("deposit", (client, each) -> receipts(client.deposit(works(each)))),
          Map.entry("update", (client, each) -> outcome(client.update(works(each), options(each)))),
          Map.entry("delete_ids", (client, each) -> outcome(client.deleteIds(pipeline(each), ids(each), options(each)))),
          Map.entry("lock", (client, each) -> outcome(client.lock(pipeline(each), ids(each), options(each)))),
          Map.entry("unlock", TesteeCalls::unlock),
          Map.entry(
              "count", (client, each) -> new Document("count", client.count(pipeline(each), Testee.given(each, "query")))),
          Map.entry("count_by", TesteeCalls::countBy),
          Map.entry("status", (client, each) -> new Document("counts", new Document(client.status()))),
          Map.entry("info", (client, each) -> info(client.info())),
          Map.entry(
              "get_locked_count", (client, each) -> new Document("count", client.getLockedCount(pipeline(each)))),
          Map.entry("history", TesteeCalls::history),
          Map.entry(
              "list_indexes",
              (client, each) ->
                  new Document("indexes", client.listIndexes(pipeline(each)).stream().map(TesteeCalls::index).toList())),
          Map.entry(
              "create_index",
              (client, each) -> new Document("index", index(client.createIndex(pipeline(each), text(each, "field"))))),
          Map.entry(
              "drop_index",
              (client, each) -> new Document("dropped", client.dropIndex(pipeline(each), text(each, "field")))),
          Map.entry(
              "drop_pipeline",
              (client, each) -> new Document("dropped", client.dropPipeline(pipeline(each), text(each, "reason")))),
          Map.entry("rpc", TesteeCalls::rpc));

  private static final MethodDescriptor.Marshaller<byte[]> AS_IT_IS =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
          return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream message) {
          try {
            return message.readAllBytes();
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        }
      };

  private TesteeCalls() {}

  static Document receipts(List<Receipt> receipts) {
    return new Document(
        "receipts",
        receipts.stream()
            .map(
                each ->
                    new Document("pipeline", each.pipeline())
                        .append("id", each.id())
                        .append("outcome", each.outcome().name())
                        .append("reason", each.reason()))
            .toList());
  }

  static List<Bson> works(Document command) {
    return command.getList("works", String.class).stream().map(Testee::given).toList();
  }

  static String pipeline(Document command) {
    return text(command, "pipeline");
  }

  static List<String> ids(Document command) {
    return command.getList("ids", String.class);
  }

  static String text(Document command, String name) {
    return command.get(name, "");
  }

  private static ChangeOptions options(Document command) {
    return new ChangeOptions(text(command, "reason"), text(command, "request_id"));
  }

  private static Document outcome(ChangeOutcome outcome) {
    List<Document> refusals =
        outcome.refusals().stream()
            .map(
                each ->
                    new Document("pipeline", each.pipeline()).append("id", each.id()).append("locked", each.locked()))
            .toList();
    return new Document(
        "outcome",
        new Document("applied", outcome.applied())
            .append("refusals", refusals)
            .append("refusal_count", outcome.refusalCount()));
  }

  private static Document unlock(Results client, Document command) {
    boolean force = command.getBoolean("force", false);
    ChangeOutcome outcome = client.unlock(pipeline(command), ids(command), force, options(command));
    return outcome(outcome).append("locked_count", outcome.lockedCount());
  }

  private static Document countBy(Results client, Document command) {
    ValueCounts found =
        client.countBy(pipeline(command), text(command, "field"), Testee.given(command, "query"));
    List<Document> counts =
        found.counts().stream()
            .map(
                each ->
                    new Document("value", Testee.hex(new Document("value", each.value())))
                        .append("count", each.count()))
            .toList();
    return new Document("counts", counts)
        .append("has_more", found.hasMore())
        .append("other_count", found.otherCount());
  }

  private static Document info(ServerInfo info) {
    ServerInfo.Limits limits = info.limits();
    return new Document("server_version", info.serverVersion())
        .append("api_version", info.apiVersion())
        .append("mongodb_version", info.mongodbVersion())
        .append("checker", info.checker())
        .append(
            "limits",
            new Document("message_bytes", limits.messageBytes())
                .append("work_bytes", limits.workBytes())
                .append("work_depth", limits.workDepth())
                .append("pipeline_length", limits.pipelineLength())
                .append("id_length", limits.idLength())
                .append("transaction_results", limits.transactionResults())
                .append("batch_bytes", limits.batchBytes())
                .append("server_seconds", limits.serverSeconds())
                .append("request_works", limits.requestWorks())
                .append("pipelines", limits.pipelines()));
  }

  private static Document history(Results client, Document command) {
    List<HistoryEntry> entries =
        command.containsKey("id")
            ? client.history(pipeline(command), command.getString("id"))
            : client.history(pipeline(command));
    return new Document(
        "entries",
        entries.stream()
            .map(
                each ->
                    new Document("time", each.time().toEpochMilli())
                        .append("method", each.method().name())
                        .append("caller", each.caller())
                        .append("fields", each.fields())
                        .append("reason", each.reason())
                        .append("request_id", each.requestId())
                        .append("result_count", each.resultCount())
                        .append("field_count", each.fieldCount()))
            .toList());
  }

  private static Document index(FieldIndex index) {
    return new Document("field", index.field()).append("size_bytes", index.sizeBytes()).append("ready", index.ready());
  }

  /** Sends messages as they are, without the retries of the facade, and returns the responses. */
  private static Document rpc(Results client, Document command) throws CallFailedException {
    List<String> requests =
        command.containsKey("requests")
            ? command.getList("requests", String.class)
            : List.of(command.getString("request"));
    String name = command.getString("method");
    MethodDescriptor.MethodType type =
        ResultsServiceGrpc.getServiceDescriptor().getMethods().stream()
            .filter(each -> name.equals(each.getBareMethodName()))
            .findFirst()
            .orElseThrow()
            .getType();
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.<byte[], byte[]>newBuilder(AS_IT_IS, AS_IT_IS)
            .setType(type)
            .setFullMethodName(MethodDescriptor.generateFullMethodName(ResultsServiceGrpc.SERVICE_NAME, name))
            .build();
    List<String> responses = new ArrayList<>();
    int take = command.getInteger("take", Integer.MAX_VALUE);
    try (RpcStream<byte[], byte[]> stream = client.calls().exchange(method, () -> {})) {
      requests.forEach(each -> stream.send(HexFormat.of().parseHex(each)));
      stream.halfClose();
      while (responses.size() < take) {
        byte[] response = stream.next(null);
        if (response == null) {
          break;
        }
        responses.add(HexFormat.of().formatHex(response));
      }
    } catch (CallFailedException error) {
      throw error.failure().toException();
    }
    return new Document("responses", responses);
  }
}

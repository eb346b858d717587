package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Testee.ClientCommand;
import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bson.Document;

/** The commands that read results, watch, or have a stream that stays open. */
final class TesteeStreams {
  private static final List<String> READS =
      List.of("view", "get_by_count", "get_by_id", "get_by_event", "get_locked", "top");
  private static final int MOST_FUTURES = 20_000;

  private final Map<String, AutoCloseable> opened = new ConcurrentHashMap<>();
  private final Map<String, Iterator<?>> iterators = new ConcurrentHashMap<>();
  private final Map<String, AtomicLong> told = new ConcurrentHashMap<>();

  Map<String, ClientCommand> commands() {
    Map<String, ClientCommand> commands = new HashMap<>();
    for (String what : READS) {
      commands.put(what, (client, each) -> all(read(client, what, each)));
    }
    commands.put("open", this::open);
    commands.put("next", this::next);
    commands.put("token", (client, each) -> new Document("resume_token", Testee.hex(watch(each).resumeToken())));
    commands.put("drain", this::drain);
    commands.put("depositor", (client, each) -> keep(each, client.depositor(), null));
    commands.put("send", this::send);
    commands.put("send_many", this::sendMany);
    commands.put("tell", (client, each) -> new Document("count", counter(each).get()));
    commands.put("shut", this::shut);
    return commands;
  }

  private static ResultStream<Document> read(Results client, String what, Document command) {
    String pipeline = TesteeCalls.pipeline(command);
    return switch (what) {
      case "view" ->
          client.view(
              pipeline,
              Testee.given(command, "query"),
              new ViewOptions(Testee.given(command, "projection"), number(command, "skip"), number(command, "limit")));
      case "get_by_count" -> client.getByCount(pipeline, number(command, "count"));
      case "get_by_id" -> client.getById(pipeline, TesteeCalls.ids(command));
      case "get_by_event" -> client.getByEvent(pipeline, Long.parseLong(command.getString("event_number")));
      case "get_locked" -> client.getLocked(pipeline, number(command, "skip"), number(command, "count"));
      case "top" -> client.top(pipeline, TesteeCalls.text(command, "field"), topOptions(command));
      default -> throw new IllegalArgumentException(what);
    };
  }

  private static TopOptions topOptions(Document command) {
    TopOptions options =
        TopOptions.none()
            .withQuery(Testee.given(command, "query"))
            .withProjection(Testee.given(command, "projection"))
            .withAscending(command.getBoolean("ascending", false));
    return command.containsKey("limit") ? options.withLimit(command.getInteger("limit")) : options;
  }

  private static long number(Document command, String name) {
    return command.containsKey(name) ? ((Number) command.get(name)).longValue() : 0;
  }

  private static Document all(ResultStream<Document> results) {
    return new Document("results", results.stream().map(Testee::hex).toList());
  }

  private Document open(Results client, Document command) {
    if (!command.getString("what").equals("watch")) {
      ResultStream<Document> results = read(client, command.getString("what"), command);
      return keep(command, results, results.iterator());
    }
    WatchOptions options =
        new WatchOptions(
            command.containsKey("pipelines") ? command.getList("pipelines", String.class) : List.of(),
            Testee.given(command, "query"),
            Testee.given(command, "projection"),
            command.getBoolean("snapshot", false),
            ByteString.fromHex(TesteeCalls.text(command, "resume_token")));
    Watch<Document> watch = client.watch(options);
    return keep(command, watch, watch.iterator());
  }

  private Document keep(Document command, AutoCloseable stream, Iterator<?> iterator) {
    String name = command.getString("stream");
    opened.put(name, stream);
    told.put(name, new AtomicLong());
    if (iterator != null) {
      iterators.put(name, iterator);
    }
    return new Document();
  }

  private AtomicLong counter(Document command) {
    return told.computeIfAbsent(command.getString("stream"), ignored -> new AtomicLong());
  }

  private Watch<?> watch(Document command) {
    return (Watch<?>) opened.get(command.getString("stream"));
  }

  private Document next(Results client, Document command) {
    Iterator<?> iterator = iterators.get(command.getString("stream"));
    int count = command.getInteger("count");
    List<Object> taken = new ArrayList<>();
    boolean changes = opened.get(command.getString("stream")) instanceof Watch;
    while (taken.size() < count && iterator.hasNext()) {
      Object next = iterator.next();
      taken.add(next instanceof Change<?> change ? change(change) : Testee.hex((Document) next));
    }
    return changes
        ? new Document("changes", taken)
        : new Document("results", taken).append("end", taken.size() < count);
  }

  private static Document change(Change<?> change) {
    return new Document("kind", change.kind().name())
        .append("pipeline", change.pipeline())
        .append("id", change.id())
        .append("result", change.result() == null ? null : Testee.hex((Document) change.result()))
        .append("time", change.time() == null ? null : change.time().toEpochMilli())
        .append("caller", change.caller())
        .append("reason", change.reason())
        .append("fields", change.fields())
        .append("resume_token", Testee.hex(change.resumeToken()));
  }

  private Document drain(Results client, Document command) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    AtomicLong count = counter(command);
    boolean ordered = true;
    String last = null;
    long began = System.nanoTime();
    Iterator<?> iterator = iterators.get(command.getString("stream"));
    while (iterator.hasNext()) {
      String id = ((Document) iterator.next()).getString("id");
      digest.update((id + "\n").getBytes(StandardCharsets.UTF_8));
      ordered &= last == null || id.compareTo(last) < 0;
      last = id;
      count.incrementAndGet();
    }
    return new Document("count", count.get())
        .append("digest", HexFormat.of().formatHex(digest.digest()))
        .append("ordered", ordered)
        .append("seconds", (System.nanoTime() - began) / 1e9);
  }

  private Document send(Results client, Document command) {
    Depositor depositor = (Depositor) opened.get(command.getString("stream"));
    List<CompletableFuture<Receipt>> futures =
        TesteeCalls.works(command).stream().map(depositor::deposit).toList();
    return TesteeCalls.receipts(futures.stream().map(CompletableFuture::join).toList());
  }

  private Document sendMany(Results client, Document command) {
    Depositor depositor = (Depositor) opened.get(command.getString("stream"));
    AtomicLong count = counter(command);
    Map<String, Object> outcomes = new TreeMap<>();
    Deque<CompletableFuture<Receipt>> futures = new ArrayDeque<>();
    long began = System.nanoTime();
    for (long number = number(command, "from"); number < number(command, "to"); number++) {
      futures.add(depositor.deposit(work(command, number)));
      while (!futures.isEmpty() && (futures.peek().isDone() || futures.size() > MOST_FUTURES)) {
        outcomes.merge(futures.remove().join().outcome().name(), 1, (one, more) -> (int) one + (int) more);
        count.incrementAndGet();
      }
    }
    for (CompletableFuture<Receipt> future : futures) {
      outcomes.merge(future.join().outcome().name(), 1, (one, more) -> (int) one + (int) more);
      count.incrementAndGet();
    }
    return new Document("outcomes", new Document(outcomes)).append("seconds", (System.nanoTime() - began) / 1e9);
  }

  /** Makes one of many works. */
  static Document work(Document command, long number) {
    Document results =
        new Document("number", number).append("padding", "x".repeat((int) number(command, "padding")));
    return new Document("id", String.format("%010d", number))
        .append("pipeline", TesteeCalls.pipeline(command))
        .append("status", "success")
        .append("results", results);
  }

  private Document shut(Results client, Document command) throws Exception {
    iterators.remove(command.getString("stream"));
    opened.remove(command.getString("stream")).close();
    return new Document();
  }
}

package ca.chimefrb.workflow.results;

import com.google.protobuf.ByteString;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bson.Document;
import org.bson.RawBsonDocument;
import org.bson.conversions.Bson;
import org.bson.json.JsonMode;
import org.bson.json.JsonWriterSettings;

/** The testee of this client: carries out the commands of the shared suite, each in a thread. */
final class Testee {
  private static final Documents DOCUMENTS = new Documents(null);
  private static final JsonWriterSettings JSON =
      JsonWriterSettings.builder().outputMode(JsonMode.RELAXED).build();

  private final Map<String, Results> clients = new ConcurrentHashMap<>();
  private final TesteeStreams streams = new TesteeStreams();
  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private final Map<String, Command> commands = new HashMap<>();

  private Testee() {
    commands.put("connect", this::connect);
    commands.put("close", this::close);
    commands.put("echo", each -> new Document("document", hex(decoded(each.getString("document")))));
    commands.put("rss", each -> memory());
    TesteeCalls.COMMANDS.forEach((name, call) -> commands.put(name, each -> call.answer(client(each), each)));
    streams.commands().forEach((name, call) -> commands.put(name, each -> call.answer(client(each), each)));
    DriverBench.COMMANDS.forEach(commands::put);
  }

  /** What carries out a command. */
  interface Command {
    /** Carries it out, and returns the answer. */
    Document answer(Document command) throws Exception;
  }

  /** What carries out a command with a client. */
  interface ClientCommand {
    /** Carries it out, and returns the answer. */
    Document answer(Results client, Document command) throws Exception;
  }

  /** Runs it. */
  public static void main(String[] arguments) throws Exception {
    new Testee().run();
  }

  private void run() throws IOException {
    ExecutorService pool = Executors.newCachedThreadPool();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Document command = Document.parse(line);
      pool.execute(() -> carryOut(command));
    }
    clients.values().forEach(Results::close);
    out.flush();
    System.exit(0);
  }

  private void carryOut(Document command) {
    Document answer = new Document("n", command.get("n"));
    Command known = commands.get(command.getString("do"));
    try {
      answer.putAll(known == null ? new Document("unknown", true) : known.answer(command));
    } catch (Exception | Error error) { // the suite is told
      answer.put("error", failure(error));
    }
    String line = answer.toJson(JSON);
    synchronized (out) {
      out.println(line);
      out.flush();
    }
  }

  private static Document failure(Throwable error) {
    if (error instanceof CompletionException && error.getCause() != null) {
      return failure(error.getCause());
    }
    if (error instanceof ResultsException known) {
      return new Document("kind", known.kind().name().toLowerCase(Locale.ROOT))
          .append("code", known.code().name())
          .append("reason", known.reason())
          .append("fields", known.fields())
          .append("message", known.getMessage())
          .append("call_id", known.callId())
          .append("outcome_unknown", known.outcomeUnknown());
    }
    return new Document("kind", "other")
        .append("code", "UNKNOWN")
        .append("reason", "")
        .append("fields", List.of())
        .append("message", error.toString())
        .append("call_id", "")
        .append("outcome_unknown", false);
  }

  private Results client(Document command) {
    Results client = clients.get(command.getString("client"));
    return command.containsKey("timeout") ? client.withTimeout(seconds(command.get("timeout"))) : client;
  }

  private Document connect(Document command) {
    ResultsBuilder builder = Results.builder();
    if (command.containsKey("target")) {
      builder.target(command.getString("target"));
    }
    if (command.containsKey("token")) {
      builder.token(command.getString("token"));
    }
    if (command.containsKey("tls")) {
      builder.tls(command.getBoolean("tls"));
    }
    if (command.containsKey("ca_file")) {
      builder.caFile(Path.of(command.getString("ca_file")));
    }
    if (command.containsKey("cert_file")) {
      builder.certFile(Path.of(command.getString("cert_file")));
    }
    if (command.containsKey("key_file")) {
      builder.keyFile(Path.of(command.getString("key_file")));
    }
    if (command.containsKey("timeout")) {
      builder.timeout(seconds(command.get("timeout")));
    }
    clients.put(command.getString("client"), builder.connect());
    return new Document();
  }

  private Document close(Document command) {
    clients.remove(command.getString("client")).close();
    return new Document();
  }

  private static Document memory() throws IOException {
    Map<String, Integer> told = new HashMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM") || line.startsWith("VmRSS")) {
        told.put(line.substring(0, 5), Integer.valueOf(line.replaceAll("\\D", "")));
      }
    }
    return new Document("peak_kib", told.get("VmHWM")).append("now_kib", told.get("VmRSS"));
  }

  static Duration seconds(Object number) {
    return Duration.ofNanos((long) (((Number) number).doubleValue() * 1e9));
  }

  /** Turns hexadecimal digits into what the facade takes and gives. */
  static Document decoded(String hex) {
    return Documents.decode(new RawBsonDocument(HexFormat.of().parseHex(hex)), DOCUMENTS.codec(Document.class));
  }

  /** Does so where that keeps everything, a name that stands twice for example; otherwise it stays encoded. */
  static Bson given(String hex) {
    try {
      Document document = decoded(hex);
      return hex(document).equals(hex) ? document : encoded(hex);
    } catch (RuntimeException error) { // it can't be decoded
      return encoded(hex);
    }
  }

  private static RawBsonDocument encoded(String hex) {
    try {
      return new RawBsonDocument(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException error) { // the BSON library refuses what is too short
      throw Failure.invalid(error.getMessage()).toException();
    }
  }

  /** Does so with an optional field; null if it is not given. */
  static Bson given(Document command, String name) {
    return command.containsKey(name) ? given(command.getString(name)) : null;
  }

  /** Turns a result of the facade into hexadecimal digits. */
  static String hex(Document document) {
    return HexFormat.of().formatHex(DOCUMENTS.encode("result", document));
  }

  static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }
}

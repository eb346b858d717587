package ca.chimefrb.workflow.results;

import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.InsertManyOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bson.Document;

/** The commands that do with MongoDB's own driver what this client does, for comparison. */
final class DriverBench {
  static final Map<String, Testee.Command> COMMANDS =
      Map.of("driver_insert", DriverBench::insert, "driver_find", DriverBench::find);

  private static final int BATCH = 1_000;

  private DriverBench() {}

  private static Document insert(Document command) {
    try (MongoClient client = MongoClients.create(command.getString("uri"))) {
      MongoCollection<Document> collection =
          collection(client, command).withWriteConcern(WriteConcern.MAJORITY.withJournal(true));
      collection.countDocuments(new Document("_id", "")); // connects
      long began = System.nanoTime();
      List<Document> batch = new ArrayList<>();
      for (long number = command.getInteger("from"); number < command.getInteger("to"); number++) {
        Document work = TesteeStreams.work(command, number);
        batch.add(new Document("_id", work.get("id")).append("id", work.get("id")));
        batch.get(batch.size() - 1).putAll(work);
        if (batch.size() == BATCH) {
          collection.insertMany(batch, new InsertManyOptions().ordered(false));
          batch.clear();
        }
      }
      if (!batch.isEmpty()) {
        collection.insertMany(batch, new InsertManyOptions().ordered(false));
      }
      return new Document("seconds", (System.nanoTime() - began) / 1e9);
    }
  }

  private static Document find(Document command) {
    try (MongoClient client = MongoClients.create(command.getString("uri"))) {
      MongoCollection<Document> collection = collection(client, command);
      collection.countDocuments(new Document("_id", "")); // connects
      long began = System.nanoTime();
      long count = 0;
      for (Document each : collection.find().sort(new Document("_id", -1))) {
        count += each.containsKey("id") ? 1 : 0;
      }
      return new Document("count", count).append("seconds", (System.nanoTime() - began) / 1e9);
    }
  }

  private static MongoCollection<Document> collection(MongoClient client, Document command) {
    return client.getDatabase(command.getString("database")).getCollection(command.getString("pipeline"));
  }
}

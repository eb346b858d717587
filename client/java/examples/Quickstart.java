import ca.chimefrb.workflow.results.ChangeKind;
import ca.chimefrb.workflow.results.ChangeOptions;
import ca.chimefrb.workflow.results.Receipt;
import ca.chimefrb.workflow.results.Results;
import ca.chimefrb.workflow.results.ViewOptions;
import ca.chimefrb.workflow.results.Watch;
import java.util.List;
import org.bson.Document;

public class Quickstart {
  public static void main(String[] arguments) {
    try (Results results = Results.connect();
        Watch<Document> watch = results.watch("tutorial")) {
      Document work =
          new Document("id", "burst-1") // without an id, the client makes one
              .append("pipeline", "tutorial")
              .append("status", "success")
              .append("results", new Document("dm", 348.8));
      Receipt receipt = results.deposit(work);
      System.out.println(receipt.id() + ": " + receipt.outcome());

      Document query = new Document("results.dm", new Document("$gt", 300));
      try (var found = results.view("tutorial", query, ViewOptions.none().withLimit(10))) {
        found.forEach(result -> System.out.println(result.toJson()));
      }

      results.lock("tutorial", List.of("burst-1"), ChangeOptions.none().withReason("published"));
      watch.stream()
          .filter(change -> change.kind() == ChangeKind.LOCKED)
          .findFirst()
          .ifPresent(change -> System.out.println(change.id() + " was locked: " + change.reason()));
    }
  }
}

import { Results } from "@chimefrb/workflow-results";

// Where WORKFLOW_RESULTS_TARGET says, else at localhost:50051.
const results = new Results();
try {
  // From here on, no change of the pipeline is missed.
  const watch = await results.watch({ pipelines: ["tutorial"] });

  const works = [
    { id: "burst-1", pipeline: "tutorial", status: "success", results: { dm: 348.8, samples: 4096n } },
    { id: "burst-2", pipeline: "tutorial", status: "failure", results: null },
  ];
  for (const { id, outcome } of await results.deposit(works)) {
    console.log(id, outcome);
  }

  for await (const result of results.view("tutorial", { query: { "results.dm": { $gt: 100 } } })) {
    console.log(result.id, result.results);
  }

  const { applied } = await results.lock("tutorial", ["burst-1"], { reason: "published" });
  console.log("locked:", applied);

  for await (const change of watch) {
    console.log(change.kind, change.id, change.reason);
    if (change.kind === "LOCKED") {
      break; // which ends the watch
    }
  }
} finally {
  results.close();
}

"""A client of `compose.yaml`: deposits, streams and locks results, over TLS and with a token."""

import os
from pathlib import Path

from workflow_results import Results

token = Path(os.environ["TOKEN_FILE"]).read_text().strip()

# Target and authority come from the environment.
with Results(token=token) as results:
    with results.depositor() as depositor:
        for number in range(100):
            work = {"id": f"burst-{number:03}", "pipeline": "example-frb", "status": "success"}
            depositor.deposit({**work, "results": {"snr": 5.0 + number / 10}})
    bright = [result["id"] for result in results.stream("example-frb", {"results.snr": {"$gt": 14}}, {"id": True})]
    results.lock("example-frb", bright, reason="an example")
    print(results.count("example-frb", {}), "results,", results.get_locked_count("example-frb"), "of them locked")

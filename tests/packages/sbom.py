"""Lists what is installed with the release and with each of its extras, as CycloneDX.

The wheels of the native part have theirs inside: maturin writes it, from Cargo.lock.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.packages.built import DIST, built
from tests.packages.environments import NEWEST, Wanted, installed


def _published(listed: dict[str, Any]) -> dict[str, Any]:
    """Make our package what the list is about, and say where it will be, not where it was built."""
    (own,) = (each for each in listed["components"] if each["name"] == "workflow-results")
    own["purl"] = f"pkg:pypi/workflow-results@{own['version']}"
    references = own["externalReferences"]
    own["externalReferences"] = [each for each in references if not each["url"].startswith("file:")]
    listed["components"].remove(own)
    listed["metadata"]["component"] = own
    return listed


def main() -> None:
    """Write `dist/sbom/`, with the newest Python that is there; the argument is `cyclonedx-py`."""
    release = built()
    directory = DIST / "sbom"
    directory.mkdir(exist_ok=True)
    for stale in directory.iterdir():
        stale.unlink()
    with tempfile.TemporaryDirectory() as place:
        for extra in ("", *release.extras()):
            environment = installed(release, Wanted(NEWEST, extra), Path(place) / (extra or "client"))
            name = "-".join(filter(None, ["workflow_results", release.metadata()["Version"], extra]))
            path = directory / f"{name}.cdx.json"
            command = [sys.argv[1], "environment", "--output-reproducible", str(environment.commands / "python")]
            listed = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            path.write_text(json.dumps(_published(listed), indent=2) + "\n")
            print(f"{path.relative_to(DIST.parent)}: {len(environment.packages)} packages")


if __name__ == "__main__":
    main()

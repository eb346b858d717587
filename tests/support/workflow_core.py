"""The real workflow-core, in a process of its own, since its import sets up logging."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE


def workflow_core(code: str, home: Path) -> Any:
    """Return what a piece of code that uses workflow-core leaves in `answer`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import json\n{code}\nprint(json.dumps(answer))"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return json.loads(done.stdout)

"""The process behind `workflow_results.testing.local_results`, which starts it; see `serving/throw_away.py`."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Serve from a directory, which is the argument and is removed in the end."""
    try:
        from workflow_results_server.serving import throw_away
    except ImportError as error:
        sys.stderr.write(f"pip install 'workflow-results[embedded]' ({error})\n")
        return 1
    return throw_away.run(Path(sys.argv[1]))


if __name__ == "__main__":
    sys.exit(main())

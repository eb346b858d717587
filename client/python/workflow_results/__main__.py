"""`python -m workflow_results` is the command `workflow-results`."""

import sys
from typing import Final

_INTERRUPTED: Final = 130


def run() -> None:
    """Run the command, which Ctrl-C ends quietly even before it is imported."""
    try:
        from workflow_results.cli import main

        main(prog_name="workflow-results")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    run()

"""The command `workflow-results`."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, Final

import click

from workflow_results.cli.strict import Main
from workflow_results.version import __version__

_COMMANDS: Final = {
    "backup": "workflow_results.cli.archive:backup",
    "certificate": "workflow_results_server.cli.certificate:certificate",
    "demo": "workflow_results.cli.demo:demo",
    "drop": "workflow_results.cli.drop:drop",
    "index": "workflow_results.cli.index:index",
    "restore": "workflow_results.cli.archive:restore",
    "serve": "workflow_results_server.cli.serve:serve",
    "token": "workflow_results_server.cli.token:token",
}
_UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class _Commands(Main):
    """Says in one line that what it prints can't be written, as on a full disk."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _UNWRITABLE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python writes again at the end
            raise SystemExit(f"Error: can't write to standard output: {error.strerror}") from None


@click.group(
    cls=_Commands,
    targets=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "WORKFLOW_RESULTS"},
)
@click.version_option(__version__, prog_name="workflow-results")
def main() -> None:
    """The results store of scientific pipelines.

    For completion in bash: eval "$(_WORKFLOW_RESULTS_COMPLETE=bash_source workflow-results)". zsh_source and
    fish_source do the same for other shells.
    """

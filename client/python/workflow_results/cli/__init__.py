"""The command `workflow-results`."""

from __future__ import annotations

from typing import Final

import click

from workflow_results.cli.group import Commands, as_written
from workflow_results.version import __version__

_CLIENT: Final = "workflow_results.cli"
_SERVER: Final = "workflow_results_server.cli"
_COMMANDS: Final = {
    "backup": (f"{_CLIENT}.archive:backup", "Write the results of pipelines to DIRECTORY, which must be new or empty."),
    "certificate": (f"{_SERVER}.certificate:certificate", "Create a certificate to try TLS, valid for 30 days."),
    "count": (f"{_CLIENT}.count:count", "Count the results of PIPELINE, or of those that match a filter."),
    "delete": (f"{_CLIENT}.changes:delete", "Delete results of PIPELINE."),
    "demo": (f"{_CLIENT}.demo:demo", "Show what Workflow Results does."),
    "deposit": (f"{_CLIENT}.deposit:deposit", "Deposit the works in FILEs, or in standard input (-)."),
    "drop": (f"{_CLIENT}.drop:drop", "Drop PIPELINE, which must have no results left."),
    "event": (f"{_CLIENT}.view:event", "Show the results of PIPELINE for the event NUMBER."),
    "export": (
        f"{_CLIENT}.export:export",
        "Write results of PIPELINE to a file, and print their number and the SHA-256 of the file.",
    ),
    "get": (f"{_CLIENT}.view:get", "Show results of PIPELINE by their ids."),
    "health": (f"{_CLIENT}.service:health", "Check that the service serves."),
    "history": (
        f"{_CLIENT}.history:history",
        "Show who updated, deleted, locked or unlocked a result of PIPELINE, when and why.",
    ),
    "index": (f"{_CLIENT}.index:index", "List the indexes on fields of PIPELINE, or build one on FIELD."),
    "info": (
        f"{_CLIENT}.service:info",
        "Show the versions of client and server, and the limits of the server, in bytes, seconds and characters.",
    ),
    "lock": (f"{_CLIENT}.changes:lock", "Lock results of PIPELINE, so that they can be neither updated nor deleted."),
    "locked": (f"{_CLIENT}.view:locked", "Show the locked results of PIPELINE."),
    "restore": (
        f"{_CLIENT}.archive:restore",
        "Deposit the results of all .bson files in DIRECTORY, and in the folders in it.",
    ),
    "serve": (f"{_SERVER}.serve:serve", "Start a server."),
    "status": (f"{_CLIENT}.service:status", "Show the number of results of each pipeline, without a scan."),
    "token": (f"{_SERVER}.token:token", "Manage the callers of a server: who may call it, and what they may do."),
    "top": (f"{_CLIENT}.view:top", "Show the results of PIPELINE with the highest values of FIELD."),
    "unlock": (f"{_CLIENT}.changes:unlock", "Unlock results of PIPELINE, so that they can be updated and deleted."),
    "update": (f"{_CLIENT}.update:update", "Set fields of results, as FILE says, or standard input (-)."),
    "view": (f"{_CLIENT}.view:view", "Show the results of PIPELINE."),
    "watch": (f"{_CLIENT}.watch:watch", "Show changes of the results of PIPELINE as they are made, until Ctrl-C."),
}
"""Where each command is, and its line in the help, for which nothing has to be imported."""


@click.group(
    cls=Commands,
    targets=_COMMANDS,
    epilog=as_written(
        "Exit status:",
        "0    done",
        "1    refused, in conflict, or not found",
        "2    wrong usage",
        "3    the service can't be reached",
        "4    not allowed",
        "130  interrupted",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "WORKFLOW_RESULTS"},
)
@click.version_option(__version__, prog_name="workflow-results")
def main() -> None:
    """The results store of scientific pipelines.

    Commands find the service like the Python client: by --target, else WORKFLOW_RESULTS_TARGET, else the workspace
    file of workflow-core, else localhost:50051.

    For completion in bash: eval "$(_WORKFLOW_RESULTS_COMPLETE=bash_source workflow-results)". zsh_source and
    fish_source do the same for other shells.
    """

"""The command `workflow-results`."""

from __future__ import annotations

import click

from workflow_results.cli.archive import backup, restore
from workflow_results.cli.demo import demo
from workflow_results.cli.serve import serve
from workflow_results.cli.token import token
from workflow_results.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "WORKFLOW_RESULTS"})
@click.version_option(__version__, prog_name="workflow-results")
def main() -> None:
    """The results store of scientific pipelines."""


main.add_command(serve)
main.add_command(demo)
main.add_command(token)
main.add_command(backup)
main.add_command(restore)

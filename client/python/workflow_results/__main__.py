"""`python -m workflow_results` is the command `workflow-results`."""

from workflow_results.cli import main

main(prog_name="workflow-results")

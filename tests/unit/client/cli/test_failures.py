"""How commands word what the client says."""

from __future__ import annotations

import pytest

from workflow_results.cli.failures import failure_of
from workflow_results.errors import InvalidRequestError, PermissionDeniedError, ResultsError


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InvalidRequestError("ca_file can't be used with tls=False"), 2, "--ca-file can't be used with --plaintext"),
        (
            InvalidRequestError("cert_file and key_file belong together"),
            2,
            "--cert-file and --key-file belong together",
        ),
        (ResultsError("(cert_file and key_file; WORKFLOW_X)?"), 1, "(--cert-file and --key-file; WORKFLOW_X)?"),
        (ResultsError("ca_file my_ca_file key_file.pem a/key_file"), 1, "--ca-file my_ca_file key_file.pem a/key_file"),
        (PermissionDeniedError("tls=True, ca_file", reason="FORBIDDEN"), 4, "tls=True, ca_file"),
        (ResultsError("none (token= or X)", reason="TOKEN_MISSING"), 1, "none (--token-file or X)"),
    ],
)
def test_advice_names_options(error: ResultsError, status: int, message: str) -> None:
    ended = failure_of(error)
    assert (ended.exit_code, ended.message) == (status, message)

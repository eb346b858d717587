"""The least role of each RPC, and which pipelines a caller may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.callers import write
from tests.support.paths import DOCS
from tests.support.roles import BY_CERTIFICATE, BY_TOKEN, CALLERS, RPCS, cells
from workflow_results_server.access.callers import Caller, Role
from workflow_results_server.access.policy import LEAST_ROLES, Access, Credentials, path_of
from workflow_results_server.access.tokens import TokensFile, digest_of
from workflow_results_server.errors import RequestError


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write(tmp_path / "tokens.yml", CALLERS)


def test_every_rpc_stands_in_the_tables() -> None:
    rows = {rpc.rstrip("*") for rpc, _, _ in cells(BY_TOKEN)} - {"Health", "Reflection"}
    assert rows == set(RPCS) <= set(LEAST_ROLES)
    for rpc, method in RPCS.items():
        fields = set(method.input_type.fields_by_name)
        named = fields & {"pipeline", "pipelines", "works"}
        assert named or rpc in ("Status", "Info"), f"the pipelines of {rpc} are not checked"


@pytest.mark.parametrize(
    ("globs", "allowed", "denied"),
    [
        (["frb"], ["frb"], ["frb-dm", "a-frb", "FRB", "fr", ""]),
        (["frb-*"], ["frb-", "frb-dm", "frb-dm-2"], ["frb", "FRB-dm", "a-frb-dm", "frb_dm"]),
        (["*-dm"], ["-dm", "frb-dm"], ["frb-dm-2", "frb-dm\n", "dm"]),
        (["frb_*"], ["frb_", "frb_dm"], ["frb-dm", "_frb_dm", "frb"]),
        (["frb-?", "[ab]-[!0-9]"], ["frb-1", "a-x", "b--"], ["frb-12", "c-x", "a-1", "a-"]),
        (["*"], ["frb", "A-1", ""], []),
    ],
)
def test_globs_match_whole_names(globs: list[str], allowed: list[str], denied: list[str]) -> None:
    caller = Caller("caller", Role.READER, tuple(globs))
    assert [name for name in [*allowed, *denied] if caller.may_use(name)] == allowed


def test_an_rpc_without_a_role_is_denied_to_everyone(tokens: Path) -> None:
    def shown() -> Credentials:
        return Credentials(digest_of("admin"))

    access = Access(TokensFile(tokens))
    access.authorization(path_of("Count"), shown)(())
    for path in ("/workflow_results.v1.ResultsService/Abolish", "/another.Service/Count", "/Count"):
        with pytest.raises(RequestError, match="is not allowed for any role") as caught:
            access.authorization(path, shown)(())
        assert (caught.value.code, caught.value.reason) == ("PERMISSION_DENIED", "ROLE")


@pytest.mark.parametrize("table", [BY_TOKEN, BY_CERTIFICATE])
def test_the_docs_show_the_tables(table: str) -> None:
    assert table in (DOCS / "operate" / "security.md").read_text()

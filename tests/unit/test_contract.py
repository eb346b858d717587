"""The proto, the servicer and the facade offer the same methods, with the signatures that scripts rely on."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import workflow_results
import workflow_results_server
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE
from tests.support.workflow_core import workflow_core
from workflow_results import Results
from workflow_results._calls.attempts import RETRIED
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.rpc.service import ResultsService

SIGNATURES = {
    "deposit": "(works) -> dict[str, bool]",
    "update": "(works) -> bool",
    "delete_ids": "(pipeline, ids) -> bool",
    "view": "(pipeline, query, projection={}, skip=0, limit=100) -> list[dict[str, Any]]",
    "count": "(pipeline, query) -> int",
    "status": "() -> dict[str, int]",
    "info": "() -> dict[str, Any]",
    "get_by_count": "(pipeline, count=10) -> list[dict[str, Any]]",
    "get_by_id": "(pipeline, ids) -> list[dict[str, Any]]",
    "get_by_event": "(pipeline, event_number) -> list[dict[str, Any]]",
    "get_locked": "(pipeline, skip=0, count=10) -> list[dict[str, Any]]",
    "get_locked_count": "(pipeline) -> int",
    "lock": "(pipeline, ids) -> bool",
    "unlock": "(pipeline, ids, force=False) -> bool",
}
"""Of the methods of the HTTP client, without the keyword-only parameters."""
OURS = {
    "top": "(pipeline, query={}, by='results.snr', limit=100, descending=True, projection={}) -> list[dict[str, Any]]",
    "count_by": "(pipeline, field, query={}) -> ValueCounts",
    "watch": "(pipeline, query={}, projection={}) -> Watch",
    "history": "(pipeline, id=None) -> list[HistoryEntry]",
    "list_indexes": "(pipeline) -> list[FieldIndex]",
    "create_index": "(pipeline, field) -> FieldIndex",
    "drop_index": "(pipeline, field) -> bool",
    "drop_pipeline": "(pipeline) -> bool",
}
"""Of the other methods that each have an RPC."""
BEYOND = {"stream", "stream_batches", "deposit_receipts", "depositor", "close"} | {
    "to_arrow",
    "to_pandas",
    "to_polars",
    "to_parquet",
}
STREAMED = {"DepositStream"}
"""The RPC of the depositor, which is no method with one answer."""

RPCS = {method.name: method for method in pb.DESCRIPTOR.services_by_name["ResultsService"].methods}
PACKAGES = {
    "workflow_results": Path(workflow_results.__file__).parent,
    "workflow_results_server": Path(workflow_results_server.__file__).parent,
}

FACADES = {PACKAGES["workflow_results"] / f"{name}.py" for name in ("results", "async_results")}
"""Whose classes stand whole in a file, and are signatures for the most part."""


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def public(class_: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(class_, inspect.isfunction) if not name.startswith("_")}


def test_every_rpc_has_a_method_of_the_facade_and_the_reverse() -> None:
    assert {camel(name) for name in SIGNATURES | OURS} | STREAMED == set(RPCS)
    assert public(Results) == set(SIGNATURES | OURS) | BEYOND


def test_every_rpc_has_a_servicer_method_and_the_reverse() -> None:
    own = {name for name, _ in inspect.getmembers(ResultsService, inspect.isfunction) if name[0].isupper()}
    assert own == set(RPCS)
    for name in RPCS:
        assert name in vars(ResultsService), f"{name} is only inherited, so that it answers UNIMPLEMENTED"


def test_every_rpc_has_messages_of_its_own() -> None:
    for name, method in RPCS.items():
        assert (method.input_type.name, method.output_type.name) == (f"{name}Request", f"{name}Response")


@pytest.mark.parametrize(("name", "expected"), (SIGNATURES | OURS).items())
def test_signature(name: str, expected: str) -> None:
    signature = inspect.signature(getattr(Results, name))
    given = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    keyword_only = {parameter.name: parameter for parameter in given if parameter.kind is parameter.KEYWORD_ONLY}
    shown = ", ".join(
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
        for parameter in given
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    )
    assert f"({shown}) -> {signature.return_annotation}" == expected
    assert keyword_only["timeout"].default is None


def test_same_parameters_as_the_http_client(tmp_path: Path) -> None:
    theirs = workflow_core(
        f"""
import inspect
from workflow.http.results import Results
parameters = {{name: inspect.signature(getattr(Results, name)).parameters.values() for name in {list(SIGNATURES)}}}
answer = {{name: [[each.name, repr(each.default)] for each in given] for name, given in parameters.items()}}
""",
        tmp_path,
    )
    for name, parameters in theirs.items():
        ours = list(inspect.signature(getattr(Results, name)).parameters.values())[: len(parameters)]
        assert [[each.name, repr(each.default)] for each in ours] == parameters


def test_only_what_may_be_repeated_is_repeated() -> None:
    assert set(RPCS) - RETRIED == {"Update", "DeleteIds", "Lock", "Unlock", "DepositStream"}


def test_everything_public_is_exported() -> None:
    names = set(workflow_results.__all__)
    assert all(hasattr(workflow_results, name) for name in names)
    errors = {
        name
        for name, value in vars(sys.modules["workflow_results.errors"]).items()
        if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
    }
    assert errors <= names
    assert names | {"errors", "outcomes", "context", "testing"} <= set(dir(workflow_results))
    assert set(workflow_results._MODULES) | {"__version__"} == names
    with pytest.raises(AttributeError, match="'workflow_results' has no attribute 'resluts'"):
        getattr(workflow_results, "resluts")  # noqa: B009 - mypy knows that there is none


def imports(source: str, package: str) -> set[str]:
    """The modules, and the names in modules, that a module of a package needs: to be imported, later, or for types."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            found |= {".".join([*parts, *filter(None, [node.module]), alias.name]) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def graph() -> dict[str, set[str]]:
    needs = {}
    for folder in PACKAGES.values():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            found = imports(path.read_text(), ".".join(parts[:-1]))
            needs[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = found
    return {
        name: {each if each in needs else each.rpartition(".")[0] for each in found} & (needs.keys() - {name})
        for name, found in needs.items()
    }


def test_the_picture_of_imports_has_no_cycle() -> None:
    rest = graph()
    while free := [name for name, needs in rest.items() if not needs & rest.keys()]:
        for name in free:
            del rest[name]
    assert not rest


def room(module: str) -> str:
    """The folder of a module within its package, or the module itself where it stands beside the folders."""
    return ".".join(module.split(".")[:2])


def test_no_two_rooms_need_each_other() -> None:
    rest: dict[str, set[str]] = {}
    for module, needs in graph().items():
        rest.setdefault(room(module), set()).update(map(room, needs))
    for name in PACKAGES:
        rest.pop(name)  # what a package exports
    while free := [name for name, needs in rest.items() if not needs & rest.keys() - {name}]:
        for name in free:
            del rest[name]
    assert not rest


SHARED = {"common", "v1", "version"}
"""What the server needs of the client's package."""
BELOW = "_calls _deposit _encoding _notebook _stream _transport common errors outcomes settings v1 version"
MAY_IMPORT = {
    "workflow_results": {
        "__init__": f"{BELOW} async_results context results",
        "__main__": "cli",
        "_pytest_plugin": "_throw_away errors results",
        "_throw_away": "errors results",
        "_calls": "_encoding common errors outcomes v1",
        "_deposit": "_calls _encoding _transport common errors outcomes v1",
        "_encoding": "common errors",
        "_stream": "_calls _encoding _transport common errors outcomes v1",
        "_transport": "_calls common errors v1 version",
        "archive": "_calls _encoding common errors frames",
        "cli": f"{BELOW} _draining archive context frames results samples",
        "common": "",
        "_confirmation": "_calls common errors v1",
        "async_results": f"{BELOW} _confirmation _session frames",
        "context": f"{BELOW} async_results results",
        "_draining": f"{BELOW} results",
        "errors": "common outcomes",
        "_notebook": "common",
        "outcomes": "_notebook common",
        "frames": "_calls _encoding _stream _transport common errors",
        "results": f"{BELOW} _confirmation _session frames",
        "samples": "",
        "_session": BELOW,
        "settings": "_transport common errors",
        "testing": "_throw_away results",
        "v1": "",
        "version": "",
    },
    "workflow_results_server": {
        "__init__": "",
        "__main__": "access serving settings store telemetry",
        "access": "documents errors settings",
        "cli": "access serving settings",
        "documents": "errors offload",
        "errors": "",
        "http": "access documents errors offload query requests settings store telemetry",
        "mongod": "",
        "offload": "",
        "query": "",
        "requests": "access documents errors offload query store telemetry",
        "rpc": "access documents errors offload requests store telemetry",
        "serving": "access errors http mongod requests rpc settings store telemetry",
        "settings": "store",
        "store": "documents errors offload telemetry",
        "telemetry": "",
        "throw_away": "serving",
    },
}
"""The folders, and the modules beside them, by what each may import of its own package."""
MAY_USE = {
    "workflow_results": {
        "bson": "_calls _deposit _encoding archive common frames",
        "click": "cli",
        "google": "_transport v1",
        "grpc": "_transport v1",
        "numpy": "samples",
        "opentelemetry": "_transport",
        "pandas": "frames results async_results",
        "polars": "frames results async_results",
        "pyarrow": "frames results async_results",
        "pymongo": "",
        "rich": "cli frames",
        "yaml": "common",
    },
    "workflow_results_server": {
        "bson": "documents http mongod query requests rpc store",
        "click": "cli",
        "google": "rpc serving",
        "grpc": "access rpc serving",
        "opentelemetry": "store telemetry",
        "prometheus_client": "http serving telemetry",
        "pymongo": "mongod store",
        "rich": "",
        "uvicorn": "http",
        "yaml": "access",
    },
}
"""Libraries, by who may import them."""


def forbidden(path: str, source: str) -> set[str]:
    """What a module imports against the tables; its path begins with the folder of the package."""
    package, *_ = parts = path.removesuffix(".py").split("/")
    rooms, libraries = MAY_IMPORT[package], MAY_USE[package]
    own = {parts[1], *rooms[parts[1]].split()}
    shared = SHARED if package == "workflow_results_server" else set()

    def is_forbidden(name: str) -> bool:
        root, _, rest = name.partition(".")
        if root in PACKAGES:
            return rest.partition(".")[0] not in (own if root == package else shared)
        return root in libraries and parts[1] not in libraries[root].split()

    return set(filter(is_forbidden, imports(source, ".".join(parts[:-1]))))


@pytest.mark.parametrize("folder", PACKAGES.values(), ids=PACKAGES)
def test_arrows_go_down(folder: Path) -> None:
    paths = {path.relative_to(folder.parent).as_posix(): path for path in folder.rglob("*.py")}
    assert {name: found for name, path in paths.items() if (found := forbidden(name, path.read_text()))} == {}
    assert {name.split("/")[1].removesuffix(".py") for name in paths} == MAY_IMPORT[folder.name].keys()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("workflow_results/cli/demo.py", "def stop():\n    import workflow_results_server.mongod"),
        ("workflow_results/results.py", "if TYPE_CHECKING:\n    from workflow_results_server.settings import Settings"),
        ("workflow_results/common/rules.py", "from workflow_results.errors import ResultsError"),
        ("workflow_results/common/rules.py", "from ..errors import ResultsError"),
        ("workflow_results/common/rules.py", "from .. import errors"),
        ("workflow_results/errors.py", "from . import results"),
        ("workflow_results/_calls/arguments.py", "import grpc"),
        ("workflow_results/_calls/arguments.py", "from workflow_results._transport.deadline import Deadline"),
        ("workflow_results/_encoding/values.py", "import numpy as np"),
        ("workflow_results_server/rpc/service.py", "from pymongo.errors import PyMongoError"),
        ("workflow_results_server/query/filters.py", "def regex():\n    import pymongo"),
        ("workflow_results_server/store/reads.py", "import grpc"),
        ("workflow_results_server/store/reads.py", "from grpc import aio"),
        ("workflow_results_server/store/reads.py", "from workflow_results_server.rpc import service"),
        ("workflow_results_server/requests/fields.py", "from workflow_results._encoding.documents import decode"),
        ("workflow_results_server/requests/fields.py", "from workflow_results import Results"),
        ("workflow_results_server/requests/fields.py", "import workflow_results"),
    ],
)
def test_arrows_that_go_up_are_seen(path: str, source: str) -> None:
    assert forbidden(path, source)


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        (
            "from workflow_results import *",
            "workflow_results_server numpy pandas polars pyarrow pymongo.asynchronous yaml rich click",
        ),
        ("import workflow_results", "grpc google.protobuf bson click opentelemetry"),
        ("import workflow_results._pytest_plugin", "grpc google.protobuf bson pymongo yaml click rich"),
        ("import workflow_results.cli, workflow_results_server.cli.serve", "grpc google.protobuf bson rich numpy"),
    ],
)
def test_import_is_light(code: str, heavy: str) -> None:
    code = f"import sys; {code}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert not set(heavy.split()) & set(done.stdout.split())
    assert done.stderr == ""


def test_files_stay_small() -> None:
    root = REPOSITORY
    for folder in ("client/python", "server", "tests", "bench"):
        for path in (root / folder).rglob("*.py"):
            if "_pb2" not in path.name:
                assert code_lines(path.read_text()) <= (400 if path in FACADES else 350), path


def code_lines(source: str) -> int:
    """Count the lines of a module, without its docstrings."""
    strings = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return len(source.splitlines()) - sum((each.end_lineno or each.lineno) - each.lineno + 1 for each in strings)

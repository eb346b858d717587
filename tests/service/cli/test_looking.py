"""`workflow-results view` and the other commands that look at results."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.callers import entry, write
from tests.support.certificates import Authority
from tests.support.commands import Done
from tests.support.launcher import COMMAND, Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import Results

Command = Callable[..., Done]


@pytest.fixture
def filled(results: Results, pipeline: str) -> str:
    """A pipeline with four results."""
    works = [
        work(pipeline, "a", event=[7], results={"snr": 30.0, "dm": 5}, tags=["x", "y"], creation=1_700_000_000.5),
        work(pipeline, "b", event=[7, 8], results={"snr": 10, "locked": True}, tags=["x"]),
        work(pipeline, "c", status="failure", results=None),
        work(pipeline, "d\x1b[31m\n", results={"snr": float("nan"), "note": "=1+1"}),
    ]
    assert results.deposit(works) == {pipeline: True}
    return pipeline


def ids(done: Done) -> list[str]:
    assert (done.status, done.err) == (0, ""), done
    return [json.loads(line)["id"] for line in done.out.splitlines()]


def test_filters(command: Command, filled: str) -> None:
    for arguments, expected in (
        ((), ["d\x1b[31m\n", "c", "b", "a"]),
        (("--where", "results.snr>5"), ["b", "a"]),
        (("--where", "results.snr>5", "--where", "results.snr<20"), ["b"]),
        (("--status", "failure"), ["c"]),
        (("--event", "7", "--event", "8"), ["b"]),
        (("--tag", "x", "--tag", "y"), ["a"]),
        (("--since", "2023-11-14T00:00:00Z"), ["a"]),
        (("--query", '{"id": {"$in": ["a", "b"]}}', "--tag", "y"), ["a"]),
        (("--skip", "1", "--limit", "2"), ["c", "b"]),
        (("--limit", "-1"), ["d\x1b[31m\n", "c", "b", "a"]),
    ):
        assert ids(command("view", filled, "--jsonl", *arguments)) == expected, arguments
    assert ids(command("event", filled, "7", "--jsonl")) == ["b", "a"]
    assert ids(command("event", filled, "7", "--jsonl", "--tag", "y")) == ["a"]
    assert ids(command("locked", filled, "--jsonl")) == ["b"]
    assert ids(command("top", filled, "--jsonl")) == ["a", "b"]
    assert ids(command("top", filled, "results.snr", "--lowest", "--limit", "1", "--jsonl")) == ["b"]


def test_formats(command: Command, filled: str) -> None:
    found = json.loads(command("view", filled, "--json", "--fields", "id,results.snr").out)
    assert found[:3] == [
        {"id": "d\x1b[31m\n", "results": {"snr": {"$numberDouble": "NaN"}}},
        {"id": "c"},
        {"id": "b", "results": {"snr": 10}},
    ]
    rows = list(csv.reader(io.StringIO(command("view", filled, "--csv", "--fields", "id,results.note,results.dm").out)))
    assert rows == [
        ["id", "results.note", "results.dm"],
        ["d\x1b[31m\n", "'=1+1", ""],
        ["c", "", ""],
        ["b", "", ""],
        ["a", "", "5"],
    ]
    table = command("view", filled, "--fields", "id,results.snr", COLUMNS="80").out
    assert table.splitlines() == [
        "id           results.snr",
        "d\\x1b[31m\\n          nan",
        "c",
        "b                     10",
        "a                     30",
    ]


def test_nothing(command: Command, pipeline: str) -> None:
    assert command("view", pipeline) == Done(0, "", "")
    assert command("view", pipeline, "--json") == Done(0, "[]\n", "")
    assert command("view", pipeline, "--jsonl") == Done(0, "", "")
    assert command("view", pipeline, "--csv") == Done(0, "", "")
    assert command("view", pipeline, "--csv", "--fields", "id,event") == Done(0, "id,event\r\n", "")
    assert command("count", pipeline) == Done(0, "0\n", "")


def test_get(command: Command, filled: str) -> None:
    assert ids(command("get", filled, "a", "c", "a", "--jsonl")) == ["c", "a"]
    done = command("get", filled, "a", "nope", "x y", "--jsonl", "--fields", "results.dm")
    assert done == Done(1, '{"results": {"dm": 5}}\n', f"Error: not found in {filled}: nope, 'x y'\n")


def test_counts(command: Command, filled: str, results: Results) -> None:
    assert command("count", filled, "--tag", "x") == Done(0, "2\n", "")
    assert json.loads(command("count", filled, "--by", "tags", "--json").out) == [
        {"value": "x", "results": 2},
        {"value": "y", "results": 1},
    ]
    assert command("count", filled, "--json").status == 2
    status = {row["pipeline"]: row["results"] for row in json.loads(command("status", "--json").out)}
    assert status[filled] == 4
    assert any(line.split() == [filled, "4"] for line in command("status", COLUMNS="200").out.splitlines())
    info = {row["name"]: row["value"] for row in json.loads(command("info", "--json").out)}
    assert info["server.mongodb"] == results.info()["server"]["mongodb"]


def test_history(command: Command, filled: str, results: Results) -> None:
    results.lock(filled, ["a"], reason="published")
    (row,) = json.loads(command("history", filled, "a", "--json").out)
    assert (row["method"], row["reason"]) == ("lock", "published")
    assert command("history", filled, "c", "--jsonl") == Done(0, "", "")


def test_health(command: Command, serve: Callable[..., Service]) -> None:
    assert command("health") == Done(0, "SERVING\n", "")
    server = serve()
    assert command("health", "--target", server.target).status == 0
    server.stop()
    done = command("health", "--target", server.target, "--timeout", "1")
    assert (done.status, done.out, done.err.count("\n")) == (3, "", 1)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("view",), 2, "Missing argument 'PIPELINE'"),
        (("veiw", "p"), 2, "No such command 'veiw'"),
        (("view", "p", "--event", "1_0"), 2, "'1_0' is not a valid integer"),
        (("view", "p", "--limit", "-2"), 2, "-2 is not in the range"),
        (("view", "_p"), 2, "pipeline must be 1 to 128"),
        (("view", "p", "--fields", "a,,b"), 2, "must be a field path"),
        (("view", "p", "--json", "--csv"), 2, "--json and --csv exclude each other"),
        (("view", "p", "--query", '{"$where": "1"}'), 1, "$where is not supported"),
        (("view", "p", "--fields", "results,results.snr"), 1, "collide"),
        (("view", "p", "--fields", "results,results.snr", "--csv"), 1, "collide"),
        (("top", "p", "--limit", "0"), 2, "0 is not in the range"),
        (("view", "p", "--token-file", "/nowhere"), 2, "--token-file /nowhere can't be read: No such file"),
        (("view", "p", "--target", "http://x:1"), 2, "without 'http://'"),
        (("watch", "p", "--resume-token", "%"), 2, "must be the resume_token"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    command: Command, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = command(*arguments)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1), done
    assert done.err.startswith("Error: ")
    assert said in done.err


def test_tls_where_there_is_none_is_said_in_one_line(service: Service) -> None:
    done = subprocess.run(
        [COMMAND, "health", "--tls", "--timeout", "2", "--target", service.target],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert "the server uses plain text: omit --tls, --ca-file, --cert-file and --key-file" in done.stderr


def test_advice_speaks_of_options(
    serve: Callable[..., Service], command: Command, pipeline: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    roles = {"reader": entry("reader", "*", token="s3cret")}
    secure = serve(*authority.server(), "--tokens", str(write(tmp_path / "tokens.yml", roles))).target
    for arguments, environment, said in (
        ((), {}, "Then set --ca-file (WORKFLOW_RESULTS_CA_FILE) to the authority of its certificate, or --tls if that"),
        (("--ca-file", authority.file), {}, "authorization: Bearer <token>` (--token-file or WORKFLOW_RESULTS_TOKEN)"),
        (("--tls",), {}, "or --ca-file (WORKFLOW_RESULTS_CA_FILE) is not its authority"),
        (("--ca-file", tmp_path / "ca_file"), {}, f"--ca-file can't be read: {tmp_path}/ca_file: No such file"),
        (("--plaintext", "--ca-file", authority.file), {}, "--ca-file can't be used with --plaintext"),
        (
            ("--target", "example.org:1"),
            {"WORKFLOW_RESULTS_TOKEN": "s3cret"},
            "certificate, or --tls if that is a well-known one; --plaintext sends it anyway",
        ),
        (("--target", "127.0.0.1:1"), {}, "is this its address (--target, WORKFLOW_RESULTS_TARGET)?"),
    ):
        done = command("view", pipeline, "--target", secure, "--timeout", "1", *arguments, **environment)
        assert said in done.err, done
        assert "=" not in done.err, done


def test_a_token_comes_from_a_file(
    serve: Callable[..., Service], command: Command, pipeline: str, tmp_path: Path
) -> None:
    roles = {"reader": entry("reader", "*", token="s3cret")}
    target = serve("--tokens", str(write(tmp_path / "tokens.yml", roles))).target
    file = tmp_path / "token"
    for content, status in (("s3cret\n", 0), ("wrong", 4), ("two words", 2), ("", 2)):
        file.write_text(content)
        done = command("view", pipeline, "--target", target, "--token-file", file)
        assert done.status == status, done
        assert "s3cret" not in done.err


def test_a_reader_that_has_enough_ends_it_quietly(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:05}", note="x" * 500) for number in range(2_000)])
    viewing = [COMMAND, "view", pipeline, "--limit", "-1", "--jsonl", "--target", service.target]
    with subprocess.Popen(viewing, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert b'"01999"' in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0


def test_json_does_not_depend_on_the_locale(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "é\u202e")])
    for arguments in (["--jsonl"], []):
        done = subprocess.run(
            [COMMAND, "view", pipeline, *arguments, "--target", service.target],
            capture_output=True,
            check=True,
            timeout=PATIENCE,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )
        assert done.stderr == b""
        if arguments:
            found: dict[str, Any] = json.loads(done.stdout.decode())
            assert found["id"] == "é\u202e"

"""`workflow-results lock`, `unlock`, `delete` and `update`: what they ask, what they change, and how they exit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Done, Terminal
from tests.support.works import work
from workflow_results import Results
from workflow_results.cli import changes

Command = Callable[..., Done]


@pytest.fixture
def filled(results: Results, pipeline: str) -> str:
    """A pipeline with five results, of which "e" is locked."""
    works = [work(pipeline, id_, n=number, results={"snr": number}) for number, id_ in enumerate("abcde")]
    assert results.deposit(works) == {pipeline: True}
    assert results.lock(pipeline, ["e"])
    return pipeline


def locked(results: Results, pipeline: str) -> list[str]:
    return [each["id"] for each in results.view(pipeline, {"results.locked": True}, {"id": True})]


def test_lock(command: Command, results: Results, filled: str) -> None:
    assert command("lock", filled, "a", "b", "a", "--reason", "published") == Done(
        0, f"2 results of {filled} locked\n", ""
    )
    assert locked(results, filled) == ["e", "b", "a"]
    assert results.history(filled, "a")[0].reason == "published"
    done = command("lock", filled, "c", "nope")
    assert (done.status, done.out) == (1, "")
    assert "nope" in done.err
    assert locked(results, filled) == ["e", "b", "a"]


def test_a_dry_run_changes_nothing(command: Command, results: Results, filled: str) -> None:
    for arguments, status, said in (
        (("lock", filled, "a", "e"), 0, f"would lock 2 results of {filled}, of which 1 is locked already\n"),
        (("lock", filled, "--where", "n<3"), 0, f"would lock 3 results of {filled}, of which 0 are locked already\n"),
        (("lock", filled, "a", "nope"), 1, "nothing was changed, because these do not exist"),
        (("unlock", filled, "--query", "{}"), 0, f"would unlock 5 results of {filled}, of which 1 is locked\n"),
        (("delete", filled, "--where", "n<3"), 0, f"would delete 3 results of {filled}, of which none are locked\n"),
        (("delete", filled, "--query", "{}"), 1, f"1 of 5 results of {filled} is locked, so none can be deleted"),
        (("delete", filled, "nope"), 1, "nothing was changed, because these do not exist"),
    ):
        done = command(*arguments, "--dry-run")
        assert (done.status, said in done.out + done.err) == (status, True), done
    assert len(results.view(filled, {})) == 5
    assert locked(results, filled) == ["e"]


def test_without_a_terminal_nothing_asks(command: Command, results: Results, filled: str) -> None:
    for arguments in (
        ("delete", filled, "a"),
        ("unlock", filled, "e"),
        ("lock", filled, "--query", "{}"),
        ("delete", filled, "--where", "n=1"),
    ):
        done = command(*arguments)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1), done
        assert "use --yes" in done.err
    assert command("delete", filled, "--where", "n=99").out == f"0 results of {filled} deleted\n"
    assert len(results.view(filled, {})) == 5
    assert locked(results, filled) == ["e"]


def test_with_yes(command: Command, results: Results, filled: str) -> None:
    assert command("unlock", filled, "--where", "results.locked=true", "--yes").status == 0
    assert locked(results, filled) == []
    assert command("delete", filled, "--where", "n>=3", "--yes") == Done(0, f"2 results of {filled} deleted\n", "")
    assert command("delete", filled, "a", "--yes").out == f"1 result of {filled} deleted\n"
    assert [each["id"] for each in results.view(filled, {})] == ["c", "b"]
    assert command("delete", filled, "--where", "n=99", "--yes").out == f"0 results of {filled} deleted\n"


def test_what_selects_nothing_or_too_much(command: Command, results: Results, filled: str) -> None:
    for arguments, said in (
        (("delete", filled, "--yes"), "give ids, or a filter"),
        (("delete", filled, "a", "--where", "n=1", "--yes"), "not both"),
        (("lock", filled, "a", "--reason", "x" * 1001), "--reason must have at most"),
        (("lock", filled, "a", "--request-id", "a b"), "--request-id must be 1 to 64"),
    ):
        done = command(*arguments)
        assert (done.status, said in done.err) == (2, True), done
    assert len(results.view(filled, {})) == 5


def test_a_request_may_be_repeated(command: Command, results: Results, filled: str) -> None:
    for _ in range(2):
        done = command("delete", filled, "a", "--yes", "--request-id", f"{filled[-36:]}")
        assert done == Done(0, f"1 result of {filled} deleted\n", "")
    assert command("delete", filled, "a", "--yes").status == 1


def test_many_go_in_several_requests(
    command: Command, results: Results, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_AT_ONCE", 2)
    done = command("lock", filled, "--query", "{}", "--yes", "--request-id", "once")
    assert (done.status, "--request-id is for one request" in done.err) == (2, True)
    done = command("lock", filled, "--query", "{}", "--yes")
    assert (done.status, done.out) == (0, f"5 results of {filled} locked\n")
    assert done.err.splitlines() == [f"{number} results of {filled} locked so far" for number in (2, 4)]
    assert locked(results, filled) == list("edcba")


def test_it_says_where_it_has_stopped(
    command: Command, results: Results, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_AT_ONCE", 2)
    unlock, calls = Results.unlock, []

    def fail_the_second(self: Results, pipeline: str, ids: list[str], **options: object) -> bool:
        calls.append(ids)
        return unlock(self, pipeline, ids if len(calls) == 1 else [*ids, "nope"], **options)  # type: ignore[arg-type]

    results.lock(filled, list("abcd"))
    monkeypatch.setattr(Results, "unlock", fail_the_second)
    done = command("unlock", filled, "--query", "{}", "--yes")
    assert (done.status, done.out) == (1, "")
    assert done.err.endswith(f"; 2 results of {filled} unlocked before\n")
    assert locked(results, filled) == ["c", "b", "a"]


def test_delete_asks(terminal: Callable[..., Terminal], results: Results, filled: str) -> None:
    for keys, status, left in (("n\n", 1, 5), ("\n", 1, 5), ("\x04", 130, 5), ("y\n", 0, 3)):
        asking = terminal("delete", filled, "--where", "n<2", columns=200)
        asking.read_until(f"Delete 2 results of {filled}, of which none are locked? They can't be brought back. [y/N]:")
        asking.type(keys)
        assert asking.end() == status, asking.text
        assert len(results.view(filled, {})) == left


def test_unlock_asks(terminal: Callable[..., Terminal], results: Results, filled: str) -> None:
    asking = terminal("unlock", filled, "e", columns=200)
    asking.read_until(f"Unlock 1 result of {filled}, of which 1 is locked?")
    assert asking.interrupt() == 130
    assert asking.text.endswith("[y/N]: ^C\n") or asking.text.endswith("[y/N]: \n")  # so that the prompt has its line
    assert "Traceback" not in asking.text
    assert locked(results, filled) == ["e"]


def test_update(command: Command, results: Results, filled: str, tmp_path: Path) -> None:
    updates = [{"pipeline": filled, "id": id_, "tags": ["checked"]} for id_ in "ab"]
    file = tmp_path / "updates.json"
    file.write_text(json.dumps(updates))
    assert command("update", file, "--dry-run") == Done(0, f"would update 2 results of {filled}\n", "")
    one = json.dumps(updates[0])
    assert command("update", "-", "--dry-run", given=one) == Done(0, f"would update 1 result of {filled}\n", "")
    assert results.count(filled, {"tags": "checked"}) == 0
    assert command("update", file, "--reason", "looked at") == Done(0, "2 results updated\n", "")
    assert results.count(filled, {"tags": "checked"}) == 2
    assert results.history(filled, "a")[0].reason == "looked at"
    for bad, said in (
        ({"pipeline": filled, "id": "e", "tags": []}, "locked"),
        ({"pipeline": filled, "id": "nope", "tags": []}, "nope"),
        ({"pipeline": filled, "tags": []}, "standard input, line 2: work.id must be"),
        ({"pipeline": filled, "id": "b", "status": "ok"}, "work.status must be"),
    ):
        text = "\n".join(map(json.dumps, [{"pipeline": filled, "id": "a", "tags": []}, bad]))
        done = command("update", "-", given=text)
        assert (done.status, said in done.err, done.err.count("\n")) == (1, True, 1), done
        assert command("update", "-", "--dry-run", given=text).status == 1
    assert results.count(filled, {"tags": "checked"}) == 2

"""What a spool has accepted is there until it is deposited, whoever is killed and however processes take turns."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.spools import documents, filled, names, number_of, opened, taken
from tests.support.waiting import ended
from workflow_results._deposit import spool as spools
from workflow_results._deposit import works_file
from workflow_results._deposit.spool import DENIED, REFUSED, works_left
from workflow_results._deposit.works_file import SUFFIX
from workflow_results.common.framing import split


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_the_child_of_a_fork_does_not_keep_files_locked(directory: Path) -> None:
    spool, works = opened(directory), documents(3)
    spool.append(works)
    (from_child, to_parent), (from_parent, to_child) = os.pipe(), os.pipe()
    if not (child := os.fork()):
        os.close(to_child)
        os.write(to_parent, b"forked")
        os.read(from_parent, 1)
        os._exit(0 if spool.read() is None and not spool.holds_works else 1)
    os.read(from_child, 6)
    os.close(spool._held[0].fd)  # as its death would do
    spool._held.clear()
    assert list(taken(opened(directory))) == works
    for fd in (from_child, to_parent, from_parent, to_child):
        os.close(fd)
    assert ended(child) == 0


def test_a_file_that_is_deposited_while_it_is_opened_is_not_deposited_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(directory, documents(3))
    try_to_lock = works_file.try_to_lock

    def late(fd: int) -> bool:
        monkeypatch.setattr(spools, "try_to_lock", try_to_lock)
        assert len(list(taken(opened(directory)))) == 3
        return try_to_lock(fd)

    monkeypatch.setattr(spools, "try_to_lock", late)
    assert list(taken(opened(directory))) == []


def test_a_file_that_another_process_finds_before_it_is_locked_is_made_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, works, try_to_lock = opened(directory), documents(3), works_file.try_to_lock

    def late(fd: int) -> bool:
        monkeypatch.setattr(spools, "try_to_lock", try_to_lock)
        assert list(taken(opened(directory))) == []
        return try_to_lock(fd)

    monkeypatch.setattr(spools, "try_to_lock", late)
    assert not spool.append(works)
    spool.close()
    assert list(taken(opened(directory))) == works


def in_child(function: Callable[[], None]) -> int:
    """Fork, and return the exit status of a child that does something."""
    if not (child := os.fork()):
        try:
            function()
        except BaseException:  # noqa: BLE001 - it must not go on with the tests
            os._exit(1)
        os._exit(0)
    return ended(child)


KILLED = 9
STEPS = [(os, "open"), (os, "pwrite"), (os, "fsync"), (os, "ftruncate"), (os, "unlink"), (os, "rename"), (os, "close")]


class Killed:
    """Ends this process at a step: after so many calls that change files, one of `pwrite` in its middle."""

    def __init__(self, after: int) -> None:
        self.left = after
        self._pwrite = os.pwrite
        for module, name in [*STEPS, (fcntl, "flock")]:
            self._wrap(module, name)

    def _wrap(self, module: Any, name: str) -> None:
        function = getattr(module, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if not self.left:
                if name == "pwrite":
                    fd, data, at = arguments
                    self._pwrite(fd, data[: len(data) * 2 // 3], at)
                os._exit(KILLED)
            self.left -= 1
            return function(*arguments, **named)

        setattr(module, name, call)


def test_no_accepted_work_is_lost_in_a_kill_at_any_step(tmp_path: Path) -> None:
    works = documents(1_100, 50)
    steps = 0
    while True:
        directory, told = tmp_path / str(steps), tmp_path / f"told{steps}"

        def life(directory: Path = directory, told: Path = told, steps: int = steps) -> None:
            fd = os.open(told, os.O_WRONLY | os.O_CREAT, 0o600)
            write = os.write
            filled(directory, works[:600])  # by another process
            Killed(steps)
            spool = opened(directory, fsync=True)
            spool.adopt()
            for start in range(600, 1_100, 100):
                assert not spool.append(works[start : start + 100])
                write(fd, b"a")
            while chunk := spool.read():
                spool.finish(chunk, chunk.documents[:1], chunk.documents[1:2])
                write(fd, b"f" * len(chunk.documents))

        status = in_child(life)
        assert status in (0, KILLED)
        accepted, finished = 600 + 100 * told.read_bytes().count(b"a"), told.read_bytes().count(b"f")
        left = list(taken(opened(directory)))
        where = works.index(left[0]) if left else 1_100
        assert left == works[where : where + len(left)]  # whole, in their order
        assert where <= finished + 500
        assert where + len(left) >= accepted
        kept = [(directory / name).read_bytes() if (directory / name).exists() else b"" for name in (REFUSED, DENIED)]
        refused, denied = map(set, map(split, map(whole, kept)))
        assert refused <= {works[0], works[500], works[600], works[1_000]} | set(works[600:])
        assert finished == 0 or (works[0] in refused and works[1] in denied)
        assert set(names(directory)) <= {REFUSED, DENIED}
        if status == 0:
            break
        steps += 1
    assert steps > 40
    assert not left


def whole(data: bytes) -> bytes:
    """Cut off the document that a killed process has not finished."""
    start = 0
    while start + 4 <= len(data) and start + int.from_bytes(data[start : start + 4], "little") <= len(data):
        start += int.from_bytes(data[start : start + 4], "little")
    return data[:start]


@pytest.mark.slow
def test_processes_take_turns(directory: Path) -> None:
    def life(number: int) -> None:
        with (directory.parent / f"done{number}").open("ab") as done:
            for turn in range(20):
                spool = opened(directory)
                spool.append(documents(50, start=(number * 20 + turn) * 50))
                if turn % 3:
                    for each in taken(spool):
                        done.write(each)
                spool.close()

    children = []
    for number in range(4):
        if not (child := os.fork()):
            try:
                life(number)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [ended(child) for child in children] == [0] * 4
    done = [each for number in range(4) for each in split((directory.parent / f"done{number}").read_bytes())]
    done += taken(opened(directory))
    assert sorted(done) == sorted(documents(4_000))
    assert names(directory) == []


@given(st.data())
def test_whatever_happens_each_work_is_there_until_it_is_finished(tmp_path_factory: Any, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(works_file, "_READ_WORKS", 5)
        monkeypatch.setattr(spools, "_FILE_BYTES", 500)
        happen(tmp_path_factory.mktemp("spool"), data)


def happen(directory: Path, data: st.DataObject) -> None:
    torn_files: set[Path] = set()
    spool, given_, finished = opened(directory), 0, 0
    chunks: list[Any] = []
    for _ in range(data.draw(st.integers(1, 30))):
        step = data.draw(st.sampled_from(["append", "read", "finish", "rewind", "leave", "torn"]))
        if step == "append":
            number = data.draw(st.integers(1, 12))
            assert not spool.append(documents(number, data.draw(st.sampled_from([0, 100])), start=given_))
            given_ += number
        elif step == "read":
            spool.adopt()
            if chunk := spool.read():
                chunks.append(chunk)
        elif step == "finish" and chunks:
            chunk = chunks.pop(0)
            spool.finish(chunk, [], [])
            assert number_of(chunk.documents[0]) == finished
            finished += len(chunk.documents)
        elif step == "rewind":
            spool.rewind()
            chunks.clear()
        elif step in ("leave", "torn"):
            spool.close()
            chunks.clear()
            whole_files = sorted(set(directory.glob(f"*{SUFFIX}")) - torn_files)
            if whole_files and step == "torn":
                torn = documents(1, 100)[0]
                torn_files.add(whole_files[-1])
                with whole_files[-1].open("ab") as file:
                    file.write(torn[: data.draw(st.integers(1, len(torn) - 1))])
            spool = opened(directory)
        assert works_left(directory) == given_ - finished
    spool.rewind()
    assert [number_of(each) for each in taken(spool)] == list(range(finished, given_))
    spool.close()
    assert names(directory) == []

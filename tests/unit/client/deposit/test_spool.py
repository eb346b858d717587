"""The files of a spool, whatever the disk and other processes do to them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.spools import documents, filled, names, number_of, opened, taken
from workflow_results import InvalidRequestError
from workflow_results._deposit import spool as spools
from workflow_results._deposit.spool import DENIED, REFUSED, open_spool, works_left
from workflow_results._deposit.works_file import DAMAGED, SUFFIX
from workflow_results.common.framing import split


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_works_come_back_in_their_order_and_nothing_remains(directory: Path) -> None:
    spool, works = opened(directory), documents(3_000, 200)
    assert not spool.append(works[:1_000])
    assert not spool.append(works[1_000:])
    assert works_left(directory) == 3_000
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert list(taken(spool)) == works
    assert names(directory) == []
    assert (spool.deposited, spool.holds_works) == (3_000, False)


def test_works_larger_than_a_chunk_go_alone(directory: Path) -> None:
    works = [*documents(2, 10), *documents(1, 2 << 20), *documents(2, 10), *documents(1, 16_000_000)]
    filled(directory, works)
    assert list(taken(opened(directory))) == works


def test_a_file_that_was_cut_at_any_byte_has_all_whole_works(directory: Path) -> None:
    works = documents(4, 3)
    path = filled(directory, works)
    data = path.read_bytes()
    ends = [sum(map(len, works[:number])) for number in range(5)]
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        whole = sum(end <= cut for end in ends) - 1
        spool = opened(directory)
        assert list(taken(spool)) == works[:whole], cut
        assert names(directory) == []
        spool.close()


@pytest.mark.parametrize("garbage", [bytes(3 << 10), b"\xff" * 100, b"\x04\0\0\0 and more"])
def test_what_is_no_work_is_kept_aside(directory: Path, garbage: bytes) -> None:
    works = documents(3)
    path = filled(directory, works)
    path.write_bytes(path.read_bytes() + garbage)
    assert list(taken(opened(directory))) == works
    assert names(directory) == [path.name + DAMAGED]
    assert (directory / (path.name + DAMAGED)).read_bytes().endswith(garbage)


def test_what_is_deposited_is_remembered_by_chunks(directory: Path) -> None:
    works = documents(2_000, 1_000)
    filled(directory, works)
    first = opened(directory)
    first.adopt()
    chunks = [first.read(), first.read()]
    assert chunks[0]
    assert chunks[1]
    first.finish(chunks[0], [], [])
    first.close()
    assert works_left(directory) == 2_000 - len(chunks[0].documents)
    second = opened(directory)
    assert list(taken(second)) == works[len(chunks[0].documents) :]
    assert names(directory) == []


@pytest.mark.parametrize("position", [b"", b"nonsense", b"-5", b"99999999999", b"00000000000000000000\n"])
def test_a_position_that_can_not_be_is_none(directory: Path, position: bytes) -> None:
    works = documents(5)
    path = filled(directory, works)
    path.with_name(path.name.removesuffix(SUFFIX) + ".position").write_bytes(position)
    assert list(taken(opened(directory))) == works
    assert names(directory) == []


def test_rewinding_reads_again_what_is_not_finished(directory: Path) -> None:
    spool, works = opened(directory), documents(1_200)
    spool.append(works)
    first = spool.read()
    assert first
    while spool.read():
        pass
    spool.finish(first, [], [])
    spool.rewind()
    spool.append(documents(10, start=1_200))
    assert list(taken(spool)) == [*works[len(first.documents) :], *documents(10, start=1_200)]


def test_files_are_adopted_oldest_first_and_only_without_an_owner(directory: Path) -> None:
    living, dead = opened(directory), [opened(directory) for _ in range(3)]
    living.append(documents(1, start=100))
    for number, each in enumerate(dead):
        each.append(documents(1, start=number))
    for each in reversed(dead):
        each.close()
    other = opened(directory)
    assert list(taken(other)) == documents(3)
    assert works_left(directory) == 1
    assert list(taken(living)) == documents(1, start=100)
    assert names(directory) == []


def test_files_of_others_come_before_own_ones_and_are_many(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_MOST_FILES", 3)
    for number in range(10):
        filled(directory, documents(1, start=number))
    spool = opened(directory)
    spool.append(documents(1, start=10))
    numbers = [number_of(each) for each in taken(spool)]
    assert numbers[:2] == [0, 1]
    assert sorted(numbers) == list(range(11))
    assert names(directory) == []


def test_long_outages_fill_several_files(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "_FILE_BYTES", 1_000)
    spool, works = opened(directory), documents(100, 100)
    for each in works:
        spool.append([each])
    assert len(names(directory)) > 5
    assert list(taken(spool)) == works
    assert names(directory) == []


def test_a_full_spool_takes_what_fits(directory: Path) -> None:
    spool, small, large = opened(directory, 1_000), documents(20, 10), documents(1, 5_000)
    problems = spool.append([*small[:2], *large, *small[2:4]])
    assert list(problems) == [2]
    assert "is full: its files have 1,000 bytes at most (spool_bytes)" in problems[2]
    problems = spool.append(small[4:])
    fitting = 1_000 // len(small[0]) - 4
    assert list(problems) == list(range(fitting, 16))
    assert list(taken(spool)) == small[: 4 + fitting]
    assert not spool.append(small)


class Disk:
    """A disk with so many bytes left, as `os.pwrite` sees it."""

    def __init__(self, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = left
        self._pwrite = os.pwrite
        monkeypatch.setattr(os, "pwrite", self.pwrite)

    def pwrite(self, fd: int, data: bytes, at: int) -> int:
        written = self._pwrite(fd, data[: self.left], at) if self.left else 0
        self.left -= written
        if data and not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written


def test_a_full_disk_refuses_works_and_spares_others(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, works = opened(directory), documents(30)
    disk = Disk(10 * len(works[0]) + 7, monkeypatch)
    assert not spool.append(works[:4])
    problems = spool.append(works[4:15])
    assert list(problems) == [6, 7, 8, 9, 10]
    assert problems[6] == f"the spool {directory} can't be written: No space left on device"
    assert list(spool.append(works[15:20])) == list(range(5))
    disk.left = 1 << 20
    assert not spool.append(works[20:])
    spool.close()
    assert list(taken(opened(directory))) == [*works[:10], *works[20:]]
    assert names(directory) == []


def test_a_file_that_can_not_be_removed_is_not_deposited_again_and_again(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    works = documents(3)
    filled(directory, works)
    spool = opened(directory)

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", fails)
        assert list(taken(spool)) == works
        assert not spool.append(works[:1])
        assert list(taken(spool)) == works[:1]
        assert not spool.holds_works
        spool.close()
    assert caplog.text.count("can't be removed: [Errno 30] Read-only file system") == 2
    assert list(taken(opened(directory))) == []  # it is noted how far they are deposited
    assert names(directory) == []


@pytest.mark.parametrize("name", ["fsync", "open"])
def test_works_that_may_not_be_on_the_disk_are_not_accepted(
    directory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spool, works = opened(directory, fsync=True), documents(10)

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if name == "fsync":
        assert not spool.append(works[:5])
    with monkeypatch.context() as broken:
        broken.setattr(os, name, fails)
        assert list(spool.append(works[5:])) == list(range(5))
    kept = works[:5] if name == "fsync" else []
    assert not spool.append(works[:1])
    assert list(taken(spool)) == [*kept, works[0]]


def test_fsync_comes_once_for_works_that_come_together(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    spool = opened(directory, fsync=True)
    spool.append(documents(1))  # this one also for the directories
    synced.clear()
    spool.append(documents(1_000))
    assert len(synced) == 1
    quick = opened(directory)
    quick.append(documents(1_000))
    assert len(synced) == 1


def test_refused_works_are_kept_with_what_a_killed_process_left(directory: Path) -> None:
    spool, works, told = opened(directory), documents(1_500), documents(3, 20)
    spool.append(works)
    for number in range(3):
        chunk = spool.read()
        assert chunk
        spool.finish(chunk, [told[number]], [works[number]])
        for name in (REFUSED, DENIED):
            with (directory / name).open("ab") as file:
                file.write(told[0][:-1])
    other = opened(directory)
    other.append(works[:1])
    chunk = other.read()
    assert chunk
    other.finish(chunk, [told[0]], [works[3]])
    assert split((directory / REFUSED).read_bytes()) == [*told, told[0]]
    assert split((directory / DENIED).read_bytes()) == works[:4]
    assert (spool.refused, spool.denied, spool.deposited) == (3, 3, 1_494)


def test_denied_works_are_taken_once(directory: Path) -> None:
    spool, works = opened(directory), documents(3)
    spool.append(works)
    chunk = spool.read()
    assert chunk
    spool.finish(chunk, [], works)
    assert works_left(directory) == 3
    assert list(taken(opened(directory))) == []
    first, second = opened(directory), opened(directory)
    first.take_denied()
    second.take_denied()
    assert list(taken(second)) == []
    chunk = first.read()
    assert chunk
    first.finish(chunk, [], works[:1])
    assert split((directory / DENIED).read_bytes()) == works[:1]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_directory_that_others_may_write_into_is_refused(directory: Path, mode: int) -> None:
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(InvalidRequestError, match=r"others may write into spool_dir .*: chmod go-w it"):
        opened(directory)


def test_a_directory_that_can_not_be_one_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.write_text("")
    with pytest.raises(InvalidRequestError, match="is not a directory"):
        opened(directory)
    with pytest.raises(InvalidRequestError, match="Not a directory"):
        opened(directory / "below")
    directory.unlink()
    directory.mkdir(0o755)
    opened(directory)  # others may look into it, but the files are not for them
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    with pytest.raises(InvalidRequestError, match="belongs to another user"):
        opened(directory)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((b"bytes", 1, True), "spool_dir must be a path"),
        (("", 1, True), "spool_dir must be a path"),
        ((3, 1, True), "spool_dir must be a path"),
        (("a\0b", 1, True), "spool_dir must be a path"),
        ((None, 0, True), "spool_bytes must be a positive integer, not 0"),
        ((None, True, True), "spool_bytes must be a positive integer, not True"),
        ((None, 1.5, True), "spool_bytes must be a positive integer"),
        ((None, 1, "no"), "spool_fsync must be True or False"),
    ],
)
def test_arguments_that_can_not_be_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        open_spool(*arguments)


def test_what_is_no_file_of_works_is_left_alone(directory: Path, tmp_path: Path) -> None:
    works = documents(2)
    path = filled(directory, works)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"".join(works))
    (directory / f"0-link{SUFFIX}").symlink_to(elsewhere)
    (directory / f"1-folder{SUFFIX}").mkdir()
    os.mkfifo(directory / f"2-pipe{SUFFIX}")
    (directory / "notes.txt").write_text("mine")
    (directory / "0-gone.position").write_text("5")
    assert list(taken(opened(directory))) == works
    assert path.name not in names(directory)
    assert names(directory) == [f"0-link{SUFFIX}", f"1-folder{SUFFIX}", f"2-pipe{SUFFIX}", "notes.txt"]


def test_a_directory_that_is_gone_is_told_of_the_works(directory: Path) -> None:
    spool = opened(directory)
    directory.rmdir()
    spool.adopt()
    assert spool.read() is None
    assert "No such file or directory" in spool.append(documents(1))[0]

"""The embedded mongod, found again: in whatever state the server before left it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.mongods import deposit, eventually, fake_mongod, kill_a_server, kill_mongod, pid_of, run, running
from workflow_results_server.mongod import embedded as mongod_module
from workflow_results_server.mongod.binary import find_binary
from workflow_results_server.mongod.data_directory import DataDirectory
from workflow_results_server.mongod.embedded import EmbeddedMongod, MongodError

if TYPE_CHECKING:
    Client = AsyncMongoClient[dict[str, Any]]


def test_mongod_of_a_killed_server_is_adopted(directory: Path) -> None:
    orphan = kill_a_server(directory)

    async def scenario() -> None:
        async with running(directory) as (mongod, client):
            assert await deposit(client) == 1
            assert pid_of(directory) == orphan
            await client.close()
            await mongod.stop()
            assert not DataDirectory(directory).mongod_lives()

    run(scenario())


def test_adopted_mongod_is_supervised(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    kill_a_server(directory)

    async def scenario() -> None:
        async with running(directory) as (mongod, client):
            assert await deposit(client) == 1
            supervision = asyncio.create_task(mongod.run())
            kill_mongod(directory)
            await eventually(lambda: "mongod started" in caplog.text)  # and all sessions are ended, of ours, too
            assert await deposit(client) == 2
            assert not supervision.done()

    run(scenario())


@pytest.mark.parametrize("spelling", ["../real/sub/d", "link", "by-link/sub/d"])
def test_mongod_of_a_killed_server_is_adopted_under_another_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    real = tmp_path / "real" / "sub" / "d"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(real, target_is_directory=True)
    (elsewhere / "by-link").symlink_to(tmp_path / "real", target_is_directory=True)
    orphan = kill_a_server(real)
    monkeypatch.chdir(elsewhere)
    try:

        async def scenario() -> None:
            async with running(Path(spelling)) as (_, client):
                assert await deposit(client) == 1
                assert pid_of(real) == orphan

        run(scenario())
    finally:
        DataDirectory(real).kill_mongod()


def test_directory_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    directory = Path(os.fsdecode(bytes(tmp_path) + b"/d\xff\xe4t\xe4"))
    orphan = kill_a_server(directory)
    try:

        async def scenario() -> None:
            async with running(directory) as (_, client):
                assert await deposit(client) == 1
                assert pid_of(directory) == orphan
            async with running(directory) as (_, client):
                assert await deposit(client) == 2

        run(scenario())
    finally:
        DataDirectory(directory).kill_mongod()


def test_orphan_that_hangs_is_left_alone_with_a_word_about_it(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan = kill_a_server(directory)
    os.kill(orphan, signal.SIGSTOP)
    monkeypatch.setattr(mongod_module, "_ADOPTION_SECONDS", 0.2)
    with pytest.raises(MongodError, match=rf"mongod \(pid {orphan}\) is not ready .*; if it hangs, kill it"):
        asyncio.run(EmbeddedMongod(directory).start())
    assert DataDirectory(directory).mongod_lives()


def test_orphan_that_is_stopping_is_waited_for(directory: Path) -> None:
    orphan = kill_a_server(directory)
    os.kill(orphan, signal.SIGTERM)

    async def scenario() -> None:
        async with running(directory) as (_, client):
            assert await deposit(client) == 1
            assert pid_of(directory) != orphan

    run(scenario())


@pytest.mark.parametrize("orphan", ["alive", "killed"])
@pytest.mark.parametrize("halt_before", ["_take_step", "_set_user"])
def test_interrupted_first_start_heals(directory: Path, halt_before: str, orphan: str) -> None:
    kill_a_server(directory, halt_before)
    if orphan == "killed":
        DataDirectory(directory).kill_mongod()

    async def scenario() -> None:
        async with running(directory) as (_, client):
            assert await deposit(client) == 1

    run(scenario())


def test_files_of_an_interrupted_first_start_are_completed(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    for name in ("lock", "password", "keyfile", "port", "port.new"):
        (directory / name).touch(mode=0o600)

    async def scenario() -> None:
        async with running(directory) as (_, client):
            assert await deposit(client) == 1

    run(scenario())


def test_second_live_server_is_told_so(directory: Path) -> None:
    async def scenario() -> None:
        async with running(directory) as (_, client):
            with pytest.raises(MongodError, match=rf"is in use by another server \(pid {os.getpid()}\)"):
                await EmbeddedMongod(directory).start()
            assert await deposit(client) == 1

    run(scenario())


def test_taken_port_is_given_up(directory: Path) -> None:
    async def scenario() -> None:
        async with running(directory) as (_, client):
            assert await deposit(client) == 1
            taken = await client.address
        squatter = await asyncio.start_server(lambda _, writer: writer.close(), *taken)  # type: ignore[misc]
        async with squatter, running(directory) as (_, client):
            assert await deposit(client) == 2
            assert await client.address != taken
            address = await client.address
        async with running(directory) as (_, client):
            assert await deposit(client) == 3
            assert await client.address == address

    run(scenario())


def test_copy_of_a_directory_does_not_touch_the_original(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "copy"
    # The original, with the same port and key, must not be taken for a mongod that is slow to start.
    slow = fake_mongod(tmp_path, f'sleep 0.5; exec {find_binary()} "$@"')

    async def scenario() -> None:
        async with running(directory) as (_, original):
            shutil.copytree(directory, copied)
            assert await deposit(original) == 1
            monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", slow)
            async with running(copied) as (_, copy):
                assert await deposit(copy) == 1
                assert await copy.address != await original.address

    run(scenario())

"""The embedded mongod, tried on a real one: every way in which it starts, ends and is found again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from embedded import deposit, eventually, kill_a_server, kill_mongod, pid_of, run, running
from workflow_results_server import mongod as mongod_module
from workflow_results_server.data_directory import DataDirectory
from workflow_results_server.mongod import EmbeddedMongod
from workflow_results_server.mongod_binary import find_binary

if TYPE_CHECKING:
    Client = AsyncMongoClient[dict[str, Any]]


def test_new_directory_becomes_a_primary_that_only_its_owner_can_use(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        async with running(directory) as (_, client):
            assert await deposit(client) == 1
            hello = await client.admin.command("hello")
            assert hello["isWritablePrimary"]
            assert hello["hosts"] == ["{}:{}".format(*await client.address)]  # type: ignore[misc]
            with pytest.raises(OperationFailure, match="ScriptEngine"):
                await client.archive.works.find_one({"$where": "true"})
            with pytest.raises(OperationFailure, match="not authorized"):
                await client.admin.command("createUser", "other", pwd="other", roles=["root"])

            host, port = await client.address  # type: ignore[misc]
            async with AsyncMongoClient[dict[str, Any]](host, port, directConnection=True) as stranger:
                with pytest.raises(OperationFailure, match="requires authentication"):
                    await stranger.archive.works.find_one({})

            assert os.getsid(pid_of(directory)) != os.getsid(0)
            commands = subprocess.check_output(["ps", "-A", "-ww", "-o", "args"], text=True)  # noqa: ASYNC221
            assert str(directory) in commands
            for secret in ("password", "keyfile"):
                text = (directory / secret).read_text()
                assert text not in commands
                assert text not in (directory / "mongod.log").read_text()
                assert text not in caplog.text

    run(scenario())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir()} == {
        "db": "0o700",
        **dict.fromkeys(("keyfile", "lock", "mongod.log", "password", "port"), "0o600"),
    }


def test_localhost_exception_is_closed_before_there_is_a_user(directory: Path) -> None:
    kill_a_server(directory, halt_before="_set_user")

    async def scenario() -> None:
        port = int((directory / "port").read_text())
        async with AsyncMongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as stranger:
            with pytest.raises(OperationFailure, match="requires authentication"):
                await stranger.admin.command("createUser", "other", pwd="other", roles=["root"])

    run(scenario())


def test_stop_and_restart_keep_data_and_port(directory: Path) -> None:
    async def scenario() -> None:
        async with running(directory) as (mongod, client):
            assert await deposit(client) == 1
            address = await client.address
            await client.close()
            await mongod.stop()
            assert not DataDirectory(directory).mongod_lives()
            assert '"exitCode":0' in (directory / "mongod.log").read_text()
        for count in (2, 3):  # after the clean stop, then after a kill
            async with running(directory) as (_, client):
                assert await deposit(client) == count
                assert await client.address == address

    run(scenario())


def test_mongod_that_dies_is_restarted_once(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(directory) as (mongod, client):
            assert await deposit(client) == 1
            supervision = asyncio.create_task(mongod.run())
            kill_mongod(directory)
            await eventually(lambda: caplog.text.count("mongod started") == 2)
            assert await deposit(client) == 2
            assert not supervision.done()
            await client.close()
            kill_mongod(directory)
            await supervision

    caplog.set_level(logging.INFO)
    run(scenario())
    assert caplog.text.count("died with exit code -9") == 2


def test_mongod_that_cannot_be_restarted_is_lost(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(directory) as (mongod, client):
            await client.close()
            (directory / "keyfile").chmod(0o644)
            kill_mongod(directory)
            await mongod.run()

    run(scenario())
    assert "could not be restarted: mongod ended at its start with exit code 1" in caplog.text
    assert "Unable to acquire security key[s]" in caplog.text


def test_stop_ends_the_supervision_and_may_be_repeated(directory: Path) -> None:
    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.stop()
        await mongod.start()
        supervision = asyncio.create_task(mongod.run())
        await asyncio.sleep(0)
        await asyncio.gather(mongod.stop(), mongod.stop())
        await supervision
        await mongod.stop()

    run(scenario())
    assert not DataDirectory(directory).mongod_lives()


def test_stop_during_a_restart_leaves_no_mongod(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.start()
        stops = []

        async def stop() -> None:
            await mongod.stop()
            assert not DataDirectory(directory).mongod_lives()

        def find_binary_and_stop() -> str:
            stops.append(asyncio.create_task(stop()))  # which runs while the process is being made
            return find_binary()

        monkeypatch.setattr(mongod_module, "find_binary", find_binary_and_stop)
        kill_mongod(directory)
        await mongod.run()
        await asyncio.gather(*stops)
        assert len(stops) == 1

    run(scenario())


def test_stop_kills_a_mongod_that_hangs(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.start()
        os.kill(pid_of(directory), signal.SIGSTOP)
        await mongod.stop()

    monkeypatch.setattr(mongod_module, "_STOP_SECONDS", 0.1)
    run(scenario())
    assert "did not stop" in caplog.text
    assert not DataDirectory(directory).mongod_lives()


def test_cancelled_start_leaves_no_mongod(directory: Path) -> None:
    async def scenario() -> None:
        start = asyncio.create_task(EmbeddedMongod(directory).start())
        await eventually(DataDirectory(directory).mongod_lives)
        start.cancel()
        with pytest.raises(asyncio.CancelledError):
            await start

    run(scenario())
    assert not DataDirectory(directory).mongod_lives()

"""The embedded mongod, tried on a real one: every way in which it starts, ends and is found again."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
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

from tests.support.mongods import deposit, eventually, fake_mongod, kill_a_server, kill_mongod, pid_of, run, running
from tests.support.waiting import PATIENCE
from workflow_results_server.mongod import embedded as mongod_module
from workflow_results_server.mongod.binary import find_binary
from workflow_results_server.mongod.data_directory import DataDirectory
from workflow_results_server.mongod.embedded import EmbeddedMongod, MongodError
from workflow_results_server.mongod.restarts import Restarts

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
            commands = subprocess.check_output(["ps", "-A", "-ww", "-o", "args"], text=True, timeout=PATIENCE)  # noqa: ASYNC221
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


QUICK_FAILURES = 3


def quick() -> Restarts:
    return Restarts(first_seconds=0.01, longest_seconds=0.02, calm_seconds=1_000, most_failures=QUICK_FAILURES)


def test_mongod_that_dies_is_started_again_and_again(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(directory, quick()) as (mongod, client):
            address = None
            supervision = asyncio.create_task(mongod.run())
            for deaths in range(3):
                assert await deposit(client) == deaths + 1
                assert address in (None, await client.address)
                address = await client.address
                kill_mongod(directory)
                await eventually(lambda deaths=deaths: caplog.text.count("mongod started") == deaths + 2)  # type: ignore[misc]
            assert await deposit(client) == 4
            assert not supervision.done()

    caplog.set_level(logging.INFO)
    run(scenario())
    assert caplog.text.count("died with exit code -9") >= 3


def test_mongod_that_cannot_be_started_again_is_given_up_with_the_reason(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with running(directory, quick()) as (mongod, client):
            await client.close()
            (directory / "keyfile").chmod(0o644)
            kill_mongod(directory)
            with pytest.raises(
                MongodError, match=r"can't be restarted: mongod failed to start, .* exit code 1: .*Unable to acq"
            ):
                await mongod.run()

    run(scenario())
    assert caplog.text.count("next attempt in") == QUICK_FAILURES - 1


@pytest.mark.parametrize("spoil", ["binary", "lock", "data"])
def test_what_makes_a_start_hopeless(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    async def scenario() -> None:
        async with running(directory, quick()) as (mongod, client):
            await client.close()
            holder = contextlib.nullcontext()
            supervision = asyncio.create_task(mongod.run())
            if spoil == "binary":
                monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", str(tmp_path / "gone"))
                expected = "cannot run .*gone: No such file"
            elif spoil == "data":
                fake = fake_mongod(tmp_path, """echo '{"s": "F", "msg": "Wrong mongod version"}'; exit 62""")
                monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", fake)
                expected = "exit code 62: Wrong mongod version"
            else:
                holder = (directory / "mongod.log").open("rb")  # type: ignore[assignment]
                expected = "another mongod is using"
                original = DataDirectory.open_log

                def open_log(files: DataDirectory) -> Any:
                    fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
                    return original(files)

                monkeypatch.setattr(DataDirectory, "open_log", open_log)
            with holder:
                kill_mongod(directory)
                with pytest.raises(MongodError, match=expected):
                    await supervision

    run(scenario())


def test_mongod_whose_log_was_removed_is_started_again(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running(directory, quick()) as (mongod, client):
            supervision = asyncio.create_task(mongod.run())
            (directory / "mongod.log").unlink()
            kill_mongod(directory)
            await eventually(lambda: supervision.done() or caplog.text.count("mongod started") == 2)
            assert not supervision.done()
            assert await deposit(client) == 1

    caplog.set_level(logging.INFO)
    run(scenario())


@pytest.mark.parametrize("full", ["log", "log cut", "disk"])
def test_a_full_disk_is_waited_for(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, full: str
) -> None:
    said = {
        "log": """echo '{"s": "F", "msg": "Fatal assertion", "attr": {"error": "No space left on device"}}'""",
        "log cut": """echo '{"s":"E", "msg":"WiredTiger error message","attr":{"error":28,"message":{"ts_s'""",
        "disk": "",
    }[full]
    fake = fake_mongod(tmp_path, f"{said}\nkill -ABRT $$")
    real = find_binary()
    statvfs = os.statvfs

    def full_disk(path: Any) -> Any:
        found = list(statvfs(path))
        found[3] = found[4] = 0  # the blocks that are free
        return os.statvfs_result(found)

    async def scenario() -> None:
        async with running(directory, quick()) as (mongod, client):
            supervision = asyncio.create_task(mongod.run())
            monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", fake)
            if full == "disk":
                monkeypatch.setattr(os, "statvfs", full_disk)
            kill_mongod(directory)
            await eventually(lambda: caplog.text.count("restarted, next attempt") > QUICK_FAILURES)
            assert not supervision.done()
            monkeypatch.setattr(os, "statvfs", statvfs)
            monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", real)
            assert await deposit(client) == 1

    run(scenario())
    failures = [record.getMessage() for record in caplog.records if "next attempt" in record.getMessage()]
    assert all(f"No space left on device: mongod needs room in {directory}" in line for line in failures)


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


def test_stop_ends_the_supervision_that_is_just_done_with_a_restart(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wait_for` may lose a cancellation that comes at this moment."""
    make_ready = mongod_module._make_ready

    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.start()
        stops = []

        async def make_ready_and_stop(directory: DataDirectory, ended: asyncio.Future[int]) -> None:
            await make_ready(directory, ended)
            stops.append(asyncio.create_task(mongod.stop()))

        monkeypatch.setattr(mongod_module, "_make_ready", make_ready_and_stop)
        kill_mongod(directory)
        await mongod.run()
        await asyncio.gather(*stops)
        assert len(stops) == 1

    run(scenario())
    assert not DataDirectory(directory).mongod_lives()


def test_stop_during_a_restart_waits_until_its_sockets_are_closed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.start()
        closing = asyncio.Event()
        left_behind = []

        async def be_ready(client: Client, _: DataDirectory) -> bool:
            close = client.close

            async def close_in_many_turns() -> None:
                closing.set()
                for _ in range(100):
                    await asyncio.sleep(0)
                left_behind.append(supervision.done())
                await close()

            monkeypatch.setattr(client, "close", close_in_many_turns)
            return True

        monkeypatch.setattr(mongod_module, "_take_step", be_ready)
        kill_mongod(directory)
        supervision = asyncio.create_task(mongod.run())
        await closing.wait()
        await mongod.stop()
        await supervision
        assert left_behind == [False]

    run(scenario())


def test_stop_kills_a_mongod_that_hangs(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        await mongod.start()
        os.kill(pid_of(directory), signal.SIGSTOP)
        await mongod.stop()

    monkeypatch.setattr(mongod_module, "STOP_SECONDS", 0.1)
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

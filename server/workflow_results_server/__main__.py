"""One worker process of `workflow-results serve --workers N`; started by `workers.py`, not by people."""

from __future__ import annotations

import asyncio
import sys

from workflow_results_server import logs
from workflow_results_server.app import stop_on_signals
from workflow_results_server.server import Server
from workflow_results_server.settings import Settings, SettingsError
from workflow_results_server.store import ConnectionRefused
from workflow_results_server.tokens import TokensError
from workflow_results_server.workers import READY


async def _work(settings: Settings) -> None:
    stop = stop_on_signals()
    server = Server(settings, share_port=True)
    try:
        await server.start()
        sys.stdout.buffer.write(READY)
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), stop.set)  # it becomes readable when the parent is gone
        await stop.wait()
        loop.remove_reader(sys.stdin.fileno())
    finally:
        await server.stop()


def main() -> int:
    """Serve with the settings that stand in the first line of standard input."""
    settings = Settings.from_json(sys.stdin.readline())
    logs.configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(_work(settings))
    except (SettingsError, TokensError, ConnectionRefused) as error:
        sys.stderr.write(f"workflow-results: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

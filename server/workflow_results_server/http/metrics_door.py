"""The metrics, on a port of their own: who may see numbers need not see results, and the reverse."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from workflow_results.common.loopback import is_loopback_host
from workflow_results_server.access.policy import Access
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.chain import Chain
from workflow_results_server.http.guard import Guard
from workflow_results_server.http.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prometheus_client import CollectorRegistry

    from workflow_results_server.access.tokens import TokensFile
    from workflow_results_server.http.requests import Call
    from workflow_results_server.settings import Settings

PATH: Final = "/metrics"
_CONNECTIONS: Final = 100
_LIKE: Final = "Info"
"""The RPC for which callers need no more, and no less."""


class MetricsDoor(Listener):
    """Serves metrics to Prometheus.

    Args:
        settings: The settings of the server.
        tokens: The callers. Who can reach a port of loopback needs no token.
        registry: The metrics.
        refresh: Is awaited before they are collected.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: TokensFile | None,
        registry: CollectorRegistry,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._registry = registry
        self._refresh = refresh
        self._writing: asyncio.Task[bytes] | None = None
        guard = Guard(settings.metrics_host, settings.http_allowed_host, ())
        access = Access(None if is_loopback_host(settings.metrics_host) else tokens)
        super().__init__(Chain({("GET", PATH): self._answer}, guard, access, settings.call_seconds), _CONNECTIONS)

    async def _answer(self, call: Call) -> Answer:
        call.authorize(_LIKE)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        text = await asyncio.shield(self._writing)  # others may wait for it, too
        return Answer(text, content_type=CONTENT_TYPE_LATEST)

    async def _write(self) -> bytes:
        """Write the metrics, once for all who ask meanwhile: a hundred at a time would leave no processor for calls."""
        await self._refresh()
        # In a thread: ten thousand numbers take some tens of milliseconds.
        return await asyncio.to_thread(generate_latest, self._registry)

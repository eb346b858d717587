"""The door: the dashboard and the routes of the old backend on one port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow_results_server.http.chain import Chain
from workflow_results_server.http.guard import Guard
from workflow_results_server.http.listener import Listener
from workflow_results_server.http.old_routes import OldRoutes
from workflow_results_server.http.ui.dashboard import Dashboard
from workflow_results_server.telemetry import tracing

if TYPE_CHECKING:
    from workflow_results_server.access.policy import Access
    from workflow_results_server.http.asgi import Application
    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.settings import Settings
    from workflow_results_server.store import Store


class Door(Listener):
    """Serves the dashboard and the routes of the old backend.

    Args:
        settings: The settings of the server.
        store: Where the results are.
        intake: Takes deposited works in, of all doors.
        access: Decides who may make a call.
        connections: The most connections at a time.
    """

    def __init__(self, settings: Settings, store: Store, intake: Intake, access: Access, connections: int) -> None:
        guard = Guard(settings.host, settings.http_allowed_host, settings.http_cors_origin)
        self._dashboard = Dashboard(settings, store)
        routes = {**self._dashboard.routes, **OldRoutes(settings, store, intake).routes}
        super().__init__(_traced(Chain(routes, guard, access, settings.call_seconds)), connections)

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, and finish the calls in progress.

        Args:
            seconds: How long they may take.
        """
        self._dashboard.stop()
        await super().stop(seconds)


def _traced(chain: Chain) -> Application:
    """Return the application, with spans around it where somebody wants them."""
    spans = tracing.spans()
    if spans is None:
        return chain
    from workflow_results_server.http.tracing import TracedChain

    return TracedChain(spans, chain)

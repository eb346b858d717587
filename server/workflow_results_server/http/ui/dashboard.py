"""The dashboard: all that there is below `/ui/`, by method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.ui import files
from workflow_results_server.http.ui.changes import Changes
from workflow_results_server.http.ui.live import Live
from workflow_results_server.http.ui.plots import Plots
from workflow_results_server.http.ui.reading import Reading
from workflow_results_server.http.ui.session import Session
from workflow_results_server.requests.memory import Room

if TYPE_CHECKING:
    from workflow_results_server.http.chain import Routes
    from workflow_results_server.http.requests import Call
    from workflow_results_server.settings import Settings
    from workflow_results_server.store import Store

_TEXTS_BYTES: Final = 64 * rules.MIB
"""What results as JSON may have together while they are sent."""


class Dashboard:
    """The handlers of the page.

    Args:
        settings: The settings of the server.
        store: Where the results are.

    Attributes:
        routes: Each by its method and its path.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        session = Session(secure=settings.tls_cert is not None, plots=settings.plots_root is not None)
        room = Room(_TEXTS_BYTES, "results as JSON")
        reading, changes = Reading(store, room), Changes(store)
        self._live = Live(store.watches, room)
        self.routes: Routes = {
            **files.routes(),
            ("GET", "/"): _home,
            ("GET", "/ui"): _to_page,
            ("POST", "/ui/login"): session.log_in,
            ("POST", "/ui/logout"): session.log_out,
            ("GET", "/ui/api/session"): session.show,
            ("GET", "/ui/api/pipelines"): reading.pipelines,
            ("POST", "/ui/api/rates"): reading.rates,
            ("POST", "/ui/api/results"): reading.results,
            ("POST", "/ui/api/result"): reading.result,
            ("POST", "/ui/api/top"): reading.top,
            ("POST", "/ui/api/count"): reading.count,
            ("POST", "/ui/api/values"): reading.values,
            ("POST", "/ui/api/columns"): reading.columns,
            ("POST", "/ui/api/points"): reading.points,
            ("POST", "/ui/api/export"): reading.export,
            ("GET", "/ui/api/history"): changes.history,
            ("POST", "/ui/api/lock"): changes.lock,
            ("POST", "/ui/api/unlock"): changes.unlock,
            ("POST", "/ui/api/watch"): self._live.watch,
            ("GET", "/ui/api/plot"): Plots(store, settings.plots_root).plot,
        }

    def stop(self) -> None:
        """End what has no end by itself."""
        self._live.stop()


async def _home(call: Call) -> Answer:
    """Lead browsers to the page; for all others there is nothing here, as there never was."""
    if "text/html" not in call.headers.get("accept", ""):
        raise HttpError(404, "NOT_FOUND", "there is nothing at /")
    return await _to_page(call)


async def _to_page(call: Call) -> Answer:
    call.name = "page"
    return Answer(b"", 303, headers={"location": "/ui/"})

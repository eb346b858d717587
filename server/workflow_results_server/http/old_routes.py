"""The routes of the old Results backend: bare JSON, never an envelope, and a status of 4xx for every refusal.

Its clients take any answer of 200 for a success, whatever stands in it.
"""

from __future__ import annotations

from functools import partial
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.version import __version__
from workflow_results_server.access.callers import current_caller
from workflow_results_server.documents.extended_json import has_more_values
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.http import changes, plain_json
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.deposits import Deposit
from workflow_results_server.http.json_works import read_json
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields
from workflow_results_server.store import Selection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workflow_results_server.http.chain import Routes
    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.settings import Settings
    from workflow_results_server.store import Store

_DEFAULT_LIMIT: Final = 100
_NO_LIMIT: Final = (0, -1)


class OldRoutes:
    """The handlers.

    Args:
        settings: The settings of the server.
        store: Where the results are.
        intake: Takes deposited works in.

    Attributes:
        routes: Each by its method and its path.
    """

    def __init__(self, settings: Settings, store: Store, intake: Intake) -> None:
        self._settings = settings
        self._store = store
        self._intake = intake
        self.routes: Routes = {
            ("GET", "/version"): self._version,
            ("GET", "/status"): self._status,
            ("POST", "/results"): self._deposit,
            ("PUT", "/results"): self._put,
            ("DELETE", "/results"): self._delete,
            ("POST", "/view"): self._view,
            ("POST", "/view/count"): self._count,
        }

    async def _version(self, call: Call) -> Answer:
        """Answer who asks whether there is a server, before any token is shown."""
        call.name = "version"
        return Answer.of({"version": __version__})

    async def _status(self, call: Call) -> Answer:
        call.authorize("Status")
        counts = await self._store.status(call.left())
        may_use = current_caller.get().may_use
        return Answer.of({name: count for name, count in counts.items() if may_use(name)})

    async def _deposit(self, call: Call) -> Answer:
        return await Deposit(call, self._settings, self._intake, self._store.quarantine).answer()

    async def _put(self, call: Call) -> Answer:
        return await changes.put(call, self._intake, self._store)

    async def _delete(self, call: Call) -> Answer:
        return await changes.delete(call, self._store)

    async def _count(self, call: Call) -> Answer:
        authorize = call.authorize("Count")
        asked = await _asked(call)
        pipeline, query = _pipeline_of(asked)
        authorize((pipeline,))
        return Answer.of(await self._store.count(pipeline, await plain_json.query(query), call.left()))

    async def _view(self, call: Call) -> Answer:
        authorize = call.authorize("View")
        asked = await _asked(call)
        pipeline, query = _pipeline_of(asked)
        authorize((pipeline,))
        selection = Selection(
            filter=await plain_json.query(query),
            projection=await plain_json.projection(_given(asked, "projection", {})),
            skip=fields.skip(_integer("skip", _given(asked, "skip", 0))),
            limit=_limit(_given(asked, "limit", _DEFAULT_LIMIT)),
        )
        return Answer(self._results(pipeline, selection))

    async def _results(self, pipeline: str, selection: Selection) -> AsyncGenerator[bytes, None]:
        before = b"["
        async for batch in self._store.read(pipeline, selection):
            yield before + await plain_json.results(batch)
            before = b","
        yield b"]" if before == b"," else b"[]"


async def _asked(call: Call) -> dict[str, Any]:
    """Receive a small body that is one JSON object."""
    body = await call.body(rules.MESSAGE_BYTES)
    asked = await offload(len(body), partial(_read, body))
    if not isinstance(asked, dict):
        raise InvalidRequest("body", "must be a JSON object", Reason.MALFORMED_REQUEST)
    return asked


def _read(body: bytes) -> Any:
    try:
        text = body.decode()
        if has_more_values(text, fields.JSON_VALUES):  # before they take many times the memory of the text
            raise InvalidRequest("body", f"must have at most {fields.JSON_VALUES:,} values")
        value, problem = read_json(text)
    except UnicodeDecodeError as error:
        raise InvalidRequest("body", f"must be JSON in UTF-8: {error.reason}", Reason.MALFORMED_REQUEST) from None
    except JSONDecodeError as error:
        raise InvalidRequest("body", f"must be JSON: {error}", Reason.MALFORMED_REQUEST) from None
    except RecursionError:
        raise InvalidRequest("body", "is nested too deep to be read", Reason.MALFORMED_REQUEST) from None
    if problem:
        raise InvalidRequest("body", problem)
    return value


def _given(asked: dict[str, Any], name: str, default: Any) -> Any:
    """Return what was asked for; null is nothing."""
    value = asked.get(name)
    return default if value is None else value


def _pipeline_of(asked: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the pipeline that a query names, and the rest of the query."""
    query = asked.get("query")
    if not isinstance(query, dict):
        raise InvalidRequest("query", "must be a JSON object with the pipeline in it")
    rest = {name: value for name, value in query.items() if name != "pipeline"}
    pipeline = query.get("pipeline")
    if not isinstance(pipeline, str):
        raise InvalidRequest("query.pipeline", "must be the name of a pipeline")
    return fields.pipeline(pipeline), rest


def _limit(value: Any) -> int | None:
    limit = _integer("limit", value)
    return None if limit in _NO_LIMIT else fields.limit("limit", limit)


def _integer(field: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not rules.INT64_MIN <= value <= rules.INT64_MAX:
        raise InvalidRequest(field, "must be a whole number of 64 bits")
    return value

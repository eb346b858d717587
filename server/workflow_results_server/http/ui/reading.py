"""What the page reads: results, counts, values, columns and points, each bounded."""

from __future__ import annotations

import json
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results.common.bson_codec import encode
from workflow_results.common.reasons import Reason
from workflow_results_server.access.callers import current_caller
from workflow_results_server.documents import extended_json
from workflow_results_server.errors import InvalidRequest, RequestError
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.ui import cells, rates
from workflow_results_server.http.ui.asked import Asked, projection_of
from workflow_results_server.http.ui.sampling import Columns, Points
from workflow_results_server.http.ui.session import authorize
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields
from workflow_results_server.store import Ranking, Selection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.memory import Room
    from workflow_results_server.store import Batch, Store

_PAGE_MOST: Final = 1_000
_SKIP_MOST: Final = 10_000_000
_SAMPLED: Final = 200
"""How many results are looked at for their columns, and how many bytes of them."""
_SAMPLED_BYTES: Final = 8 * rules.MIB
_POINTS_MOST: Final = 20_000
_VALUES_MOST: Final = 200
_RESULT_BYTES: Final = 2 * rules.MIB
"""A larger result than this is saved as a file, and not shown."""
_RATED_MOST: Final = 50
_NEVER: Final = {"cache-control": "no-store"}


class Reading:
    """The handlers.

    Args:
        store: Where the results are.
        room: The memory for results as JSON while they are sent.
    """

    def __init__(self, store: Store, room: Room) -> None:
        self._store = store
        self._room = room

    async def pipelines(self, call: Call) -> Answer:
        """Answer the pipelines that the caller may use, with the numbers of their results."""
        authorize(call, "Status")
        counts = await self._store.status(call.left())
        may_use = current_caller.get().may_use
        found = [{"name": name, "count": count} for name, count in sorted(counts.items()) if may_use(name)]
        return Answer.of({"pipelines": found}, headers=_NEVER)

    async def rates(self, call: Call) -> Answer:
        """Answer when the newest results of some pipelines were made, and how many came a minute."""
        check = authorize(call, "GetByCount")
        pipelines = (await Asked.of(call)).texts("pipelines", _RATED_MOST)
        check([*map(fields.pipeline, pipelines)])
        selection = Selection(projection=await projection_of(()), limit=rates.NEWEST)
        found = {}
        for pipeline in pipelines:
            ids: list[str] = []
            async with aclosing(self._store.read(pipeline, selection)) as batches:
                async for batch in batches:
                    ids += rates.ids_of(batch)
            found[pipeline] = rates.rate(ids)
        return Answer.of(found, headers=_NEVER)

    async def results(self, call: Call) -> Answer:
        """Answer a page of results, of which only the fields that are asked for."""
        asked, pipeline = await self._asked(call, "View")
        selection = Selection(
            filter=await asked.query(),
            projection=await projection_of(asked.paths()),
            skip=asked.number("skip", 0, 0, _SKIP_MOST),
            limit=asked.number("limit", 200, 1, _PAGE_MOST),
            after=fields.id_(after) if (after := asked.text("after", "")) else None,
        )
        return _streamed(self._lines(self._store.read(pipeline, selection), _relaxed_lines))

    async def top(self, call: Call) -> Answer:
        """Answer the results with the highest or lowest values of a field."""
        asked, pipeline = await self._asked(call, "Top")
        selection = Selection(filter=await asked.query(), projection=await projection_of(asked.paths()))
        limit = asked.number("limit", _PAGE_MOST, 1, rules.RANKED_RESULTS)
        ranking = Ranking(fields.path(asked.text("by")), limit, asked.flag("ascending"))
        return _streamed(self._lines(self._store.top(pipeline, selection, ranking), _relaxed_lines))

    async def result(self, call: Call) -> Answer:
        """Answer one whole result."""
        asked, pipeline = await self._asked(call, "GetById")
        return _streamed(self._one(pipeline, fields.id_(asked.text("id"))))

    async def _one(self, pipeline: str, id_: str) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._store.read(pipeline, Selection.of_ids([id_]))) as batches:
            async for batch in batches:
                if len(batch.data) > _RESULT_BYTES:
                    message = f"result {rules.quoted(id_)} has {len(batch.data):,} bytes, too many to show: export it"
                    raise RequestError(Reason.TOO_LARGE, message)
                text = await offload(len(batch.data), partial(_relaxed_lines, batch))
                with self._room.reserve(len(text)):
                    yield text
                return
        raise HttpError(404, "NOT_FOUND", f"there is no result {rules.quoted(id_)} in {pipeline}")

    async def count(self, call: Call) -> Answer:
        """Answer how many results match."""
        asked, pipeline = await self._asked(call, "Count")
        count = await self._store.count(pipeline, await asked.query(), call.left())
        return Answer.of({"count": count}, headers=_NEVER)

    async def values(self, call: Call) -> Answer:
        """Answer which values a field has, and how often."""
        asked, pipeline = await self._asked(call, "CountBy")
        field, query = fields.path(asked.text("field")), await asked.query()
        most = asked.number("limit", 20, 1, _VALUES_MOST)
        counted = await self._store.count_by(pipeline, query, field, most, call.left())
        documents = b"".join(encode({"value": value, "count": count}) for value, count in counted.counts)
        texts = extended_json.from_bson(documents, extended_json.RELAXED)
        more = json.dumps(counted.has_more or bool(counted.other))
        return Answer(f'{{"values":[{",".join(texts)}],"has_more":{more}}}'.encode(), headers=_NEVER)

    async def columns(self, call: Call) -> Answer:
        """Answer what columns the newest results could be shown in."""
        asked, pipeline = await self._asked(call, "View")
        selection = Selection(filter=await asked.query(), limit=_SAMPLED)
        columns = Columns()
        size = 0
        async with aclosing(self._store.read(pipeline, selection)) as batches:
            async for batch in batches:
                await offload(len(batch.data), partial(columns.add, batch))
                size += len(batch.data)
                if size > _SAMPLED_BYTES:
                    break
        return Answer.of(columns.found(), headers=_NEVER)

    async def points(self, call: Call) -> Answer:
        """Answer the numbers of up to three fields, of the newest results that have them."""
        asked, pipeline = await self._asked(call, "View")
        paths = asked.paths()
        if not 1 <= len(paths) <= 3:
            raise InvalidRequest("fields", "must be one, two or three paths")
        most = asked.number("limit", _POINTS_MOST, 1, _POINTS_MOST)
        has_value: dict[str, Any] = {"$and": [{path: {"$type": ["number", "date"]}} for path in paths]}
        query = await asked.query()
        selection = Selection(
            filter={"$and": [has_value, query]} if query else has_value,
            projection=await projection_of(paths),
            limit=most + 1,
        )
        points = Points(paths)
        number = 0
        async with aclosing(self._store.read(pipeline, selection)) as batches:
            async for batch in batches:
                await offload(len(batch.data), partial(points.add, batch))
                number += batch.number
        answer = {**points.found(most), "partial": number > most}
        size = 40 * number
        return Answer(await offload(size, lambda: json.dumps(answer, separators=(",", ":")).encode()), headers=_NEVER)

    async def export(self, call: Call) -> Answer:
        """Answer all results that match, as a file."""
        asked, pipeline = await self._asked(call, "View")
        paths = asked.paths()
        is_csv = asked.text("format", "jsonl") == "csv"
        selection = Selection(filter=await asked.query(), projection=await projection_of(paths) if paths else {})
        batches = self._store.read(pipeline, selection)
        name = f"{pipeline}.{'csv' if is_csv else 'jsonl'}"
        headers = {**_NEVER, "content-disposition": f'attachment; filename="{name}"'}
        if not is_csv:
            return Answer(self._lines(batches, cells.json_lines), 200, "application/x-ndjson", headers)
        named = paths or ["id"]
        lines = self._lines(batches, partial(cells.csv_lines, paths=named), cells.csv_header(named))
        return Answer(lines, 200, "text/csv; charset=utf-8", headers)

    async def _asked(self, call: Call, method: str) -> tuple[Asked, str]:
        check = authorize(call, method)
        asked = await Asked.of(call)
        pipeline = asked.pipeline()
        check((pipeline,))
        return asked, pipeline

    async def _lines(
        self, source: AsyncGenerator[Batch, None], write: Callable[[Batch], bytes], before: bytes = b""
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(source) as batches:
            async for batch in batches:
                text = before + await offload(len(batch.data), partial(write, batch))
                before = b""
                with self._room.reserve(len(text)):
                    yield text
        if before:
            yield before


def _streamed(lines: AsyncGenerator[bytes, None]) -> Answer:
    return Answer(lines, 200, "application/x-ndjson", _NEVER)


def _relaxed_lines(batch: Batch) -> bytes:
    return "".join(f"{text}\n" for text in extended_json.from_bson(batch.data, extended_json.RELAXED)).encode()

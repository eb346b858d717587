"""Random sequences of the 14 methods answer what a simple model answers, and leave the same documents behind."""

from __future__ import annotations

import copy
import logging
import os
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import mongomock
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.support.blocking import Facade
from workflow_results import Outcome, Results
from workflow_results.errors import ConflictError, InvalidRequestError, InvalidStatusError, LockedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, Any]

pytestmark = pytest.mark.both_facades

EXAMPLES = int(os.environ.get("WORKFLOW_RESULTS_MODEL_EXAMPLES", "0"))
"""Set, so many sequences are tried, other ones each time. By default the same ones are tried again and again, so that
a red build is the fault of what it builds."""
IDS = ("0", "B", "a", "\uffee", "\U0001f600")
"""Their order as UTF-16, which is what some languages compare, would be another one."""
LOCKED_FIELDS = ("id", "event", "plots", "products", "results")


class Model:
    """The contract over dicts; `strict` is that of the client whose answer is foretold."""

    def __init__(self, *pipelines: str) -> None:
        self.stored: dict[str, dict[str, Document]] = {pipeline: {} for pipeline in pipelines}
        self.strict = False

    def deposit_receipts(self, works: list[Document]) -> list[Outcome]:
        for work in works:
            check(work)
        return [self._deposit(work) for work in works]

    def deposit(self, works: list[Document]) -> dict[str, bool]:
        answer: dict[str, bool] = {}
        for work, outcome in zip(works, self.deposit_receipts(works), strict=True):
            answer[work["pipeline"]] = answer.get(work["pipeline"], True) and outcome is not Outcome.CONFLICT
        if self.strict and not all(answer.values()):
            raise ConflictError("")
        return answer

    def _deposit(self, work: Document) -> Outcome:
        results = self.stored[work["pipeline"]]
        if work["id"] in results:
            same = same_content(work, results[work["id"]])
            return Outcome.ALREADY_DEPOSITED if same else Outcome.CONFLICT
        results[work["id"]] = copy.deepcopy(work)
        return Outcome.DEPOSITED

    def update(self, works: list[Document]) -> bool:
        for work in works:
            check(work, partial=True)
        targets = [(work["pipeline"], work["id"]) for work in works]
        if len(set(targets)) < len(targets):
            raise InvalidRequestError("")
        if allowed := self._allowed(targets, locked_refuses=True):
            for work in works:
                result = self.stored[work["pipeline"]][work["id"]]
                # MongoDB adds new fields in the order of their names.
                result.update((name, copy.deepcopy(work[name])) for name in sorted(work))
        return allowed

    def delete_ids(self, pipeline: str, ids: list[str]) -> bool:
        if allowed := self._allowed([(pipeline, id_) for id_ in ids], locked_refuses=True):
            for id_ in set(ids):
                del self.stored[pipeline][id_]
        return allowed

    def lock(self, pipeline: str, ids: list[str]) -> bool:
        if allowed := self._allowed([(pipeline, id_) for id_ in ids], locked_refuses=False):
            for id_ in ids:
                result = self.stored[pipeline][id_]
                result["results"] = {**(result.get("results") or {}), "locked": True}
        return allowed

    def unlock(self, pipeline: str, ids: list[str], force: bool = False, *, confirm: Callable[[str], bool]) -> bool:
        if not ids:
            return True
        allowed = self._allowed([(pipeline, id_) for id_ in ids], locked_refuses=False)
        if not allowed or not (force or confirm("")):
            return False
        for id_ in ids:
            if locked(result := self.stored[pipeline][id_]):
                result["results"]["locked"] = False
        return True

    def _allowed(self, targets: list[tuple[str, str]], *, locked_refuses: bool) -> bool:
        found = [self.stored[pipeline].get(id_) for pipeline, id_ in targets]
        some_locked = locked_refuses and any(result and locked(result) for result in found)
        if self.strict and some_locked:
            raise LockedError("")
        if self.strict and None in found:
            raise NotFoundError("")
        return not some_locked and None not in found

    def view(
        self, pipeline: str, query: Document, projection: Document | None = None, skip: int = 0, limit: int = 100
    ) -> list[Document]:
        if "$where" in query:
            raise InvalidRequestError("")
        collection: Any = mongomock.MongoClient().results.results
        for result in self._newest(pipeline):
            collection.insert_one({"_id": result["id"], **result})
        matching = {document["_id"] for document in collection.find(query)}
        results = [result for result in self._newest(pipeline) if result["id"] in matching]
        return [projected(result, projection or {}) for result in part(results, skip, limit)]

    def count(self, pipeline: str, query: Document) -> int:
        return len(self.view(pipeline, query))

    def status(self) -> dict[str, int]:
        return {pipeline: len(results) for pipeline, results in sorted(self.stored.items()) if results}

    def get_by_count(self, pipeline: str, count: int = 10) -> list[Document]:
        return part(self._newest(pipeline), 0, count)

    def get_by_id(self, pipeline: str, ids: list[str]) -> list[Document]:
        return [result for result in self._newest(pipeline) if result["id"] in ids]

    def get_by_event(self, pipeline: str, event_number: int) -> list[Document]:
        return [
            result
            for result in self._newest(pipeline)
            if event_number in (event if isinstance(event := result.get("event"), list) else [event])
        ]

    def get_locked(self, pipeline: str, skip: int = 0, count: int = 10) -> list[Document]:
        whole = [
            {name: result[name] for name in result if name in LOCKED_FIELDS}
            for result in filter(locked, self._newest(pipeline))
            if result.get("plots") is not None and result.get("products") is not None
        ]
        return part(whole, skip, count)

    def get_locked_count(self, pipeline: str) -> int:
        return sum(map(locked, self._newest(pipeline)))

    def _newest(self, pipeline: str) -> list[Document]:
        results = self.stored[pipeline]
        return [results[id_] for id_ in sorted(results, key=str.encode, reverse=True)]


def check(work: Document, *, partial: bool = False) -> None:
    if not isinstance(work["id"], str):
        raise InvalidRequestError("")
    if work.get("status") not in ("success", "failure") and not (partial and "status" not in work):
        raise InvalidStatusError("")
    results = work.get("results") or {}
    flag = results.get("locked", False) if isinstance(results, dict) else None
    if not isinstance(flag, bool) or (partial and flag):
        raise InvalidRequestError("")


def locked(result: Document) -> bool:
    return (result.get("results") or {}).get("locked") is True


def same_content(one: Document, other: Document) -> bool:
    """Compare works by value, but not `locked`, nor `results` that hold nothing else."""
    held = [(work.get("results") or {}).keys() for work in (one, other)]
    no_results = {"locked"} in held and all(keys <= {"locked"} for keys in held)
    return content(one, no_results) == content(other, no_results)


def content(work: Document, no_results: bool) -> Document:
    kept = {name: work[name] for name in work if name != "results" or not no_results}
    if kept.get("results"):
        kept["results"] = {name: value for name, value in kept["results"].items() if name != "locked"}
    return kept


def projected(result: Document, projection: Document) -> Document:
    including = True in projection.values()
    kept: Document = {}
    for name, value in result.items():
        inner = {path.partition(".")[2] for path in projection if path.startswith(f"{name}.")}
        if inner and isinstance(value, dict):
            kept[name] = {key: value[key] for key in value if (key in inner) is including}
        elif (name in projection) is including:
            kept[name] = value
    return kept


def part(results: list[Document], skip: int, count: int) -> list[Document]:
    if skip < 0 or count < -1:
        raise InvalidRequestError("")
    return results[skip : skip + count if count > 0 else None]


def some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries({}, optional=optional)


numbers = st.integers(0, 2)
flags = st.booleans()
ids = st.sampled_from((*IDS * 4, "missing"))
several = st.lists(ids, max_size=4)
pipelines = st.sampled_from((0, 0, 0, 1))
bounds = st.integers(-2, 3)
events = numbers | st.lists(numbers, max_size=2)
files = st.none() | st.lists(st.sampled_from(("x", "y")), max_size=1)
results_fields = st.none() | some(snr=numbers | st.just(1.0), locked=flags) | st.just({"locked": True})
fields = some(results=results_fields, event=events, n=numbers, plots=files, products=files, site=files)
statuses = st.sampled_from(("success", "failure"))
targets = st.fixed_dictionaries({"pipeline": pipelines, "id": ids})
complete = st.fixed_dictionaries({"pipeline": pipelines, "id": ids, "status": statuses})
works = st.lists(st.builds(dict.__or__, complete, fields), max_size=4)
updates = st.lists(st.builds(dict.__or__, targets | complete, fields), max_size=3)
bad_results = ({"results": value} for value in ([1], {"locked": 1}))
wrong = ({"status": "done"}, {"status": None}, {"id": None}, {"id": 5}, *bad_results)
flaws = st.sampled_from((*[{}] * 25, *wrong))
"""What is wrong with the last work of a call: nothing, as a rule."""

simple_queries = st.one_of(
    st.fixed_dictionaries({"id": ids | several.map(lambda each: {"$in": each}) | ids.map(lambda id_: {"$gt": id_})}),
    st.fixed_dictionaries({"event": numbers | st.sampled_from(({"$gt": 0}, {"$elemMatch": {"$gt": 0}}))}),
    st.fixed_dictionaries({"n": numbers | numbers.map(lambda n: {"$gte": n}) | flags.map(lambda f: {"$exists": f})}),
    st.sampled_from(({}, {"results.locked": True}, {"results.locked": {"$ne": True}}, {"results": None})),
    st.sampled_from(({"status": {"$not": {"$regex": "^s"}}}, {"event": {"$nin": [1, 2]}})),
)
logical = st.sampled_from(("$and", "$or", "$nor"))
groups = st.dictionaries(logical, st.lists(simple_queries, min_size=1, max_size=2), min_size=1, max_size=1)
queries = st.one_of(*[simple_queries | groups] * 9, st.just({"$where": "1"}))
projections = st.sampled_from(
    ({}, {"results.snr": True}, {"results.locked": False, "event": False}, {"n": True, "id": True}, {"_id": False})
)


class Comparison(RuleBasedStateMachine):
    """Calls client and model alike."""

    def __init__(self, clients: dict[bool, Results], database: Any) -> None:
        super().__init__()
        self.clients, self.database = clients, database
        self.names = sorted(f"model-{uuid.uuid4()}" for _ in range(2))
        self.model = Model(*self.names)

    def same(self, method: str, *arguments: Any, strict: bool = False, **options: Any) -> None:
        """Call a method of both, and compare the answers in value, type, order and order of keys."""
        self.model.strict = strict
        expected = outcome(lambda: getattr(self.model, method)(*copy.deepcopy(arguments), **options))
        before = repr(arguments)
        actual = outcome(lambda: getattr(self.clients[strict], method)(*arguments, **options))
        assert actual == expected
        assert repr(arguments) == before

    def named(self, works: list[Document], flaw: Document) -> list[Document]:
        made = [{**work, "pipeline": self.names[work["pipeline"]]} for work in copy.deepcopy(works)]
        return [*made[:-1], {**made[-1], **flaw}] if made else []

    @initialize(contents=st.tuples(*[fields] * len(IDS)))
    def begin(self, contents: tuple[Document, ...]) -> None:
        work = {"pipeline": self.names[0], "status": "success"}
        self.same("deposit", [{**work, "id": id_, **fields} for id_, fields in zip(IDS, contents, strict=True)])

    @rule(works=works, flaw=flaws, strict=flags)
    def deposit(self, works: list[Document], flaw: Document, strict: bool) -> None:
        if flaw != {"id": None}:
            self.same("deposit", self.named(works, flaw), strict=strict)

    @rule(works=works, flaw=flaws)
    def deposit_receipts(self, works: list[Document], flaw: Document) -> None:
        sent = self.named(works, flaw)
        try:
            receipts = self.clients[False].deposit_receipts(sent)
        except InvalidRequestError as error:
            assert outcome(lambda: self.model.deposit_receipts(sent)) == type(error).__name__
            return
        for work, receipt in zip(sent, receipts, strict=True):
            work["id"] = work["id"] or receipt.id
            assert (receipt.pipeline, receipt.id) == (work["pipeline"], work["id"])
        assert [receipt.outcome for receipt in receipts] == self.model.deposit_receipts(sent)

    @rule(works=updates, flaw=flaws, strict=flags)
    def update(self, works: list[Document], flaw: Document, strict: bool) -> None:
        self.same("update", self.named(works, flaw), strict=strict)

    @rule(method=st.sampled_from(("lock", "lock", "delete_ids")), pipeline=pipelines, ids=several, strict=flags)
    def change(self, method: str, pipeline: int, ids: list[str], strict: bool) -> None:
        self.same(method, self.names[pipeline], ids, strict=strict)

    @rule(pipeline=pipelines, ids=several, force=flags, answer=flags, strict=flags)
    def unlock(self, pipeline: int, ids: list[str], force: bool, answer: bool, strict: bool) -> None:
        asked: list[bool] = []

        def confirm(question: str) -> bool:
            asked.append(bool(question))
            return answer

        self.same("unlock", self.names[pipeline], ids, force, confirm=confirm, strict=strict)
        assert asked in ([], [False, True])  # of the model and of the client, or of neither

    @rule(pipeline=pipelines, query=queries, projection=projections, skip=bounds, limit=bounds)
    def query(self, pipeline: int, query: Document, projection: Document, skip: int, limit: int) -> None:
        self.same("count", self.names[pipeline], query)
        self.same("view", self.names[pipeline], query)
        self.same("view", self.names[pipeline], query, projection, skip, limit)

    @rule(pipeline=pipelines, ids=several, number=numbers, skip=bounds, count=bounds)
    def read(self, pipeline: int, ids: list[str], number: int, skip: int, count: int) -> None:
        name = self.names[pipeline]
        self.same("get_by_id", name, ids)
        self.same("get_by_event", name, number)
        self.same("get_by_count", name, count)
        self.same("get_locked", name, skip, count)
        self.same("get_locked_count", name)

    @rule()
    def status(self) -> None:
        counts = self.clients[False].status()
        assert {name: counts[name] for name in self.names if name in counts} == self.model.status()
        assert self.clients[False].info()["server"]["api"] == "workflow_results.v1"

    def teardown(self) -> None:
        for name in self.names:
            stored = list(self.database[name].find(sort=[("_id", -1)]))
            self.database.drop_collection(name)
            expected = [{"_id": result["id"], **result} for result in self.model.get_by_count(name, -1)]
            assert repr(stored) == repr(expected)


def outcome(call: Callable[[], Any]) -> str:
    """Return what a call returns, or the class of what it raises; `repr` tells 1 from 1.0 and shows orders."""
    try:
        return repr(call())
    except (InvalidRequestError, ConflictError, LockedError, NotFoundError) as error:
        return type(error).__name__


@pytest.mark.timeout(400)
def test_every_answer_is_that_of_the_model(
    results: Results, database: Any, caplog: pytest.LogCaptureFixture, facade: Facade
) -> None:
    caplog.set_level(logging.CRITICAL)  # else a failure would come with thousands of warnings about refused calls
    with facade(results.baseurl, strict=True) as strict:
        run_state_machine_as_test(
            partial(Comparison, {False: results, True: strict}, database),  # type: ignore[arg-type] # called only
            settings=settings(
                max_examples=EXAMPLES or 30, stateful_step_count=40, derandomize=not EXAMPLES, database=None
            ),
        )

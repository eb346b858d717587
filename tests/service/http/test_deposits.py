"""`POST /results`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.asking import ask, ask_json
from tests.support.launcher import Service
from workflow_results import Results


def work(pipeline: str, id_: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"pipeline": pipeline, "status": "success", **({"id": id_} if id_ else {}), **fields}


def post(door: Service, works: Any) -> tuple[int, Any]:
    return ask_json(door, "POST", "/results", works)


def test_nothing_is_nothing(door: Service) -> None:
    assert post(door, []) == (200, {})


def test_works_are_counted_by_their_pipelines(door: Service) -> None:
    p, q = uuid4().hex, uuid4().hex
    works = [work(p, "a"), work(q, "b"), work(p)]
    assert post(door, works) == (200, {p: 2, q: 1})
    with Results(door.target) as results:
        one, other = results.view(p, {})
        assert {"a"} < {one["id"], other["id"]}
    assert post(door, works[:2]) == (200, {p: 1, q: 1})


def outcomes(body: Any) -> list[tuple[str, str, str]]:
    return [(each["id"], each["outcome"], each["reason"]) for each in body["receipts"]]


def stored(door: Service, pipeline: str) -> dict[str, Any]:
    with Results(door.target) as results:
        return {each["id"]: each for each in results.view(pipeline, {}, limit=-1)}


def test_a_conflict_is_refused_and_all_others_are_stored(door: Service) -> None:
    p = uuid4().hex
    assert post(door, [work(p, "a", snr=1)])[0] == 200
    status, body = post(door, [work(p, "a", snr=2), work(p, "b"), work(p, "a", snr=1.0)])
    assert (status, body["status"], body["reason"], body["stored"]) == (409, 409, "CONFLICT", {p: 2})
    assert outcomes(body) == [("a", "CONFLICT", "CONFLICT")]
    assert body["receipts"][0]["pipeline"] == p
    assert "a" in body["message"]
    assert stored(door, p)["a"]["snr"] == 1
    assert stored(door, p).keys() == {"a", "b"}


def odd(**fields: Any) -> str:
    return json.dumps(work("PIPELINE", "a") | fields)


def ending(text: str) -> str:
    """A work with a text at its end that Python would not write."""
    return f"{odd().removesuffix('}')}, {text}}}"


BAD = {
    "status": (odd(status="running"), "INVALID_STATUS"),
    "pipeline": (odd(pipeline="_rejected"), "INVALID_WORK"),
    "no pipeline": ('{"id": "a", "status": "success"}', "INVALID_WORK"),
    "id": (odd(id="a" * 129), "INVALID_WORK"),
    "id is a number": (odd(id=5), "INVALID_WORK"),
    "NUL in an id": (odd(id="a\0b"), "INVALID_WORK"),
    "no object": ("5", "INVALID_WORK"),
    "a list": ("[]", "INVALID_WORK"),
    "null": ("null", "INVALID_WORK"),
    "a dollar": (odd(**{"$set": {"results.locked": True}}), "INVALID_WORK"),
    "a dot": (odd(**{"results.locked": True}), "INVALID_WORK"),
    "another _id": (odd(_id="b"), "INVALID_WORK"),
    "results": (odd(results=[1]), "INVALID_WORK"),
    "locked": (odd(results={"locked": 1}), "INVALID_WORK"),
    "65 bits": (odd(number=2**63), "INVALID_WORK"),
    "many digits": (ending(f'"n": 1{"0" * 5_000}'), "INVALID_WORK"),
    "1e999": (ending('"n": [-1e999]'), "INVALID_WORK"),
    "a name twice": (ending('"r": {"a": 1, "a": 1}'), "DUPLICATE_FIELD"),
    "an id twice": (ending('"id": "b"'), "DUPLICATE_FIELD"),
    "a lone surrogate": (odd(text="\ud800"), "INVALID_WORK"),
    "a lone surrogate in a name": (odd(deep={"\ud800": 1}), "INVALID_WORK"),
    "a lone surrogate in an id": (odd(id="\udfff"), "INVALID_WORK"),
    "NUL in a name": (odd(deep={"a\0b": 1}), "INVALID_WORK"),
    "101 levels": (ending(f'"deep": {"[" * 101}{"]" * 101}'), "TOO_DEEP"),
    "600 levels": (ending(f'"deep": {"[" * 600}{"]" * 600}'), "TOO_DEEP"),
    "too large": (odd(text="x" * (1 << 24)), "TOO_LARGE"),
    "too large in BSON": (odd(list=[0] * 1_500_000), "TOO_LARGE"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_rejected_work_is_refused_and_all_others_are_stored(door: Service, bad: str) -> None:
    p = uuid4().hex
    text, reason = BAD[bad]
    works = [json.dumps(work(p, "0")), text.replace("PIPELINE", p), json.dumps(work(p, "1"))]
    status, body = post(door, f"[{', '.join(works)}]".encode())
    assert (status, body["reason"], body["stored"]) == (400, "REJECTED", {p: 2})
    assert [(each["index"], each["reason"]) for each in body["receipts"]] == [(1, reason)]
    assert stored(door, p).keys() == {"0", "1"}
    assert post(door, f"[{works[0]}, {works[2]}]".encode()) == (200, {p: 2})


def test_receipts_name_works_as_they_are(door: Service) -> None:
    p = uuid4().hex
    works = [work(p, "a\r\n\u202eb"), work(p, "a\r\n\u202eb", other=1)]
    status, body = post(door, works)
    assert (status, outcomes(body)) == (409, [("a\r\n\u202eb", "CONFLICT", "CONFLICT")])
    assert body["message"].isprintable()


def test_answers_name_a_thousand_works_and_count_the_others(door: Service) -> None:
    status, body = post(door, [{"id": str(number)} for number in range(1_500)])
    assert status == 400
    assert (len(body["receipts"]), body["receipt_count"]) == (1_000, 1_500)


def test_values_are_what_json_says(door: Service) -> None:
    p = uuid4().hex
    fields = {
        "numbers": [2**31, -(2**63), 2**63 - 1, 1.5, 1e308, -0.0, float("nan"), float("inf"), float("-inf")],
        "date": {"$date": "2024-01-01T00:00:00Z"},
        "number": {"$numberLong": "5", "$oid": None},
        "names": {"__proto__": {"a": 1}, "constructor": 1, "": 2, "a.b": {"$where": "1"}},
        "text": "é 🛰 \r\n </script> \u2028",
    }
    assert post(door, [work(p, "a\r\nx: y", **fields)]) == (200, {p: 1})
    (now,) = stored(door, p).values()
    assert json.dumps({name: now[name] for name in fields}) == json.dumps(fields)
    with Results(door.target) as results:
        assert results.count(p, {"numbers": float("nan")}) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"5",
        b"[",
        b"[,]",
        b"[{}",
        b"[{},]",
        b"[{} {}]",
        b"[] []",
        b"[]x",
        b'[{"a": tru}]',
        b"[{'a': 1}]",
        b'[{"a": "\x01"}]',
        b'[{"a": "\xff"}]',
        b'[{"a": "\xed\xa0\x80"}]',
        b"\xef\xbb\xbf[]",
        b"\xff\xfe[\0]\0",
        b"[" * 100_000,
        b'[{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"\0" * 100_000,
        b'[{"a": .5}]',
        b'[{"a": 01}]',
        b'[{"a": 0x10}]',
        b"\x1f\x8b\x08\0\0\0\0\0",
    ],
)
def test_what_is_no_list_of_works_is_refused(door: Service, body: bytes) -> None:
    for method in ("POST", "PUT"):
        status, answered, _ = ask(door, method, "/results", body)
        assert (status, answered["reason"]) == (400, "MALFORMED_REQUEST")


def test_a_body_that_turns_out_malformed_says_how_many_works_are_stored(door: Service) -> None:
    p = uuid4().hex
    works = ", ".join(json.dumps(work(p, f"{number:04}", text="x" * 10_000)) for number in range(400))
    status, body = post(door, f"[{works}, oops]".encode())
    assert (status, body["reason"]) == (400, "MALFORMED_REQUEST")
    assert "works[400]" in body["message"]
    number = body["stored"][p]
    assert 200 <= number == len(stored(door, p)) <= 400
    assert f"known to be stored: {number}" in body["message"]


def test_works_of_all_sizes_come_whole(door: Service) -> None:
    p = uuid4().hex
    works = [work(p, f"{size:08}", text="é" * size) for size in (0, 1, 10_000, 300_000, 20, 2_000_000, 5_000_000, 3)]
    works += [work(p, f"x{number}", list=[number / 3] * 100) for number in range(2_000)]
    assert post(door, works) == (200, {p: len({each["id"] for each in works})})
    assert {each["id"]: each.get("text", each.get("list")) for each in works} == {
        id_: each.get("text", each.get("list")) for id_, each in stored(door, p).items()
    }


def test_a_large_body_takes_little_memory(serve: Callable[..., Service]) -> None:
    server, p = serve("--http-port", "0"), uuid4().hex
    body = json.dumps([work(p, f"{number:05}", list=[number / 7] * 80) for number in range(24_000)]).encode()
    assert len(body) > 32 << 20
    before = peak(server)
    assert post(server, body) == (200, {p: 24_000})
    assert peak(server) - before < 96 << 10


def peak(server: Service) -> int:
    """The most memory that a server has had, in KiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

"""Extended JSON: what is a value by its specification is taken, nothing else is, and what is written can be read.

`extended_json.json` holds JSON values by hand, from the specification and from the tests that belong to it. Those that
are `taken` have the BSON of `{"v": value}` beside them, those `refused` a part of what is said of them.
"""

from __future__ import annotations

import gc
import json
import math
import time
import traceback
import tracemalloc
from typing import Any
from unittest.mock import patch

import bson
import pytest
from bson import (
    Binary,
    Code,
    CodecOptions,
    DatetimeMS,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
    json_util,
)
from bson.binary import UuidRepresentation
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from tests.support.paths import VECTORS
from workflow_results_server.documents import extended_json
from workflow_results_server.documents.extended_json import (
    CANONICAL,
    RELAXED,
    NotExtendedJson,
    TooDeep,
    TooLong,
    from_bson,
    to_bson,
)
from workflow_results_server.documents.json_wrappers import WRAPPERS

CASES = json.loads((VECTORS / "extended_json.json").read_text())
TAKEN: list[dict[str, str]] = CASES["taken"]
REFUSED: list[dict[str, str]] = CASES["refused"]
CODEC: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.UNSPECIFIED)


def refusal(text: str) -> str:
    with pytest.raises(NotExtendedJson) as raised:
        to_bson(text)
    return str(raised.value)


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case["what"])
def test_what_the_specification_allows_is_taken(case: dict[str, str]) -> None:
    assert to_bson(f'{{"v": {case["value"]}}}').hex() == case["bson"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["what"])
def test_anything_else_is_refused_with_what_would_be_right(case: dict[str, str]) -> None:
    assert case["problem"] in refusal(f'{{"v": {case["value"]}}}')


@pytest.mark.parametrize("case", CASES["taken"] + CASES["refused"], ids=lambda case: case["what"])
def test_long_texts_are_read_like_short_ones(case: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extended_json, "_MANY_CHARACTERS", 0)
    text = f'{{"v": {case["value"]}}}'
    if "bson" in case:
        assert to_bson(text).hex() == case["bson"]
    else:
        assert case["problem"] in refusal(text)


def test_every_key_has_cases() -> None:
    for key in WRAPPERS:
        assert any(case["what"].startswith(f"{key}:") for case in REFUSED), key
        assert any(f'"{key}":' in case["value"] for case in TAKEN), key


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": [1, {"b": {"$oid": 1}}]}', "at a[1].b: $oid must be"),
        (
            '{"a": {"$numberInt": "1"}, "b": [[{"$date": {"$numberLong": "x"}}]]}',
            "at b[0][0].$date: $numberLong must be",
        ),
        ('{"a": {"b": 1, "b": 2}}', "at a: a name must not occur twice"),
        ('{"a": 1, "a": {"$oid": 1}}', "a name must not occur twice in one document"),
        ('{"a": {"$code": "", "$scope": {"b": [NaN]}}}', "at a.$scope.b[0]: NaN must be written"),
        ('{"a": {"$binary": {"base64": {"$minKey": 0}}}}', "at a.$binary.base64: $minKey must be 1"),
        ('{"a": {"b": {"$oid": 1}, "$minKey": 1}, "c": {"$oid": 2}}', "at a.b: $oid must be"),
        ('{"a": [1.5, 1e999, {"$oid": 1}]}', "at a[1]: 1e999 is too large"),
        ('{"a": 1, "b": [2, ' + "9" * 5000 + "]}", "an integer must fit into 64 bits"),
        ('{"a": 1, "b": [2, ' + "9" * 50 + "]}", "at b[1]: an integer must fit into 64 bits"),
        ('{"a\\nb": {"$oid": 1}}', "at a\\nb: $oid must be"),
        ('{"a": {"b\\u0000": 1}}', "at a.b\\x00: a name must not contain the character NUL"),
        ('{"' + "é" * 100 + '": {"$oid": 1}}', f"at {'é' * 39}…: $oid must be"),
        ('{"$oid": "0123456789abcdef01234567"}', "must be a document, not objectId"),
        ('[{"$oid": 1}]', "at [0]: $oid must be"),
        ("[]", "must be a document, not array"),
        ("", "is not JSON: Expecting value at character 0"),
    ],
)
def test_a_message_names_the_place(text: str, problem: str) -> None:
    assert refusal(text).startswith(problem)


@pytest.mark.parametrize(
    "value", ['{"$oid": 1}', '{"$oid": 1, "a": 2}', "99999999999999999999", '"\\ud800"', "[1e999]", "x"]
)
def test_an_error_does_not_hold_what_was_read(value: str) -> None:
    with pytest.raises(NotExtendedJson) as raised:
        to_bson(f'{{"a": [1, 2, 3], "v": {value}}}')
    assert raised.value.__cause__ is None
    held = [frame.f_locals.values() for frame, _ in traceback.walk_tb(raised.value.__traceback__)][1:]
    assert not [each for values in held for each in values if isinstance(each, (dict, list))]


def test_depth() -> None:
    levels = 100
    assert to_bson('{"a":' * levels + '{"$minKey": 1}' + "}" * levels)
    path = ".".join("a" * levels)
    assert refusal('{"a":' * levels + '{"$minKey": 2}' + "}" * levels) == f"at {path[:39]}…: $minKey must be 1"
    with pytest.raises(TooDeep):
        to_bson('{"a":' * 100_000 + "{}" + "}" * 100_000)


def test_numbers_of_any_sensible_length_and_no_others() -> None:
    smallest = f"0.{'0' * 323}4940656458412465" + "0" * 1000
    assert bson.decode(to_bson(f'{{"v": {{"$numberDouble": "{smallest}"}}}}')) == {"v": 5e-324}
    assert bson.decode(to_bson(f'{{"v": {{"$numberDecimal": "{"0" * 4000}1.5"}}}}')) == {"v": Decimal128("1.5")}
    for key in ("$numberDouble", "$numberDecimal", "$numberLong", "$date"):
        started = time.process_time()
        assert f"at v: {key} must be" in refusal(f'{{"v": {{"{key}": "{"0" * 16_000_000}"}}}}')
        assert time.process_time() - started < 1


def test_decimals_of_too_many_digits_are_written_as_zero() -> None:
    many = Decimal128.from_bid(b"\xff" * 14 + b"\x01\x00")
    value = {"a": [many, Code("x", {"b": many}), {"c": Decimal128("1.5")}]}
    [small, large] = from_bson(bson.encode(value) + bson.encode({**value, "long": "x" * 70_000}), CANONICAL)
    zero = '{"$numberDecimal": "0E-6176"}'
    expected = f'{{"a": [{zero}, {{"$code": "x", "$scope": {{"b": {zero}}}}}, {{"c": {{"$numberDecimal": "1.5"}}}}]'
    assert small == f"{expected}}}"
    assert large.startswith(expected)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
without_nul = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
names = (without_nul | st.sampled_from(("$ref", "$id", "$db", "$regex", "$type", "$options", "$key"))).filter(
    lambda name: name not in WRAPPERS and name != "$scope"
)
decimals = st.decimals(allow_nan=False, places=None).map(str) | st.sampled_from(("NaN", "Infinity", "1E+6144", "-0E+9"))


def fits(decimal: str) -> bool:
    try:
        Decimal128(decimal)
    except ArithmeticError:
        return False
    return True


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(allow_nan=False) | st.just(math.nan),
    texts,
    st.binary(max_size=8),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    decimals.filter(fits).map(Decimal128),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(Binary, st.binary(max_size=8), st.integers(0, 254).filter(lambda subtype: subtype != 4)),
    st.builds(Binary, st.binary(min_size=16, max_size=16), st.sampled_from((3, 4))),
    st.builds(Regex, without_nul, st.text("ilmsux", max_size=3)),
    st.integers(-(2**63), 2**63 - 1).map(DatetimeMS),
    st.integers(-(2**46), 2**46).map(DatetimeMS),
    st.builds(Code, texts),
    st.sampled_from((MinKey(), MaxKey())),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names, inner, max_size=3)
        | st.builds(Code, texts, st.dictionaries(names, inner, max_size=2))
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(names.filter(lambda name: name != "_id"), values, max_size=4))
def test_what_is_written_as_canonical_json_is_read_as_the_same_bytes(document: dict[str, Any]) -> None:
    data = bson.encode(document, codec_options=CODEC)
    [text] = from_bson(data, CANONICAL)
    assert to_bson(text) == data


@pytest.mark.slow
@given(st.dictionaries(names.filter(lambda name: name != "_id"), values, max_size=4))
def test_what_is_written_as_relaxed_json_is_read_as_the_same_values(document: dict[str, Any]) -> None:
    data = bson.encode(document, codec_options=CODEC)
    [text] = from_bson(data, RELAXED)
    again = to_bson(text)
    assert from_bson(again, RELAXED) == [text]
    # Whether an integer is an int32 or an int64 is lost.
    [before], [after] = from_bson(data, CANONICAL), from_bson(again, CANONICAL)
    assert after.replace("$numberInt", "$numberLong") == before.replace("$numberInt", "$numberLong")


@pytest.mark.slow
@given(st.dictionaries(names, values, max_size=4), st.sampled_from((CANONICAL, RELAXED)))
def test_large_documents_are_written_part_by_part_as_small_ones_at_once(
    document: dict[str, Any], options: json_util.JSONOptions
) -> None:
    data = bson.encode({"_id": "a", **document}, codec_options=CODEC)
    [whole] = from_bson(data, options)
    with pytest.MonkeyPatch.context() as patched:
        for limit in (0, 5, 20):
            patched.setattr(extended_json, "_LARGE_BYTES", limit)
            patched.setattr(extended_json, "_PART_BYTES", limit // 2)
            assert from_bson(data, options) == [whole]


@given(sizes=st.lists(st.sampled_from([0, 100, 20_000, 40_000, 70_000]), max_size=6))
@example(sizes=[0, 70_000])
def test_documents_of_all_sizes_are_written_one_by_one(sizes: list[int]) -> None:
    documents = [bson.encode({"n": number, "a": "x" * size}) for number, size in enumerate(sizes)]
    written = from_bson(b"".join(documents), RELAXED)
    assert written == [text for each in documents for text in from_bson(each, RELAXED)]
    assert [json.loads(text)["n"] for text in written] == [*range(len(sizes))]


def test_no_more_is_written_of_a_large_document_than_it_may_have() -> None:
    data = bson.encode({"a": [bson.Regex("")] * 20_000})
    text = json.dumps({"a": [{"$regularExpression": {"pattern": "", "options": ""}}] * 20_000})
    assert from_bson(data, CANONICAL, len(text)) == [text]
    with pytest.raises(TooLong):
        from_bson(data, CANONICAL, len(text) - 1)


@pytest.mark.parametrize("text", ['{"a": [' + "[]," * 800_000 + "[]]}", '{"a": [' + "[]," * 800_000 + "}"])
def test_no_cycles_are_searched_for_while_a_long_text_is_read(text: str) -> None:
    searches: list[str] = []

    def note(phase: str, _info: object) -> None:
        searches.append(phase)

    gc.callbacks.append(note)
    try:
        extended_json._loaded(text)
    except json.JSONDecodeError:
        pass
    finally:
        gc.callbacks.remove(note)
    assert len(searches) <= 4
    assert gc.isenabled()


@pytest.mark.slow
def test_large_documents_take_little_memory_to_be_written() -> None:
    elements = b"\x03\0\5\0\0\0\0" * 100_000
    array = (len(elements) + 5).to_bytes(4, "little") + elements + b"\0"
    data = (len(array) + 8).to_bytes(4, "little") + b"\x04a\0" + array + b"\0"
    tracemalloc.start()
    try:
        [text] = from_bson(data, CANONICAL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text == '{"a": [' + ", ".join(["{}"] * 100_000) + "]}"
    assert peak < 5 * len(data)


odd_texts = st.one_of(
    st.sampled_from([case["value"] for case in (*TAKEN, *REFUSED)]).map(lambda value: value.strip('"')),
    st.from_regex(r"[+-]?[0-9]{1,3}([.][0-9]{0,2})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9+/_-]{0,8}={0,2}", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.][0-9]{1,4})?(Z|[+-][0-9:]{4,5})?"
    ),
    texts,
)
keys = st.sampled_from((*WRAPPERS, "$scope", "$type", "base64", "subType", "t", "i", "pattern", "options", "$id", "a"))
odd_values = st.recursive(
    odd_texts | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.sampled_from((None, True, False, 1, 0)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=500)
@given(odd_values)
def test_whatever_comes_is_refused_or_means_what_it_means_to_the_driver(value: Any) -> None:
    text = json.dumps({"v": value})
    try:
        data = to_bson(text)
    except NotExtendedJson:
        event("refused")
        return
    event("taken")
    options = json_util.JSONOptions(
        json_mode=json_util.JSONMode.CANONICAL,
        tz_aware=True,
        datetime_conversion=bson.codec_options.DatetimeConversion.DATETIME_AUTO,
        uuid_representation=UuidRepresentation.UNSPECIFIED,
    )
    if "$dbPointer" not in text:  # of which the driver makes a DBRef
        assert data == bson.encode(json_util.loads(text, json_options=options), codec_options=CODEC)


@example('{"v": 1٣}')
@example('{"v": 1٣.5}')
@example('{"v": 1.٣}')
@given(st.text(max_size=20) | st.text('{}[]":,.-+eE0123456789٣tfnal\\u$', max_size=30))
def test_whatever_text_comes_nothing_else_is_raised(text: str) -> None:
    def read(text: str) -> bytes | None:
        try:
            return to_bson(text)
        except NotExtendedJson:
            return None

    for each in (text, f'{{"a": {text}}}'):
        short = read(each)
        event("refused" if short is None else "taken")
        with patch.object(extended_json, "_MANY_CHARACTERS", -1):
            assert read(each) == short

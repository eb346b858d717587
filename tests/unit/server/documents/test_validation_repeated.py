"""Names that stand twice are found, and no bytes make the readers of BSON fail otherwise."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.raw_bson import raw
from workflow_results_server.documents import bson_bytes
from workflow_results_server.documents.validation import RepeatedName, TooDeep, validate

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)

documents = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


@given(documents)
def test_only_what_stands_twice_is_found(document: dict[str, Any]) -> None:
    validate(bson.encode(document), 100)
    for name in document:
        again = raw(*document_fields(document), (name, 1))
        for within, steps in ((again, [name]), (raw(("x", [1, again])), ["x", 1, name])):
            with pytest.raises(RepeatedName) as caught:
                validate(within, 100)
            assert caught.value.path == steps


def document_fields(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, bson.encode(value) if isinstance(value, dict) else value) for name, value in document.items()]


@given(st.binary(max_size=60) | documents.map(bson.encode), st.data())
def test_no_bytes_make_the_readers_of_bson_fail_otherwise(data: bytes, draw: st.DataObject) -> None:
    if data:
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + draw.draw(st.integers(0, 3)) :]
    for function in (lambda: bson_bytes.split(data, 10), lambda: validate(data, 3)):
        try:
            function()
        except (bson_bytes.MalformedDocuments, RepeatedName, TooDeep) as error:
            assert str(error) or isinstance(error, TooDeep)

"""Tokens of all kinds are taken or refused, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workflow_results_server.errors import InvalidRequest
from workflow_results_server.requests.continuations import ReadTokens, WatchTokens
from workflow_results_server.store import Place, Selection

LIMIT = 1_000

TOKENS = ReadTokens("ViewRequest", "p", Selection(limit=LIMIT))


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: TOKENS.behind("", 1)[:8] + data))
def test_whatever_a_token_is_it_is_taken_or_refused(token: bytes) -> None:
    try:
        rest, count = TOKENS.resumed(token)
    except InvalidRequest:
        return
    if token:
        assert 1 <= count <= LIMIT
        assert rest.limit == LIMIT - count
        assert TOKENS.behind(str(rest.after), count) == token


def test_a_place_behind_the_id_of_what_is_no_result_may_have_no_token() -> None:
    tokens = WatchTokens(b"database", ["p"], {}, {})
    assert tokens.behind(Place(bytes(20_000))) == b""
    place = Place(bytes(10_000), ("p", "a"))
    assert tokens.resumed(tokens.behind(place)) == place

"""The tokens file: broken ones are refused, and name the entry."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.support.callers import entry, write
from workflow_results_server.access.tokens import TokensError, TokensFile, read

KEEPER = entry("admin", "*", token="keeper")

LEAVER = entry("depositor", "*", token="leaver")


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write(tmp_path / "tokens.yml", {"keeper": KEEPER, "leaver": LEAVER})


BROKEN = {
    "callers: [": "can't be read as YAML",
    "callers: {a: {role: reader, pipelines: ['*'], token: wr_secret}}": "callers.'a'.token must be 'sha256:'",
    "callers: {a: {role: king, pipelines: ['*']}}": "callers.'a'.role must be one of reader, depositor, curator, admin",
    "callers: {a: {role: reader}}": "callers.'a'.pipelines must be a list",
    "callers: {a: {role: reader, pipelines: '*'}}": "callers.'a'.pipelines must be a list",
    "callers: {a: {role: reader, pipelines: ['_x*']}}": "callers.'a'.pipelines must contain only globs",
    "callers: {a: {role: admin, secret: wr_secret}}": "callers.'a' has an unknown key, 'secret'",
    "callers: {a: {role: admin, expire: 2030-01-01T00:00:00Z}}": "'expire': did you mean 'expires'?",
    "callers: {a: {role: admin, wr_secret-of-no-one-but-long-as-one: x}}": "an unknown key, number 2: ",
    "callers: {}\ncaller: {}": "has an unknown key, 'caller': did you mean 'callers'?",
    "callers: {a: {role: admin, expires: 2030-01-01}}": "callers.'a'.expires must be a time in UTC",
    "callers: {a: {role: admin, expires: 2030-01-01T00:00:00}}": "callers.'a'.expires must be a time in UTC",
    "callers: {a: {role: admin, expires: 2030-13-41T00:00:00Z}}": "can't be read as YAML",
    "callers: {a: {role: admin}, a: {role: admin}}": "a key occurs twice",
    "callers: {'': {role: admin}}": "callers.'' is a name that",
    'callers: {"a\\nb": {role: admin}}': "is a name that",
    "callers: {1: {role: admin}}": "callers.1 is a name that",
    "callers: {a: 1}": "callers.'a' must be a mapping",
    "callers: [a]": "must contain one mapping, `callers`",
    "caller: {}": "must contain one mapping, `callers`",
    "": "must contain one mapping, `callers`",
    f"callers: {{a: {{role: admin, token: 'sha256:{'0' * 64}'}}, b: {{role: admin, token: 'sha256:{'0' * 64}'}}}}": (
        "a and b must not have the same token"
    ),
    "\xff": "can't be read as YAML",
    "callers: {a: {role: admin, expires: 9999-12-31T23:59:59-12:00}}": "callers.'a'.expires must be a time in UTC",
    "callers: {a: {role: !!bool none}}": "can't be read as YAML",
    "callers: {a: {role: !!int ''}}": "can't be read as YAML",
    "callers: {a: {expires: !!timestamp never}}": "can't be read as YAML",
    "[" * 5_000: "can't be read as YAML",
    "!!python/object/apply:os.abort []": "can't be read as YAML",
}


def test_each_change_is_complained_about_once(
    tokens: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow_results_server.access.tokens._LOOK_SECONDS", 0)
    file = TokensFile(tokens)
    for break_ in (lambda: tokens.write_text("callers: ["), tokens.unlink, partial(os.mkfifo, tokens)):
        break_()
        for _ in range(5):
            assert set(file.callers().by_name) == {"keeper", "leaver"}
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
    assert "Is not a regular file" in caplog.records[-1].getMessage()


def test_broken_files_are_refused_at_the_start_and_name_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yml"
    for text, problem in BROKEN.items():
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(TokensError) as caught:
            read(path)
        message = str(caught.value)
        assert problem in message, text
        assert str(path) in message
        assert "wr_secret" not in message
        assert "\n" not in message

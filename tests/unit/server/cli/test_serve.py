"""The options and settings of `serve` and of other commands: what is refused, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from workflow_results.cli import main
from workflow_results.common import rules


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("port", value) for value in ("٥٠٠٥١", "5_0", " 50", "0x10", "1.0", "1e3", "9" * 5_000)),  # noqa: RUF001
        *(("call-seconds", value) for value in ("٣", "1_0", "nan", "inf", "1e999", "0x1p3")),
    ],
    ids=rules.shorten,
)
@pytest.mark.parametrize("from_environment", [False, True])
def test_numbers_are_digits(option: str, value: str, from_environment: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKFLOW_RESULTS_SERVE_PORT", raising=False)
    environment, arguments = {}, [f"--{option}", value]
    if from_environment:
        environment, arguments = {f"WORKFLOW_RESULTS_SERVE_{option.upper().replace('-', '_')}": value}, []
    done = CliRunner().invoke(main, ["serve", "--mongo-uri", "mongodb://h/", *arguments], env=environment)
    assert done.exit_code == 2
    assert f"Invalid value for '--{option}'" in done.output
    assert "is not a valid" in done.output
    assert len(done.output) < 400


def test_numbers_of_all_commands_are_digits() -> None:
    for arguments in (["demo", "--works", "1_000"], ["token", "create", "a", "--role", "admin", "--days", "٣"]):
        done = CliRunner().invoke(main, arguments)
        assert (done.exit_code, "is not a valid integer" in done.output) == (2, True), done.output
    described = CliRunner().invoke(main, ["token", "create", "--help"]).output
    assert "1<=x<=36500" in described, "the limits are told as before"


OPTIONS = ("host", "port", "mongo-uri", "data-dir", "database", "tokens", "tls-cert", "log-level", "config", "insecure")


def test_empty_settings_are_refused_by_name(tmp_path: Path) -> None:
    def refused(*arguments: str, **environment: str) -> str:
        # What is not refused as empty is refused for its port: no server shall start.
        result = CliRunner().invoke(
            main, ["serve", "--port", "70000", *arguments], env=environment, prog_name="workflow-results"
        )
        assert result.exit_code == 2, result.output
        return result.output.splitlines()[-1]

    for option in OPTIONS:
        variable = f"WORKFLOW_RESULTS_SERVE_{option}".upper().replace("-", "_")
        for empty in ("", " "):
            assert f"the environment variable {variable} is empty" in refused(**{variable: empty})
            assert f"--{option} is empty" in refused(f"--{option}", empty)
            assert f"--{option} is empty" in refused(f"--{option}={empty}")
        key = option.replace("-", "_")
        if key != "config":
            config = tmp_path / "config.yml"
            config.write_text(f"{key}: ''\n")
            assert f"{key} is empty" in refused("--config", str(config))
            config.write_text(f'{key}: "a\\0b"\n')
            assert f"{key} contains an invalid character" in refused("--config", str(config))


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize(
    "arguments",
    [("backup",), ("restore",), ("certificate", "--output"), ("token", "list", "--tokens")],
)
def test_an_empty_path_is_not_the_current_directory(
    arguments: tuple[str, ...], empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [*arguments, empty], env={"WORKFLOW_RESULTS_TARGET": "localhost:1"})
    assert result.exit_code == 2
    assert "it is empty: give it a value." in result.output
    assert not list(tmp_path.iterdir())


def test_an_empty_tokens_variable_is_refused_by_name() -> None:
    result = CliRunner().invoke(main, ["token", "list"], env={"WORKFLOW_RESULTS_SERVE_TOKENS": ""})
    assert result.exit_code == 2
    assert "WORKFLOW_RESULTS_SERVE_TOKENS is empty" in result.output

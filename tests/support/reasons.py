"""Records which reasons of errors and rejections the tests meet: a whole run that misses one fails.

An error counts where a client of the test gets it, or where the server's code makes it within the test's process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tests.support import wire
from workflow_results._calls import responses
from workflow_results._transport import rpc_errors
from workflow_results.v1.errors_pb2 import ErrorReason, RejectionReason
from workflow_results_server import errors

DECLARED = {*ErrorReason.keys(), *RejectionReason.keys()} - {
    "ERROR_REASON_UNSPECIFIED",
    "REJECTION_REASON_UNSPECIFIED",
}


class Reasons:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self.met: set[str] = set()
        self.missing: set[str] = set()

    def note(self, enum: str, reason: str) -> None:
        self.met.add(f"{enum}_REASON_{reason}")

    def pytest_sessionstart(self) -> None:
        """Note reasons for as long as the process lives."""
        after(rpc_errors, "_details", self._received)
        after(wire.Answer, "__init__", lambda _, answer, *_1: self.note("ERROR", answer.info.reason))
        after(errors.RequestError, "__init__", self._made)
        for module, name in ((responses, "_reason"), (wire, "reason_of")):
            after(module, name, lambda reason, *_: self.note("REJECTION", reason))

    def _received(self, returned: tuple[Any, float], error: grpc.RpcError) -> None:
        if isinstance(error, grpc.Call):  # not one that a test has made up
            self.note("ERROR", returned[0].reason)

    def _made(self, _: None, error: errors.RequestError, *_1: object) -> None:
        frame = sys._getframe(1)
        while frame.f_back and frame.f_globals["__name__"] in (errors.__name__, __name__):
            frame = frame.f_back
        if frame.f_globals["__name__"].startswith("workflow_results_server."):
            self.note("ERROR", error.reason)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has met."""
        self.met |= set(getattr(node, "workeroutput", {}).get("reasons", ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["reasons"] = sorted(self.met)
        elif is_whole(session):
            self.missing = DECLARED - self.met
            if self.missing:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.missing:
            terminalreporter.write_line(f"no test meets {', '.join(sorted(self.missing))}", red=True)


def after(owner: Any, name: str, note: Callable[..., None]) -> None:
    """Have something done after each call of a function, with what it returned and its arguments."""
    original = getattr(owner, name)

    def noting(*arguments: Any, **named: Any) -> Any:
        returned = original(*arguments, **named)
        note(returned, *arguments)
        return returned

    setattr(owner, name, noting)


def is_whole(session: pytest.Session) -> bool:
    """Report whether a run had all tests, and none failed: else something may well be missing."""
    config = session.config
    chosen = config.option.keyword or config.option.markexpr or config.option.collectonly
    from_all = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return from_all and not chosen and not session.testsfailed and not session.shouldstop


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Reasons(), "reasons")

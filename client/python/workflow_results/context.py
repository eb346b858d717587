"""Drop-in replacements for `workflow.http.context.HTTPContext`, limited to results."""

from __future__ import annotations

import os
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from workflow_results import settings
from workflow_results.async_results import AsyncResults
from workflow_results.common.rules import shorten
from workflow_results.errors import InvalidRequestError
from workflow_results.results import Results

if TYPE_CHECKING:
    from collections.abc import Sequence

ClientT = TypeVar("ClientT", Results, AsyncResults)

_BACKENDS = ("results",)


class _Context(Generic[ClientT]):
    """The clients of a workspace; see `GRPCContext`."""

    results: ClientT
    _client: type[ClientT]

    def __init__(
        self,
        workspace: str | Path | None = None,
        timeout: float | None = None,
        token: Any = None,
        backends: Sequence[str] = _BACKENDS,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        cert_file: str | os.PathLike[str] | None = None,
        key_file: str | os.PathLike[str] | None = None,
        tls: bool | None = None,
    ) -> None:
        if not isinstance(workspace, (str, os.PathLike, NoneType)):
            raise InvalidRequestError(f"workspace must be the path of a file, not {shorten(workspace)}")
        self.workspace = None if workspace is None else Path(workspace)
        self.timeout = timeout
        if not isinstance(backends, (list, tuple, set, frozenset)):
            raise InvalidRequestError(f"backends must be a list like {list(_BACKENDS)}, not {shorten(backends)}")
        self.backends = list(backends)
        if unknown := [backend for backend in self.backends if backend not in _BACKENDS]:
            raise InvalidRequestError(f"backends must be from {list(_BACKENDS)}, not {shorten(unknown)}")
        if "results" in self.backends:
            self.results = self._client(
                settings.target(None, self.workspace),
                token=token,
                timeout=timeout,
                ca_file=ca_file,
                cert_file=cert_file,
                key_file=key_file,
                tls=tls,
            )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(workspace={self.workspace!r}, timeout={self.timeout!r}, backends={self.backends!r})"
        )


class GRPCContext(_Context[Results]):
    """The clients of a workspace.

    The target of each is read from `grpc.targets` of the workspace file that workflow-core uses::

        grpc:
          targets:
            results: localhost:50051

    Args:
        workspace: The workspace file. Defaults to workflow-core's, `~/.config/workflow/workspace.yml`, if there is one.
        timeout: Seconds for a call, as in `Results`.
        token: The access token, as in `Results`; "" for none.
        backends: The clients to create; only "results" is served over gRPC.
        ca_file: As in `Results`.
        cert_file: As in `Results`.
        key_file: As in `Results`.
        tls: As in `Results`.

    Attributes:
        workspace (Path | None): As given.
        timeout (float | None): As given.
        backends (list[str]): As given.
        results (Results): The client for results.

    Raises:
        InvalidRequestError: A setting can't be used.

    Example:
        >>> results = GRPCContext(backends=["results"]).results
    """

    _client = Results


class AsyncGRPCContext(_Context[AsyncResults]):
    """The clients of a workspace, for programs that use `asyncio`: as `GRPCContext`, with an `AsyncResults`.

    Example:
        >>> results = AsyncGRPCContext(backends=["results"]).results
    """

    _client = AsyncResults

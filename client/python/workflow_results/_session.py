"""What every method of the facades stands on: the settings and the channel of a client."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, Final

from workflow_results import settings
from workflow_results._calls import arguments
from workflow_results._calls.responses import server_info
from workflow_results._deposit.sharing import Sharing
from workflow_results._transport import credentials
from workflow_results._transport.async_channel import AsyncChannel
from workflow_results._transport.channel import Channel
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.common.rules import quoted
from workflow_results.version import __version__

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._transport.credentials import Credentials
    from workflow_results.v1 import results_pb2 as pb

_PATIENCE: Final = 60.0
"""Seconds: as long as a server takes for the next batch, by default."""
_SLACK: Final = 1.1
"""How many times as long a read waits: a server with the same limit is to say what takes so long."""


class Client:
    """The settings of a client of one service; see `Results` for the arguments."""

    def __init__(
        self,
        baseurl: str | None = None,
        *,
        token: Any = None,
        timeout: float | None = None,
        strict: bool = False,
        ca_file: str | os.PathLike[str] | None = None,
        cert_file: str | os.PathLike[str] | None = None,
        key_file: str | os.PathLike[str] | None = None,
        tls: bool | None = None,
    ) -> None:
        self.baseurl = settings.target(baseurl)
        self.timeout = settings.timeout(timeout)
        self._strict = arguments.flag("strict", strict)
        secret, source = settings.token(token)
        shown = credentials.resolve(
            self.baseurl, secret, source, tls, ca_file=ca_file, cert_file=cert_file, key_file=key_file
        )
        self._travels: dict[str, Any] = {"tls": tls, **shown.files}
        self._has_secret = token is not None and bool(secret)
        if token is not None and not secret:
            self._travels["token"] = ""
        self._connect(shown)

    def _connect(self, shown: Credentials) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.baseurl!r}, timeout={self.timeout!r}, strict={self._strict!r})"

    def __reduce__(self) -> Any:
        """Let settings travel to other processes, where connections can't, and secrets must not."""
        if self._has_secret:
            raise TypeError(
                f"{type(self).__name__} with token= can't be copied or pickled, since that would write the token out:"
                " set WORKFLOW_RESULTS_TOKEN instead, in the other process as well, or create another client there"
            )
        travels = {"timeout": self.timeout, "strict": self._strict, **self._travels}
        return _made_again, (type(self), self.baseurl, travels)

    def _info(self, response: pb.InfoResponse) -> dict[str, Any]:
        """Return what `info` does."""
        with fork_guard:  # a child forked while another thread imports would wait for the import forever
            from importlib.metadata import version  # here, since it takes a tenth of the time to import all of this

            versions = {name: version(name) for name in ("grpcio", "protobuf", "pymongo")}
        client = {
            "version": __version__,
            "target": self.baseurl,
            "timeout": self.timeout,
            "python": platform.python_version(),
            **versions,
        }
        return {"client": client, "server": server_info(response)}

    def _named(self, method: str, *pipelines: str) -> str:
        return f"{method} of {', '.join(pipelines) or 'all pipelines'} at {quoted(self.baseurl)}"

    @property
    def _patience(self) -> float:
        """Seconds without progress after which a broken stream fails."""
        return _PATIENCE if self.timeout is None else min(self.timeout, _PATIENCE)

    def _silence(self, deadline: Deadline) -> float | None:
        """Return the seconds without any data from the server after which a read fails; None if its deadline says."""
        return None if deadline.seconds else _SLACK * max(self.timeout or 0.0, _PATIENCE)

    @staticmethod
    def _read_deadline(timeout: float | None) -> Deadline:
        """Return the deadline of a method that reads results, which has none unless it is given one."""
        return Deadline.after(None if timeout is None else settings.checked_timeout(timeout))

    def _deadline(self, timeout: float | None) -> Deadline:
        """Return the deadline of a method with one answer."""
        chosen = self.timeout if timeout is None else settings.checked_timeout(timeout)
        return Deadline.after(settings.DEFAULT_TIMEOUT if chosen is None else chosen)


def _made_again(class_: type[Client], baseurl: str, given: dict[str, Any]) -> Client:
    made = class_.__new__(class_)
    Client.__init__(made, baseurl, **given)  # a subclass may take other arguments
    return made


class Session(Client):
    """A client for threads."""

    def _connect(self, shown: Credentials) -> None:
        self._channel = Channel(self.baseurl, shown)
        self._sharing = Sharing(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; calls in progress fail, and later ones raise. Closing twice is fine."""
        self._channel.close()


class AsyncSession(Client):
    """A client for an event loop."""

    def _connect(self, shown: Credentials) -> None:
        self._channel = AsyncChannel(self.baseurl, shown)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; calls in progress fail, and later ones raise. Closing twice is fine."""
        await self._channel.close()

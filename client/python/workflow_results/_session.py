"""What every method of the facade stands on: the settings and the channel of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from workflow_results import settings
from workflow_results._deposit.sharing import Sharing
from workflow_results._transport import credentials
from workflow_results._transport.channel import Channel
from workflow_results._transport.deadline import Deadline

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from typing_extensions import Self

_PATIENCE: Final = 60.0
"""Seconds: as long as a server takes for the next batch, by default."""
_SLACK: Final = 1.1
"""How many times as long a read waits: a server with the same limit is to say what takes so long."""


class Session:
    """A client of one service; see `Results` for the arguments."""

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
        self._strict = settings.flag("strict", strict)
        secret, source = settings.token(token)
        shown = credentials.resolve(
            self.baseurl, secret, source, tls, ca_file=ca_file, cert_file=cert_file, key_file=key_file
        )
        self._channel = Channel(self.baseurl, shown)
        self._sharing = Sharing(self._channel)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.baseurl!r}, timeout={self.timeout!r}, strict={self._strict!r})"

    def __reduce__(self) -> NoReturn:
        # A copy would share the connection, and a pickle hold what is secret.
        raise TypeError(f"a {type(self).__name__} can't be copied or pickled: create another one where it is needed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; calls in progress fail, and later ones raise. Closing twice is fine."""
        self._channel.close()

    @property
    def _patience(self) -> float:
        """Seconds without progress after which a broken stream fails."""
        return _PATIENCE if self.timeout is None else min(self.timeout, _PATIENCE)

    @property
    def _silence(self) -> float:
        """Seconds without any data from the server after which a read fails."""
        return _SLACK * max(self.timeout or 0.0, _PATIENCE)

    @staticmethod
    def _read_deadline(timeout: float | None) -> Deadline:
        """Return the deadline of a method that reads results, which has none unless it is given one."""
        return Deadline.after(None if timeout is None else settings.checked_timeout(timeout))

    def _deadline(self, timeout: float | None) -> Deadline:
        """Return the deadline of a method with one answer."""
        chosen = self.timeout if timeout is None else settings.checked_timeout(timeout)
        return Deadline.after(settings.DEFAULT_TIMEOUT if chosen is None else chosen)

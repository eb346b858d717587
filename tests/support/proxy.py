"""A TCP proxy between a client and its server that loses answers."""

from __future__ import annotations

from tests.support.network import Action, Network, PassOn, Rule, Way

_HOLD_ANSWERS = Rule(Action.HOLD, ways=frozenset({Way.BACK}))


class Proxy:
    """A TCP proxy that can lose answers.

    Args:
        target: Where the server listens, on loopback.
        cut_at: When a client sends this, it is passed on, and then the proxy is gone.

    Attributes:
        target: Where the proxy listens.
        hold_from: When a client sends this, answers are held back from then on.
    """

    def __init__(self, target: str, cut_at: bytes = b"") -> None:
        self._cut_at = cut_at
        self._network: Network | None = Network()
        self.hold_from = b""
        port = self._network.link("server", 0, int(target.rpartition(":")[2]), lambda: self._handle)
        self.target = f"127.0.0.1:{port}"

    async def _handle(self, data: bytes, pass_on: PassOn) -> None:
        assert self._network
        last = self._cut_at and self._cut_at in data
        if last or (self.hold_from and self.hold_from in data):
            self._network.apply(_HOLD_ANSWERS)
        await pass_on(data)
        if last:
            self._network.vanish()

    def cut(self) -> None:
        """Cut all connections, and lose the answers that were held back; new connections are fine."""
        assert self._network
        self.hold_from = b""
        self._network.cut()

    def close(self) -> None:
        """End all connections, and take no others."""
        if self._network:
            self._network.close()
            self._network = None

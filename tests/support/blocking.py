"""An `AsyncResults` for tests that are written for a `Results`: one suite says what both do.

Each call runs in the event loop of a thread. What it returns blocks where that of `Results` does.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar, cast

from tests.support.waiting import PATIENCE
from workflow_results import AsyncDepositFuture, AsyncResults, Receipt, Results

T = TypeVar("T")
Facade = Callable[..., Results]
"""Makes a client."""
_LONGEST = 3 * PATIENCE


class Loop:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Wait for a coroutine."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(_LONGEST if seconds is None else seconds)
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in the loop."""

        async def called() -> T:
            return function()

        return self.run(called())

    def stop(self) -> None:
        """End the loop, once what is under way in it has ended."""
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class _Stream:
    def __init__(self, loop: Loop, stream: Any) -> None:
        self._loop, self._stream = loop, stream

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        async def following() -> tuple[Any, bool]:
            try:
                return await anext(self._stream), True
            except StopAsyncIteration:
                return None, False

        result, is_one = self._loop.run(following())
        if not is_one:
            raise StopIteration
        return result

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._stream)

    def close(self) -> None:
        self._loop.run(self._stream.close())


class _Watch(_Stream):
    def __init__(self, loop: Loop, watch: Any) -> None:
        super().__init__(loop, watch)
        loop.run(watch.__aenter__())

    @property
    def resume_token(self) -> bytes:
        token: bytes = self._stream.resume_token
        return token


class _Future:
    def __init__(self, loop: Loop, future: AsyncDepositFuture) -> None:
        self._loop, self._future = loop, future

    def __repr__(self) -> str:
        return repr(self._future)

    def done(self) -> bool:
        return self._future.done()

    def result(self, seconds: float | None = None) -> Receipt:
        if self._future.done():
            return self._future.result()

        async def awaited() -> Receipt:
            return await asyncio.shield(self._future)

        return self._loop.run(awaited(), seconds)

    def exception(self, seconds: float | None = None) -> BaseException | None:
        try:
            self.result(seconds)
        except concurrent.futures.TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - it is returned
            return error
        return None


class _Depositor:
    def __init__(self, loop: Loop, depositor: Any) -> None:
        self._loop, self._depositor = loop, depositor

    def __enter__(self) -> _Depositor:
        self._loop.run(self._depositor.__aenter__())
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._depositor.__aexit__(type_, error, trace))

    def __repr__(self) -> str:
        return repr(self._depositor)

    def deposit(self, work: dict[str, Any]) -> _Future:
        return _Future(self._loop, self._loop.run(self._depositor.deposit(work)))

    def flush(self) -> None:
        self._loop.run(self._depositor.flush())


_KINDS: dict[str, Callable[[Loop, Any], Any]] = {"depositor": _Depositor, "watch": _Watch}


class _Blocking:
    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._loop = Loop()
        self._client = AsyncResults(*arguments, **named)

    def __enter__(self) -> _Blocking:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self._client).removeprefix("Async")

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        if not inspect.ismethod(value):
            return value

        def called(*arguments: Any, **named: Any) -> Any:
            if inspect.iscoroutinefunction(value):
                return self._loop.run(value(*arguments, **named))
            made = self._loop.call(lambda: value(*arguments, **named))
            return _KINDS.get(name, _Stream)(self._loop, made)

        return called

    def close(self) -> None:
        self._loop.run(self._client.close())
        self._loop.stop()


def blocking(*arguments: Any, **named: Any) -> Results:
    """Return something with the methods of a `Results`, which an `AsyncResults` with these arguments carries out."""
    return cast("Results", _Blocking(*arguments, **named))

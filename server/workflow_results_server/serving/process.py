"""What is special about a process that serves: its standard streams, signals and memory, and its end for certain."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.rules import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_logger = logging.getLogger(__name__)

_STDOUT: Final = 1
_STDERR: Final = 2
_LEFT_SECONDS: Final = 1.0
_COLLECTED_OBJECTS: Final = 20_000
"""How many new objects make Python's garbage collector look, instead of its 700 to 2,000."""
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""Parameters of glibc's `mallopt` (malloc.h)."""
_MAPPED_BYTES: Final = 4 * MIB
_KEPT_BYTES: Final = 64 * MIB


def take_standard_streams() -> bool:
    """Put /dev/null in the place of standard streams that are closed.

    Else their numbers would become those of sockets and files that are opened later, and what is written to
    standard error, by this process or by another one that it starts, would go there.

    Returns:
        Whether standard output was open.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    for number, stream in enumerate(streams):
        if stream is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
    if sys.stderr is None:
        sys.stderr = open(_STDERR, "w", closefd=False)  # noqa: SIM115 - for as long as the process lives
    return streams[1] is not None


def allow_files() -> None:
    """Raise the soft limit of open files, of which each connection takes one, to the hard one; children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems allow less than they report
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def say(line: str) -> None:
    """Write a line on standard output.

    Raises:
        OSError: It can't be written, and is in no buffer that Python would try to write again at the end.
    """
    os.write(_STDOUT, f"{line}\n".encode())


def complain(line: str) -> None:
    """Write a line on standard error, if that takes it."""
    with suppress(OSError):
        os.write(_STDERR, f"{line}\n".encode(errors="backslashreplace"))


def ending_signals() -> list[signal.Signals]:
    """Return the signals that end a server: SIGHUP, too, unless it is ignored, as nohup has it."""
    ending = [signal.SIGTERM, signal.SIGINT]
    return ending if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [*ending, signal.SIGHUP]


def stop_on_signals() -> asyncio.Event:
    """Return an event that is set by the signals that end a server."""
    stop = asyncio.Event()
    for number in ending_signals():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def settle_memory() -> None:
    """Tune how memory is managed for a process that has started, and from now on answers requests."""
    # What was imported and made so far is never garbage, and what a request makes is hardly ever a cycle.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECTED_OBJECTS)
    # By default, glibc learns from the first large blocks to keep those that are freed, and small ones settle between
    # them: after requests and results of 16 to 32 MB a server held twice as much as was in use.
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine like `asyncio.run`, but wait only for a moment for what is still under way at its end.

    Those are calls of a MongoDB that does not answer, whose callers are gone.
    """
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main)
    finally:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            done, _ = loop.run_until_complete(asyncio.wait(left, timeout=_LEFT_SECONDS))
            for task in done:
                task.cancelled() or task.exception()  # asyncio would complain if nobody looked
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def end_for_certain(seconds: float, last_act: Callable[[], object] | None = None) -> None:
    """End this process after some time, whatever it does then.

    What ends a server has limits everywhere. This one is for what nobody has thought of: a thread that waits for a
    name server, an event loop that is held up.

    Args:
        seconds: The time until then.
        last_act: What to do before.
    """

    def end() -> None:
        _logger.critical("this process did not end in time and is killed")
        try:
            if last_act:
                last_act()
        finally:
            os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True  # an end in time is not waited with
    timer.start()

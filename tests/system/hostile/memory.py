"""The memory that a process takes, and the most that it has taken since the last look."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import psutil

MIB: Final = 1 << 20
_PEAK: Final = "VmHWM:"
_FORGET_PEAK: Final = "5"
"""What makes Linux forget the peak, written to `clear_refs`."""
_SAMPLE_SECONDS: Final = 0.02


class Memory:
    """Watches a process. Linux keeps account of the peak; elsewhere a thread looks often.

    Args:
        pid: Its process id.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._files = Path(f"/proc/{pid}")
        self._peak = 0
        if not self._files.exists():
            threading.Thread(target=self._sample, daemon=True).start()

    def now(self) -> int:
        """Return the bytes that it takes, 0 if it has ended."""
        try:
            return int(self._process.memory_info().rss)
        except psutil.Error:
            return 0

    def peak(self) -> int:
        """Return the most bytes since the last call."""
        try:
            status = (self._files / "status").read_text()
            self._peak = int(status.partition(_PEAK)[2].split()[0]) * 1024
            (self._files / "clear_refs").write_text(_FORGET_PEAK)
        except (OSError, IndexError):  # there is no /proc, or it has ended
            pass
        peak, self._peak = self._peak, 0
        return peak

    def _sample(self) -> None:
        while sampled := self.now():
            self._peak = max(self._peak, sampled)
            threading.Event().wait(_SAMPLE_SECONDS)

"""What a process has used, from Linux' /proc: CPU seconds of all its threads, memory now and at its highest."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
RESET_PEAK = "5"


def cpu_seconds(pid: int) -> float:
    """User and system time."""
    after_name = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def memory(pid: int) -> int:
    """Bytes resident now."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """Bytes resident at the highest since the start, or since `forget_peak`."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """The highest counts from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK, "ascii")


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """The process stands still, so that messages can be laid out before it takes the first."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/status has no {name}")

"""A program of the local stack, as a child process: started, waited for until it says it is ready, ended."""

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import IO

END_TIMEOUT = 10  # seconds between asking and killing


class Process:
    """
    A child whose output goes to `log`, line by line; `folder` is where it runs, if not here.

    It runs in a session of its own, so that Ctrl+C reaches the stack alone, which then ends its children in order.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._log = log
        self._lines: Queue[str | None] = Queue()
        self._child = subprocess.Popen(
            command,
            env={**os.environ, **(env or {})},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    def line_with(self, text: str, *, timeout: float = 60) -> str:
        """The next line of output that contains `text`; `RuntimeError` with the log if none comes."""
        try:
            while (line := self._lines.get(timeout=timeout)) is not None:
                if text in line:
                    return line
        except Empty:
            pass
        self.stop()
        raise RuntimeError(f"{self._log.stem} did not start:\n{self._log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Asks it to end, and kills it if it does not."""
        if self.is_running:
            self._child.terminate()
        try:
            self._child.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
        self._reader.join()

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        self._child.kill()
        self._child.wait()

    def _read(self, output: IO[str]) -> None:
        with self._log.open("a", encoding="utf-8") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                self._lines.put(line)
        self._lines.put(None)

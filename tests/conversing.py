"""A process that answers each line of JSON on its standard input with one on its output."""

from __future__ import annotations

import json
import subprocess
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self


class Conversing(ABC):
    """Such a process, a context manager. `failed` is raised where it answers with an error, or has
    ended, which `ended` says."""

    failed: ClassVar[type[Exception]]
    ended: ClassVar[str]

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """How it is started. Raises what tells that it cannot be."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.communicate()  # its input ends, so it ends, and what it has started
            self._process = None

    def ask(self, request: dict[str, Any]) -> Any:
        """Its answer to a request."""
        assert self._process is not None, "use it in a with statement"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request, default=float), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise self.failed(self.ended)
        reply = json.loads(line)
        if isinstance(reply, dict) and "error" in reply:
            raise self.failed(reply["error"])
        return reply

"""Python in a process whose files may not grow beyond a size: a disk that gets full."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# what runs between fork and exec, in a process with threads, may wait for ever for a lock that one
# of them had: the limit is set by a program, which becomes the one that it is for
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def python_within(
    size: int, *words: object, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs Python with these words: more bytes in a file give SIGXFSZ, which Python ignores, and
    then EFBIG."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *map(str, words)],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**unmeasured(), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def unmeasured() -> dict[str, str]:
    """The environment, without the measuring of coverage: that has files of its own that grow."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

"""Python in a process whose files may not grow beyond a size: a disk that gets full."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# what runs between fork and exec, in a process with threads, may wait for ever for a lock that one
# of them had: the limit is set by a program, which becomes the one that it is for
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


def python_within(
    size: int,
    *words: object,
    folder: Path | None = None,
    out: Path | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Runs Python with these words; `out` takes what it prints. More bytes in a file give SIGXFSZ,
    which Python ignores, and then EFBIG."""
    told = {**unmeasured(), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    with (out or Path(os.devnull)).open("w") as file:
        return subprocess.run(
            [sys.executable, "-c", LIMITED, str(size), *map(str, words)],
            check=False,
            cwd=folder,
            stdout=file if out else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=told,
        )


def unmeasured() -> dict[str, str]:
    """The environment, without the measuring of coverage: that has files of its own that grow."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}

"""The standard streams, whatever they are when the command begins."""

from __future__ import annotations

import io
import os
import sys
from typing import IO

import typer

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_KEPT: list[IO[str]] = []
"""What was opened in place of a closed stream: nobody else may hold it, and it must not be lost."""


def prepare() -> None:
    """Sees to it that what is printed arrives whole, or goes nowhere, or is an error."""
    _open()
    _buffer()
    respell = getattr(sys.stdout, "reconfigure", None)
    if respell:  # what the encoding lacks is told all the same: Python has it so for errors
        respell(errors="backslashreplace")


def _open() -> None:
    """One that is closed (`2>&-`, as some services have it) goes nowhere. Else the next file that
    is opened would get its number, and with it what is written to the stream."""
    for name, mode in _STREAMS:
        if getattr(sys, name) is None:
            nowhere = open(os.devnull, mode)  # noqa: PTH123, SIM115 - to the very end
            _KEPT.append(nowhere)
            setattr(sys, name, nowhere)


def _buffer() -> None:
    """Without a buffer (PYTHONUNBUFFERED, as containers have it) Python drops without a word what a
    file has no room for. Through one, all of a result arrives, or it is an error."""
    raw: object = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        whole = io.BufferedWriter(raw)
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        sys.stdout = io.TextIOWrapper(whole, encoding, errors, write_through=True)


def tell(told: bytes) -> None:
    """Prints text that is in UTF-8, whatever the terminal's encoding; where standard output is no
    file, as in a notebook, it takes text alone."""
    typer.echo(told if hasattr(sys.stdout, "buffer") else told.decode())


def drop(stream: IO[str]) -> None:
    """What is left to be printed goes nowhere: Python would try it once more at its very end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

"""A file as the resources in it: NDJSON line by line, or JSON with one resource or one Bundle."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

from alliance_fhir.domain.places import NDJSON
from alliance_fhir.errors import InputError
from alliance_fhir.received import Json, Unsound, parsed
from alliance_fhir.sources.fhir.element import Slip

LARGEST = 64 * 1024**2
"""Bytes of a file that has to be read as a whole."""
_CHUNK = 1024**2
LONGEST = 16 * 1024**2
"""Bytes of a line of NDJSON: a resource has a few thousand."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_REMEDIES = {
    "too-deep": "No resource has so many levels; look for brackets.",
    "not-a-resource": "FHIR writes a resource as an object with a resourceType; NDJSON has one on "
    "each line.",
}
_BLANK = re.compile(r"[ \t\r\n]*")


class Resource(NamedTuple):
    """A resource, where it stands, and the URL by which a Bundle knows it, if one does."""

    line: int
    place: str
    body: Json
    url: str = ""


class Broken(NamedTuple):
    """A line that holds no resource, and why."""

    line: int
    slip: Slip


def may_be_fhir(path: Path) -> bool:
    """Whether a file names a resourceType anywhere: much else that is JSON, as keys and settings,
    lies in folders beside the data. One that cannot be read may be."""
    before = b""
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if b'"resourceType"' in before + chunk:
                    return True
                before = chunk[-len('"resourceType"') :]
    except OSError:
        return True
    return False


def resources(path: Path) -> Iterator[Resource | Broken]:
    """All that a file holds, those in Bundles too. Raises InputError where it cannot be read."""
    try:
        for line, content in _lines(path) if path.name.lower().endswith(NDJSON) else _whole(path):
            yield from _read(line, content)
    except OSError as error:
        raise InputError(path, "unreadable-file", str(error.strerror)) from None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    with path.open("rb") as file:
        while content := file.readline(LONGEST + 1):
            number += 1
            if number == 1:
                _check_encoding(path, content)
            if len(content) > LONGEST:
                raise InputError(path, "line-too-long", f"It is line {number:,}.")
            if content.strip():
                yield number, content


def _whole(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    _check_encoding(path, content)
    if len(content) > LARGEST:
        remedy = f"It is larger than {LARGEST:,} bytes; write it as NDJSON, which may be."
        raise InputError(path, "document-too-large", remedy)
    if not content.strip():
        raise InputError(path, "empty-file", "Export again; the file holds nothing.")
    yield 1, content


def _check_encoding(path: Path, content: bytes) -> None:
    if content.startswith(_UTF_16) or b"\0" in content[:4]:
        raise InputError(path, "wrong-encoding", "It is in UTF-16 or UTF-32; save it as UTF-8.")


def _read(line: int, content: bytes) -> Iterator[Resource | Broken]:
    """One line of NDJSON, or one file of JSON that begins in this line."""
    try:
        body = parsed(content.rstrip())  # what is cut off ends in its last line, not after it
    except Unsound as error:
        at = line + max(error.line - 1, 0)
        rule, remedy = error.rule, _REMEDIES.get(error.rule, "")
        if rule == "not-json" and not _is_utf_8(content):
            rule, remedy = "wrong-encoding", "It is not in UTF-8; save it so."
        yield Broken(at, Slip("", rule, remedy))
        return
    if not _is_resource(body):
        yield Broken(line, Slip("resourceType", "not-a-resource", _REMEDIES["not-a-resource"]))
    elif body["resourceType"] == "Bundle":
        yield from _entries(line, content, body)
    else:
        yield Resource(line, body["resourceType"], body)


def _is_resource(body: Any) -> bool:
    type_: Any = cast("Json", body).get("resourceType") if isinstance(body, dict) else None
    return isinstance(type_, str) and type_.isalpha()


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _entries(line: int, content: bytes, bundle: Json) -> Iterator[Resource | Broken]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        slip = Slip("Bundle.entry", "wrong-kind", "FHIR has a list of objects here.")
        yield Broken(line, slip)
        return
    lines = _lines_of(content.decode("utf-8-sig"), line)
    for number, entry in enumerate(cast("list[Any]", entries)):
        place = f"Bundle.entry[{number}]"
        at = next(lines, line)
        if not isinstance(entry, dict):
            yield Broken(at, Slip(place, "wrong-kind", "FHIR has an object here."))
            continue
        told = cast("Json", entry)
        body: Any = told.get("resource")
        url = told.get("fullUrl", "")
        if body is None:  # an entry may be a request alone
            continue
        if not _is_resource(body):
            remedy = _REMEDIES["not-a-resource"]
            yield Broken(at, Slip(f"{place}.resource", "not-a-resource", remedy))
            continue
        yield Resource(at, f"{place}.resource", body, url if isinstance(url, str) else "")


def _lines_of(text: str, line: int) -> Iterator[int]:
    """The line in which each entry of a Bundle begins; it is known to be sound JSON."""
    decode = json.JSONDecoder().raw_decode
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = decode(text, at)
        at = _after(text, _after(text, at) + 1)  # the colon
        if name != "entry":
            _, at = decode(text, at)
        else:
            seen, at = 0, _after(text, at + 1)
            while text[at] != "]":
                line += text.count("\n", seen, at)
                yield line
                seen, (_, at) = at, decode(text, at)
                at = _comma(text, at)
            return
        at = _comma(text, at)


def _after(text: str, at: int) -> int:
    """Where the next sign is that is not blank."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _comma(text: str, at: int) -> int:
    """Where what follows begins, after a comma or without one."""
    at = _after(text, at)
    return _after(text, at + 1) if text[at] == "," else at

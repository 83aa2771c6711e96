"""The FHIR package as it is in the wheel: every definition that our resources refer to, and
examples of them, for each version of FHIR.

They are the files of profiles/. A StructureDefinition stands in two, so that people see in one what
is ours alone: what it says, and its snapshot, all elements that it has. Both are put together here,
as whoever builds on a profile needs them; nothing else is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import orjson

from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.canonical import exact_number, resealed
from alliance_fhir.fhir.defined import DEFINED, canonical_of
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.versions import Json, Version
from alliance_fhir.received import parsed

EXAMPLES = "examples"
"""The folder of the examples, within that of the definitions."""
_SNAPSHOTS = "snapshots"
_KIND = ".json"


class File(NamedTuple):
    """A file of the package: its name, what stands in it, and the resource that this is."""

    name: str
    content: bytes
    body: Json


def file_content(resource: Json) -> bytes:
    """A definition as it stands in its file: indented, the same at any time."""
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(resource, exact_number, layout)


def snapshot_of(name: str) -> str:
    """Where the snapshot of a definition is, whose file has this name: an element a line."""
    return f"{_SNAPSHOTS}/{name.removesuffix(_KIND)}.ndjson"


class Package(NamedTuple):
    """The package for one version of FHIR. Definitions stand in the order in which a server is to
    get them: what others refer to before what refers to it."""

    version: Version
    definitions: list[File]
    examples: list[File]


def package(version: Version) -> Package:
    """The package for a version of FHIR. R4B gets that of R4: in all that is defined here they are
    the same, and the definitions say 4.0.1 there too.

    Raises ConfigError where the package is not there, as beside sources that were not installed.
    """
    home = files("alliance_fhir") / "package" / version.build
    if not home.is_dir():
        raise ConfigError("the FHIR package is not there: install alliance-fhir, as `make` does")
    found = list(_files(home))
    bases = {one.body["url"]: str(one.body.get("baseDefinition")) for one in found}
    return Package(
        version,
        sorted(found, key=lambda one: (*_rank(one.body), _depth(one.body, bases), one.name)),
        list(_files(home / EXAMPLES)),
    )


def _files(folder: Traversable) -> Iterator[File]:
    """The resources of a folder, by the names of their files; none where there is no folder."""
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(_KIND):
            content = file.read_bytes()
            yield _whole(folder, File(file.name, content, parsed(content)))


def _whole(folder: Traversable, file: File) -> File:
    """A StructureDefinition with its snapshot, in FHIR's order; anything else as it is."""
    if file.body["resourceType"] != "StructureDefinition":
        return file
    lines = (folder / snapshot_of(file.name)).read_bytes().splitlines()
    body = {**file.body, "snapshot": {"element": [*map(parsed, lines)]}}
    body["differential"] = body.pop("differential")
    return File(file.name, file_content(body), body)


def _rank(body: Json) -> tuple[int, bool]:
    """By type and, of StructureDefinitions, extensions before what has them."""
    return DEFINED.index(body["resourceType"]), body.get("type") != "Extension"


def _depth(body: Json, bases: Mapping[str, str]) -> int:
    """How many definitions of ours it is derived from, one from the other."""
    depth, base = 0, str(body.get("baseDefinition"))
    while base in bases:
        depth, base = depth + 1, bases[base]
    return depth


def to_install(file: File) -> Resource:
    """A definition as a server is to get it: with the digest of its content, by which it is seen to
    be ours there, and without an id, which the server gives. A form is the same as a sync has it.
    """
    return Resource(file.body["resourceType"], canonical_of(file.body), *resealed(file.body))

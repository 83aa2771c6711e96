"""The examples in the package: of each profile the first resource of the golden files that fits it.
The Device is in none of them, as the software's version stands in it: it is the example clinic's.

Definitions are left out, as they are in the package already. What is written for R5 claims nothing:
its examples are those of the records from which the ones for R4 are, and claim what these claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from alliance_fhir.config import load
from alliance_fhir.fhir.defined import DEFINED
from alliance_fhir.fhir.package import file_content
from alliance_fhir.fhir.provenance import device
from alliance_fhir.fhir.versions import VERSIONS, Json
from alliance_fhir.received import parsed
from shorthand import Build

_GOLDEN = Path(__file__).parents[1] / "examples"
_CLINIC = _GOLDEN / "clinic" / "alliance.toml"
_Record = tuple[str, frozenset[tuple[str, str]]]


def golden_lines(build: str) -> Iterator[bytes]:
    """All resources of the golden files of a version, in the order of the files."""
    for file in sorted(_GOLDEN.glob(f"*/expected/{build}/*.ndjson")):
        yield from file.read_bytes().splitlines()


def examples(build: Build) -> dict[str, bytes]:
    """Of each profile that is claimed an example, by the name of its file."""
    found: dict[str, bytes] = {}
    for golden in _resources("r4"):
        for url in golden["meta"].get("profile", []):
            id_ = url.rpartition("/")[2]
            name = f"{golden['resourceType']}-{id_}.json"
            body = golden if build == "r4" else _by_record(build).get(_record(golden))
            if body is not None and name not in found:
                meta = {"profile": golden["meta"]["profile"]} | body["meta"]
                start = {"resourceType": body["resourceType"], "id": id_, "meta": meta}
                found[name] = file_content({**start, **body, **start})
    return found


@cache
def _resources(build: Build) -> tuple[Json, ...]:
    software = device(VERSIONS["4.0" if build == "r4" else "5.0"], load(_CLINIC))
    written = map(parsed, (*golden_lines(build), software.json()))
    return tuple(one for one in written if one["resourceType"] not in DEFINED)


@cache
def _by_record(build: Build) -> dict[_Record, Json]:
    return {_record(body): body for body in _resources(build)}


def _record(body: Json) -> _Record:
    """By what it is known in any version of FHIR: its identifiers, or those of what it is about."""
    told = body.get("identifier") or [one["identifier"] for one in body["target"]]
    listed = told if isinstance(told, list) else [told]
    return body["resourceType"], frozenset((one["system"], one["value"]) for one in listed)

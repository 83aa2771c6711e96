"""The FHIR package as one file, as registries and validators take it: a tgz of npm's kind.

What is in it and where is told by https://hl7.org/fhir/R5/packages.html; `type` and the index are
as in the packages that HL7 publishes, such as hl7.fhir.uv.sdc. The same package gives the same
bytes at any time.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping

import orjson

from alliance_fhir._version import __version__
from alliance_fhir.canonicals import IG
from alliance_fhir.fhir.elements import SDC
from alliance_fhir.fhir.guide import ABOUT, TITLE, guide
from alliance_fhir.fhir.guide import SDC as OF_SDC
from alliance_fhir.fhir.package import File, Package
from alliance_fhir.fhir.questionnaire import PUBLISHER
from alliance_fhir.fhir.versions import Json, Version

_MTIME = 499162500
"""The time that npm gives every file of a package, so that its bytes are the same at any time."""
_INDEX_VERSION = 2
_INDEXED = ("resourceType", "id", "url", "version", "kind", "type", "content")
_EXTENSIONS_VERSION = "5.3.0-ballot-tc1"
"""That of HL7's extensions that our profiles are made with (profiles/sushi-config-r4.yaml)."""
_SDC_VERSION = "4.0.0"
"""That of the SDC whose extensions our Questionnaires have. It is one for R4 alone: a loader may
decline a package for R5 that asks for it, so that this one does not."""


def name_of(version: Version) -> str:
    """The package's name. Where there is one for each version of FHIR, names end in it, as that of
    hl7.fhir.uv.extensions.r5; the first has none, as with most packages for R4."""
    return "alliance.fhir" if version.build == "r4" else "alliance.fhir.r5"


def file_name(version: Version) -> str:
    """The name of the file, as npm has it."""
    return f"{name_of(version)}-{__version__}.tgz"


def tarball(package: Package) -> bytes:
    """The package as a tgz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for place, content in _members(package):
            told = tarfile.TarInfo(place)
            told.size, told.mtime, told.mode = len(content), _MTIME, 0o644
            tar.addfile(told, io.BytesIO(content))
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=out, mtime=0) as zipped:  # neither a name nor a time in it
        zipped.write(packed.getvalue())
    return out.getvalue()


def _members(package: Package) -> Iterator[tuple[str, bytes]]:
    """All files of the package, by their places in it."""
    rests_on = _dependencies(package)
    yield "package/package.json", _json(_manifest(package, rests_on))
    name, release = name_of(package.version), release_of(package.version)
    yield from _folder("package", [*package.definitions, guide(package, name, release, rests_on)])
    if package.examples:
        yield from _folder("package/example", package.examples)


def _folder(place: str, files: Iterable[File]) -> Iterator[tuple[str, bytes]]:
    """A folder of resources, and before them the index by which tools find one."""
    files = sorted(files, key=lambda file: file.name)
    index = {"index-version": _INDEX_VERSION, "files": [*map(_indexed, files)]}
    yield f"{place}/.index.json", _json(index)
    yield from ((f"{place}/{file.name}", file.content) for file in files)


def _indexed(file: File) -> Json:
    told = {name: file.body[name] for name in _INDEXED if isinstance(file.body.get(name), str)}
    return {"filename": file.name, **told}


def release_of(version: Version) -> str:
    """The release of FHIR that the package is of: R4B has that of R4."""
    return "4.0.1" if version.build == "r4" else version.full


def _dependencies(package: Package) -> dict[str, str]:
    """The packages that ours rests on, with their versions."""
    build = package.version.build
    told = {
        f"hl7.fhir.{build}.core": release_of(package.version),
        f"hl7.fhir.uv.extensions.{build}": _EXTENSIONS_VERSION,
    }
    if build == "r4" and any(SDC.encode() in file.content for file in package.definitions):
        told[OF_SDC] = _SDC_VERSION
    return told


def _manifest(package: Package, rests_on: Mapping[str, str]) -> Json:
    return {
        "name": name_of(package.version),
        "version": __version__,
        "type": "IG",
        "canonical": IG,
        "url": IG,
        "title": TITLE,
        "description": ABOUT,
        "author": PUBLISHER,
        "license": "Apache-2.0",
        "fhirVersions": [release_of(package.version)],
        "dependencies": rests_on,
        "directories": {"lib": "package", "example": "example"},
    }


def _json(told: Json) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

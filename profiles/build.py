"""`make profiles` writes r4/ and r5/ beside this file anew: all definitions of the package, their
snapshots in files of their own, and of the golden files an example of each profile. And, of the
profiles, the schema of the run-time check (src/alliance_fhir/fhir/schema), and elements.json, which
is what the pages of docs/ need to know of R4.

Code systems, value sets, Questionnaires and Measures are made of the data files and the code that
uses them; profiles, extensions and the rest of the FHIR Shorthand in input/, by SUSHI. What
input/written says is for the schema alone; what of profiles is not in it, left-out-*.txt list.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from alliance_fhir.fhir.definitions import definitions
from alliance_fhir.fhir.package import EXAMPLES, file_content, snapshot_of
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog
from package_examples import examples
from shorthand import BUILDS, Build, with_snapshots
from shorthand.snapshots import snapshot_content
from tight_schema import WRITTEN, Json, schema_text, tight_schema

ROOT = Path(__file__).parent
SCHEMAS = ROOT.parent / "src" / "alliance_fhir" / "fhir" / "schema"
_VERSIONS = {"r4": VERSIONS["4.0"], "r5": VERSIONS["5.0"]}
_REFERRED_TO = ("CodeSystem", "ValueSet")
"""What the Shorthand refers to of what code makes."""


def made_of_code(build: Build) -> dict[str, bytes]:
    """What the data files and the code give, by the names of the files."""
    made = definitions(Catalog(), _VERSIONS[build])
    return {name: file_content(resource) for name, resource in made.items()}


@cache
def _of_shorthand(build: Build) -> dict[str, Json]:
    """What SUSHI makes, with snapshots. Raises what `shorthand.with_snapshots` does."""
    code = made_of_code(build)
    with tempfile.TemporaryDirectory() as folder:
        known = {name: text for name, text in code.items() if name.startswith(_REFERRED_TO)}
        return with_snapshots(ROOT, build, write(Path(folder), known))


def _published(build: Build) -> dict[str, Json]:
    """What of it is in the package."""
    made = _of_shorthand(build)
    return {name: one for name, one in made.items() if not one["id"].startswith(WRITTEN)}


def made(build: Build) -> dict[str, bytes]:
    """All definitions of the package, their snapshots and examples, by their places in the folder.
    Raises what `shorthand.with_snapshots` does."""
    published = _published(build)
    of_shorthand = {name: _content(one) for name, one in published.items()}
    snapshots = {
        snapshot_of(name): snapshot_content(one)
        for name, one in published.items()
        if "snapshot" in one
    }
    of_golden = {f"{EXAMPLES}/{name}": text for name, text in examples(build).items()}
    return made_of_code(build) | of_shorthand | snapshots | of_golden


def _content(made: Json) -> bytes:
    """As it stands in its file: without its snapshot, which would hide what is ours."""
    return file_content({key: value for key, value in made.items() if key != "snapshot"})


def schema(build: Build) -> tuple[bytes, bytes]:
    """The schema of the run-time check, and the list of what of the profiles is not in it. Raises
    as `made`, and what `tight_schema` does."""
    code = map(json.loads, made_of_code(build).values())
    told = tight_schema([*code, *_of_shorthand(build).values()], build)
    return schema_text(told.schema), "".join(f"{one}\n" for one in told.left_out).encode()


def elements() -> dict[str, list[Json]]:
    """Of each profile of R4 the elements that we write, in FHIR's order: how many there are, and of
    which types. What FHIR itself says of them is in no file of ours; pages of docs/ show it."""
    return {one["id"]: [*_written(one)] for one in _published("r4").values() if _is_profile(one)}


def _is_profile(body: Json) -> bool:
    return "snapshot" in body and body["type"] != "Extension"


def _written(profile: Json) -> Iterable[Json]:
    for one in profile["snapshot"]["element"]:
        if one.get("mustSupport"):
            yield {"id": one["id"], "many": f"{one['min']}..{one['max']}", "type": _types(one)}


def _types(element: Json) -> list[Json]:
    kept = ("code", "targetProfile")
    return [{key: one[key] for key in kept if key in one} for one in element.get("type", [])]


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Writes these into a folder, in which no others are left."""
    for old in folder.rglob("*.*json"):
        if old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return [folder / name for name in files]


if __name__ == "__main__":
    for each in BUILDS:
        write(ROOT / each, made(each))
        tight, left_out = schema(each)
        (SCHEMAS / f"{each}.json").write_bytes(tight)
        (ROOT / f"left-out-{each}.txt").write_bytes(left_out)
    (ROOT / "elements.json").write_bytes(file_content(elements()))

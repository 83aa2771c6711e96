"""`profiles list` and `profiles export`: what is in the package, and the package as a file."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

Json = dict[str, Any]
PROFILES = Path(__file__).parents[2] / "profiles"
FOLDERS = {"4.0": "r4", "R4B": "r4", "5.0": "r5"}
NAMES = {"r4": "alliance.fhir", "r5": "alliance.fhir.r5"}
EXTENSIONS = "5.3.0-ballot-tc1"  # as in profiles/sushi-config-r4.yaml
RELEASES = {"r4": "4.0.1", "r5": "5.0.0"}


def kept(folder: str) -> dict[str, bytes]:
    """The files of profiles/, by their names."""
    return {file.name: file.read_bytes() for file in sorted((PROFILES / folder).glob("*.json"))}


def whole(folder: str) -> dict[str, Json]:
    """The definitions, by their files' names: profiles and extensions with their snapshots."""
    bodies = {name: json.loads(content) for name, content in kept(folder).items()}
    for file in (PROFILES / folder / "snapshots").iterdir():
        element = [json.loads(line) for line in file.read_bytes().splitlines()]
        bodies[f"{file.stem}.json"]["snapshot"] = {"element": element}
    return bodies


def row(body: Json) -> Json:
    """What is listed of a definition."""
    named = {name: body[name] for name in ("id", "version", "title", "url")}
    return {"type": body["resourceType"], **named}


# --- list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "folder"), FOLDERS.items())
def test_the_list_has_every_definition(
    version: str, folder: str, command: Callable[..., Ran]
) -> None:
    ran = command("profiles", "list", "--fhir", version, "--json")
    bodies = [json.loads(content) for content in kept(folder).values()]
    told = ran.json["definitions"]
    assert sorted(told, key=str) == sorted(map(row, bodies), key=str)
    named = [ran.json[name] for name in ("command", "package", "version")]
    assert (ran.code, named) == (0, ["profiles", NAMES[folder], __version__])

    lines = command("profiles", "list", "--fhir", version).out.splitlines()
    assert lines[0].split() == ["type", "id", "version", "title", "url"]
    assert [line.split() for line in lines[1:]] == [" ".join(one.values()).split() for one in told]


@pytest.mark.parametrize("folder", NAMES)
def test_what_is_referred_to_comes_before_what_refers_to_it(
    folder: str, command: Callable[..., Ran]
) -> None:
    bodies = {body["url"]: body for body in map(json.loads, kept(folder).values())}
    listed = command("profiles", "list", "--fhir", folder, "--json").json["definitions"]
    order = [one["url"] for one in listed]
    for url, body in bodies.items():
        text = json.dumps(body.get("differential") or body.get("compose") or {})
        for other, of in bodies.items():
            is_profile = of["resourceType"] == "StructureDefinition" and of["type"] != "Extension"
            named = f'"{other}"' in text and not is_profile  # profiles may name each other
            if (named and other != url) or body.get("baseDefinition") == other:
                assert order.index(other) < order.index(url), (other, url)


def test_an_unknown_version_is_told(command: Callable[..., Ran]) -> None:
    for words in (("list",), ("export",)):
        ran = command("profiles", *words, "--fhir", "3.0")
        assert (ran.code, ran.err) == (2, "error: FHIR versions are R4, R4B, R5\n")
    assert not list(Path().iterdir())


# --- export ---------------------------------------------------------------------------------------


def unpacked(content: bytes) -> dict[str, bytes]:
    """The files of a tgz, in their order."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        members = tar.getmembers()
        assert all(
            one.isfile() and (one.uid, one.gid, one.mode) == (0, 0, 0o644) for one in members
        )
        assert {(one.uname, one.gname, one.mtime) for one in members} == {("", "", 499162500)}
        return {one.name: tar.extractfile(one).read() for one in members}  # pyright: ignore


def indexed(name: str, body: Json) -> Json:
    """A file's entry in the index, as the packages of HL7 have it."""
    keys = ("resourceType", "id", "url", "version", "kind", "type", "content")
    return {"filename": name, **{key: body[key] for key in keys if isinstance(body.get(key), str)}}


@pytest.mark.parametrize("folder", NAMES)
def test_the_file_holds_the_package_and_nothing_else(
    folder: str, command: Callable[..., Ran]
) -> None:
    ran = command("profiles", "export", "--fhir", folder)
    place, files = f"{NAMES[folder]}-{__version__}.tgz", kept(folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{place}: {NAMES[folder]} {__version__}, {len(files)} definitions")
    assert [path.name for path in Path().iterdir()] == [place]

    found = unpacked(Path(place).read_bytes())
    examples = [name for name in found if name.startswith("package/example/")]
    rest = [name for name in found if name not in examples]
    guide = f"package/ImplementationGuide-{NAMES[folder]}.json"
    assert guide in rest
    bodies = whole(folder) | {Path(guide).name: json.loads(found[guide])}
    files = dict(sorted((files | {Path(guide).name: found[guide]}).items()))
    assert rest == ["package/package.json", "package/.index.json", *(f"package/{n}" for n in files)]
    for name, content in files.items():
        there, body = found[f"package/{name}"], bodies[name]
        assert json.loads(there) == body
        assert ("snapshot" in body) == (body["resourceType"] == "StructureDefinition")
        assert there == content or "snapshot" in body
    assert json.loads(found["package/.index.json"]) == {
        "index-version": 2,
        "files": [indexed(name, json.loads(content)) for name, content in files.items()],
    }
    given = {
        file.name: file.read_bytes() for file in (PROFILES / folder / "examples").glob("*.json")
    }
    told = {Path(name).name: found[name] for name in examples}
    told.pop(".index.json", None)
    assert told == given


@pytest.mark.parametrize("folder", NAMES)
def test_the_guide_lists_all_that_is_in_the_package(
    folder: str, command: Callable[..., Ran]
) -> None:
    command("profiles", "export", "--fhir", folder, "--out", "it.tgz")
    files = unpacked(Path("it.tgz").read_bytes())
    name = NAMES[folder]
    guide = json.loads(files[f"package/ImplementationGuide-{name}.json"])
    assert guide["url"] == f"https://alliance-fhir.github.io/ig/ImplementationGuide/{name}"
    assert (guide["packageId"], guide["version"]) == (name, __version__)
    manifest = json.loads(files["package/package.json"])
    told = {one["packageId"]: one["version"] for one in guide["dependsOn"]}
    core = {f"hl7.fhir.{folder}.core": RELEASES[folder]}  # which is no guide
    assert told | core == manifest["dependencies"]

    listed = {one["reference"]["reference"]: one for one in guide["definition"]["resource"]}
    bodies = {place: json.loads(files[place]) for place in files if "-" in Path(place).name}
    there = {
        f"{body['resourceType']}/{body['id']}": (place, body)
        for place, body in bodies.items()
        if body != guide
    }
    assert listed.keys() == there.keys()
    for where, (place, body) in there.items():
        one = listed[where]
        profile = one.get("exampleCanonical") or next(iter(one.get("profile", [])), None)
        is_example = place.startswith("package/example/")
        assert is_example == (profile is not None) == one.get("isExample", is_example)
        assert not is_example or profile in body["meta"]["profile"]


@pytest.mark.parametrize("folder", NAMES)
def test_the_manifest_says_what_the_specification_asks_for(
    folder: str, command: Callable[..., Ran]
) -> None:
    command("profiles", "export", "--fhir", folder, "--out", "deep/er/it.tgz")
    told = json.loads(unpacked(Path("deep/er/it.tgz").read_bytes())["package/package.json"])
    description = told.pop("description")
    assert "therapeutic alliance" in description
    # SDC is a package for R4, which a package for R5 cannot rest on
    sdc = {"hl7.fhir.uv.sdc": "4.0.0"} if folder == "r4" else {}
    assert told == {
        "name": NAMES[folder],
        "version": __version__,
        "type": "IG",
        "canonical": "https://alliance-fhir.github.io/ig",
        "url": "https://alliance-fhir.github.io/ig",
        "title": "alliance-fhir",
        "author": "The alliance-fhir project",
        "license": "Apache-2.0",
        "fhirVersions": [RELEASES[folder]],
        "dependencies": {
            f"hl7.fhir.{folder}.core": RELEASES[folder],
            f"hl7.fhir.uv.extensions.{folder}": EXTENSIONS,
            **sdc,
        },
        "directories": {"lib": "package", "example": "example"},
    }


def test_the_same_bytes_at_any_time_under_any_name(command: Callable[..., Ran]) -> None:
    command("profiles", "export", "--out", "one.tgz")
    before = os.umask(0o077)
    try:
        ran = command("profiles", "export", "--fhir", "4.3", "--out", "two.tgz", "--json")
    finally:
        os.umask(before)
    one, two = Path("one.tgz").read_bytes(), Path("two.tgz").read_bytes()
    assert one == two
    assert one[3:9] == bytes([0, 0, 0, 0, 0, 2])  # gzip: neither name nor time
    assert {"command": "profiles", "package": "alliance.fhir", "file": "two.tgz"}.items() <= (
        ran.json.items()
    )


def test_the_package_of_r4_is_said_to_serve_r4b(command: Callable[..., Ran]) -> None:
    told = command("profiles", "export", "--fhir", "R4B").out.rpartition(", FHIR ")[2]
    assert told == "4.0.1, which serves 4.3.0 as well\n"
    assert command("profiles", "export", "--fhir", "R5").out.endswith(", FHIR 5.0.0\n")


def test_where_nothing_can_be_written_that_is_told(command: Callable[..., Ran]) -> None:
    Path("file").write_text("", encoding="utf-8")
    ran = command("profiles", "export", "--out", "file/it.tgz")
    assert ran.code == 2
    assert ran.err.startswith("error: file/it.tgz cannot be written: ")

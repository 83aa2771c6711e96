"""The targets of the contract suite, as somebody else than us sees and changes what is there."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx

from alliance_fhir.fhir.canonical import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Json = dict[str, Any]

TYPES = (
    "Device",
    "Questionnaire",
    "Patient",
    "Practitioner",
    "RelatedPerson",
    "QuestionnaireResponse",
    "Observation",
    "CareTeam",
    "Goal",
    "CommunicationRequest",
    "MedicationRequest",
    "ServiceRequest",
    "Task",
    "CarePlan",
    "Appointment",
    "Provenance",
)
DIGEST = "https://alliance-fhir.github.io/ig/StructureDefinition/content-digest"
_KEY = re.compile(r"^[0-9a-f]{32}-")


def business_key(body: Json) -> str:
    """By what a resource of ours is known, wherever it is."""
    if body["resourceType"] == "Questionnaire":
        return f"{body['url']}|{body['version']}"
    if body["resourceType"] == "Provenance":
        tags = body["meta"]["tag"]  # of a run as well, and in any order
        return str(next(t["code"] for t in tags if t["system"].endswith("/provenance")))
    if "identifier" not in body:  # somebody else's
        return str(body["id"])
    identifier = body["identifier"]
    return str((identifier[0] if isinstance(identifier, list) else identifier)["value"])


def name_of(body: Json) -> str:
    """Type and key, such as `Observation/0123...-total`."""
    return f"{body['resourceType']}/{business_key(body)}"


def short(name: str) -> str:
    """A name without the digest of its record: `total`, `qr`; `Provenance` for every one."""
    type_, _, key = name.partition("/")
    if type_ in ("Provenance", "Questionnaire", "Device"):
        return type_
    return _KEY.sub("", key)


def bare(value: Any) -> Any:
    """Content alone: without what servers add, and without where references lead."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    left_out = {"reference"} if "identifier" in value else set()
    if "resourceType" in value:
        left_out = {"id"}
    copy = {key: bare(part) for key, part in value.items() if key not in left_out}
    if "resourceType" in value and "meta" in copy:
        meta = {key: copy["meta"][key] for key in ("security", "tag") if key in copy["meta"]}
        copy["meta"] = {
            key: sorted((label for label in part if not _of_a_run(label)), key=str)
            for key, part in meta.items()
        }
        if not any(copy["meta"].values()):  # claims of profiles, or a run's own tags, alone
            del copy["meta"]
    return copy


def _of_a_run(label: Json) -> bool:
    """Whether a tag says which run of ours made or changed a resource."""
    return label["system"].endswith(("/run-created", "/run-touched"))


class Place(ABC):
    """A target. `address` is what a user calls it; `fhir` the version that it has to be told."""

    address: str
    fhir: str = ""
    people = True

    @property
    @abstractmethod
    def everything(self) -> list[Json]:
        """All resources there, of the types that we write; decimals as they are written."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """The version of each resource by its name: it is another one once that was written."""

    @abstractmethod
    def unseen(self) -> dict[str, str]:
        """What is there that can become another one without a request over the wire."""

    @abstractmethod
    def edit(self, name: str, change: Callable[[Json], Json]) -> None:
        """Somebody else changes a resource."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Somebody else deletes a resource."""

    @abstractmethod
    def add(self, body: Json) -> str:
        """Somebody else puts a resource there; where it is then."""

    def of_type(self, type_: str) -> list[Json]:
        """All resources of a type."""
        return [body for body in self.everything if body["resourceType"] == type_]

    def by_short_name(self) -> dict[str, Json]:
        """The resources by their short names; for what holds one record alone."""
        return {short(name_of(body)): body for body in self.everything}

    def the(self, wanted: str) -> str:
        """The one name whose short form this is."""
        [name] = [n for n in map(name_of, self.everything) if short(n) == wanted]
        return name


class FolderPlace(Place):
    """A folder of NDJSON."""

    people = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = str(folder)

    @property
    def manifest(self) -> Json:
        """The manifest, or one of nothing where there is none yet."""
        file = self.folder / "manifest.json"
        return json.loads(file.read_bytes()) if file.exists() else {"files": {}}

    def lines(self) -> list[tuple[Path, bytes]]:
        """Every line, with the file that it is in."""
        files = [self.folder / told["path"] for told in self.manifest["files"].values()]
        lines = [(file, line) for file in files for line in file.read_bytes().splitlines()]
        return [(file, line) for file, line in lines if line]

    @property
    def everything(self) -> list[Json]:
        return [json.loads(line, parse_float=str) for _, line in self.lines()]

    def versions(self) -> dict[str, str]:
        return {name_of(json.loads(line)): line.decode() for _, line in self.lines()}

    def unseen(self) -> dict[str, str]:
        return self.versions()

    def _rewrite(self, name: str, change: Callable[[Json], Json | None]) -> None:
        lines = self.lines()
        for file in {file for file, _ in lines}:
            kept: list[bytes] = []
            for body in (json.loads(x, parse_float=Decimal) for f, x in lines if f == file):
                changed = change(body) if name_of(body) == name else body
                kept += [dumps(changed) + b"\n"] if changed else []
            file.write_bytes(b"".join(kept))
            self._count(file, len(kept))

    def _count(self, file: Path, lines: int) -> None:
        """Who removes lines on purpose says so in the manifest; else the file was cut off."""
        manifest = self.manifest
        for told in manifest["files"].values():
            if told["path"] == file.name and told["count"] > lines:
                told["count"] = lines
                (self.folder / "manifest.json").write_text(json.dumps(manifest))

    def edit(self, name: str, change: Callable[[Json], Json]) -> None:
        self._rewrite(name, change)

    def delete(self, name: str) -> None:
        self._rewrite(name, lambda body: None)

    def add(self, body: Json) -> str:
        file = self.folder / self.manifest["files"][body["resourceType"]]["path"]
        file.write_bytes(file.read_bytes() + dumps(body) + b"\n")
        return name_of(body)


class ServerPlace(Place):
    """A FHIR server, through plain REST; nothing of ours is in between."""

    def __init__(self, url: str) -> None:
        self.address = url
        headers = {"Content-Type": "application/fhir+json", "Cache-Control": "no-cache"}
        self._http = httpx.Client(base_url=f"{url}/", headers=headers, timeout=120, verify=False)  # noqa: S501

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def _fetched(
        self, parse_float: Callable[[str], Any], types: Iterable[str] = TYPES
    ) -> list[Json]:
        found: list[Json] = []
        pages = [f"{type_}?_count=1000" for type_ in types]
        for page in pages:
            reply = self._http.get(page)
            bundle = json.loads(reply.raise_for_status().content, parse_float=parse_float)
            found += [entry["resource"] for entry in bundle.get("entry", [])]
            pages += [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
        return found

    @property
    def everything(self) -> list[Json]:
        return self._fetched(str)

    def of_type(self, type_: str) -> list[Json]:
        return self._fetched(str, [type_])

    def versions(self) -> dict[str, str]:
        bodies = self._fetched(str)
        # where there are none, what changes is seen by what it says
        return {name_of(b): b["meta"].get("versionId") or dumps(b).decode() for b in bodies}

    def unseen(self) -> dict[str, str]:
        return {}

    def _where(self, name: str) -> tuple[str, Json]:
        type_, _, _ = name.partition("/")
        body = next(body for body in self._fetched(Decimal, [type_]) if name_of(body) == name)
        return f"{body['resourceType']}/{body['id']}", body

    def edit(self, name: str, change: Callable[[Json], Json]) -> None:
        where, body = self._where(name)
        self._http.put(where, content=dumps(change(body))).raise_for_status()

    def delete(self, name: str) -> None:
        self._http.delete(self._where(name)[0]).raise_for_status()

    def add(self, body: Json) -> str:
        reply = self._http.post(body["resourceType"], content=dumps(body))
        return f"{body['resourceType']}/{reply.raise_for_status().json()['id']}"

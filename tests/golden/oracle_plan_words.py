"""The oracle's own reading of plan documents: who stands where, and on which words.

YAML is read with PyYAML's BaseLoader, to which all scalars are text. What the rules are stands in
docs/reference/shared-plan.md and plans-in-fhir.md, in words; here they are said once more. What a
document holds that the oracle does not know ends it with an error.
"""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Json = dict[str, Any]

KEYS = {
    *("plan", "version", "written", "status", "patient", "clinicians", "reason", "hopes"),
    *("concerns", "outcome_sought", "background", "barriers", "goals", "tasks", "contact"),
    *("next_review", "reviews", "adolescent", "preferences"),
}
GOAL = {"goal", "text", "proposed_by", "priority", "measure", "agreement"}
TASK = {
    *("task", "kind", "text", "proposed_by", "who", "when", "goals", "options_considered"),
    "agreement",
}


class Who(NamedTuple):
    """A business identifier, and the type of who has it."""

    type: str
    system: str
    value: str

    @property
    def text(self) -> str:
        """How a digest names them: the patient by that word."""
        return "patient" if self.type == "Patient" else f"{self.system}|{self.value}"


class Stand(NamedTuple):
    """Where a party stands on the words of today.

    `earlier` is what was said last to other words, and on which day, where nothing was said to
    these.
    """

    who: Who
    status: str
    on: str = ""
    earlier: tuple[str, str] = ("", "")


class Plan:
    """The versions of one plan, the oldest first; `today` is the newest."""

    def __init__(self, site: Json, versions: list[Json]) -> None:
        self.site = site
        self.versions = sorted(versions, key=lambda one: int(one["version"]))
        self.today = self.versions[-1]
        for version in self.versions:
            _known(version, KEYS)
            for goal in version.get("goals", []):
                _known(goal, GOAL)
            for task in version.get("tasks", []):
                _known(task, TASK)
        days = [version["written"][:10] for version in self.versions]
        assert days == sorted(set(days)), "two versions of one day: the oracle does not know"
        assert self.versions[0]["version"] == "1"

    def up_to(self, number: int) -> Plan:
        """The plan when no more than so many versions were known."""
        return Plan(self.site, self.versions[:number])

    @property
    def key(self) -> str:
        """The key of all versions: the source's name, the word `plan`, the plan's name."""
        return digest([self.site["source"], "plan", self.today["plan"]])

    @property
    def patient(self) -> Who:
        """Whose plan it is."""
        return self.named(self.today["patient"], "Patient", "patient_system")

    @property
    def clinicians(self) -> list[Who]:
        """Those of the newest version."""
        return [self.named(one, "Practitioner") for one in self.today["clinicians"]]

    @property
    def guardians(self) -> list[Who]:
        """Those of the newest version."""
        told = self.today.get("adolescent", {}).get("guardians", [])
        return [self.named(one, "RelatedPerson") for one in told]

    @property
    def parties(self) -> list[Who]:
        """All who are asked: the patient, the clinicians, the guardians."""
        return [self.patient, *self.clinicians, *self.guardians]

    def named(self, text: str, type_: str, bare: str = "clinician_system") -> Who:
        """`system|value`, or a value alone, whose system is in alliance.toml."""
        system, _, value = text.rpartition("|")
        return Who(type_, system or self.site[bare], value)

    def party(self, text: str) -> Who:
        """Who is meant by `patient`, or by the identifier of somebody else."""
        if text == "patient":
            return self.patient
        told = self.named(text, "Practitioner")
        (found,) = [one for one in self.parties[1:] if one[1:] == told[1:]]
        return found

    def since(self, list_: str, one: Json) -> Json:
        """The first version that has a goal or task of this name."""
        name = list_[:-1]
        return next(
            version
            for version in self.versions
            for other in version.get(list_, [])
            if other[name] == one[name]
        )

    def words(self, list_: str, one: Json) -> str:
        """The digest of the words that are agreed to."""
        measure = one.get("measure")
        told = [one["text"]]
        if list_ == "tasks":
            who = self.party(one["who"]).text if "who" in one else ""
            told = [one["kind"], one["text"], who, one.get("when", "")]
        elif measure:
            told += [measure.get(name, "") for name in ("code", "target", "unit", "due")]
        return words_digest(*told)

    def all_words(self) -> str:
        """The digest of all words of the newest version, by the names of goals and tasks."""
        told = {
            f"{list_[:-1]}:{one[list_[:-1]]}": self.words(list_, one)
            for list_ in ("goals", "tasks")
            for one in self.today.get(list_, [])
        }
        return digest([text for pair in sorted(told.items()) for text in pair])

    def stands(self, list_: str, one: Json) -> list[Stand]:
        """Where each party stands on a goal or task of the newest version."""
        return [self._stand(list_, one, party) for party in self.parties]

    def _stand(self, list_: str, one: Json, party: Who) -> Stand:
        """The last word counts, of one day the one that stands last, if it was said to the words of
        today: it stands beside them in some version, and they were the words of its day."""
        today = self.words(list_, one)
        said: dict[tuple[str, str], bool] = {}
        for version, other in self.history(list_, one):
            same = self.words(list_, other) == today
            for voice in other.get("agreement", []):
                _known(voice, {"party", "status", "on"})
                if self.party(voice["party"]) == party:
                    name = voice["on"], voice["status"]
                    said[name] = said.get(name, False) or (
                        same and self._words_on(version, list_, one, voice["on"]) == today
                    )
        if not said:
            return Stand(party, "pending")
        on, status = sorted(said, key=lambda name: name[0])[-1]
        if said[on, status]:
            return Stand(party, status, on)
        return Stand(party, "pending", earlier=(status, on))

    def _words_on(self, version: Json, list_: str, one: Json, day: str) -> str:
        """The words of a day: of the last version that had been written by then, or the first."""
        there = [v for v in self.versions if v["written"][:10] <= day] or self.versions[:1]
        return next(
            (self.words(list_, o) for v, o in self.history(list_, one) if v is there[-1]), ""
        )

    def history(self, list_: str, one: Json) -> Iterator[tuple[Json, Json]]:
        """What the versions have under the name of a goal or task."""
        name = list_[:-1]
        for version in self.versions:
            for other in version.get(list_, []):
                if other[name] == one[name]:
                    yield version, other


def outcome(stands: list[Stand]) -> str:
    """`disagreed` where one says no, `agreed` where all agree, else `pending`."""
    told = {stand.status for stand in stands}
    if "disagree" in told:
        return "disagreed"
    return "agreed" if told == {"agree"} else "pending"


def plans(folder: Path) -> list[Plan]:
    """The plans of a folder, in the order in which their files are read."""
    site = tomllib.loads((folder / "alliance.toml").read_text("utf-8"))
    found: dict[str, list[Json]] = {}
    for path in sorted(folder.glob("*.plan.yaml")):
        told = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
        found.setdefault(told["plan"], []).append(told | {"": path.name})
    return [Plan(site, versions) for versions in found.values()]


def words_digest(*texts: str) -> str:
    """Of texts as they are read: composed (NFC), and each run of blanks and line ends one blank."""
    return digest([" ".join(unicodedata.normalize("NFC", text).split()) for text in texts])


def digest(parts: list[str]) -> str:
    """BLAKE2b of 16 bytes over the texts as a JSON array without blanks, in UTF-8."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _known(told: Json, keys: set[str]) -> None:
    unknown = set(told) - keys - {""}
    assert not unknown, f"the oracle does not know {sorted(unknown)}"

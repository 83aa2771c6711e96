"""A plan document: what its text says, as a SharedPlan, or the rules that it breaks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict, ValidationError

from alliance_fhir.config import Settings
from alliance_fhir.domain.keys import digest, identifier_system, record_key
from alliance_fhir.domain.plan.document import Part, SharedPlan, Version, plan_key, whole_key
from alliance_fhir.domain.plan.rules import Place, Slip, of_ours, slips, to_come
from alliance_fhir.domain.plan.values import UNFIT, Line
from alliance_fhir.domain.receipt import WARNINGS, Finding
from alliance_fhir.domain.records import Origin, latest_day
from alliance_fhir.sources.plans import CONFLICTS, jsontext, yamltext
from alliance_fhir.sources.plans.breaches import WORDS, breaches
from alliance_fhir.sources.plans.nodes import (
    Leaf,
    Table,
    UnreadableError,
    line_of,
    path_of,
    plain,
    repeated,
)
from alliance_fhir.sources.plans.people import SiteReading

MOST_TOLD = 100
"""Slips of one document that are told: a file that is none may have a hundred thousand."""
_WORDS = WORDS | {CONFLICTS}
"""The keys that are told by their names."""
Located = tuple[Slip, int]
"""What is wrong, and in which line."""


_AT_A_TARGET: tuple[Place, ...] = (
    ("patient",),
    ("clinicians",),
    ("adolescent", "guardians"),
    ("kept_by_others",),
)
"""The keys of which something may be told by a target: people, and what others keep there."""


class _Name(Part):
    """Of which plan a document is, whatever else is wrong with it."""

    model_config = ConfigDict(extra="ignore")

    plan: Line


class _Number(_Name):
    """By what a document is known."""

    version: Version


class Told(NamedTuple):
    """What came of a document: the plan, unless it breaks a rule; its business key and that of the
    plan with all of its versions, empty where they cannot be read; all that is to be told of it;
    and what it consists of."""

    plan: SharedPlan | None
    key: str
    whole: str
    findings: list[Finding]
    root: Table | None = None

    def at(self, place: Place) -> tuple[int, str]:
        """The line of a place in it, and its path."""
        root = self.root or Table(1)
        return line_of(root, place), path_of(root, place, _WORDS)

    def origin(self, path: str) -> Origin:
        """Where the plan stands, in a file of this name."""
        line, _ = self.at(("plan",))
        keys = {key: row for row, key in map(self.at, _AT_A_TARGET)}
        return Origin(path, line, tuple(keys.items()))


class Documents:
    """Reads the documents of one site."""

    def __init__(self, settings: Settings) -> None:
        self._reading = SiteReading(settings)
        self._source = settings.source
        self._secret = settings.secret
        # `check` needs no name of the source: without one no identifiers are given
        named = settings.base or settings.source
        self._ours = identifier_system(settings.root) if named else ""

    def read(self, path: Path, text: str) -> Told:
        """What a document says; its suffix tells JSON from YAML."""
        if unfit := UNFIT.search(text):
            return _unread(path, "control-character", text.count("\n", 0, unfit.start()) + 1)
        try:
            root = _parse(path)(text)
        except UnreadableError as error:
            return _unread(path, error.rule, error.line, error.remedy)
        if root is None or (isinstance(root, Leaf) and root.value is None):
            return _unread(path, "empty-document", 1)
        if not isinstance(root, Table):
            return _unread(path, "not-a-plan", root.line)
        return self._told(path, root)

    def _told(self, path: Path, root: Table) -> Told:
        values = plain(root)
        twice = islice(repeated(root), MOST_TOLD + 1)
        found: list[Located] = [(Slip(place, "key-twice"), line) for place, line in twice]
        plan, wrong = self._plan(values)
        found += [(slip, line_of(root, slip.place)) for slip in wrong]
        key, whole = self._keys(values)
        findings = list(_findings(path, root, whole, found))
        good = all(finding.rule in WARNINGS for finding in findings)
        return Told(plan if good else None, key, whole, findings, root)

    def _plan(self, values: dict[str, Any]) -> tuple[SharedPlan | None, list[Slip]]:
        try:
            plan = SharedPlan.model_validate(values, context=self._reading)
        except ValidationError as error:
            return None, list(islice(breaches(error), MOST_TOLD + 1))
        found = chain(slips(plan), of_ours(plan, self._ours), to_come(plan, latest_day()))
        return plan, [*found]

    def _keys(self, values: dict[str, Any]) -> tuple[str, str]:
        try:
            whole = self.whole(_Name.model_validate(values).plan)
        except ValidationError:
            return "", ""
        try:
            known = _Number.model_validate(values)
        except ValidationError:
            return "", whole
        return record_key(self._source, plan_key(known.plan, known.version), self._secret), whole

    def whole(self, plan: str) -> str:
        """The business key of a plan with all of its versions."""
        return record_key(self._source, whole_key(plan), self._secret)

    def again_at(self, origin: Origin, place: Place) -> tuple[int, str]:
        """The line of a place in a document that was read before, and its path; without a path
        where the document is not what it was."""
        path = Path(origin.path)
        try:
            told = self.read(path, path.read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            return origin.row, ""
        return told.at(place) if place and told.plan else (origin.row, "")

    def text(self, plan: SharedPlan) -> str:
        """What a document says, however it was written; `again` reads it."""
        return json.dumps(as_values(plan), sort_keys=True, ensure_ascii=False)

    def again(self, text: str) -> SharedPlan:
        """What `text` gave. Raises ValidationError where it is none any more."""
        told = json.loads(text, object_hook=_fixed)
        return SharedPlan.model_validate(told, context=self._reading)

    def content(self, plan: SharedPlan) -> str:
        """A digest that tells what one document says from what another does, however written."""
        return digest([self.text(plan)], self._secret)

    def kept_apart(self, *words: str) -> str:
        """A digest that stands for words which are not to be laid down anywhere."""
        return digest(words, self._secret)


def as_values(plan: SharedPlan) -> dict[str, Any]:
    """A plan as the values of a document, for whoever writes YAML or JSON of them."""
    return plan.model_dump(mode="json", exclude_defaults=True)


def _fixed(told: dict[str, Any]) -> dict[str, Any]:
    """With tuples for lists, as a plan has them."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}  # pyright: ignore


def _parse(path: Path) -> Any:
    return jsontext.parse if path.suffix.lower() == ".json" else yamltext.parse


def _unread(path: Path, rule: str, line: int, remedy: str = "") -> Told:
    return Told(None, "", "", [Finding(str(path), line, "", rule, remedy)])


def _findings(path: Path, root: Table, key: str, found: Iterable[Located]) -> Iterator[Finding]:
    """One for each slip, in the order of lines. All but the first are of a record that is counted
    already; and so is a warning of a plan that is taken."""
    counted = False
    found = sorted(found, key=lambda one: one[1])
    if len(found) > MOST_TOLD:
        found = [*found[:MOST_TOLD], (Slip((), "more-slips"), found[MOST_TOLD][1])]
    for slip, line in found:
        column = path_of(root, slip.place, _WORDS)
        beside = counted or slip.rule in WARNINGS
        counted = counted or not beside
        yield Finding(str(path), line, column, slip.rule, slip.remedy, key, beside=beside)

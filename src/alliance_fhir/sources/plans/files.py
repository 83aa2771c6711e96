"""The file of a plan document: opened, decoded, and read as the one record that it holds."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.plan.history import milestone
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import InputError
from alliance_fhir.sources.plans.document import Documents, Told
from alliance_fhir.sources.plans.timeline import Goals, Timeline
from alliance_fhir.sources.wide import Read

LARGEST = 1024**2
"""Bytes: some hundred pages. Nothing beyond it is read."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TOO_LARGE = f"It is larger than {LARGEST:,} bytes, the most that is read; a plan has a few pages."


class PlanFile:
    """One document. `timeline`, where there is one, hears of its version."""

    def __init__(self, path: Path, settings: Settings, timeline: Timeline | None) -> None:
        self._path = path
        self._documents = Documents(settings)
        self._timeline = timeline

    def unknown_columns(self) -> Iterator[Finding]:
        """None: a key that is not known rejects the document."""
        yield from ()

    def identities(self) -> Iterator[tuple[str, str]]:
        """Key and content of the document, if it breaks no rule."""
        told = self._read()
        if told.plan:
            self._note(told, told.plan)
            yield told.key, self._documents.content(told.plan)

    def records(self) -> Iterator[Read | Finding]:
        """The plan, after what is to be told of it; or the rules that it breaks."""
        told = self._read()
        yield from told.findings
        if told.plan:
            self._note(told, told.plan)
            content = self._documents.content(told.plan)
            yield Read(told.origin(str(self._path)), told.key, told.plan, content, told.whole)

    def _note(self, told: Told, plan: SharedPlan) -> None:
        if self._timeline is None:
            return
        apart = self._documents.kept_apart
        known = milestone(plan)
        known = known._replace(
            patient=Identifier("", apart(*known.patient)),
            replaces=self._documents.whole(known.replaces) if known.replaces else "",
        )
        goals = Goals(
            apart(*known.patient, *sorted(one.goal for one in plan.goals)) if plan.goals else "",
            tuple(apart(one.goal, one.text) for one in plan.goals),
        )
        places = [
            ("plan",),
            ("written",),
            ("patient",),
            ("replaces",),
            *(place for _, place in known.said),
        ]
        at = {place: told.at(place) for place in places}
        self._timeline.add(told.whole, told.key, str(self._path), known, goals, at)

    def _read(self) -> Told:
        raw = self._bytes()
        if raw.startswith(_UTF_16) or b"\0" in raw[:4]:
            remedy = "It is in UTF-16 or UTF-32; save it as UTF-8."
            raise InputError(self._path, "wrong-encoding", remedy)
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            remedy = "Here it is not in UTF-8; save it so."
            wrong = Finding(str(self._path), line, "", "wrong-encoding", remedy)
            return Told(None, "", "", [wrong])
        return self._documents.read(self._path, text)

    def _bytes(self) -> bytes:
        """Raises InputError where the file cannot be read, or is too large to be."""
        try:
            with self._path.open("rb") as file:
                raw = file.read(LARGEST + 1)
        except OSError as error:
            raise InputError(self._path, "unreadable-file", str(error.strerror)) from None
        if len(raw) > LARGEST:
            raise InputError(self._path, "document-too-large", _TOO_LARGE)
        return raw

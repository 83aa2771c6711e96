"""An object of FHIR, and what of it has been read: what stays unread can be told, element by
element, so that nothing is lost silently.

Whoever reads asks for an element in the form in which a plan can hold it. One that has another
form is as absent, and stays unread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from alliance_fhir.domain.plan.values import Day, Line, Text
from alliance_fhir.fhir.versions import Json

Why = Literal[
    "no-place",
    "not-found",
    "found-twice",
    "not-named",
    "not-a-party",
    "another-patient",
    "withdrawn",
    "ended",
    "changes-meaning",
    "other-words",
    "still-to-come",
    "day-assumed",
    "no-words",
    "not-in-plan",
    "past",
    "patient-not-named",
    "clinician-not-named",
    "no-name",
    "no-day",
    "status-unknown",
]
"""Why something was not carried; the reference has what each means."""

ASSUMED: Why = "day-assumed"
"""Of what is carried all the same."""

TEXT: TypeAdapter[str] = TypeAdapter(Text)
LINE: TypeAdapter[str] = TypeAdapter(Line)
DAY: TypeAdapter[str] = TypeAdapter(Day)

_T = TypeVar("_T")


class Element:
    """An object of FHIR; `value` is its JSON."""

    def __init__(self, value: Json) -> None:
        self.value = value
        self._read: set[str] = set()
        self._parts: dict[str, list[Element]] = {}
        self._done = False
        self._remark: Why | None = None
        self.why: Why | None = None
        """Why nothing of it is carried; None where all or a part of it is."""

    # --- to read

    def take(self, name: str, kind: TypeAdapter[_T]) -> _T | None:
        """A value in the form of a plan's document; None where there is none of that form."""
        value = self.look(name, kind)
        if value is not None:
            self._read.add(name)
        return value

    def look(self, name: str, kind: TypeAdapter[_T]) -> _T | None:
        """The same, of what is carried elsewhere or not at all."""
        try:
            return kind.validate_python(self.value[name], strict=True)
        except (KeyError, ValidationError):
            return None

    def word(self, name: str, words: Collection[str]) -> str:
        """One of these words; empty where there is none of them."""
        value = self.value.get(name)
        if not isinstance(value, str) or value not in words:
            return ""
        self._read.add(name)
        return value

    def text(self, name: str) -> str:
        """A text of any form, which is only looked at; empty where there is none."""
        value = self.value.get(name)
        return value if isinstance(value, str) else ""

    def parts(self, name: str) -> list[Element]:
        """The objects in this place: versions of FHIR differ in where there may be several."""
        if name not in self._parts:
            value: Any = self.value.get(name, [])
            those = cast("list[Any]", value if isinstance(value, list) else [value])
            good = all(isinstance(one, dict) for one in those)
            self._parts[name] = [Element(one) for one in those] if good else []
        return self._parts[name]

    def part(self, name: str) -> Element:
        """The first of them; an empty one where there is none."""
        return next(iter(self.parts(name)), Element({}))

    def extensions(self, url: str) -> list[Element]:
        """The extensions, or the parts of one, of this URL."""
        found = [one for one in self.parts("extension") if one.text("url") == url]
        for one in found:
            one.drop("url")
        return found

    def extension(self, url: str) -> Element:
        """The first of them; an empty one where there is none."""
        return next(iter(self.extensions(url)), Element({}))

    def words(self, kind: TypeAdapter[str] = TEXT) -> str:
        """What a CodeableConcept says in words: its text, or else what a code is shown as."""
        if told := self.take("text", kind):
            return told
        for coding in self.parts("coding"):
            if shown := coding.take("display", kind):
                return shown
        return ""

    def code(self, system: str, codes: Collection[str]) -> str:
        """The first code of a CodeableConcept that is one of these; empty where none is."""
        for coding in self.parts("coding"):
            if coding.text("system") == system and coding.text("code") in codes:
                coding.done()
                return coding.text("code")
        return ""

    # --- to tell what has been read

    def drop(self, *names: str) -> None:
        """These say nothing that the plan does not have anyhow."""
        self._read.update(names)

    def done(self) -> None:
        """All of it has been read."""
        self._done = True

    def refuse(self, why: Why) -> None:
        """Nothing of it is carried, for this reason."""
        self._done = False
        self._read.clear()
        self._parts.clear()
        self.why = why

    def remark(self, why: Why) -> None:
        """It is carried, and says less or other than what the plan says now."""
        self._remark = why

    def left(self) -> Iterator[tuple[str, Why]]:
        """The paths of what is not carried, and why. Of itself the path is empty."""
        if self._remark:
            yield "", self._remark
        if self.why or not self._touched:
            yield "", self.why or "no-place"
        elif not self._done:
            yield from self._inner()

    @property
    def _touched(self) -> bool:
        parts = (one for those in self._parts.values() for one in those)
        return self._done or bool(self._read) or any(one._touched or one.why for one in parts)

    def _inner(self) -> Iterator[tuple[str, Why]]:
        for name, value in self.value.items():
            if name in self._read or value in ([], {}, "", None):
                continue
            parts = self._parts.get(name, [])
            if not any(one._touched or one.why for one in parts):
                yield name, "no-place"
                continue
            for number, one in enumerate(parts):
                at = f"{name}[{number}]" if isinstance(value, list) else name
                for path, why in one.left():
                    yield f"{at}.{path}" if path else at, why

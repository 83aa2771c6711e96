"""The words, names, days and people of which a plan document is made: what each of them may be.

A text comes as the document has it. Who is meant by a bare number, and in which zone a time is, is
the site's to say: pydantic's context holds a `Reading`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Protocol, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from alliance_fhir.domain.agreement import PATIENT, Party
from alliance_fhir.domain.records import Identifier, Moment

LONGEST_TEXT = 4_000
"""Characters of one text: more than a page, which nobody agrees to as a whole."""
LONGEST_LINE = 200
"""Characters of what stands in one line, such as a code or the name of a plan."""
MOST_ENTRIES = 200
"""Entries of one list."""

UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""What no text holds: control characters, which a `string` of FHIR may not have (below U+0020, but
for tab and line ends) or which are signs of another encoding (U+007F to U+009F); separators that
YAML 1.1 counts as ends of lines and editors do not; halves of characters, and no characters."""


class Breach(ValueError):
    """A value that breaks a rule. Its message holds no value."""

    def __init__(self, rule: str, remedy: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.remedy = remedy


class Plain(str):
    """What stands in YAML without quotes: text, a number, or true or false, as its place has it."""

    __slots__ = ()


class Reading(Protocol):
    """How a site's people and times are read. Both raise Breach."""

    def identifier(self, column: str, text: str) -> Identifier: ...

    def moment(self, text: str) -> Moment: ...


def _reading(info: ValidationInfo, value: object) -> tuple[Reading, str]:
    if not isinstance(value, str):
        raise Breach("wrong-kind", "It must be text.")
    if info.context is None:
        raise Breach("wrong-kind", "Nobody said how people and times are read.")
    if UNFIT.search(value):  # escapes of JSON can write it
        raise Breach("control-character")
    return cast("Reading", info.context), value.strip()


# --- texts ----------------------------------------------------------------------------------------


def _text(value: str) -> str:
    """The text with one kind of line ends."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    if UNFIT.search(value):
        raise Breach("control-character")
    return value


def _line(value: str) -> str:
    value = _text(value)
    if "\n" in value or "\t" in value:
        raise Breach("control-character", "It must be one line, without tabs.")
    return value


Text = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT),
    AfterValidator(_text),
]
"""Words of somebody, of several lines where need be; blanks around them do not count."""

Line = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=LONGEST_LINE),
    AfterValidator(_line),
]

Key = Annotated[
    str,
    StringConstraints(
        strict=True, strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
    ),
    AfterValidator(str),
]
"""By what a goal or task is called within its plan, in all versions."""

_ADDRESS = re.compile(
    r"https?://[^\s/?#|]+(?:/[^\s/?#|]+)*/(?:Goal|Task|(?:Service|Medication|Communication)Request)"
    r"/[A-Za-z0-9\-.]{1,64}"
)


def _address(value: str) -> str:
    if UNFIT.search(value):
        raise Breach("control-character")
    if not _ADDRESS.fullmatch(value):
        raise Breach("not-an-address")
    return value


Address = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=LONGEST_TEXT),
    AfterValidator(_address),
    Field(json_schema_extra={"pattern": f"^{_ADDRESS.pattern}$"}),
]
"""Where a goal or a request is at a server."""

Texts = Annotated[tuple[Text, ...], Field(max_length=MOST_ENTRIES)]
Keys = Annotated[tuple[Key, ...], Field(max_length=MOST_ENTRIES)]
Addresses = Annotated[tuple[Address, ...], Field(max_length=MOST_ENTRIES)]


# --- numbers, and yes or no -----------------------------------------------------------------------

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
"""As YAML 1.2 has them (its core schema): `yes` and `no` are words."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, Plain) and _WHOLE.fullmatch(value) else value


def _truth(value: object) -> object:
    return _TRUTHS.get(value, value) if isinstance(value, Plain) else value


WHOLE = BeforeValidator(_whole)
"""Beside `int`: it may stand in YAML, too. Bounds come before it."""
Truth = Annotated[bool, BeforeValidator(_truth)]


# --- days and times -------------------------------------------------------------------------------


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise Breach("not-a-date", "Write a day that there is, such as 2026-03-02.") from None


def _moment(value: object, info: ValidationInfo) -> Moment:
    if isinstance(value, Moment):
        return value
    reading, text = _reading(info, value)
    return reading.moment(text)


def _text_of(value: Moment) -> str:
    return value.text


DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
Day = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, pattern=DAY),
    AfterValidator(_day),
]
"""A day, ISO 8601."""

When = Annotated[
    Moment,
    PlainValidator(_moment),
    PlainSerializer(_text_of),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?$"}),
]
"""A day, or a time; a time without an offset takes the site's zone."""


# --- people ---------------------------------------------------------------------------------------


def _patient(value: object, info: ValidationInfo) -> Identifier:
    return _known("patient", value, info)


def _clinician(value: object, info: ValidationInfo) -> Identifier:
    return _known("clinician", value, info)


def _full(value: object, info: ValidationInfo) -> Identifier:
    if isinstance(value, str) and "|" not in value:  # no clinician, and so not in their numbering
        raise Breach("identifier-without-system", "Write system|value.")
    return _known("clinician", value, info)


def _party(value: object, info: ValidationInfo) -> Party:
    if isinstance(value, str) and value.strip() == PATIENT:
        return PATIENT
    return _known("clinician", value, info)


def _known(column: str, value: object, info: ValidationInfo) -> Identifier:
    if isinstance(value, Identifier):
        return value
    reading, text = _reading(info, value)
    return reading.identifier(column, text)


def _told(value: Party) -> str:
    return value if isinstance(value, str) else "|".join(value)


_PERSON: dict[str, Any] = {"type": "string", "minLength": 1}
_WHOLE_ONE: dict[str, Any] = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+\|.+$"}

Patient = Annotated[
    Identifier, PlainValidator(_patient), PlainSerializer(_told), WithJsonSchema(_PERSON)
]
Clinician = Annotated[
    Identifier, PlainValidator(_clinician), PlainSerializer(_told), WithJsonSchema(_PERSON)
]
Guardian = Annotated[
    Identifier, PlainValidator(_full), PlainSerializer(_told), WithJsonSchema(_WHOLE_ONE)
]
Named = Annotated[
    Identifier, PlainValidator(_full), PlainSerializer(_told), WithJsonSchema(_WHOLE_ONE)
]
"""By what others know something."""
Somebody = Annotated[Party, PlainValidator(_party), PlainSerializer(_told), WithJsonSchema(_PERSON)]
"""The patient by this very word; a clinician or a guardian by identifier."""

"""The text of resources that are alike, made once and filled in for each.

A shape is built by the very code that builds the resources, with marks in place of what changes
from record to record; so there is no second description of it that could go astray.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from operator import itemgetter
from typing import Final

import orjson

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.fhir.canonical import dumps, plain_number, seal
from alliance_fhir.fhir.versions import Json

# marks are characters for private use, and stand in our own building blocks only: values from a
# source are filled in after the marks are gone
KEY: Final = "\ue000"
TIME: Final = Moment("\ue001", "\ue001")
DIGEST: Final = "\ue002"
SUBJECT: Final = "\ue003"
ABOUT: Final = "\ue004"
PERFORMER: Final = "\ue005"
RATER: Final = "\ue006"
ITEMS: Final = "\ue007"
WRITE: Final = "\ue008"
SOURCE: Final = "\ue009"
PLACE: Final = "\ue00a"
REASON: Final = "\ue00b"
MESSAGES: Final = "\ue018"
START: Final = Moment("\ue00c", "\ue00c")
END: Final = Moment("\ue00d", "\ue00d")
NOTICE: Final = Moment("\ue00e", "\ue00e")
MINUTES: Final = "\ue00f"
SERVICE: Final = "\ue010"
REFERRED: Final = "\ue011"
NUMBER: Final = Identifier("\ue012", "\ue013")
PATIENT: Final = Identifier("\ue014", "\ue015")
PRACTITIONER: Final = Identifier("\ue016", "\ue017")
PLACER: Final = Identifier("\ue01c", "\ue01d")
SERVICE_CODE: Final = Identifier("\ue01e", "\ue01f")
REASON_CODE: Final = Identifier("\ue020", "\ue021")
APPOINTMENT_TYPE: Final = "\ue022"
APPOINTMENT_TYPE_CODE: Final = Identifier("\ue023", "\ue024")
EVENT_REASON: Final = "\ue025"
EVENT_REASON_CODE: Final = Identifier("\ue026", "\ue027")
STATUS_CODE: Final = Identifier("\ue028", "\ue029")
LOCATION: Final = "\ue02a"
MOVED: Final = tuple(Moment(mark, mark) for mark in "\ue019\ue01a\ue01b")
_IDENTIFIERS = {
    "number": NUMBER,
    "patient": PATIENT,
    "practitioner": PRACTITIONER,
    "placer": PLACER,
    "service_code": SERVICE_CODE,
    "reason_code": REASON_CODE,
    "appointment_type_code": APPOINTMENT_TYPE_CODE,
    "event_reason_code": EVENT_REASON_CODE,
    "status_code": STATUS_CODE,
}
_WRITTEN = {
    KEY: "key",
    DIGEST: "digest",
    TIME.text: "time",
    f'"{SUBJECT}"': "subject",
    f'"{ABOUT}"': "about",
    f'"{PERFORMER}"': "performer",
    f'"{RATER}"': "rater",
    f'"{ITEMS}"': "items",
    WRITE: "write",
    SOURCE: "source",
    f'"{PLACE}"': "place",
    f'"{REASON}"': "reason",
    f'"{MESSAGES}"': "messages",
    START.text: "start",
    END.text: "end",
    NOTICE.text: "notice",
    f'"{MINUTES}"': "minutes",
    f'"{SERVICE}"': "service",
    REFERRED: "referred",
    f'"{APPOINTMENT_TYPE}"': "appointment_type",
    f'"{EVENT_REASON}"': "event_reason",
    f'"{LOCATION}"': "location",
    **{f'"{one.system}"': f"{name}_system" for name, one in _IDENTIFIERS.items()},
    **{f'"{one.value}"': name for name, one in _IDENTIFIERS.items()},
    **{one.text: f"moved_{number}" for number, one in enumerate(MOVED)},
}
_CANONICAL = {
    **_WRITTEN,
    TIME.text: "utc",
    f'"{ITEMS}"': "plain_items",
    f'"{MESSAGES}"': "plain_messages",
    START.text: "start_utc",
    END.text: "end_utc",
    NOTICE.text: "notice_utc",
    **{one.text: f"moved_{number}_utc" for number, one in enumerate(MOVED)},
}
"""What stands for a mark, in a resource as it is written, and in its canonical form."""

_MARKS = re.compile("(" + "|".join(_WRITTEN) + ")")


def json_text(value: object) -> bytes:
    """A value as JSON with sorted keys."""
    return orjson.dumps(value, plain_number, orjson.OPT_SORT_KEYS)


class Template:
    """One shape: `form` is a resource with marks where such resources differ, without its digest.

    `canonical` is its canonical form, where more than its meta is not part of that.
    The values to fill in are `key`; `time`, as written, and `utc`; `subject`, `performer` and
    `rater` as JSON; `about`, extensions as JSON with commas between; the `items` of a response
    likewise, and `plain_items`, the same in canonical form; of a Provenance the digests of the
    `write` and of the `source`, `place` and `reason` as JSON, and `messages`, entities as JSON with
    commas between, with `plain_messages`, the same in canonical form. Of a visit they are those of
    `alliance_fhir.fhir.appointed`. All are UTF-8.
    """

    def __init__(self, form: Json, canonical: Json | None = None) -> None:
        bare = {key: value for key, value in (canonical or form).items() if key != "meta"}
        if not bare["extension"]:
            del bare["extension"]
        whole = {**form, "extension": [*form["extension"], seal(DIGEST)]}
        self._canonical = _Text(json_text(bare), _CANONICAL)
        self._whole = _Text(dumps(whole), _WRITTEN)

    def digest(self, values: Mapping[str, bytes]) -> str:
        """The content digest of the resource with these values."""
        return blake2b(self._canonical.fill(values), digest_size=16).hexdigest()

    def text(self, values: Mapping[str, bytes], digest: str) -> bytes:
        """Its JSON text, with the digest in it."""
        return self._whole.fill({**values, "digest": digest.encode()})


class _Text:
    """A text in parts: every second one is a mark. Joining is four times as fast as formatting."""

    def __init__(self, text: bytes, fields: Mapping[str, str]) -> None:
        parts = _MARKS.split(text.decode())
        self._parts = [part.encode() for part in parts]
        self._values = itemgetter(*(fields[mark] for mark in parts[1::2]))  # two at least

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        parts = self._parts.copy()
        parts[1::2] = self._values(values)
        return b"".join(parts)

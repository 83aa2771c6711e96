"""The text of resources that are alike, made once and filled in for each.

A shape is built by the very code that builds the resources, with marks in place of what changes
from record to record; so there is no second description of it that could go astray.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import orjson

from alliance_fhir.domain.records import Moment
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
_INSIDE = {KEY: "%(key)s", DIGEST: "%(digest)s"}
_WHOLE = {SUBJECT: "%(subject)s", ABOUT: "%(about)s", PERFORMER: "%(performer)s"}


def json_text(value: object) -> str:
    """A value as JSON with sorted keys."""
    return orjson.dumps(value, plain_number, orjson.OPT_SORT_KEYS).decode()


class Template:
    """One shape: `form` is a resource with marks where such resources differ, without its digest.

    The values to fill in are `key`; `time`, as written, and `utc`; `subject` and `performer` as
    JSON; `about`, extensions as JSON with commas between.
    """

    def __init__(self, form: Json) -> None:
        self._canonical = _marked(json_text({k: v for k, v in form.items() if k != "meta"}), "utc")
        whole = {**form, "extension": [*form["extension"], seal(DIGEST)]}
        self._whole = _marked(dumps(whole).decode(), "time")

    def fill(self, values: dict[str, str]) -> tuple[str, str]:
        """The content digest of the resource with these values, and its JSON text."""
        content = blake2b((self._canonical % values).encode(), digest_size=16).hexdigest()
        values["digest"] = content
        return content, self._whole % values


def _marked(text: str, time: str) -> str:
    text = text.replace("%", "%%").replace(TIME.text, f"%({time})s")
    for mark, field in _INSIDE.items():
        text = text.replace(mark, field)
    for mark, field in _WHOLE.items():
        text = text.replace(f'"{mark}"', field)
    return text

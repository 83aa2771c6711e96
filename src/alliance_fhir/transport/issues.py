"""What an OperationOutcome says, as far as it may be told: never its texts, in which servers repeat
what was sent to them.

Of each issue: how serious it is, its code, the element that it is about, and the id of the server's
message, where that comes from a list of messages and not from the data.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple, cast

from alliance_fhir.errors import BadReply
from alliance_fhir.received import Json, part, parts, text

Severity = Literal["error", "warning", "hint"]


class Issue(NamedTuple):
    """One issue. `element` is a path such as `Observation.code`, empty where none is told, and so
    is the `message`, such as `Validation_VAL_Profile_Minimum`."""

    severity: Severity
    code: str
    element: str = ""
    message: str = ""

    @property
    def told(self) -> str:
        """The code and the message."""
        return ", ".join(filter(None, (self.code, self.message)))


_MILD: dict[str, Severity] = {"warning": "warning", "information": "hint", "success": "hint"}
_CODE = re.compile(r"[a-z-]{1,40}")
_COMMENT = re.compile(r"/\*.*?\*/")
"""HAPI notes the type and the id of a resource so, within the path to it."""
_WRAPPED = re.compile(r"Parameters\.parameter(?:\[\d+\])?\.resource\b")
_NAME = r"[a-z][A-Za-z0-9]{0,63}(?![A-Za-z0-9(])"
_STEP = rf"(?:ofType\([A-Za-z]{{1,40}}\)|{_NAME}(?:\[(?:\d{{1,6}}|x)\])?)"
_PATH = re.compile(rf"[A-Z][A-Za-z]{{1,40}}(?:\.{_STEP})*")
"""Of a path by names and numbers as much as is one: a condition in it may hold data."""
_MOST = 200
_LISTS = frozenset(
    {
        "http://hl7.org/fhir/java-core-messageId",
        "http://terminology.hl7.org/CodeSystem/operation-outcome",
    }
)
"""Code systems of messages: that of HL7's validator, which HAPI has within, and FHIR's own."""
_MESSAGE = re.compile(r"[A-Za-z][A-Za-z0-9_:/.#|-]{1,150}")


def issues_of(outcome: Json, type_: str) -> list[Issue]:
    """The issues of an OperationOutcome about a resource of a type.

    Raises BadReply where it is none, or has another shape.
    """
    if outcome.get("resourceType") != "OperationOutcome":
        raise BadReply("what came back is no OperationOutcome")
    return [_issue(one, type_) for one in parts(outcome, "issue")]


def _issue(told: Json, type_: str) -> Issue:
    code = text(told, "code")
    return Issue(
        _MILD.get(text(told, "severity"), "error"),  # what is not known to be mild is not
        code if _CODE.fullmatch(code) else "",
        _element(told, type_),
        _message(told),
    )


def _element(told: Json, type_: str) -> str:
    """The first path of an issue: by `expression`, or by `location` as older servers do."""
    for name in ("expression", "location"):
        for one in _texts(told.get(name)):
            path = _WRAPPED.sub(type_, _COMMENT.sub("", one))
            if (found := _PATH.match(path)) and found[0].partition(".")[0] == type_:
                return found[0][:_MOST]
    return ""


def _message(told: Json) -> str:
    for coding in parts(part(told, "details"), "coding"):
        code = text(coding, "code")
        if text(coding, "system") in _LISTS and _MESSAGE.fullmatch(code):
            return code
    return ""


def _texts(value: Any) -> list[str]:
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [one for one in items if isinstance(one, str)]

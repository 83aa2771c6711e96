"""Plan documents as people write them, and what the command is to say of them."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from command import tables

if TYPE_CHECKING:
    from conftest import Ran

SECRET = "Zebulon-4711"  # noqa: S105 - a name
"""What stands in all that is told of the patient, and in no message."""

FULL = f"""\
plan: {SECRET}-plan
patient: "urn:example:mrn|{SECRET}"
clinicians: ["urn:example:staff|kurtz"]
written: 2026-03-09T14:10:00-05:00
version: 2
status: active
replaces: {SECRET}-before
reason: "{SECRET} sleeps badly"
hopes: ["{SECRET} hopes"]
concerns: ["{SECRET} fears"]
outcome_sought: "{SECRET} seeks"
preferences:
  - text: "{SECRET} wants no pills"
    about: treatment
  - text: "{SECRET} wants to be heard"
    about: care-experience
    said_by: "urn:example:family|aunt"
barriers:
  - text: "{SECRET} cannot come"
    plan: "{SECRET} comes later"
background: ["{SECRET} was never asked"]
goals:
  - goal: sleep
    text: "{SECRET} sleeps"
    proposed_by: patient
    priority: high
    measure:
      code: hours-slept
      target: ">= 7"
      unit: h
      due: 2026-04-30
    identifiers: ["urn:example:portal|{SECRET}"]
    agreement:
      - party: patient
        status: agree
        on: 2026-03-09
      - {{party: "urn:example:staff|kurtz", status: agree, on: 2026-03-09}}
  - goal: work
    text: "{SECRET} works"
tasks:
  - task: bupropion
    kind: medication
    text: "{SECRET} takes it"
    proposed_by: "urn:example:staff|kurtz"
    who: patient
    when: "in the morning"
    goals: [sleep, work]
    options_considered: ["{SECRET} takes nothing"]
    identifiers: ["urn:example:portal|{SECRET}"]
    agreement:
      - {{party: "urn:example:family|aunt", status: disagree, on: 2026-03-10}}
  - task: walk
    kind: self-care
    text: "{SECRET} walks"
kept_by_others: ["https://ehr.example/fhir/Goal/{SECRET}"]
contact:
  between_visits: "{SECRET} writes"
  urgent: "{SECRET} calls"
next_review: 2026-03-30T14:00:00-05:00
reviews:
  - on: 2026-03-02
    works: ["{SECRET} tells"]
    does_not: ["{SECRET} tells more"]
    changes: ["{SECRET} changes"]
    goals:
      sleep: {{achievement: improving, words: "{SECRET} slept"}}
    satisfaction: {{treatment: 7, relationship: 8, communication: 0, plan: 10}}
    doubts: {{diagnosis: some, medication: strong, treatment: none}}
    adherence:
      bupropion:
        taken_as_agreed: 5
        of_days: 7
        said_by: patient
        words: "{SECRET} forgot"
  - on: 2026-03-09T14:00:00-05:00
adolescent:
  pressured_to_attend: false
  guardians: ["urn:example:family|aunt"]
  options_offered: ["{SECRET} may choose"]
"""
"""Everything that a document can hold, in lines that can be found."""

SHORT = """\
plan: short
patient: "urn:example:mrn|1001"
clinicians: ["urn:example:staff|kurtz"]
written: 2026-03-02
version: 1
status: draft
"""
"""The least that a document can hold."""

Json = dict[str, Any]


def site(*lines: str) -> None:
    """Writes alliance.toml into the working folder: the source's name, and these lines."""
    Path("alliance.toml").write_text("\n".join(['source = "clinic-east"', *lines]), "utf-8")


def write(name: str, text: str | bytes) -> Path:
    """A file of the working folder, byte by byte."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def values(text: str = FULL) -> Json:
    """A document's values, as a program that knows nothing of ours reads them: all words, but for
    what the two kinds of numbers and truths of a plan are."""
    return yaml.load(text, _Words)  # noqa: S506 - it constructs nothing else


class _Words(yaml.SafeLoader):
    """YAML as in its version 1.2: no days, and `on`, `yes` and `no` are words."""


_Words.yaml_implicit_resolvers = {
    first: [pair for pair in told if not pair[0].endswith(("timestamp", "bool"))]
    for first, told in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


def version(number: int, written: str, *lines: str, plan: str = "short", **more: Any) -> str:
    """A version of a short plan, as JSON on one line, with one key more a line, where asked."""
    told = {**values(SHORT), "plan": plan, "version": number, "written": written, **more}
    return "\n".join(["# a version", json.dumps(told), *lines])


finding = partial(tables.finding, path="a.plan.yaml")


def outcome(
    command: str, records: tuple[int, int, int], *rejected: dict[str, str | int], **more: Any
) -> Json:
    """The whole object of `--json`, but for `seconds` and `run`: read, accepted, rejected."""
    return tables.outcome(command, records, rejected, code=4 if rejected else 0, **more)


def said(ran: Ran) -> Json:
    """The object of `--json`, but for what differs from run to run; and nothing told of a patient
    is in what was said."""
    assert SECRET.casefold() not in (ran.out + ran.err).casefold()
    assert "Traceback" not in ran.err
    shape = ran.json
    assert isinstance(shape.pop("seconds"), float)
    shape.pop("run", None)
    return shape

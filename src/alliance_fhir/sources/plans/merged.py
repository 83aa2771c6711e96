"""Documents of merged plans: those that are whole, and those that a person finishes.

One to be finished has a key before the plan that no plan has: so it is taken for one only when
somebody has looked at each place, and has removed that key. In both a comment tells what stood at
the target, by a digest: so it is known what the plan has taken into account, until it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

from alliance_fhir.domain.plan.document import Part, SharedPlan
from alliance_fhir.domain.plan.merging import Conflict
from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.sources.plans import CONFLICTS
from alliance_fhir.sources.plans.written import as_yaml, block

ENDING = ".unfinished.yaml"
"""No suffix of a plan document."""
_ANSWERS = "# answers: "
_LINE = re.compile(rf"^{_ANSWERS}(?P<digest>[0-9a-f]{{32}})\s*$", re.MULTILINE | re.ASCII)
_HEAD = """\
# Not finished: the plan was changed here and at the target since it was sent last. Below stands
# what came of both. Where they collide it has what the source says, and `conflicts` has what each
# of them says. Decide in the plan below, remove `conflicts`, and name the file
# {name}; then `sync --merge` sends it.
# The next line is a digest of what stood at the target: leave it as it is.
"""


def unfinished(plan: SharedPlan, conflicts: Iterable[Conflict], answers: str, name: str) -> str:
    """The text of the document, in YAML. `answers` is the digest of what stood at the target,
    `name` what the file is to be called when it is finished."""
    told = [_told(one) for one in conflicts]
    head = _HEAD.format(name=name) + f"{_ANSWERS}{answers}\n\n"
    return head + block({CONFLICTS: told}) + "\n" + as_yaml(plan)


def answers(text: str) -> str:
    """The digest of what stood at the target for a document; empty where it tells nothing of it."""
    found = _LINE.search(text)
    return found["digest"] if found else ""


def whole(plan: SharedPlan, left_out: Iterable[Conflict], answers: str) -> str:
    """The text of a merged plan, in YAML; what could not be taken into it stands above it."""
    told = [_told(one) for one in left_out]
    lines: list[str] = []
    if told:
        lines = ["Left out, as it was said of other words, or has gone by:"]
        lines += block({"left_out": told}).splitlines()[1:]
    lines.append("Merged with what stood at the target, of which this is a digest:")
    head = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    return f"{head}{_ANSWERS}{answers}\n\n" + as_yaml(plan)


def _told(conflict: Conflict) -> dict[str, Any]:
    sides = {"before": conflict.base, "source": conflict.ours, "target": conflict.theirs}
    return {
        "at": conflict.path,
        "why": conflict.why,
        **{name: _plain(value) for name, value in sides.items()},
    }


def _plain(value: Any) -> Any:
    """A value of a plan as it stands in a document."""
    if isinstance(value, Part):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, Moment):
        return value.text
    if isinstance(value, Identifier):
        return "|".join(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in cast("tuple[Any, ...]", value)]
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        return {name: _plain(one) for name, one in told.items()}
    return value

"""What a target's own validation says of each group before that is sent, where this is asked for.

A group with errors is not sent. What is said of it else is told, and the group goes. The lanes ask,
each for its own groups; what they heard is handed over when the group is counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

from alliance_fhir.domain.receipt import NOT_VALID, VALIDATION_HINT, VALIDATION_WARNING, Finding
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.bundle import Change
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.logical import Reference
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import Target, Validated, Validator
from alliance_fhir.transport.issues import Issue
from alliance_fhir.writing import NotValid, key_of, validation_says

_RULES = {"error": NOT_VALID, "warning": VALIDATION_WARNING, "hint": VALIDATION_HINT}


class Validation:
    """The validation of one run. Raises ConfigError where the target validates nothing."""

    def __init__(self, target: Target) -> None:
        self._validator = _validator_of(target)
        self._name = target.name
        self._lock = threading.Lock()
        self._heard: dict[str, dict[str, Validated]] = {}
        self.counts: Counter[str] = Counter(resources=0, errors=0, warnings=0, hints=0)

    def begin(self) -> None:
        """Raises ConfigError where the target says that it cannot do that."""
        self._validator.begin()

    def hold(
        self, group: Group, changes: Sequence[Change], references: Mapping[Reference, str]
    ) -> None:
        """Asks about a group, as it would be sent. Raises NotValid where it has errors."""
        heard = self._validator.validate(changes, references)
        with self._lock:  # asked again, as after a conflict, it is what was said last
            self._heard.setdefault(key_of(group), {}).update({h.resource.key: h for h in heard})
        wrong = [one for one in heard if any(map(_is_error, one.issues))]
        if wrong:
            raise _not_valid(wrong)

    def taken(self, group: Group) -> tuple[list[Finding], list[Finding]]:
        """What was said of a group: its further errors, as the first is that of the group, and what
        else was said; each with where it stands in the source."""
        with self._lock:
            heard = list(self._heard.pop(key_of(group), {}).values())
        self.counts["resources"] += len(heard)
        issues = [(one.resource, issue) for one in heard for issue in one.issues]
        self.counts.update(f"{issue.severity}s" for _, issue in issues)
        place = group.origin.path or self._name, group.origin.row
        told = [_finding(*place, resource, issue) for resource, issue in issues]
        errors = [finding for finding in told if finding.rule == NOT_VALID]
        return errors[1:], [finding for finding in told if finding.rule != NOT_VALID]


def _validator_of(target: Target) -> Validator:
    if target.validator is None:
        raise ConfigError(
            f"{target.name} is a folder, which validates nothing: leave --validate out, or name a "
            "server"
        )
    return target.validator


def _is_error(issue: Issue) -> bool:
    return issue.severity == "error"


def _not_valid(wrong: Sequence[Validated]) -> NotValid:
    """The error for a group, with all issues of what is wrong in it, as they came."""
    resource, status = wrong[0].resource, wrong[0].status
    first = next(issue for issue in wrong[0].issues if _is_error(issue))
    issues: list[Json] = [issue for one in wrong for issue in one.outcome["issue"]]
    return NotValid(
        _place(resource),
        first.element or resource.type,
        first.told,
        status=status,
        outcome={"resourceType": "OperationOutcome", "issue": issues},
    )


def _finding(path: str, row: int, resource: Resource, issue: Issue) -> Finding:
    rule, element = _RULES[issue.severity], issue.element or resource.type
    remedy = validation_says(rule, issue.told)
    return Finding(path, row, element, rule, remedy, "", _place(resource), beside=True)


def _place(resource: Resource) -> str:
    """A resource that may not be at the target yet: by its key."""
    return f"{resource.type}/{resource.key}"

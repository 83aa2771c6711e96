"""What a command gives back: one constant shape, for people, programs and `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from alliance_fhir.domain.receipt import NOT_VALID, Finding, Tally


@dataclass
class Verification:
    """The target against the ledger: what should be there, what is, and where they differ.

    Lists hold `Type/id`, or `Type` and key where the target has given no id.
    """

    expected: int = 0
    found: int = 0
    equal: int = 0
    missing: list[str] = field(default_factory=list[str])
    duplicated: list[str] = field(default_factory=list[str])
    different: list[str] = field(default_factory=list[str])
    foreign: list[str] = field(default_factory=list[str])

    def add(
        self, place: str, digests: Sequence[str], expected: Sequence[str], *, ours: bool
    ) -> None:
        """One resource: what was found in its place, and the digests that it may have."""
        self.expected += 1
        if not digests:
            self.missing.append(place)
            return
        self.found += 1
        if len(digests) > 1:
            self.duplicated.append(place)
        elif digests[0] in expected:
            self.equal += 1
        elif not ours:
            self.foreign.append(place)
        else:
            self.different.append(place)

    @property
    def ok(self) -> bool:
        """Everything expected is there, once, and equal."""
        return self.expected == self.found == self.equal and not self.duplicated


_WRITING = ("plan", "sync", "demo", "retract", "profiles")
"""The commands that say what became of resources."""


@dataclass
class Pulled:
    """What came of one type, and whether that is all.

    `counted` is how many the server says there are, None where it does not say; `asked` how many
    hits its pages held; `found` how many different resources of those that were asked for; besides,
    `doubled` came again, and `left_out` were not asked for. `complete` is None where there is no
    proof, and `why` says what is amiss. `since` is from when on changes were asked for.
    """

    counted: int | None = None
    asked: int = 0
    found: int = 0
    doubled: int = 0
    left_out: int = 0
    complete: bool | None = None
    why: str = ""
    since: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether all of a type was asked for, and nothing came."""
        return not (self.since or self.asked or self.counted)


@dataclass
class Result:
    """The outcome of a command: see the README for what each exit code means."""

    command: str
    run: str = ""
    target: str = ""
    fhir_version: str = ""
    tally: Tally = field(default_factory=Tally)
    verify: Verification | None = None
    files: dict[str, int] = field(default_factory=dict[str, int])
    stopped: str = ""
    stop_code: int = 0
    seconds: float = 0.0
    requests: dict[str, Any] = field(default_factory=dict[str, Any])
    pull: dict[str, Pulled] = field(default_factory=dict[str, Pulled])
    undone: dict[str, int] = field(default_factory=dict[str, int])
    dead_letters: str = ""
    probe: dict[str, Any] = field(default_factory=dict[str, Any])
    measures: dict[str, Any] = field(default_factory=dict[str, Any])
    validation: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def ok(self) -> bool:
        """Whether nothing was rejected, blocked, left out or found different."""
        return self.exit_code == 0

    @property
    def is_writing(self) -> bool:
        """Whether it says what became of resources; `measure` does where it has a target."""
        return self.command in _WRITING or (self.command == "measure" and bool(self.run))

    @property
    def exit_code(self) -> int:
        """0 only when everything went well; else the code of the first kind that did not."""
        tally = self.tally
        if self.stop_code:
            return self.stop_code
        whole = (f.row == 0 and f.rule not in ("refused", NOT_VALID) for f in tally.rejected)
        if self.command != "pull" and any(whole):  # a pull has resources, not files
            return 3
        if tally.rejected or tally.resources["rejected"]:
            return 4
        if any(tally.resources[state] for state in ("blocked", "conflict", "foreign", "gone")):
            return 7
        if self.verify and not self.verify.ok:
            return 8
        if any(pulled.complete is False for pulled in self.pull.values()):
            return 8
        return 0

    def as_json(self) -> dict[str, Any]:
        """The same keys for every command; what does not apply is absent."""
        tally = self.tally
        shape: dict[str, Any] = {
            "command": self.command,
            "run": self.run,
            "target": self.target,
            "fhir_version": self.fhir_version,
            "records": {
                "read": tally.read,
                "accepted": tally.accepted,
                "rejected": sum(f.row > 0 and not f.beside for f in tally.rejected),
            },
            "resources": tally.resources if self.is_writing else None,
            "validation": self.validation,
            "undone": self.undone,
            "files": self.files,
            "pull": {type_: vars(pulled) for type_, pulled in self.pull.items()},
            "probe": self.probe,
            "measures": self.measures,
            "rejected": _findings(tally.rejected),
            "blocked": _findings(tally.blocked),
            "warnings": _findings(tally.warnings),
            "disappeared": _findings(tally.disappeared),
            "verify": vars(self.verify) if self.verify else None,
            "dead_letters": self.dead_letters,
            "requests": self.requests,
            "stopped": self.stopped,
            "exit_code": self.exit_code,
        }
        if self.command in ("verify", "probe", "profiles") or (
            self.command == "pull" and not tally.read
        ):
            del shape["records"]
        shape = {key: value for key, value in shape.items() if value not in (None, "", {})}
        kept = {"rejected", "blocked"}
        shape = {key: value for key, value in shape.items() if value != [] or key in kept}
        return {**shape, "seconds": round(self.seconds, 3)}


def _findings(findings: list[Finding]) -> list[dict[str, str | int]]:
    return [finding.as_json() for finding in findings]

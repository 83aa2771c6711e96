"""What is asked of a run, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from alliance_fhir.domain.receipt import WARNINGS, Finding, Tally
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.check import Level
from alliance_fhir.fhir.group import Group
from alliance_fhir.seen import Seen


class Progress(NamedTuple):
    """How far a run is: records done, and how many there are, 0 where that is not known yet."""

    done: int
    total: int


Watch = Callable[[Progress], None]


def unwatched(progress: Progress) -> None:
    """Nobody watches."""


class Options(NamedTuple):
    """How to plan and sync; the same words as on the command line.

    `only` are the business keys of the records that are asked for; None is all of them.
    """

    check: Level = "schema"
    patients: frozenset[str] = frozenset()
    since: str = ""
    limit: int = 0
    create_people: bool = False
    reread: bool = False
    accept_older: bool = False
    rescore: bool = False
    complete: bool = False
    lanes: int = 0
    take: Literal["", "source", "server"] = ""
    merge: bool = False
    recreate: bool = False
    adopt: bool = False
    reinstate: bool = False
    validate: bool = False
    only: frozenset[str] | None = None
    real_data_to_public_server: bool = False


def consistent(options: Options) -> Options:
    """The same options. Raises ConfigError where two of them contradict each other."""
    if options.merge and options.take:
        raise ConfigError("--merge and --take are two answers to one question; name one")
    return options


def asked_for(groups: Iterable[Group | Finding], options: Options, tally: Tally) -> Iterator[Group]:
    """The groups that are asked for, and before each what it shares with others, once; findings go
    to the tally, and what is read is counted."""
    with Seen() as given:
        yield from _asked_for(groups, options, tally, given)


def _asked_for(
    groups: Iterable[Group | Finding], options: Options, tally: Tally, given: Seen
) -> Iterator[Group]:
    taken = 0
    for group in groups:
        whole_file = isinstance(group, Finding) and not group.row
        named = options.only is None or whole_file or not options.only.isdisjoint(keys_of(group))
        if not named:
            continue
        if isinstance(group, Finding):
            counts = group.row > 0 and not group.beside and group.rule != "unknown-column"
            tally.read += counts
            (tally.warnings if group.rule in WARNINGS else tally.rejected).append(group)
            continue
        tally.read += group.records
        if not _wanted(group, options):
            continue
        tally.accepted += group.records
        if group.before and group.before.key not in given:
            given.add(group.before.key)
            yield group.before
        yield group
        taken += 1
        if options.limit and taken >= options.limit:
            return


def keys_of(one: Group | Finding) -> tuple[str, ...]:
    """By what it may be named: of a group also by what goes before it."""
    before = one.before if isinstance(one, Group) else None
    return (one.key, before.key) if before else (one.key,)


def _wanted(group: Group, options: Options) -> bool:
    if options.patients:
        who = group.patient
        if who.value not in options.patients and "|".join(who) not in options.patients:
            return False
    return not options.since or group.when >= options.since

"""What is different between two documents of one plan, place by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from alliance_fhir.domain.plan.document import Part, SharedPlan
from alliance_fhir.domain.plan.places import has_names, is_divided, is_list, named, path_of, shown
from alliance_fhir.domain.plan.rules import Place

_MOST = 12
Kind = Literal["added", "removed", "changed"]


class Told(Protocol):
    """A difference, or a conflict."""

    @property
    def told(self) -> str:
        """Where, and of which kind: no word of the documents."""
        ...


class Difference(NamedTuple):
    """What stands at one place before and after; None where nothing does.

    `place` is by names, which may be words of the document, as both values are. `path` is the same
    place without them, as messages have it: `goals[0].text`. It counts in the later document, but
    for what was removed.
    """

    place: Place
    kind: Kind
    before: Any
    after: Any
    path: str

    @property
    def told(self) -> str:
        """Kind and path: no word of the documents."""
        return f"{self.kind} {self.path}"


def in_one_line(found: Iterable[Told]) -> str:
    """The differences without a word of the documents: `added hopes, changed goals[0].text`."""
    return ", ".join(one.told for one in found)


def in_short(found: Sequence[Told]) -> str:
    """The first of them, and how many more there are."""
    more = f", and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return in_one_line(found[:_MOST]) + more


class _At(NamedTuple):
    """A place, by names and by positions."""

    names: Place = ()
    positions: Place = ()

    def down(self, names: Place, position: str | int) -> _At:
        return _At((*self.names, *names), (*self.positions, position))


def differences(before: SharedPlan, after: SharedPlan) -> tuple[Difference, ...]:
    """All differences, in the order of the model's keys; none where the two are equal.

    What is added or removed as a whole is one difference, and so are a measure, what was said of a
    medicine, and a list of texts. That other entries come first in a list is told at its place.
    """
    return tuple(_of_part(_At(), before, after))


def _of_part(at: _At, before: Part, after: Part) -> Iterator[Difference]:
    for name in type(after).model_fields:
        yield from _of_value(at.down((name,), name), getattr(before, name), getattr(after, name))


def _of_value(at: _At, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if is_list(after) and has_names(at.names, (*before, *after)):
        yield from _of_entries(at, before, after)
    elif is_divided(before) and is_divided(after):
        yield from _of_part(at, before, after)
    else:
        yield _difference(at, before, after)


def _of_entries(at: _At, before: Any, after: Any) -> Iterator[Difference]:
    was, now = named(before), named(after)
    position = {**_positions(was), **_positions(now)}
    for name, entry in {**was, **now}.items():
        below = at.down(shown(name, entry), position[name])
        if name in was and name in now:
            yield from _of_value(below, was[name], entry)
        else:
            yield _difference(below, was.get(name), now.get(name))
    if type(after) is tuple and [*filter(now.get, was)] != [*filter(was.get, now)]:
        yield _difference(at, before, after)


def _positions(entries: dict[Place, Any]) -> dict[Place, int]:
    return {name: position for position, name in enumerate(entries)}


def _difference(at: _At, before: Any, after: Any) -> Difference:
    kind: Kind = "changed"
    if before is None or before == ():
        kind = "added"
    elif after is None or after == ():
        kind = "removed"
    return Difference(at.names, kind, before, after, path_of(at.positions))

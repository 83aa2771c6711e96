"""Whose a resource is at the target, and of what: of that which its identifiers name, or not.

The content of a resource names its patient, its answers and its members by identifier, and beside
each stands a reference to the target's own resource, which is another at every server and so is no
part of the content. Where somebody moved that reference alone, the content is as it was, and the
record is another patient's, or the score is of other answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.elements import Person
from alliance_fhir.fhir.reply import Found
from alliance_fhir.targets.base import Target


def moved(target: Target, hits: Iterable[Found]) -> set[Found]:
    """Those of the hits that point to a patient who has not the identifier that stands there, or
    to nobody, at a target that has patients.

    Nothing is said of a patient whom nobody has the identifier of, by now.
    """
    told = {hit: Person("Patient", _identifier(hit)) for hit in hits if hit.subject}
    if not told or not target.people:
        return set()
    meant = target.resolve(set(told.values()))
    return {
        hit
        for hit, person in told.items()
        if (own := meant[person].places) and hit.at.removeprefix(f"{target.identity}/") not in own
    }


def astray(target: Target, hits: Iterable[Found], ids: Mapping[str, str]) -> set[Found]:
    """Those of the hits that point to something else than what the identifier there names.

    `ids` says by key where the target has what is ours, as far as that is known. What was retracted
    points to what it was of, whoever bears those identifiers now.
    """
    return {
        hit
        for hit in hits
        if not hit.retracted
        for key, where in hit.links
        if (id_ := ids.get(key))
        and where.removeprefix(f"{target.identity}/").rpartition("/")[2] != id_
    }


def _identifier(hit: Found) -> Identifier:
    system, _, value = hit.subject.partition("|")
    return Identifier(system, value)

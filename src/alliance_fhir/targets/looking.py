"""A look before a write and after it, where the server does not look itself, or does not say.

Before: what is there already, where creates are not conditional; whether a thing is as it was,
where changes are not, or where groups do not arrive as a whole. After: where a resource was put.
"""

from __future__ import annotations

from collections.abc import Sequence

from alliance_fhir.domain.records import Identifier
from alliance_fhir.errors import BadReply, Conflict
from alliance_fhir.fhir.bundle import Change, own_identifiers
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.people import CREATABLE
from alliance_fhir.fhir.reply import Delivered, Found, whose
from alliance_fhir.fhir.versions import Json
from alliance_fhir.targets.base import Wanted
from alliance_fhir.targets.finding import Finder
from alliance_fhir.transport.capabilities import Abilities


class Looks:
    """Looks at the server called `name`."""

    def __init__(self, name: str, finder: Finder, abilities: Abilities) -> None:
        self._name = name
        self._finder = finder
        self._abilities = abilities

    def outright(self, changes: Sequence[Change]) -> set[str]:
        """The keys of what the server cannot look for before it makes it: we look ourselves."""
        new = [change.resource for change in changes if change.state == "created"]
        looked: set[str] = set()
        if "conditional-create" in self._abilities:
            looked = {type_ for type_ in {one.type for one in new} if self._finder.by_key(type_)}
        return {one.key for one in new if one.type not in looked}

    def there(self, changes: Sequence[Change]) -> dict[str, Delivered]:
        """A last look before, where the server does not look itself: what is there already."""
        outright = self.outright(changes)
        new = [change for change in changes if change.resource.key in outright]
        if not new:
            return {}
        hits = self._finder.find([one for change in new for one in self._wanted(change)])
        there: dict[str, Delivered] = {}
        for change in new:
            found = hits.get(change.resource.key, [])
            if len(found) > 1:
                raise Conflict(f"{self._name} has one {change.resource.type} twice")
            for hit in found:
                there[change.resource.key] = Delivered(
                    change, hit.id, hit.version, hit.digest, existed=True
                )
        return there

    def compare(self, changes: Sequence[Change]) -> None:
        """Raises Conflict where one is not as it was when it was decided to change it: then none of
        its group is sent, where not all of it arrives or nothing."""
        wanted = {change.was or change.resource.key: self._wanted(change) for change in changes}
        hits = self._finder.find([w._replace(key=k) for k, some in wanted.items() for w in some])
        for change in changes:
            found = hits.get(change.was or change.resource.key, [])
            there = [hit for hit in found if hit.id == change.id]
            if not there or not _is_as_it_was(change, there[0]):
                raise Conflict(f"{self._name} has another {change.resource.type} than it had")

    def _wanted(self, change: Change) -> list[Wanted]:
        """What is looked for before or after a change, with what the finder may go by."""
        resource = change.resource
        if resource.type in CREATABLE:
            named = own_identifiers(resource.body)[0]
            identifier = Identifier(named["system"], named["value"])
            return self._finder.people(resource.type, resource.key, identifier)
        wanted = Wanted(resource.type, resource.key, change.id, patient_of(resource))
        return [wanted._replace(foreign=change.foreign)]

    def placed(self, answer: Delivered) -> Delivered:
        """The answer with where the resource is: some servers do not say."""
        if answer.id and (answer.strange or answer.digest or not answer.existed):
            return answer
        change = answer.change
        hits = self._finder.find(self._wanted(change)).get(change.resource.key, [])
        if len(hits) != 1:
            raise BadReply(
                f"{self._name} took a {change.resource.type} and does not say where it is"
            )
        [hit] = hits
        return answer._replace(id=hit.id, version=hit.version, digest=hit.digest, strange=False)


def patient_of(resource: Resource) -> Identifier:
    """The patient whose a resource is; NOBODY where it is nobody's."""
    named: Json = whose(resource.body).get("identifier", {})
    return Identifier(named.get("system", ""), named.get("value", ""))


def _is_as_it_was(change: Change, hit: Found) -> bool:
    if hit.version and change.version:
        return hit.version == change.version
    return hit.digest == change.digest

"""What a server has nothing of when a run begins: then the run need not look for each of its
resources there, and the first import of a clinic does a tenth less.
"""

from __future__ import annotations

from alliance_fhir.errors import Refused
from alliance_fhir.fhir.bundle import escaped
from alliance_fhir.fhir.reply import Ours
from alliance_fhir.targets.finding import Finder
from alliance_fhir.transport.capabilities import Abilities
from alliance_fhir.transport.client import Client


class Beginnings:
    """Asks one server once for each type, by the system of our identifiers alone.

    What others make of the same records meanwhile the server itself finds before it makes another:
    where it does not look, nothing is known here.
    """

    def __init__(self, client: Client, ours: Ours, abilities: Abilities, finder: Finder) -> None:
        self._client = client
        self._ours = ours
        self._abilities = abilities
        self._finder = finder
        self._any: dict[str, bool] = {}

    def has_none(self, type_: str) -> bool:
        """Whether nothing of ours was there of this type when it was first asked."""
        if "conditional-create" not in self._abilities or not self._finder.by_key(type_):
            return False
        # a search that does not even find this software's Device tells nothing
        return self._has_any("Device") and not self._has_any(type_)

    def _has_any(self, type_: str) -> bool:
        if type_ not in self._any:
            ours = {"identifier": f"{escaped(self._ours.identifiers)}|", "_count": "1"}
            try:
                hits = self._client.search(type_, ours)
                self._any[type_] = next(hits, None) is not None
            except Refused:  # as if there were none of the Device, and some of what is looked for
                self._any[type_] = type_ != "Device"
        return self._any[type_]

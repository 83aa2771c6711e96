"""People are looked for by whoever needs them, and nobody waits for another's search."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

from alliance_fhir import Settings, open_target
from alliance_fhir.domain.records import Identifier
from alliance_fhir.fhir.elements import Person
from contract.clinic import MRN, patient

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Answer, Request
    from alliance_fhir.testing import FhirServer as LittleServer


def test_two_lanes_look_for_their_people_at_the_same_time(
    little: LittleServer, naps: list[float]
) -> None:
    """Each search is answered when the other is there as well."""
    meeting = threading.Barrier(2)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path.startswith("Patient"):
            meeting.wait(10)
        return proceed()

    people = [Person("Patient", Identifier(MRN, value)) for value in ("1001", "1002")]
    places = {person: f"Patient/{little.put(**patient(person[1][1]))['id']}" for person in people}
    with closing(open_target(little.url, Settings(source="clinic-east"))) as target:
        little.between = between
        with ThreadPoolExecutor(2) as lanes:
            found = list(lanes.map(lambda person: target.resolve([person])[person], people))
        assert [one.reference for one in found] == [places[person] for person in people]
        little.requests.clear()
        again = target.resolve(people)  # and who was found is remembered
        assert ([again[person] for person in people], little.requests) == (found, [])

"""What is at a server in the end, as somebody else than us sees it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from contract.places import ServerPlace, business_key, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contract.clinic import Row

Json = dict[str, Any]
IN_A_ROW = {"QuestionnaireResponse": 1, "Observation": 5}


def exactly_once(url: str, rows: Sequence[Row], *, proven: bool = True) -> None:
    """These rows are there with all that comes of them, and nothing else and nothing twice.

    `proven`: each version of each of their resources is under one Provenance.
    """
    with closing(ServerPlace(url)) as place:
        everything = place.everything
    twice = [name for name, number in Counter(map(name_of, everything)).items() if number > 1]
    assert twice == []
    told = Counter(body["resourceType"] for body in everything)
    people = {row.patient for row in rows}
    assert told - Counter({"Provenance": told["Provenance"]}) == {
        "Device": 1,
        "Questionnaire": 1,
        "Patient": len(people),
        **{type_: number * len(rows) for type_, number in IN_A_ROW.items()},
    }
    _of_their_patients(everything, rows)
    if proven:
        told, due = proofs(everything), versions(everything)
        assert {name: (told[name], due[name]) for name in due if told[name] != due[name]} == {}


def _of_their_patients(everything: Iterable[Json], rows: Sequence[Row]) -> None:
    responses = [body for body in everything if body["resourceType"] == "QuestionnaireResponse"]
    whose = Counter(body["subject"]["identifier"]["value"] for body in responses)
    assert whose == Counter(row.patient for row in rows)


def versions(everything: Iterable[Json]) -> dict[str, int]:
    """How often each resource of a row was written."""
    return {
        name_of(body): int(body["meta"]["versionId"])
        for body in everything
        if body["resourceType"] in IN_A_ROW
    }


def proofs(everything: Iterable[Json]) -> Counter[str]:
    """How many Provenances are about each resource."""
    return Counter(
        f"{target['type']}/{target['identifier']['value']}"
        for body in everything
        if body["resourceType"] == "Provenance" and business_key(body)
        for target in body["target"]
    )

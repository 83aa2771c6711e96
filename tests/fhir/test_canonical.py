"""What counts as equal, and what does not: the whole of conflict detection rests on it."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from making import ALL_VERSIONS, CATALOG, R4, R5, everything, lowest, mapped, record

from alliance_fhir.domain.records import Identifier, Moment
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import (
    canonical,
    claimed_digest,
    content_digest,
    dumps,
    exact_number,
    plain_number,
    same_content,
    sealed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Json, Version

every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)


def made(type_: str, version: Version = R4, name: str = "srs", **told: Any) -> Resource:
    """The first resource of a type that comes of one answered session rating."""
    about = {"session": 2, "appointment": Identifier("urn:example:visit", "8841")}
    rating = record(name, "patient", **{"answers": lowest(CATALOG[name]), **about, **told})
    return next(r for r in mapped([rating], version) if r.type == type_ and _has_value(r.body))


def _has_value(body: Json) -> bool:
    return body["resourceType"] != "Observation" or "valueQuantity" in body


def changed(body: Json, change: Callable[[Json], object]) -> Json:
    copied = copy.deepcopy(body)
    change(copied)
    return copied


# Equal.


@pytest.mark.parametrize(
    "value", [Decimal("70.1"), Decimal("70.10"), Decimal("70.100"), 70.1, Decimal("7.01E+1")]
)
def test_trailing_zeros_do_not_count(value: object) -> None:
    score = {"resourceType": "Observation", "valueQuantity": {"value": value}}
    plain = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("70.1")}}
    assert content_digest(score) == content_digest(plain)


@pytest.mark.parametrize(
    "value", [7, Decimal(7), Decimal("7.0"), Decimal("7.00"), 7.0, Decimal("7E0")]
)
def test_a_whole_number_is_a_whole_number(value: object) -> None:
    assert content_digest({"valueDecimal": value}) == content_digest({"valueDecimal": 7})


@pytest.mark.parametrize("value", [0, Decimal("0.00"), Decimal("-0"), -0.0, Decimal("0E+3")])
def test_zero_has_no_sign(value: object) -> None:
    assert content_digest({"valueDecimal": value}) == content_digest({"valueDecimal": 0})


def shuffled(value: Any) -> Any:
    """The same with keys in reverse, at every depth."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(each) for each in value] if isinstance(value, list) else value


def pointed(value: Any, counter: list[int]) -> Any:
    """As a server gives it back: each logical reference also says where that is at this server."""
    if isinstance(value, list):
        return [pointed(each, counter) for each in value]
    if not isinstance(value, dict):
        return value
    told = {key: pointed(part, counter) for key, part in value.items()}
    if "identifier" in told and "type" in told and "resourceType" not in told:
        counter.append(1)
        return {"reference": f"{told['type']}/{len(counter)}", **told, "display": "Somebody"}
    return told


EQUAL: dict[str, Callable[[Json], Json]] = {
    "keys in another order": shuffled,
    "extensions in another order": lambda b: {**b, "extension": b["extension"][::-1]},
    "an id": lambda b: {**b, "id": "4711"},
    "another meta": lambda b: {**b, "meta": {"versionId": "3", "lastUpdated": "2026-03-03"}},
    "no meta": lambda b: {k: v for k, v in b.items() if k != "meta"},
    "a narrative": lambda b: {**b, "text": {"status": "generated", "div": "<div>4</div>"}},
    "implicit rules": lambda b: {**b, "implicitRules": "urn:x"},
    "references resolved": lambda b: pointed(b, []),
    "ids of elements": lambda b: {**b, "subject": {"id": "s", **b["subject"]}},
    "another digest": lambda b: {
        **b,
        "extension": [
            {**e, "valueString": "0" * 32} if e["url"] == el.CONTENT_DIGEST else e
            for e in b["extension"]
        ],
    },
    "no digest": lambda b: {
        **b,
        "extension": [e for e in b["extension"] if e["url"] != el.CONTENT_DIGEST],
    },
    "through JSON": lambda b: json.loads(dumps(b)),
    "through JSON, decimals exact": lambda b: json.loads(dumps(b), parse_float=Decimal),
}


@every_version
@pytest.mark.parametrize("type_", ["QuestionnaireResponse", "Observation"])
@pytest.mark.parametrize("change", EQUAL.values(), ids=EQUAL)
def test_what_servers_do_does_not_count(
    change: Callable[[Json], Json], type_: str, version: Version
) -> None:
    ours = made(type_, version)
    assert content_digest(change(ours.body)) == ours.digest


@every_version
def test_nothing_that_we_make_changes_by_a_round_trip(version: Version) -> None:
    for resource in everything(version):
        for parse in (float, Decimal):
            back = json.loads(resource.json(), parse_float=parse)
            back = {**pointed(back, []), "id": "1", "meta": {"versionId": "2"}}
            assert content_digest(back) == resource.digest
            assert claimed_digest(back) == resource.digest


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        ("Observation", "amended"),
        ("Observation", "corrected"),
        ("QuestionnaireResponse", "amended"),
    ],
)
def test_that_it_was_corrected_once_is_history(type_: str, status: str) -> None:
    ours = made(type_)
    assert content_digest({**ours.body, "status": status}) == ours.digest


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T14:10:00-05:00",
        "2026-03-02T19:10:00Z",
        "2026-03-02T19:10:00+00:00",
        "2026-03-02T19:10:00.000Z",
        "2026-03-03T00:10:00+05:00",
        "2026-03-03T00:55:00+05:45",
    ],
)
def test_an_instant_is_itself_in_another_zone(text: str) -> None:
    ours = made("Observation")
    assert content_digest({**ours.body, "effectiveDateTime": text}) == ours.digest
    told = made("QuestionnaireResponse")
    assert content_digest({**told.body, "authored": text}) == told.digest


def test_parts_of_a_second_are_kept() -> None:
    when = Moment("2026-03-02T14:10:00.250000-05:00", "2026-03-02T19:10:00.250000Z")
    ours = made("Observation", completed_at=when)
    assert content_digest({**ours.body, "effectiveDateTime": "2026-03-02T19:10:00.25Z"}) == (
        ours.digest
    )
    assert ours.digest != made("Observation").digest


def test_the_place_in_a_reference_counts_without_server_and_version() -> None:
    def pointing(reference: str) -> str:
        return content_digest({"resourceType": "Task", "focus": {"reference": reference}})

    plain = pointing("Appointment/17")
    assert pointing("https://fhir.invalid/r4/Appointment/17") == plain
    assert pointing("Appointment/17/_history/3") == plain
    assert pointing("https://fhir.invalid/r4/Appointment/17/_history/3") == plain
    assert pointing("Appointment/18") != plain
    assert pointing("Task/17") != plain
    assert pointing("urn:uuid:7a8f") != plain


# Not equal.


def _first_answer(body: Json) -> Json:
    return body["item"][0]["answer"][0]


DIFFERENT: dict[str, tuple[str, Callable[[Json], object]]] = {
    "another answer": (
        "QuestionnaireResponse",
        lambda b: _first_answer(b).update(valueDecimal=Decimal("0.1")),
    ),
    "an answer less": ("QuestionnaireResponse", lambda b: b["item"].pop(0)),
    "an answer twice": ("QuestionnaireResponse", lambda b: b["item"].append(b["item"][0])),
    "another order of answers": ("QuestionnaireResponse", lambda b: b["item"].reverse()),
    "another type of answer": (
        "QuestionnaireResponse",
        lambda b: b["item"][0].update(answer=[{"valueInteger": 0}]),
    ),
    "another form": ("QuestionnaireResponse", lambda b: b.update(questionnaire="urn:x|1")),
    "another source": (
        "QuestionnaireResponse",
        lambda b: b["source"]["identifier"].update(value="9"),
    ),
    "no source": ("QuestionnaireResponse", lambda b: b.pop("source")),
    "in progress": ("QuestionnaireResponse", lambda b: b.update(status="in-progress")),
    "a response withdrawn": (
        "QuestionnaireResponse",
        lambda b: b.update(status="entered-in-error"),
    ),
    "a second later": (
        "QuestionnaireResponse",
        lambda b: b.update(authored="2026-03-02T14:10:01-05:00"),
    ),
    "the same clock elsewhere": (
        "QuestionnaireResponse",
        lambda b: b.update(authored="2026-03-02T14:10:00-06:00"),
    ),
    "the day alone": ("QuestionnaireResponse", lambda b: b.update(authored="2026-03-02")),
    "another value": (
        "Observation",
        lambda b: b["valueQuantity"].update(value=Decimal("0.01")),
    ),
    "a value as text": ("Observation", lambda b: b["valueQuantity"].update(value="0")),
    "another unit": ("Observation", lambda b: b["valueQuantity"].update(code="%")),
    "no value": ("Observation", lambda b: b.pop("valueQuantity")),
    "a score withdrawn": ("Observation", lambda b: b.update(status="entered-in-error")),
    "preliminary": ("Observation", lambda b: b.update(status="preliminary")),
    "another subject": (
        "Observation",
        lambda b: b["subject"]["identifier"].update(value="1002"),
    ),
    "another system of the subject": (
        "Observation",
        lambda b: b["subject"]["identifier"].update(system="urn:example:other"),
    ),
    "another type of subject": ("Observation", lambda b: b["subject"].update(type="Group")),
    "another identifier": ("Observation", lambda b: b["identifier"][0].update(value="x")),
    "another code": ("Observation", lambda b: b["code"]["coding"][0].update(code="x")),
    "a note": ("Observation", lambda b: b.update(note=[{"text": "odd"}])),
    "an extension more": (
        "Observation",
        lambda b: b["extension"].append({"url": "urn:x", "valueString": "x"}),
    ),
    "an extension less": (
        "QuestionnaireResponse",
        lambda b: b["extension"].remove(next(e for e in b["extension"] if e["url"] == el.SESSION)),
    ),
    "another session": (
        "QuestionnaireResponse",
        lambda b: next(e for e in b["extension"] if e["url"] == el.SESSION).update(
            valuePositiveInt=3
        ),
    ),
    "a modifier extension": (
        "Observation",
        lambda b: b.update(modifierExtension=[{"url": "urn:x", "valueBoolean": True}]),
    ),
    "another language": ("QuestionnaireResponse", lambda b: b.update(language="en")),
}


@every_version
@pytest.mark.parametrize(("type_", "change"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_people_do_counts(
    type_: str, change: Callable[[Json], object], version: Version
) -> None:
    ours = made(type_, version)
    edited = changed(ours.body, change)
    assert content_digest(edited) != ours.digest
    assert claimed_digest(edited) == ours.digest  # edited by somebody else: it no longer fits


def test_a_status_of_one_type_is_none_of_another() -> None:
    response = made("QuestionnaireResponse").body
    assert content_digest({**response, "status": "corrected"}) != content_digest(response)


def test_each_version_has_digests_of_its_own() -> None:
    assert made("QuestionnaireResponse", R4).digest != made("QuestionnaireResponse", R5).digest
    assert made("Observation", R4).digest == made("Observation", R5).digest


# The parts.


def test_what_is_not_ours_claims_nothing() -> None:
    assert claimed_digest({"resourceType": "Observation"}) == ""
    other = {"extension": [{"url": "urn:x", "valueString": "y"}, {"valueString": "no url"}]}
    assert claimed_digest(other) == ""


def test_a_seal_is_the_last_extension_and_fits() -> None:
    body = {"resourceType": "Device", "extension": [{"url": "urn:z", "valueString": "1"}], "a": 1}
    whole, digest = sealed(body)
    assert [e["url"] for e in whole["extension"]] == ["urn:z", el.CONTENT_DIGEST]
    assert claimed_digest(whole) == digest == content_digest(whole) == content_digest(body)
    assert len(digest) == 32
    again, same = sealed(body)
    assert (again, same) == (whole, digest)


def test_the_canonical_form_leaves_the_resource_as_it_was() -> None:
    body = made("Observation").body
    before = copy.deepcopy(body)
    canonical(body)
    assert body == before


def test_numbers_are_written_as_they_are_and_compared_as_they_count() -> None:
    assert dumps({"value": Decimal("3.70")}) == b'{"value":3.70}'
    assert dumps({"value": Decimal("1E+2")}) == b'{"value":100}'
    assert dumps({"value": Decimal("1E-7")}) == b'{"value":0.0000001}'
    assert plain_number(Decimal("3.00")) == 3
    for number in (plain_number, exact_number):
        with pytest.raises(TypeError):
            number("3")
    with pytest.raises(TypeError):
        exact_number(Decimal("NaN"))


# What came back beside what was sent.


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = list(enumerate(value))
    return [leaf for key, one in inner for leaf in _leaves(one, (*path, key))] or [path]


def _put(body: Json, path: tuple[Any, ...], value: object) -> None:
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


def _referring(value: Any) -> Any:
    """As a server gives it back, which knows where everything is."""
    if isinstance(value, list):
        return [_referring(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {key: _referring(inner) for key, inner in value.items()}
    if "type" in value and isinstance(value.get("identifier"), dict):
        told = {"reference": f"{value['type']}/7", **told}
    return told


@pytest.mark.long
@every_version
def test_what_counts_as_the_same_content_has_the_same_digest(
    version: Version,
) -> None:
    """One leaf after the other is changed: what is told apart by the digest is told apart."""
    for ours in everything(version)[::9]:
        server = {"id": "7", "meta": {"versionId": "1"}, "text": {"status": "generated"}}
        came = {**_referring(ours.body), **server}
        assert same_content(came, ours.body)
        assert content_digest(came) == ours.digest
        for path in _leaves({k: v for k, v in ours.body.items() if k != "meta"}):
            edited = copy.deepcopy(came)
            _put(edited, path, "other")
            if content_digest(edited) != ours.digest:
                assert not same_content(edited, ours.body), path
        assert not same_content({**came, "comment": "more"}, ours.body)
        assert not same_content({**came, "identifier": None}, ours.body)


def test_another_reference_and_another_spelling_are_told_as_the_digest_tells_them() -> None:
    ours = made("Observation")
    again = changed(ours.body, lambda b: b["subject"].update(reference="Patient/8", display="x"))
    assert same_content(again, ours.body)
    number = ours.body["valueQuantity"]["value"]
    again = changed(ours.body, lambda b: b["valueQuantity"].update(value=float(number)))
    assert same_content(again, ours.body)
    other = changed(ours.body, lambda b: b["subject"]["identifier"].update(value="1002"))
    assert not same_content(other, ours.body)

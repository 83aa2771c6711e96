"""Every word of the example plans is in its place in the golden files, and these hold together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from .files import PLAN_TYPES, PLANS, PLANS_EXPECTED, SHOWN, all_of, read
from .oracle import claimed, content_digest, name_of, parse
from .oracle_plan_words import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    Json = dict[str, Any]


def golden(release: str) -> list[Json]:
    """The golden resources of a release."""
    return [parse(line) for line in all_of(PLANS_EXPECTED / release.lower(), PLAN_TYPES)]


PLACES = {
    "goals.text": "Goal.description.text",
    "goals.measure.code": "Goal.target.measure.text",
    "contact.between_visits": "CommunicationRequest.payload.contentString",
    "contact.urgent": "CommunicationRequest.payload.contentString",
    "barriers.text": "Observation.valueString",
    "barriers.plan": "Observation.note.text",
    "tasks.options_considered": "note.text",
    "plan": "CarePlan.extension.valueString",
    "written": "CarePlan.extension.valueDateTime",
    "next_review": "ServiceRequest.occurrenceDateTime",
    "reviews.on": "QuestionnaireResponse.authored",
    "goals.agreement.on": "Goal.extension.extension.extension.valueDate",
    "tasks.agreement.on": "extension.extension.valueDate",
}
"""Where the words of a document are in R4, by its keys; the names of goals are left out of them."""
BY_KIND = {
    "medication": ("medicationCodeableConcept.text", "dosageInstruction.timing.code.text"),
    "psychotherapy": ("code.text", "occurrenceTiming.code.text"),
    "visit": ("code.text", "occurrenceTiming.code.text"),
    "contact": ("payload.contentString", "note.text"),
}
"""Of tasks their text and when; all other kinds have `description` and a note."""
ANSWERED = (
    *("reason", "hopes", "concerns", "outcome_sought", "background", "barriers.text"),
    *("barriers.plan", "adolescent.options_offered", "reviews.works", "reviews.does_not"),
    *("reviews.changes", "reviews.goals.words", "reviews.adherence.words"),
)
"""What stands in the answers of the forms, under the names of the document's own keys."""


def test_every_word_of_the_documents_is_in_its_place() -> None:
    """By the elements, and not by how the oracle builds them: of the newest version each text."""
    found = golden("R4")
    for plan in plans(PLANS):
        ours = [one for one in found if name_of(one).partition(" ")[2].startswith(plan.key)]
        told = [*words(plan.today)]
        assert len(told) > 20
        missing = [
            f"{key}: {text}" for key, text in told if text not in there(ours, key, plan.today)
        ]
        assert missing == []


def words(version: Json) -> Iterator[tuple[str, str]]:
    """The texts of a document that have a place, each by its keys without positions and names."""
    for key, text in leaves(version, ""):
        plain = re.sub(r"^(reviews\.(?:goals|adherence))\.[\w-]+", r"\1", key)
        if plain in PLACES or plain in ANSWERED or plain in ("tasks.text", "tasks.when"):
            yield plain, text


def leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, key)
    else:
        yield key, value


def there(found: list[Json], key: str, version: Json) -> set[str]:
    """What stands where the text of a key must be."""
    if key in ("tasks.text", "tasks.when"):
        at = {BY_KIND.get(task["kind"], ("description", "note.text")) for task in version["tasks"]}
        return {one for pair in at for one in at_path(found, pair[key == "tasks.when"])}
    if key in ANSWERED:
        return {one for each in found for one in answers(each, key.removeprefix("reviews."))}
    return {*at_path(found, PLACES[key])}


def at_path(value: Any, path: str) -> Iterator[str]:
    """The texts at a path, in whatever position; a type is the start of one."""
    if isinstance(value, list):
        for one in value:
            yield from at_path(one, path)
    elif not path:
        yield str(value)
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        if name[0].isupper():
            yield from at_path(value, rest) if value["resourceType"] == name else ()
        elif name in value:
            yield from at_path(value[name], rest)


def answers(item: Json, link: str) -> Iterator[str]:
    """The answers in words to a question of this name, and to those within it."""
    if item.get("linkId") == link:
        yield from at_path(item, "answer.valueString")
    for part in item.get("item", []):
        yield from answers(part, link)


# --- what holds them together ---------------------------------------------------------------------


@pytest.mark.parametrize("release", SHOWN)
def test_whatever_is_referred_to_is_there(release: str) -> None:
    folder, found = PLANS_EXPECTED / release.lower(), golden(release)
    there = {name_of(each) for each in found} | {"Device device-alliance-fhir"}
    named = {
        f"{one['type']} {one['identifier']['value']}"
        for each in found
        for one in references(each)
        if one["identifier"]["system"].endswith("/clinic-east/identifier")
    }
    assert named <= there
    listed = {name for name in there if not name.startswith(("CarePlan", "Provenance"))}
    assert listed <= named  # what nothing refers to nobody finds
    asked = {each["questionnaire"] for each in found if "questionnaire" in each}
    forms = [parse(line) for line in read(folder, "Questionnaire")]
    assert sorted(asked) == sorted(f"{form['url']}|{form['version']}" for form in forms)


def references(value: Any) -> Iterator[Json]:
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, dict):
        if "identifier" in value and "type" in value and "resourceType" not in value:
            yield value
        for one in value.values():
            yield from references(one)


@pytest.mark.parametrize("release", SHOWN)
def test_every_answer_is_to_a_question_of_its_form(release: str) -> None:
    folder = PLANS_EXPECTED / release.lower()
    forms = {form["url"]: form for form in map(parse, read(folder, "Questionnaire"))}
    for form in forms.values():
        assert claimed(form) == content_digest(form)
    for response in map(parse, read(folder, "QuestionnaireResponse")):
        form = forms[response["questionnaire"].partition("|")[0]]
        kinds = {link: KINDS[type_] for link, type_ in questions(form)}
        assert {(link, kinds[link]) for link, _ in given(response)} == set(given(response))


KINDS = {
    "string": "valueString",
    "text": "valueString",
    "integer": "valueInteger",
    "boolean": "valueBoolean",
    "reference": "valueReference",
    "choice": "valueCoding",
    "coding": "valueCoding",
    "group": "",
}


def questions(form: Json) -> Iterator[tuple[str, str]]:
    for item in form.get("item", []):
        yield item["linkId"], item["type"]
        yield from questions(item)


def given(response: Json) -> Iterator[tuple[str, str]]:
    for item in response.get("item", []):
        for answer in item.get("answer", [{"": ""}]):
            yield item["linkId"], *answer
        yield from given(item)

"""profiles/ defines what the code can write, all of it and nothing else."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from making import (
    ALL_VERSIONS,
    CATALOG,
    FORMS,
    KURTZ,
    R4,
    everything,
    lowest,
    of_outreach,
    of_plans,
    of_visits,
    record,
    resources,
)
from measured import measured

from alliance_fhir import __version__, map_to
from alliance_fhir.config import FILE, load
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import claimed_digest, content_digest
from alliance_fhir.fhir.check import model_class
from alliance_fhir.fhir.definitions import definitions
from alliance_fhir.fhir.measure import TOLD, url
from alliance_fhir.fhir.package import file_content
from alliance_fhir.fhir.plan.forms import FIRST_CONVERSATION, PLAN_REVIEW
from alliance_fhir.fhir.questionnaire import questionnaire
from alliance_fhir.fhir.scores import RULE_TEXTS
from conftest import accepted
from shorthand import BUILDS, PROFILES, Build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Json, Version
    from conftest import Official

PLANS = PROFILES.parent / "examples" / "plans"
FOLDERS = {"R4": "r4", "R4B": "r4", "R5": "r5"}
every_version = pytest.mark.parametrize("version", ALL_VERSIONS, ids=lambda v: v.label)


def defined(version: Version) -> dict[str, Json]:
    """What the files of a version define, by canonical."""
    files = sorted((PROFILES / FOLDERS[version.label]).glob("*.json"))
    return {each["url"]: each for each in (json.loads(file.read_text()) for file in files)}


def files_of(folder: Path) -> dict[str, bytes]:
    """What is in a folder and its folders."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


def parts(value: Any) -> Iterator[Json]:
    """Every element of a resource, down to the smallest."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from parts(part)


def extensions(part: Any, where: str) -> Iterator[tuple[str, Json]]:
    """Every extension of a resource, with what it stands on: an element, or another extension."""
    if isinstance(part, list):
        for one in part:
            yield from extensions(one, where)
    if not isinstance(part, dict):
        return
    for extension in part.get("extension", []):
        yield where, extension
        yield from extensions(extension, extension["url"])
    for name, one in part.items():
        if name != "extension":
            yield from extensions(one, f"{where}.{name}")


def codes(system: Json) -> dict[str, Json]:
    return {each["code"]: each for each in system["concept"]}


# The files are those that the code gives.


@pytest.mark.parametrize("build", BUILDS)
def test_the_files_are_what_the_code_gives(build: Build) -> None:
    """Of those that are not made of FHIR Shorthand, which has a test of its own."""
    made = runpy.run_path(str(PROFILES / "build.py"))["made_of_code"](build)
    there = {name: (PROFILES / build / name).read_bytes() for name in made}
    assert made == there, "profiles/ is behind the code: run `make profiles`"


def test_what_is_no_longer_defined_goes(tmp_path: Path) -> None:
    folder = tmp_path / "r4"
    (folder / "examples").mkdir(parents=True)
    for old in ("CodeSystem-old.json", "examples/Goal-old.json"):
        (folder / old).write_text("{}")
    new = {"CodeSystem-new.json": b"{}", "examples/Goal-new.json": b"{}"}
    runpy.run_path(str(PROFILES / "build.py"))["write"](folder, new)
    assert files_of(folder) == new


@every_version
def test_a_file_is_stable_and_named_after_what_it_holds(version: Version) -> None:
    made = definitions(CATALOG, version)
    again = definitions(reversed(list(CATALOG)), version)
    assert [*map(file_content, made.values())] == [*map(file_content, again.values())]
    for name, resource in made.items():
        assert name == f"{resource['resourceType']}-{resource['id']}.json"
        assert resource["url"] == f"{el.IG}/{resource['resourceType']}/{resource['id']}"
        told = json.loads(file_content(resource))
        assert [*told][:2] == ["resourceType", "id"]
        assert json.dumps(told, indent=2, ensure_ascii=False) + "\n" == (
            file_content(resource).decode()
        )


# What is defined is what can be written.


@every_version
def test_the_canonicals_in_the_code_are_those_that_are_defined(version: Version) -> None:
    constants = {value for value in vars(el).values() if str(value).startswith(f"{el.IG}/")}
    coded = [i for i in CATALOG if any(run.kind == "code" for run in i.items)]
    assert constants | {el.answer_system(i) for i in coded} == used(version)


def used(version: Version) -> set[str]:
    """The code systems and extensions that are defined."""
    return {
        url
        for url, each in defined(version).items()
        if each["resourceType"] == "CodeSystem" or each.get("type") == "Extension"
    }


@every_version
def test_the_canonicals_that_are_written_are_those_that_are_defined(version: Version) -> None:
    written = {
        told[key]
        for resource in (*everything(version), *of_plans(version), *others(version))
        for told in parts(resource.body)
        for key in ("system", "url")
        if str(told.get(key)).startswith((f"{el.IG}/CodeSystem/", f"{el.IG}/StructureDefinition/"))
    }
    for_codes_alone = {el.INSTRUMENT_CODES, el.PERSPECTIVE_CODES, el.SUBSCALE_CODES}
    assert written | for_codes_alone | {el.AGREEMENT_CODES} == used(version)


@every_version
def test_each_has_the_version_of_the_package(version: Version) -> None:
    """Forms and Measures have their own: responses and reports name it."""
    own = ("Measure", "Questionnaire")
    told = {
        each["version"] for each in defined(version).values() if each["resourceType"] not in own
    }
    assert told == {__version__}


@every_version
def test_the_forms_and_measures_are_those_that_are_defined(version: Version) -> None:
    forms = {form.url for form in (FIRST_CONVERSATION, PLAN_REVIEW)}
    asked = {el.questionnaire_url(*form, el.IG) for form in FORMS}
    there = {
        url
        for url, each in defined(version).items()
        if each["resourceType"] in ("Questionnaire", "Measure")
    }
    assert there == forms | asked | {*map(url, TOLD)}


def others(version: Version) -> list[Resource]:
    """What comes of visits, and what is measured of them."""
    return [*of_visits(version), *measured(version)]


def asked_by_plans(version: Version) -> dict[str, str]:
    """The forms that the responses of plans refer to, each with its version."""
    asked = {one.body.get("questionnaire", "|") for one in of_plans(version)} - {"|"}
    return dict(canonical.split("|") for canonical in asked)


@every_version
def test_the_forms_of_plans_are_defined_as_they_are_sent(version: Version, tmp_path: Path) -> None:
    """Byte for byte but for their ids, by what `map` writes of the example plans; R4B takes the
    files of R4, and claims none of its profiles."""
    asked = asked_by_plans(version)
    there = {url: each for url, each in defined(version).items() if url in asked}
    assert {url: each["version"] for url, each in there.items()} == asked
    map_to([PLANS], tmp_path, load(PLANS / FILE), version)
    lines = (tmp_path / "Questionnaire.ndjson").read_text().splitlines()
    sent = {each["url"]: each for each in map(json.loads, lines)}
    told = there
    if not version.profiled:
        told = {u: {k: v for k, v in form.items() if k != "meta"} for u, form in there.items()}
    assert {url: {**form, "id": there[url]["id"]} for url, form in sent.items()} == told
    for form in there.values():
        assert claimed_digest(form) == content_digest(form)


@every_version
def test_the_concepts_that_are_written_are_those_that_are_defined(version: Version) -> None:
    written = {
        told["code"]
        for resource in (*everything(version), *of_plans(version), *of_outreach(version))
        for told in parts(resource.body)
        if told.get("system") == el.CONCEPT
    }
    assert written == set(codes(defined(version)[el.CONCEPT]))


@every_version
def test_the_codes_of_visits_that_are_written_are_those_that_are_defined(version: Version) -> None:
    written = {
        told["code"]
        for resource in of_visits(version)
        for told in parts(resource.body)
        if told.get("system") == el.ATTENDANCE_CODES
    }
    assert written == set(codes(defined(version)[el.ATTENDANCE_CODES]))


@every_version
def test_the_codes_of_measures_that_are_written_are_those_that_are_defined(
    version: Version,
) -> None:
    written = {
        told["code"]
        for resource in measured(version)
        for told in parts(resource.body)
        if told.get("system") == el.ENGAGEMENT_CODES
    }
    assert written == set(codes(defined(version)[el.ENGAGEMENT_CODES]))


@every_version
@pytest.mark.parametrize(("instrument", "rater"), FORMS, ids=lambda x: getattr(x, "id", x))
def test_every_code_of_a_questionnaire_is_defined(
    instrument: Any, rater: Any, version: Version
) -> None:
    known = {url: set(codes(d)) for url, d in defined(version).items() if "concept" in d}
    form = questionnaire(instrument, rater, version).body
    ours = [c for c in parts(form) if str(c.get("system", "")).startswith(el.IG)]
    assert ours
    assert [c for c in ours if c["code"] not in known[c["system"]]] == []


@every_version
def test_the_extensions_stand_only_where_they_may(version: Version) -> None:
    contexts = {
        url: {each["expression"] for each in definition["context"]}
        for url, definition in defined(version).items()
        if definition.get("type") == "Extension"
    }
    found: dict[str, set[str]] = {url: set() for url in contexts}
    made = (*everything(version), *of_plans(version), *others(version))
    for resource in made:
        for where, extension in extensions(resource.body, resource.type):
            if extension["url"] in found:
                found[extension["url"]].add(where)
    scores = found.pop(el.SCORE_INTERVAL)  # a Quantity, by whatever name a version has it
    assert {where.rpartition(".")[2].removesuffix("Quantity") for where in scores} == {
        "measureScore"
    }
    assert contexts.pop(el.SCORE_INTERVAL) == {"Quantity"}
    # where an activity has its reference differs, and no context is to be of one version alone
    kept = {where.replace("plannedActivityR", "r") for where in found.pop(el.KEPT_BY_OTHERS)}
    assert kept == {"CarePlan.goal", "CarePlan.activity.reference"}
    assert contexts.pop(el.KEPT_BY_OTHERS) == {"Reference"}
    created_for_sandboxes = {"Patient", "Practitioner"}
    assert found.pop(el.CONTENT_DIGEST) | created_for_sandboxes == contexts.pop(el.CONTENT_DIGEST)
    assert found == contexts


# What the definitions say.


def test_a_score_is_told_in_words() -> None:
    concepts = codes(defined(R4)[el.CONCEPT])
    told = concepts["wai-sr-bond-patient"]
    of = {
        each["code"]: (each["valueCoding"]["system"], each["valueCoding"]["code"])
        for each in told.pop("property")
    }
    assert of == {
        "instrument": (f"{el.IG}/CodeSystem/instrument", "wai-sr"),
        "perspective": (f"{el.IG}/CodeSystem/perspective", "patient"),
        "subscale": (f"{el.IG}/CodeSystem/subscale", "bond"),
    }
    assert told == {
        "code": "wai-sr-bond-patient",
        "display": "WAI-SR bond, patient-rated",
        "definition": "Working Alliance Inventory, Short Revised (WAI-SR): bond, as rated by the "
        "patient; the sum of the weights of items 3, 5, 7 and 9; from 4 to 20.",
    }
    assert concepts["wai-sr-panel-patient"]["display"] == "WAI-SR scores, patient-rated"
    mean = concepts["wai-36-total-mean-observer"]
    assert mean["display"] == "WAI total, mean of items, observer-rated"
    assert "answered" in mean["definition"]
    assert "item 4; from 0 to 100 %" in concepts["bars-adherence-therapist"]["definition"]
    assert "items 1 to 6" in concepts["gas-t-score-therapist"]["definition"]
    assert "wai-sr-total-mean-patient" in concepts
    assert "haq-ii-total-mean-patient" not in concepts  # no mean is asked for


def test_a_method_is_told_without_figures_of_one_score() -> None:
    concepts = codes(defined(R4)[el.CONCEPT])
    assert set(RULE_TEXTS) <= set(concepts)
    assert "prorated from n of N items" in concepts["sum-prorated"]["display"]
    assert not any(
        "{" in str(text) for c in concepts.values() for text in (c["display"], c["definition"])
    )


@every_version
def test_no_two_concepts_look_alike(version: Version) -> None:
    for definition in defined(version).values():
        concepts = definition.get("concept", [])
        assert len({each["display"] for each in concepts}) == len(concepts)
        assert definition.get("count", 0) == len(concepts)


def test_an_answer_shows_its_label_where_there_is_one() -> None:
    wai = codes(defined(R4)[f"{el.IG}/CodeSystem/wai-36-answer"])
    assert [each["display"] for each in wai.values()] == ["Never", *"23456", "Always"]
    assert codes(defined(R4)[f"{el.IG}/CodeSystem/gas-answer"])["1"]["display"] == "+1"


def test_our_own_words_for_an_answer_are_designations() -> None:
    none = codes(defined(R4)[f"{el.IG}/CodeSystem/check-in-answer"])["none"]
    assert none["display"] == "None"
    assert none["designation"] == [{"language": "en", "value": "No doubts"}]


def test_one_code_has_one_label_within_an_instrument() -> None:
    for instrument in CATALOG:
        labels = {(o.code, o.label) for run in instrument.items for o in run.scale}
        assert len({code for code, _ in labels}) == len(labels), instrument.id


@every_version
def test_each_definition_says_whose_it_is(version: Version) -> None:
    for definition in defined(version).values():
        assert definition["status"] == "active"
        assert definition.get("experimental", False) is False
        assert definition["publisher"] == "The alliance-fhir project"
        assert definition["copyright"]
        assert definition["title"]
        assert definition["description"].endswith(".")
        assert definition["name"].isidentifier()
    licence = CATALOG["wai-sr"].licence.text
    assert defined(version)[f"{el.IG}/CodeSystem/wai-sr-answer"]["copyright"] == licence


def test_the_versions_differ_in_the_version_of_fhir_alone() -> None:
    for name, old in definitions(CATALOG, R4).items():
        for version in ALL_VERSIONS:
            new = definitions(CATALOG, version)[name]
            if old["resourceType"] in ("Questionnaire", "Measure"):
                continue  # types of items, labels, and links are others in R5
            same = {**old, "fhirVersion": version.full} if "fhirVersion" in old else old
            assert new == same


# Other eyes.


@every_version
def test_the_models_take_all_definitions(version: Version) -> None:
    for definition in definitions(CATALOG, version).values():
        model_class(definition["resourceType"], version).model_validate_json(
            file_content(definition)
        )


# HAPI's validator takes no StructureDefinition for granted but cannot judge one outside of HL7's
# own publisher: it looks for packages that it was not given. Of what Measures count it knows CQL
# alone.
# It does not look for what derives from an abstract profile among what it was given.
NOT_JUDGED = {
    *("ERROR_GENERATING_SNAPSHOT", "SD_TYPE_NOT_LOCAL", "SD_DERIVATION_NO_CONCRETE"),
    "MEASURE_M_CRITERIA_UNKNOWN",
}


@pytest.mark.server
def test_the_official_validator_takes_all_definitions(official: Official) -> None:
    files = sorted((PROFILES / FOLDERS[official.version.label]).glob("*.json"))
    told = official.validator.validate_many(file.read_bytes() for file in files)
    found = {
        file.name: left
        for file, issues in zip(files, told, strict=True)
        if (left := [i for i in issues if i.id not in NOT_JUDGED and not accepted(i)])
    }
    assert found == {}


@pytest.mark.server
@pytest.mark.parametrize(
    ("url", "other", "rule"),
    [
        (el.CONTENT_DIGEST, {"valueInteger": 1}, "Extension_EXT_Type"),
        (el.CLINICIAN, {"valueReference": {"reference": "Patient/1"}}, "Reference_REF_"),
        (el.APPOINTMENT, {"valueReference": {"reference": "Encounter/1"}}, "Reference_REF_"),
        (el.SESSION, {"valuePositiveInt": 0}, "Type_Specific_Checks_DT_Integer_LT"),
        (el.SESSION, {"valueInteger": 1}, "Extension_EXT_Type"),
        (el.SESSION, {}, "Validation_VAL_Profile_Minimum"),
        (el.RECORD, {"valueInteger": 1}, "Extension_EXT_Type"),
    ],
    ids=["digest", "clinician", "appointment", "zero", "type", "nothing", "record"],
)
def test_the_extensions_bite(official: Official, url: str, other: Json, rule: str) -> None:
    about = {"session": 2, "appointment": KURTZ, "record_id": "r-1"}
    told = record("srs", "patient", answers=lowest(CATALOG["srs"]), **about)
    body = next(
        r.body for r in resources([told], official.version) if r.type == "QuestionnaireResponse"
    )
    rest = [e for e in body["extension"] if e["url"] != url]
    assert len(rest) == len(body["extension"]) - 1
    wrong = {**body, "extension": [*rest, {"url": url, **other}]}
    found = [i.id for i in official.validator.validate(json.dumps(wrong, default=float))]
    assert any(rule in each for each in found), found


@pytest.mark.server
def test_an_extension_in_the_wrong_place_is_refused(official: Official) -> None:
    wrong = {
        "resourceType": "Patient",
        "extension": [{"url": el.SESSION, "valuePositiveInt": 2}],
    }
    found = [i.id for i in official.validator.validate(wrong)]
    assert "Extension_EXTP_Context_Wrong" in found

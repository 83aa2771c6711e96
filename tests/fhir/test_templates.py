"""What is made fast is what would have been made slowly: text, digest and dict are of one mind.

The mappings live on from example to example, as they do from row to row: a template or a score
that is remembered wrongly must show.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import CATALOG, FORMS, SETTINGS, Told, can_prorate, mapping, record, whole

from alliance_fhir.config import InstrumentSettings
from alliance_fhir.domain.records import Identifier, Moment, Origin
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.canonical import claimed_digest, content_digest, dumps
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.provenance import SOFTWARE, ProvenanceWriter
from alliance_fhir.fhir.template import ABOUT, DIGEST, ITEMS, KEY, PERFORMER, RATER, SUBJECT, TIME
from alliance_fhir.fhir.versions import VERSIONS

if TYPE_CHECKING:
    from alliance_fhir.config import Settings
    from alliance_fhir.domain.instrument import Instrument, Perspective
    from alliance_fhir.domain.records import Answer, Assessment
    from alliance_fhir.fhir.versions import VersionKey
    from alliance_fhir.mapping import Mapping
    from alliance_fhir.sources.supply import Sources

MARKS = KEY + TIME.text + DIGEST + SUBJECT + ABOUT + PERFORMER + RATER + ITEMS
assert MARKS == "\ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007"

SITES: dict[str, Settings] = {
    "as it comes": SETTINGS.model_copy(update={"synthetic": False, "organization": ""}),
    "by the rater": SETTINGS.model_copy(update={"score_performer": "rater", "sensitivity": ()}),
    "prorated": SETTINGS.model_copy(
        update={
            "claim_profiles": False,
            "instruments": {
                i.id: InstrumentSettings(missing="prorate") for i in CATALOG if can_prorate(i)
            },
            "confidentiality": None,
            "base": "https://clinic-east.invalid/100%/{key}/%(key)s",
        }
    ),
}


WRITER = ProvenanceWriter(VERSIONS["4.0"], SITES["as it comes"])


@cache
def living(version: VersionKey, site: str) -> Mapping:
    """A mapping that goes on from example to example."""
    return mapping(VERSIONS[version], SITES[site])


# What may stand in identifiers, and what has a meaning to JSON, to % and to the templates.
odd = (
    st.lists(
        st.one_of(
            st.sampled_from("\"\\%{}|$,'\t/\u2028\U0001f642éß" + MARKS),
            st.sampled_from(["%s", "%%", "%(key)s", "%(digest)s", "\\u0000", '","', "{{", "&amp;"]),
            st.characters(codec="utf-8", exclude_characters="\0"),
        ),
        min_size=1,
        max_size=8,
    )
    .map("".join)
    .filter(lambda text: bool(text.strip()))
)
identifiers = st.builds(
    Identifier, st.sampled_from(["urn:example:mrn", "https://clinic.invalid/100%25"]), odd
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
moments = st.one_of(
    st.dates(date(1900, 1, 2), date(2100, 1, 1)).map(Moment.of),
    st.datetimes(
        datetime(1900, 1, 2), datetime(2100, 1, 1), timezones=st.one_of(st.just(UTC), offsets)
    ).map(Moment.of),
)


@st.composite
def decimals(draw: st.DrawFn, low: Decimal, high: Decimal, *, whole: bool = False) -> Decimal:
    """A number within bounds as people write one: 7, 7.0, 7.00, 07, 0.123456."""
    places = 0 if whole else draw(st.integers(0, 6))
    scale = 10**places
    digits = draw(st.integers(int(low * scale), int(high * scale)))
    return Decimal(digits).scaleb(-places)


def answers_to(instrument: Instrument, number: int) -> st.SearchStrategy[Answer]:
    """What item `number` can be answered with."""
    options = instrument.options_of(number)
    if options:
        return st.sampled_from([option.code for option in options])
    run = instrument.run_of(number)
    low, high = run.low or Decimal(0), run.high or Decimal(0)
    return decimals(low, high, whole=run.kind == "integer")


@st.composite
def answered(draw: st.DrawFn, instrument: Instrument) -> dict[str, Any]:
    """Answers, at least one of them."""
    numbers = range(1, instrument.size + 1)
    given = draw(st.tuples(*(answers_to(instrument, n) for n in numbers)))
    if draw(st.booleans()):  # most forms of many items would have a gap
        full = st.tuples(
            *(answers_to(instrument, n).filter(lambda a: a is not None) for n in numbers)
        )
        given = draw(full)
    return {"answers": given} if any(a is not None for a in given) else draw(scored(instrument))


@st.composite
def scored(draw: st.DrawFn, instrument: Instrument) -> dict[str, Any]:
    """Scores alone, at least one of them."""
    rules = draw(st.lists(st.sampled_from(instrument.scores), min_size=1, unique_by=lambda r: r.id))
    return {
        "imported": {
            rule.id: draw(decimals(rule.low or Decimal(0), rule.high or Decimal(100)))
            for rule in rules
        }
    }


@st.composite
def records(draw: st.DrawFn, instrument: Instrument, rater: Perspective) -> Assessment:
    """Any record of an instrument and a rater."""
    told = draw(st.one_of(answered(instrument), answered(instrument), scored(instrument)))
    others = st.fixed_dictionaries(
        {"patient": identifiers, "completed_at": moments, "clinician": st.none() | identifiers},
        optional={
            "rater_id": identifiers,
            "session": st.integers(1, 100_000),
            "appointment": identifiers,
            "language": st.sampled_from(["en", "de", "pt-BR", "zh-Hant-TW"]),
            "mode": st.sampled_from(sorted(el.MODES)),
            "record_id": odd,
        },
    )
    return record(instrument.id, rater, **draw(others), **told)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_fast_way_is_the_slow_way(version: VersionKey, site: str, data: st.DataObject) -> None:
    form = FORMS[data.draw(st.sampled_from(range(len(FORMS))), label="form")]
    told = data.draw(st.lists(records(*form), min_size=1, max_size=2), label="records")
    for group in living(version, site).groups(cast("Sources", Told(told))):
        assert isinstance(group, Group)
        for resource in whole(group, VERSIONS[version], SITES[site]):
            text = resource.json()
            assert text == dumps(resource.body)
            assert resource.digest == content_digest(resource.body)
            assert resource.digest == claimed_digest(resource.body)
            assert resource.digest == content_digest(json.loads(text, parse_float=Decimal))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_was_told_is_what_is_written(data: st.DataObject) -> None:
    """Not only of one mind, but of the source's: who, when, and each answer."""
    instrument, rater = FORMS[data.draw(st.sampled_from(range(len(FORMS))), label="form")]
    told = data.draw(records(instrument, rater), label="record")
    (group,) = living("4.0", "by the rater").groups(cast("Sources", Told([told])))
    assert isinstance(group, Group)
    for resource in group.resources:
        body = json.loads(resource.json(), parse_float=Decimal)
        assert body["subject"]["identifier"] == told.patient._asdict()
        assert body.get("authored", body.get("effectiveDateTime")) == told.completed_at.text
        who = body.get("source") or body.get("performer", [None])[0]
        assert (who and who["identifier"]) == (told.answered_by and told.answered_by._asdict())
        if resource.type == "QuestionnaireResponse":
            given = {item["linkId"]: value(item) for item in body["item"]}
            expected = {f"item_{n}": a for n, a in enumerate(told.answers, 1) if a is not None}
            assert {k: v for k, v in given.items() if k.startswith("item_")} == expected


@settings(max_examples=100, deadline=None)
@given(data=st.data(), name=odd.filter(lambda name: "/" not in name), reason=st.just("") | odd)
def test_a_provenance_says_what_it_was_told(data: st.DataObject, name: str, reason: str) -> None:
    instrument, rater = FORMS[data.draw(st.sampled_from(range(len(FORMS))), label="form")]
    told = data.draw(records(instrument, rater), label="record")
    (group,) = living("4.0", "as it comes").groups(cast("Sources", Told([told])))
    assert isinstance(group, Group)
    group = group._replace(origin=Origin(f"/home/of/somebody/{name}", 7))
    if data.draw(st.booleans(), label="of nobody's row"):
        group = group._replace(source_digest="")
    targets = data.draw(st.permutations(group.resources), label="targets")[:3]
    versions = data.draw(st.just([]) | st.just([2, 1, 3][: len(targets)]), label="versions")
    at = "2026-03-03T06:00:00Z"
    written = WRITER.write(group, targets, "nullify", at, versions, reason)
    body = written.body
    assert written.json() == dumps(body)
    assert written.digest == content_digest(body) == claimed_digest(body)
    assert [t["identifier"]["value"] for t in body["target"]] == [t.key for t in targets]
    assert body["recorded"] == at
    assert body["activity"] == {**el.NULLIFY, **({"text": reason} if reason else {})}
    assert body["meta"]["tag"][-1]["code"] == written.key
    who = [agent["who"]["identifier"] for agent in body["agent"]]
    assert who[:-1] == ([told.answered_by._asdict()] if told.answered_by else [])
    assert who[-1]["value"] == SOFTWARE
    if group.source_digest:
        (entity,) = body["entity"]
        assert entity["what"]["display"] == f"{name} row 7"
        assert entity["what"]["identifier"]["value"] == f"blake2b:{group.source_digest}"
    else:
        assert "entity" not in body


def value(item: dict[str, Any]) -> str | Decimal:
    """A given answer as records have it."""
    (told,) = item["answer"][0].values()
    return told["code"] if isinstance(told, dict) else Decimal(told)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("text", ["7", "7.0", "7.00", "07.000"])
def test_a_decimal_is_written_as_it_was_told(version: VersionKey, text: str) -> None:
    """Equal numbers that are not written alike: what is remembered of one is not the other's."""
    number = Decimal(text)
    rated = record("srs", "patient", answers=(number,) * 4)
    brought = record("srs", "patient", imported={"total": number}, record_id="1")
    found = living(version, "as it comes").groups(cast("Sources", Told([rated, brought])))
    first, second = (cast("Group", each).resources for each in found)
    written = str(number)
    assert f'"valueDecimal":{written}}}'.encode() in first[0].json()
    assert f'"value":{number * 4},'.encode() in first[2].json()
    assert f'"value":{written},'.encode() in second[1].json()


def test_each_template_serves_many_records() -> None:
    """Marks in the values of one record do not become the values of the next."""
    names = ["\ue003", "%(subject)s", '"\ue004"', "\\", "\ue000-panel", "Ö %s"]
    told = [
        record(
            "wai-sr", "patient", patient=Identifier("urn:x", name), imported={"total": Decimal(40)}
        )
        for name in names
    ]
    groups = living("4.0", "as it comes").groups(cast("Sources", Told(told)))
    for name, group in zip(names, groups, strict=True):
        for resource in cast("Group", group).resources:
            assert json.loads(resource.json())["subject"]["identifier"]["value"] == name
            assert resource.digest == content_digest(resource.body)

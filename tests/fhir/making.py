"""Resources as the mapping makes them, from records written in tests instead of files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from alliance_fhir.config import InstrumentSettings, OutreachSettings, Settings
from alliance_fhir.domain.attendance import Place
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.records import Assessment, Identifier, Moment, Origin
from alliance_fhir.domain.visit import Visit
from alliance_fhir.fhir.appointment import VisitMapper
from alliance_fhir.fhir.group import Group
from alliance_fhir.fhir.outreach import OutreachMapper
from alliance_fhir.fhir.plan.signoff import sign_offs
from alliance_fhir.fhir.provenance import ProvenanceWriter
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.mapping import Mapping
from alliance_fhir.sources.wide import Read
from plans.fhir.making import JONES as JONES_PLANS
from plans.fhir.making import example, left, rare
from plans.fhir.making import mapped as mapped_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alliance_fhir.domain.instrument import Instrument, Perspective
    from alliance_fhir.domain.records import Answer
    from alliance_fhir.fhir.check import Level
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version
    from alliance_fhir.sources.supply import Sources

CATALOG = Catalog()
FORMS = [(instrument, rater) for instrument in CATALOG for rater in instrument.perspectives]
FORM_IDS = [f"{instrument.id}-{rater}" for instrument, rater in FORMS]
ALL_VERSIONS = list(VERSIONS.values())
R4, R5 = VERSIONS["4.0"], VERSIONS["5.0"]

SETTINGS = Settings(source="clinic-east", organization="urn:example:org|east", synthetic=True)
JONES = Identifier("urn:example:mrn", "1001")
KURTZ = Identifier("urn:example:staff", "kurtz")
EVENING = Moment("2026-03-02T14:10:00-05:00", "2026-03-02T19:10:00Z")


def record(instrument: str, rater: Perspective, **told: Any) -> Assessment:
    """Mr Jones rated, or was rated with, Dr Kurtz; `told` says what else is known, or otherwise."""
    known: dict[str, Any] = {
        "patient": JONES,
        "clinician": KURTZ,
        "instrument": instrument,
        "rater": rater,
        "completed_at": EVENING,
    }
    return Assessment.model_validate(known | told)


def lowest(instrument: Instrument) -> tuple[Answer, ...]:
    """An answer to every item: the first code of its scale, or the lowest number."""
    return tuple(_lowest(instrument, number) for number in range(1, instrument.size + 1))


def _lowest(instrument: Instrument, number: int) -> Answer:
    options = instrument.options_of(number)
    return options[0].code if options else instrument.run_of(number).low or Decimal(0)


class Told:
    """A source that tells these records."""

    def __init__(self, records: Sequence[Assessment]) -> None:
        self._records = records

    def records(self, *, trusting: bool = False) -> Iterator[Read]:
        """As `Sources.records`, without findings."""
        for row, told in enumerate(self._records, 2):
            key = record_key("clinic-east", told.natural_key)
            yield Read(Origin("told.csv", row), key, told, f"{row:032x}")


def mapping(version: Version, settings: Settings = SETTINGS, check: Level = "schema") -> Mapping:
    """A mapping of the shipped instruments."""
    return Mapping(settings, CATALOG, version, check)


def groups(
    records: Sequence[Assessment], version: Version, settings: Settings = SETTINGS
) -> list[Group]:
    """A group of resources for each record, each checked against our schema."""
    made = mapping(version, settings).groups(cast("Sources", Told(records)))
    return [each for each in made if isinstance(each, Group)]


def mapped(
    records: Sequence[Assessment], version: Version, settings: Settings = SETTINGS
) -> list[Resource]:
    """What the mapping makes of these records: what is shared, then what is of each."""
    one = mapping(version, settings)
    made = [*one.groups(cast("Sources", Told(records)))]
    return [*one.shared.values(), *(r for group in made for r in cast("Group", group).resources)]


def resources(
    records: Sequence[Assessment], version: Version, settings: Settings = SETTINGS
) -> list[Resource]:
    """All that comes of these records: what is shared, what is of each, and its Provenance."""
    one = mapping(version, settings)
    made = [*one.groups(cast("Sources", Told(records)))]
    return [
        *one.shared.values(),
        *(r for g in made for r in whole(cast("Group", g), version, settings)),
    ]


def whole(group: Group, version: Version, settings: Settings = SETTINGS) -> list[Resource]:
    """A group's resources and the Provenance of their first writing."""
    writer = ProvenanceWriter(version, settings)
    written = writer.write(group, group.resources, "create", "2026-03-03T06:00:00Z")
    return [*group.resources, written]


@cache
def everything(version: Version) -> tuple[Resource, ...]:
    """Of every form: all answers given, all but the last, scores alone; with all that can be said.

    What lacks an answer comes twice where that is allowed: prorated too.
    """
    prorated = {i.id: InstrumentSettings(missing="prorate") for i in CATALOG if can_prorate(i)}
    kinds = [told for form in FORMS for told in _all_kinds(*form)]
    lacking = [told for told in kinds if None in told.answers and told.instrument in prorated]
    other = SETTINGS.model_copy(update={"instruments": prorated})
    return (*resources(kinds, version), *resources(lacking, version, other))


def can_prorate(instrument: Instrument) -> bool:
    """Whether scores can be given for a part of the answers."""
    return {rule.rule for rule in instrument.scores} <= {"sum", "mean"}


def _all_kinds(instrument: Instrument, rater: Perspective) -> Iterator[Assessment]:
    answers = lowest(instrument)
    about = {"session": 3, "appointment": Identifier("urn:example:visit", "8841")}
    by = {"rater_id": Identifier("urn:example:kin", "m-7")} if rater == "caregiver" else {}
    yield record(instrument.id, rater, answers=answers, mode="paper", language="en", **about, **by)
    yield record(instrument.id, rater, answers=(*answers[:-1], None), **about, **by, record_id="2")
    scores = {rule.id: rule.low or Decimal("50.00") for rule in instrument.scores}
    alone = {"mode": "paper", "language": "en", "record_id": "3"}
    yield record(instrument.id, rater, imported=scores, **about, **by, **alone)


@cache
def of_plans(version: Version) -> tuple[Resource, ...]:
    """All that comes of the example plans, and of one that holds what they do not."""
    written = [example(*JONES_PLANS[:n]) for n in (1, 2, 3)]
    written += [example("adolescent-1"), rare(), left()]
    mapped = [one for versions in written for one in mapped_plan(versions, version, SETTINGS)]
    return (*mapped, *(one for told in written for one in sign_offs(told, version, SETTINGS)))


def visit(number: int, status: str, **told: Any) -> Visit:
    """A visit of Mr Jones's to Dr Kurtz; `told` says what else is known, or otherwise."""
    known: dict[str, Any] = {
        "appointment": Identifier("urn:example:visit", str(number)),
        "patient": JONES,
        "clinician": KURTZ,
        "start": Moment("2026-03-16T14:00:00-04:00", "2026-03-16T18:00:00Z"),
        "end": Moment("2026-03-16T14:50:00-04:00", "2026-03-16T18:50:00Z"),
        "status": status,
    }
    return Visit.model_validate(known | told)


def _day(day: str) -> Moment:
    return Moment(day, day)


def visits() -> list[tuple[Visit, Place]]:
    """A visit by each rule of what became of it, with all that can be said and with the least; and
    by each rule of which visit it is."""
    late = Moment("2026-03-16T10:00:00-04:00", "2026-03-16T14:00:00Z")
    after = Moment("2026-03-16T14:20:00-04:00", "2026-03-16T18:20:00Z")
    all_of_it: dict[str, Any] = {
        "reason": "Sleep",
        "service": "Psychotherapy",
        "modality": "in-person",
        "referrer": Identifier("urn:example:gp", "lee"),
        "referral": Identifier("urn:example:orders", "77"),
    }
    odd = Moment("2026-03-16T14:50:30-04:00", "2026-03-16T18:50:30Z")
    beside: dict[str, Any] = {
        "placer": Identifier("urn:example:portal", "A-7"),
        "location": "East wing, room 12",
        "appointment_type": "Normal visit",
        "appointment_type_code": Identifier(
            "http://terminology.hl7.org/CodeSystem/v2-0277", "Normal"
        ),
        "service_code": Identifier("urn:example:services", "PT"),
        "reason_code": Identifier("urn:example:reasons", "SLP"),
        "status_code": Identifier("http://terminology.hl7.org/CodeSystem/v2-0278", "Booked"),
        "event_reason": "Booked anew",
        "event_reason_code": Identifier("urn:example:events", "AGAIN"),
    }
    rare_beside: dict[str, Any] = {
        "rescheduled_from": (late, after),
        "missed": (late,),
        "other_clinicians": (Identifier("urn:example:staff", "lindqvist"),),
    }
    told = [
        visit(1, "booked", **all_of_it, first=True),
        visit(2, "arrived", **{**all_of_it, "modality": "phone", "referral": None}),
        visit(3, "attended", **{**all_of_it, "modality": "video", "referrer": None}),
        visit(4, "arrived-late", clinician=None),
        visit(5, "too-late", service="Psychotherapy", end=odd),
        visit(6, "no-show", **all_of_it, rescheduled_from=(late, after)),
        visit(7, "cancelled", called_off=after, by="patient"),
        visit(8, "cancelled", called_off=late, by="patient"),
        visit(9, "cancelled", called_off=_day("2026-03-02"), by="patient"),
        visit(10, "cancelled", by="patient"),
        visit(11, "cancelled", called_off=late, by="provider", **all_of_it),
        visit(12, "cancelled"),
        visit(13, "entered-in-error", rescheduled_from=[after, late] * 3),
        visit(14, "checked-in", **all_of_it),
        visit(15, "booked", **all_of_it, **beside),
        visit(16, "pending", **all_of_it, **beside, **rare_beside),
        visit(17, "waitlist", appointment_type="Group"),
        visit(18, "booked", clinician=None, location="By phone"),
    ]
    places = [
        Place("first", "said"),
        Place("follow-up", "attended-before"),
        Place("first", "none-attended"),
        Place("unknown", "history-too-short"),
    ]
    return [(one, places[number % 4]) for number, one in enumerate(told)]


@cache
def of_visits(version: Version) -> tuple[Resource, ...]:
    """All that comes of these visits, and the Provenances of their first writing."""
    mapper = VisitMapper(version, SETTINGS.model_copy(update={"specialty": "394913002"}))
    made: dict[str, Resource] = {}
    for row, (told, place) in enumerate(visits(), 2):
        key = record_key("clinic-east", told.natural_key)
        group = mapper.group(key, Origin("visits.csv", row), told, f"{row:032x}", place)
        for one in (group.before, group):
            made |= {r.key: r for r in (whole(one, version) if one else ())}
    return tuple(made.values())


@cache
def of_outreach(version: Version) -> tuple[Resource, ...]:
    """The Tasks of these visits, with all that can be said and with the least: as they are asked
    for, and as they are called off."""
    least = OutreachSettings(since=date(2020, 1, 1), after=("no-show", "late-cancellation"))
    full = least.model_copy(
        update={
            "owner": "urn:example:teams|front-desk",
            "owner_type": "CareTeam",
            "medication": True,
            "text": "Call, and ask why",
        }
    )
    made: list[Resource] = []
    for number, (asked, contact) in enumerate(((least, ""), (full, "By portal, until 17:00"))):
        outreach = OutreachMapper(version, SETTINGS, asked)
        for row, (told, place) in enumerate(visits(), 2):
            key = record_key("clinic-east", (str(number), *told.natural_key))
            bare = VisitMapper(version, SETTINGS).group(
                key, Origin("visits.csv", row), told, f"{row:032x}", place
            )
            group = outreach.added(bare, told, place, lambda text=contact: text)
            made += [group.if_made()] if group.if_made else group.resources[1:]
    return tuple(made)

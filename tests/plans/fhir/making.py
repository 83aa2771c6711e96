"""Plans as their documents tell them, and the resources that come of them."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_fhir.config import FILE, Settings, load
from alliance_fhir.fhir.canonical import claimed_digest, content_digest
from alliance_fhir.fhir.plan.mapper import PlanMapper
from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.sources.plans.document import Documents

if TYPE_CHECKING:
    from alliance_fhir.domain.plan.document import SharedPlan
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

Json = dict[str, Any]

EXAMPLES = Path(__file__).parents[3] / "examples" / "plans"
R4, R5 = VERSIONS["4.0"], VERSIONS["5.0"]
IG = "https://alliance-fhir.github.io/ig"
IDS = "https://alliance-fhir.github.io/id/clinic-east/identifier"
JONES = ("jones-1", "jones-2", "jones-3")
WANTED = (
    "No medicine that affects sexual function",
    "To be asked, and not to be told what he feels",
)
"""What Mr. Jones prefers."""
SITE = Settings(
    source="clinic-east",
    organization="urn:example:org|east",
    patient_system="urn:example:mrn",
    clinician_system="urn:example:staff",
)


def example(*names: str) -> list[SharedPlan]:
    """The example documents of these names, read as the commands read them."""
    return [read(name, (EXAMPLES / name).read_text("utf-8")) for name in map(_file, names)]


def _file(name: str) -> str:
    return f"{name}.plan.yaml"


def read(name: str, text: str, settings: Settings | None = None) -> SharedPlan:
    """What a document says, which breaks no rule."""
    told = Documents(settings or load(EXAMPLES / FILE)).read(Path(name), text)
    assert told.plan, told.findings
    return told.plan


def plan(**told: Any) -> SharedPlan:
    """A small plan, with what is told of it."""
    least = {
        "plan": "short",
        "patient": "1001",
        "clinicians": ["kurtz"],
        "written": "2026-03-02",
        "version": 1,
        "status": "active",
    }
    return read("a.plan.json", json.dumps(least | told), SITE)


def mapped(
    versions: list[SharedPlan], version: Version = R4, settings: Settings = SITE
) -> list[Resource]:
    """All resources of the newest of these versions."""
    return PlanMapper(version, settings).resources(versions)


def bodies(
    versions: list[SharedPlan], version: Version = R4, settings: Settings = SITE
) -> dict[str, Json]:
    """The same by what comes after the plan's key, each without its labels and its digest, both of
    which have been looked at."""
    start = key(versions[0].plan)
    return {
        resource.key.removeprefix(f"{start}-"): bare(resource)
        for resource in mapped(versions, version, settings)
    }


def bare(resource: Resource) -> Json:
    """A resource without labels and digest, as JSON reads it back."""
    body = json.loads(resource.json())
    assert body == json.loads(json.dumps(resource.body, default=float))
    assert body["resourceType"] == resource.type
    assert resource.digest == claimed_digest(body) == content_digest(body)
    extensions = [e for e in body["extension"] if not e["url"].endswith("/content-digest")]
    labels = {"meta", "extension"}
    rest = {name: value for name, value in body.items() if name not in labels}
    return rest | ({"extension": extensions} if extensions else {})


def key(name: str) -> str:
    """The key of a plan, by the standard library alone."""
    return _digest(["clinic-east", "plan", name])


def words(*texts: str) -> str:
    """The digest of words, by the standard library alone; they are in one line and composed."""
    return f"blake2b:{_digest(list(texts))}"


def barrier(name: str, text: str) -> str:
    """By what the barrier of a plan is known, which the text says."""
    return f"barrier-{_known(name, text)}"


def preference(name: str, *told: str) -> str:
    """By what a preference of a plan is known: its words, and who said them but for the patient."""
    return f"preference-{_known(name, *told)}"


def _known(name: str, *told: str) -> str:
    return _digest([key(name), words(*told).removeprefix("blake2b:")])[:16]


def _digest(parts: list[str]) -> str:
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def own(type_: str, name: str, suffix: str) -> Json:
    """A reference to a resource of a plan."""
    return {"identifier": {"system": IDS, "value": f"{key(name)}-{suffix}"}, "type": type_}


def person(type_: str, system: str, value: str) -> Json:
    """A reference to somebody."""
    return {"identifier": {"system": f"urn:example:{system}", "value": value}, "type": type_}


MR_JONES = person("Patient", "mrn", "1001")
KURTZ = person("Practitioner", "staff", "kurtz")


def rare() -> list[SharedPlan]:
    """Two versions of a plan with what the examples do not have: words that were taken back, words
    that changed, a time where FHIR has none, targets of every kind, people of every kind."""
    aunt = "urn:example:caregiver|aunt"
    day = "2026-03-02"
    said = [
        {"party": "patient", "status": "withdrawn", "on": day},
        {"party": "kurtz", "status": "disagree", "on": day},
    ]
    targets = [
        {"target": "< 2.50", "unit": "{visits}/wk"},
        {"target": "better than before", "unit": "as felt"},
        {"target": "3", "unit": "cups of tea", "due": "2026-04-30"},
        {"unit": "h"},
        {},
    ]
    kinds = ["medication", "psychotherapy", "self-care", "social", "visit", "contact", "other"]
    goals = [
        {
            "goal": f"g{number}",
            "text": "Sleep\n& <i>rest</i>",
            "proposed_by": aunt if number else "kurtz",
            "priority": "low",
            "measure": {"code": "sleep log", **target},
            "identifiers": ["urn:example:portal|9"],
            "agreement": said,
        }
        for number, target in enumerate(targets)
    ]
    tasks = [
        {
            "task": kind,
            "kind": kind,
            "text": "Words\nin two lines",
            "proposed_by": aunt,
            "who": aunt,
            "when": "on Sundays",
            "goals": ["g0", "g1"],
            "options_considered": ["Nothing"],
            "identifiers": ["urn:example:portal|9", "https://app.example|9"],
            "agreement": said,
        }
        for kind in kinds
    ]
    told: Json = {"adolescent": {"pressured_to_attend": False, "guardians": [aunt]}}
    taken = {"taken_as_agreed": 1, "of_days": 7}
    come = {"g0": {"achievement": "not-attainable", "words": "No longer"}}
    reviews = [
        {"on": day, "adherence": {"medication": taken | {"said_by": by}}, "goals": come}
        for by in ("kurtz", aunt)
    ]
    wanted = [
        {"text": "No pills\n& <i>no</i> needles", "about": "treatment", "said_by": aunt},
        {"text": "To be asked", "about": "care-experience"},
    ]
    first = plan(goals=goals, tasks=tasks, preferences=wanted, **told)
    changed = [one | {"text": "Other words"} for one in tasks]
    return [
        first,
        plan(version=2, written="2026-03-09", goals=goals, tasks=changed, reviews=reviews, **told),
    ]


def left() -> list[SharedPlan]:
    """The same, and a version that has nothing of it: all of it has ended, tasks have come back as
    others, what stood in the way no longer does, and others keep something of it."""
    kinds = {"medication": "visit", "social": "contact", "visit": "medication", "contact": "other"}
    tasks = [{"task": name, "kind": kind, "text": "Words"} for name, kind in kinds.items()]
    barriers = [{"text": "Far away", "plan": how} for how in ("By bus", "By video")]
    contact = {"between_visits": "Portal", "urgent": "Crisis line"}
    third = plan(
        version=3,
        written="2026-03-16",
        barriers=barriers,
        contact=contact,
        replaces="before",
        next_review="2026-03-23T09:00:00Z",
    )
    theirs = [f"https://ehr.example/fhir/{place}" for place in ("Goal/9", "ServiceRequest/9-a.B")]
    last = plan(version=4, written="2026-03-23T10:00:00Z", tasks=tasks, kept_by_others=theirs)
    return [*rare(), third, last]

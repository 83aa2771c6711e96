"""What must come out of plan documents: every resource, whole but for the CarePlan's text, made by
other code than ours.

It shares nothing with the package: it reads the documents (oracle_plan_words), has the table of
statuses by heart (oracle_plan_statuses), and builds here, and in oracle_plan_said, what the pages
docs/reference/plans-in-fhir.md and shared-plan.md say. The digest of the documents by which a
Provenance names its source is taken as it came: what it is made of is nobody else's concern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .oracle import (
    HL7,
    IG,
    THO,
    agent,
    claimed,
    concept,
    differences,
    hashed,
    identifier_of,
    labels,
)
from .oracle import seal as sealed
from .oracle_plan_parts import (
    accepted,
    agreed,
    coded,
    instant,
    not_since,
    note,
    person,
    reference,
    target,
)
from .oracle_plan_said import said, wanted
from .oracle_plan_statuses import plan_status, status_of, team_status
from .oracle_plan_text import misread
from .oracle_plan_words import Json, Plan, Who, digest, outcome, plans

_REQUESTS = {
    "medication": "MedicationRequest",
    "psychotherapy": "ServiceRequest",
    "visit": "ServiceRequest",
    "contact": "CommunicationRequest",
}  # all others: Task
_PROFILES = {
    "CarePlan": "shared-care-plan",
    "CareTeam": "shared-care-team",
    "CommunicationRequest": "plan-communication-request",
    "Goal": "agreed-goal",
    "MedicationRequest": "plan-medication-request",
    "QuestionnaireResponse": "plan-response",
    "ServiceRequest": "plan-service-request",
    "Task": "plan-task",
}
_ROLES: dict[str, Json] = {
    "Patient": {"coding": [{"system": "http://snomed.info/sct", "code": "116154003"}]},
    "Practitioner": {"text": "Clinician"},
    "RelatedPerson": {"text": "Guardian"},
}
_CATEGORIES = [
    {"coding": [{"system": "http://snomed.info/sct", "code": "734163000"}]},
    {
        "coding": [
            {
                "system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                "code": "assess-plan",
            }
        ]
    },
]


def expect_plans(folder: Path, release: str, recorded: str, sources: dict[str, str]) -> list[Json]:
    """What must come out of a folder of documents; `sources` are the digests by which the plans'
    Provenances name what they come from, by the plans' keys."""
    return [
        resource
        for plan in plans(folder)
        for resource in Writer(plan, release).group(recorded, sources[plan.key])
    ]


class Writer:
    """Builds what the versions of one plan must become."""

    def __init__(self, plan: Plan, release: str) -> None:
        assert plan.site["synthetic"]
        assert "base" not in plan.site
        self.plan = plan
        self.patient = person(plan.patient)
        self._release = release
        self._r5 = release == "R5"
        self._root = f"https://alliance-fhir.github.io/id/{plan.site['source']}"

    def group(self, recorded: str, source: str) -> list[Json]:
        """All resources, in an order in which what is referred to comes first."""
        today, former = self.plan.today, self._former()
        parts = [
            self._team(),
            *(self._goal(self, one) for one in today.get("goals", [])),
            *(self._task(self, one) for one in today.get("tasks", [])),
            *self._contact(),
            *self._next_review(),
        ]
        told, wishes = [*said(self)], [*wanted(self)]
        made = [*parts, *former, *told, *wishes, self._careplan([*parts, *told], wishes)]
        made = [seal(each) for each in made]
        return [*made, *self._signed(), self._provenance(made, recorded, source)]

    # --- names

    def own(self, type_: str, suffix: str) -> Json:
        """A reference to a resource of the plan."""
        return {"type": type_, "identifier": self._id(f"{self.plan.key}-{suffix}")}

    def who(self, text: str) -> Json:
        """A reference to a party."""
        return person(self.plan.party(text))

    def start(self, type_: str, suffix: str, said_by: str = "", profile: str = "") -> Json:
        """Type, labels and identifier."""
        name = self._id(f"{self.plan.key}-{suffix}")
        one = type_ == "QuestionnaireResponse" and not self._r5
        claimed = profile or _PROFILES.get(type_, "")
        return {
            "resourceType": type_,
            "meta": labels(said_by, self._release, *([claimed] if claimed else [])),
            "identifier": name if one else [name],
        }

    def _id(self, value: str) -> Json:
        return {"system": f"{self._root}/identifier", "value": value}

    # --- who is in it, what they want, what they do

    def _team(self) -> Json:
        roles = [(person(who), _ROLES[who.type]) for who in self.plan.parties]
        return {
            **self.start("CareTeam", "team"),
            "status": team_status(self.plan),
            "subject": self.patient,
            "participant": [
                {"role": role if self._r5 else [role], "member": who} for who, role in roles
            ],
        }

    def _goal(self, then: Writer, one: Json, left: Json | None = None) -> Json:
        """A goal, as the plan stood `then`; `left` is the first version without it."""
        stands = then.plan.stands("goals", one)
        told = outcome(stands)
        course = "left" if left else then.plan.today["status"]
        status = status_of("Goal", course, told)
        reached, since = then.reached(one)
        decides = {"agreed": "agree", "disagreed": "disagree", "pending": "withdrawn"}[told]
        days = [stand.on for stand in stands if stand.status == decides]
        decided = max(days, default="") if course == "active" else ""
        goal: Json = {
            **self.start("Goal", f"goal-{one['goal']}"),
            "extension": [accepted(stand, then.plan.words("goals", one)) for stand in stands],
            "lifecycleStatus": status,
            "description": {"text": one["text"]},
            "subject": self.patient,
            "startDate": then.plan.since("goals", one)["written"][:10],
        }
        if reached or status == "active":
            goal["achievementStatus"] = coded("goal-achievement", reached or "in-progress")
        if since >= (decided or then.plan.today["written"][:10]):
            goal["statusDate"] = since
        elif decided:
            goal["statusDate"] = decided
        if left:
            goal["statusDate"] = left["written"][:10]
            goal["statusReason"] = not_since(left)["text"]  # of a Goal it is text alone
        if "priority" in one:
            goal["priority"] = coded("goal-priority", f"{one['priority']}-priority")
        if "proposed_by" in one:
            goal["source" if self._r5 else "expressedBy"] = self.who(one["proposed_by"])
        if "measure" in one:
            goal["target"] = [target(one["measure"])]
        return goal

    def reached(self, goal: Json) -> tuple[str, str]:
        """How far a goal has come, and the day since which reviews have said so: of those that look
        back, from the version after, at the words of today."""
        told = [("", "")]
        before = self.plan.versions[:1]
        for version, was in zip(self.plan.versions, before + self.plan.versions[:-1], strict=True):
            looked = [w for v, w in self.plan.history("goals", goal) if v is was]
            same = looked and self.plan.words("goals", looked[0]) == self.plan.words("goals", goal)
            for review in version.get("reviews", []):
                code = review.get("goals", {}).get(goal["goal"], {}).get("achievement")
                if code and same and code != told[-1][0]:
                    told.append((code, review["on"][:10]))
        return told[-1]

    def _task(self, then: Writer, one: Json, left: Json | None = None) -> Json:
        type_ = _REQUESTS.get(one["kind"], "Task")
        kinds = {_REQUESTS.get(o["kind"], "Task") for _, o in then.plan.history("tasks", one)}
        assert kinds == {type_}, "a task of another kind: the oracle does not know"
        stands, words = then.plan.stands("tasks", one), then.plan.words("tasks", one)
        course = "left" if left else then.plan.today["status"]
        goals = [self.own("Goal", f"goal-{name}") for name in one.get("goals", [])]
        pertains = f"{HL7}/resource-pertainsToGoal"
        request: Json = {
            **self.start(type_, f"task-{one['task']}"),
            "extension": [
                *(agreed(stand, words) for stand in stands),
                *({"url": pertains, "valueReference": goal} for goal in goals),
            ],
            "status": status_of(type_, course, outcome(stands)),
            "for" if type_ == "Task" else "subject": self.patient,
            "authoredOn": then.plan.since("tasks", one)["written"][:10],
            **self._asked(type_, one),
        }
        if "proposed_by" in one:
            request["requester"] = self.who(one["proposed_by"])
        timed = type_ in ("MedicationRequest", "ServiceRequest")
        notes = [("when", one["when"])] if "when" in one and not timed else []
        notes += [("option-considered", text) for text in one.get("options_considered", [])]
        if notes:
            request["note"] = [note(*each) for each in notes]
        return self._ended(request, left) if left else request

    def _asked(self, type_: str, one: Json) -> Json:
        """What is asked of whom, and when: the elements that types have of their own."""
        text, kind, r5 = {"text": one["text"]}, concept(one["kind"]), self._r5
        who = self.who(one["who"]) if "who" in one else None
        when = {"code": {"text": one["when"]}} if "when" in one else None
        if type_ == "CommunicationRequest":
            return {"category": [kind], **self._message(one["text"], who)}
        told: Json = {"intent": "plan"}
        if type_ == "MedicationRequest":
            told |= {"medication": {"concept": text}} if r5 else {"medicationCodeableConcept": text}
            told |= {"performer": [who] if r5 else who} if who else {}
            return told | ({"dosageInstruction": [{"timing": when}]} if when else {})
        if type_ == "ServiceRequest":
            told |= {"category": [kind], "code": {"concept": text} if r5 else text}
            told |= {"performer": [who]} if who else {}
            return told | ({"occurrenceTiming": when} if when else {})
        return told | {"code": kind, "description": one["text"], **({"owner": who} if who else {})}

    def _message(self, text: str, who: Json | None) -> Json:
        if self._r5:
            told: Json = {"payload": [{"contentCodeableConcept": {"text": text}}], "intent": "plan"}
            return told | ({"informationProvider": [who]} if who else {})
        return {"payload": [{"contentString": text}], **({"sender": who} if who else {})}

    # --- what nobody is asked to agree to

    def _contact(self) -> Iterator[Json]:
        for key in ("between_visits", "urgent"):
            words = [v.get("contact", {}).get(key) for v in self.plan.versions]
            if words[-1]:
                first = next(v for v, text in zip(self.plan.versions, words, strict=True) if text)
                code = f"contact-{key.replace('_', '-')}"
                yield {
                    **self.start("CommunicationRequest", code),
                    "status": plan_status(self.plan),
                    "category": [concept(code)],
                    "subject": self.patient,
                    "authoredOn": first["written"][:10],
                    **self._message(words[-1], None),
                }

    def _next_review(self) -> Iterator[Json]:
        if not (when := self.plan.today.get("next_review")):
            return
        since = self.plan.today
        for version in reversed(self.plan.versions):
            if version.get("next_review") != when:
                break
            since = version
        code = {**concept("plan-review"), "text": "Plan review"}
        yield {
            **self.start("ServiceRequest", "next-review"),
            "status": plan_status(self.plan),
            "intent": "plan",
            "code": {"concept": code} if self._r5 else code,
            "subject": self.patient,
            "occurrenceDateTime": when,
            "authoredOn": since["written"][:10],
        }

    # --- what a later version has left out

    def _former(self) -> list[Json]:
        """Goals and tasks that the newest version has no more. What else may be left out the
        oracle does not know."""
        found: list[Json] = []
        for list_, build in (("goals", self._goal), ("tasks", self._task)):
            name, last = list_[:-1], dict[str, int]()
            for number, version in enumerate(self.plan.versions):
                last |= {one[name]: number for one in version.get(list_, [])}
            for one, number in last.items():
                if number < len(self.plan.versions) - 1:
                    (was,) = [o for o in self.plan.versions[number][list_] if o[name] == one]
                    then = Writer(self.plan.up_to(number + 1), "")
                    assert then.plan.today["status"] not in ("completed", "revoked")
                    found.append(build(then, was, self.plan.versions[number + 1]))
        for key in ("contact", "next_review"):
            assert all(key in self.plan.today for v in self.plan.versions if key in v), key
        return found

    def _ended(self, request: Json, left: Json) -> Json:
        type_, why = request["resourceType"], not_since(left)
        if type_ == "ServiceRequest":
            told = {"url": f"{HL7}/request-statusReason", "valueCodeableConcept": why}
            return {**request, "extension": [*request["extension"], told]}
        if type_ == "MedicationRequest" and self._r5:
            request["statusChanged"] = left["written"][:10]
        return {
            **request,
            "statusReason": {"concept": why} if type_ == "Task" and self._r5 else why,
        }

    # --- the plan, and who stands behind it

    def _careplan(self, parts: list[Json], wishes: list[Json]) -> Json:
        today, first = self.plan.today, self.plan.versions[0]
        assert "replaces" not in today
        extension = f"{IG}/StructureDefinition"

        def named(*types: str) -> list[Json]:
            return [reference(each) for each in parts if each["resourceType"] in types]

        activity = "plannedActivityReference" if self._r5 else "reference"
        requests = named(*_REQUESTS.values(), "Task")
        plan: Json = {
            **self.start("CarePlan", "plan"),
            "extension": [
                {"url": f"{extension}/plan-version", "valuePositiveInt": int(today["version"])},
                {"url": f"{extension}/plan-written", "valueDateTime": today["written"]},
                {"url": f"{extension}/source-record", "valueString": today["plan"]},
            ],
            "status": plan_status(self.plan),
            "intent": "plan",
            "category": _CATEGORIES,
            "title": "Shared plan",
            "subject": self.patient,
            "period": {"start": first["written"][:10]},
            "created": first["written"],
            "contributor": [self.patient, *map(person, self.plan.clinicians)],
            "careTeam": named("CareTeam"),
            "goal": named("Goal"),
            "supportingInfo": [*named("QuestionnaireResponse"), *map(reference, wishes)],
            "activity": [{activity: request} for request in requests],
        }
        return {name: value for name, value in plan.items() if value}

    def _signed(self) -> Iterator[Json]:
        """A sign-off of each version to which somebody agreed as a whole, in its words."""
        for number in range(1, len(self.plan.versions) + 1):
            then = self.plan.up_to(number)
            parts = [(kind, one) for kind in ("goals", "tasks") for one in then.today.get(kind, [])]
            stands = [then.stands(*part) for part in parts]
            signed = [
                party
                for n, party in enumerate(then.parties)
                if stands and all(told[n].status == "agree" for told in stands)
            ]
            if signed:
                days = [s.on for told in stands for s in told if s.who in signed]
                yield seal(self._sign_off(then, signed, max(days)))

    def _sign_off(self, then: Plan, signed: list[Who], last: str) -> Json:
        today = then.today
        version = today["version"]
        named = f"{then.key}-plan|{version}|blake2b:{then.all_words()}"
        about = digest([named, *(who.text for who in signed)])[:16]
        tag = {"system": f"{self._root}/provenance", "code": f"{then.key}-signed-{version}-{about}"}
        meta = labels("", self._release, "alliance-provenance")
        meta["tag"].append(tag)
        what = {"system": f"{self._root}/plan-version", "value": named}
        requests = [(_REQUESTS.get(o["kind"], "Task"), o["task"]) for o in today.get("tasks", [])]
        return {
            "resourceType": "Provenance",
            "meta": meta,
            "target": [
                self.own("CarePlan", "plan"),
                *(self.own("Goal", f"goal-{one['goal']}") for one in today.get("goals", [])),
                *(self.own(type_, f"task-{name}") for type_, name in requests),
            ],
            "occurredDateTime": last,
            "recorded": max(instant(today["written"]), f"{last}T00:00:00Z"),
            "activity": {"text": f"Agreement to version {version} of a shared plan"},
            "agent": [self._signer(who) for who in signed],
            "entity": [{"role": "source", "what": {"identifier": what}}],
        }

    def _signer(self, who: Who) -> Json:
        behalf = self._organization() if who.type == "Practitioner" else None
        return agent("author" if who.type == "Patient" else "attester", person(who), behalf)

    def _organization(self) -> Json:
        system, _, value = self.plan.site["organization"].partition("|")
        return person(Who("Organization", system, value))

    def _provenance(self, made: list[Json], recorded: str, source: str) -> Json:
        """Of the write, as every record has one: what was made, from which file, by what."""
        about = "\n".join(["create", *(f"{identifier_of(one)} {claimed(one)}" for one in made)])
        code = f"{self.plan.key}-prov-{hashed(about, 8)}"
        meta = labels("", self._release, "alliance-provenance")
        meta["tag"].append({"system": f"{self._root}/provenance", "code": code})
        software = {"type": "Device", "identifier": self._id("device-alliance-fhir")}
        activity = {"system": f"{THO}/v3-DataOperation", "code": "CREATE"}
        name = {"system": f"{self._root}/source-digest", "value": source}
        # a document begins in the line of its first key, after the comment on top
        what = {"identifier": name, "display": f"{self.plan.today['']} line 2"}
        return seal(
            {
                "resourceType": "Provenance",
                "meta": meta,
                "target": [reference(one) for one in made],
                "recorded": recorded,
                "activity": {"coding": [activity]},
                "agent": [agent("assembler", software, self._organization())],
                "entity": [{"role": "source", "what": what}],
            }
        )


# --- against what came ----------------------------------------------------------------------------


def seal(resource: Json) -> Json:
    """With the digest of the content as the last extension."""
    return sealed({"extension": [], **resource})


def unexpected(folder: Path, release: str, recorded: str, found: list[Json]) -> list[str]:
    """What is wrong with the resources that came out of a folder of documents, by their names."""
    texts = {identifier_of(one): one["text"]["div"] for one in found if "text" in one}
    bare = [{name: one[name] for name in one if name != "text"} for one in found]
    expected = expect_plans(folder, release, recorded, source_digests(found))
    told = differences(expected, bare)
    for plan in plans(folder):
        name = f"{plan.key}-plan"
        told += [
            f"CarePlan {name}: text {each}" for each in misread(texts.pop(name, "<div/>"), plan)
        ]
    return told + [f"{name}: a text that was not expected" for name in texts]


def source_digests(found: list[Json]) -> dict[str, str]:
    """By the plans' keys, the digests by which their Provenances name the documents."""
    told: dict[str, str] = {}
    for each in found:
        key, _, rest = str(each.get("meta", {}).get("tag", [{}])[-1].get("code")).partition("-")
        if each["resourceType"] == "Provenance" and rest.startswith("prov-"):
            told[key] = each["entity"][0]["what"]["identifier"]["value"]
            assert re.fullmatch("blake2b:[0-9a-f]{32}", told[key])
    return told

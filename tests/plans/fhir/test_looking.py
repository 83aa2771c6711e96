"""How far goals have come, the review that is next, and the plan before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest

from alliance_fhir.domain.plan.document import Progress

from .making import IDS, IG, JONES, MR_JONES, R4, R5, bodies, example, key, own, plan
from .test_careplan import text

if TYPE_CHECKING:
    from .making import Json

SD = "http://hl7.org/fhir/StructureDefinition"
ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
SAID = [{"party": p, "status": "agree", "on": "2026-03-02"} for p in ("patient", "kurtz")]


def version(number: int, words: str = "Sleep", **told: Any) -> Any:
    """One version a week, from the second of March on, with a goal that both agreed to at first."""
    goal = {"goal": "g", "text": words, "agreement": SAID}
    written = f"2026-03-{7 * number - 5:02}"
    return plan(**{"version": number, "written": written, "goals": [goal], **told})


def review(day: str, code: str, **told: Any) -> Json:
    return {"on": f"2026-03-{day}", "goals": {"g": {"achievement": code, **told}}}


def seen(*versions: Any) -> tuple[str | None, str | None]:
    """The code of the goal's achievement, and since when it is what it is."""
    goal = bodies(list(versions))["goal-g"]
    told = goal.get("achievementStatus", {"coding": [{"code": None}]})
    assert told["coding"][0].get("system", ACHIEVEMENT) == ACHIEVEMENT
    return told["coding"][0]["code"], goal.get("statusDate")


# --- how far a goal has come ----------------------------------------------------------------------


@pytest.mark.parametrize("code", get_args(Progress))
@pytest.mark.parametrize("fhir", [R4, R5])
def test_a_goal_has_come_as_far_as_the_review_says(code: str, fhir: Any) -> None:
    versions = [version(1), version(2, reviews=[review("09", code)])]
    goal = bodies(versions, fhir)["goal-g"]
    assert goal["achievementStatus"] == {"coding": [{"system": ACHIEVEMENT, "code": code}]}
    assert goal["lifecycleStatus"] == "active"
    assert goal["statusDate"] == "2026-03-09"


def test_the_last_review_counts_and_it_is_so_since_the_first_that_said_the_same() -> None:
    codes = ["improving", "worsening", "worsening", "improving"]
    days = ["05", "06", "07", "08"]
    reviews = [review(*told) for told in zip(days, codes, strict=True)]
    told = [seen(version(1), version(2, reviews=reviews[:n])) for n in range(5)]
    assert told == [
        ("in-progress", "2026-03-02"),
        ("improving", "2026-03-05"),
        ("worsening", "2026-03-06"),
        ("worsening", "2026-03-06"),
        ("improving", "2026-03-08"),
    ]


def test_reviews_of_all_versions_are_looked_at_by_their_time() -> None:
    late = version(2, reviews=[review("08", "achieved")])
    early = version(3, reviews=[review("03", "worsening")])
    assert seen(version(1), late, early) == ("achieved", "2026-03-08")
    told_again = version(3, reviews=[review("08", "no-change")])
    assert seen(version(1), late, told_again) == ("no-change", "2026-03-08")
    silent = version(3, reviews=[{"on": "2026-03-08"}])
    assert seen(version(1), late, silent) == ("achieved", "2026-03-08")


def test_of_other_words_a_review_says_nothing() -> None:
    reached = version(2, "Sleep more", reviews=[review("09", "achieved")])
    assert seen(version(1), reached)[0] is None  # the words of today are new, and not agreed to
    same = version(2, reviews=[review("09", "achieved")])
    assert seen(version(1), same, version(3))[0] == "achieved"
    assert seen(version(1), same, version(3, "Sleep more"))[0] is None
    # it was in the second that the review stood first, and the first that it looked back at
    again = version(3, "Sleep more", reviews=[review("09", "achieved")])
    assert seen(version(1), reached, again)[0] is None
    back = version(3, "Sleep", reviews=[review("09", "achieved")])
    assert seen(version(1), reached, back)[0] == "achieved"


def test_without_a_version_before_it_is_said_of_the_words_beside_it() -> None:
    assert seen(version(1, reviews=[review("02", "improving")]))[0] == "improving"
    before = version(1, goals=[])
    assert seen(before, version(2, reviews=[review("09", "improving")]))[0] == "improving"


def test_the_day_is_that_of_the_review_where_the_plan_had_come_so_far_before() -> None:
    draft = version(1, status="draft")
    assert seen(draft, version(2, reviews=[review("05", "improving")])) == ("improving", None)
    assert seen(draft, version(2, reviews=[review("09", "improving")])) == (
        "improving",
        "2026-03-09",
    )
    over = version(2, status="completed", reviews=[review("09", "achieved")])
    assert seen(version(1), over) == ("achieved", "2026-03-09")
    over = version(2, status="completed", reviews=[review("08", "achieved")])
    assert seen(version(1), over) == ("achieved", None)


def test_what_was_left_out_has_come_as_far_as_it_had() -> None:
    told = version(2, reviews=[review("09", "achieved")])
    assert seen(version(1), told, version(3, goals=[])) == ("achieved", "2026-03-16")


def test_it_reads_in_plain_words() -> None:
    told = {
        "in-progress": "under way",
        "improving": "getting better",
        "worsening": "getting worse",
        "no-change": "no change",
        "achieved": "reached",
        "sustaining": "reached, and to be kept up",
        "not-achieved": "not reached",
        "no-progress": "hardly any progress",
        "not-attainable": "cannot be reached",
    }
    for code, words in told.items():
        reviews = [review("09", code, words="SECRET")]
        div, lines = text([version(1), version(2, reviews=reviews)])
        assert lines[2:4] == ["Sleep", f"Looked at on 9 March 2026: {words}"]
        assert "SECRET" not in div


# --- the review that is next ----------------------------------------------------------------------


@pytest.mark.parametrize("fhir", [R4, R5])
def test_the_next_review_is_a_request_of_the_plan(fhir: Any) -> None:
    made = bodies(example(*JONES), fhir)
    code = {
        "coding": [{"system": f"{IG}/CodeSystem/concept", "code": "plan-review"}],
        "text": "Plan review",
    }
    assert made["next-review"] == {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": IDS, "value": f"{key('jones-2026')}-next-review"}],
        "status": "active",
        "intent": "plan",
        "code": code if fhir is R4 else {"concept": code},
        "subject": MR_JONES,
        "occurrenceDateTime": "2026-04-13T17:00:00-04:00",
        "authoredOn": "2026-03-30",
    }
    planned = "reference" if fhir is R4 else "plannedActivityReference"
    reference = own("ServiceRequest", "jones-2026", "next-review")
    assert made["plan"]["activity"][-1] == {planned: reference}


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", "completed", "revoked"])
def test_it_has_the_status_of_the_plan(status: str) -> None:
    made = bodies([version(1, status=status, next_review="2026-03-09")])
    assert made["next-review"]["status"] == made["plan"]["status"] == status
    assert bodies([plan(next_review="2026-03-09")])["next-review"]["status"] == "draft"


def test_it_is_asked_for_since_the_version_that_set_this_day() -> None:
    days = ["2026-03-20", "2026-03-21", "2026-03-21"]
    versions = [version(n, next_review=day) for n, day in enumerate(days, 1)]
    told = [bodies(versions[:n])["next-review"]["authoredOn"] for n in (1, 2, 3)]
    assert told == ["2026-03-02", "2026-03-09", "2026-03-09"]


def test_where_there_is_none_any_more_it_took_place_or_was_given_up() -> None:
    asked = version(1, next_review="2026-03-08")
    given_up = bodies([asked, version(2)])
    assert given_up["next-review"]["status"] == "revoked"
    why = {
        "url": f"{SD}/request-statusReason",
        "valueCodeableConcept": {"text": "Not in the plan since version 2"},
    }
    assert given_up["next-review"]["extension"] == [why]
    assert "activity" not in given_up["plan"]
    held = bodies([asked, version(2, reviews=[{"on": "2026-03-09"}])])["next-review"]
    assert held["status"] == "completed"
    assert "extension" not in held
    before = version(1, next_review="2026-03-08", reviews=[{"on": "2026-03-02"}])
    assert bodies([before, version(2)])["next-review"]["status"] == "revoked"
    over = version(1, status="revoked", next_review="2026-03-08")
    later = version(2, reviews=[{"on": "2026-03-09"}])
    assert bodies([over, later])["next-review"] == bodies([over])["next-review"]


WHEN = {
    "2026-03-30": "On 30 March 2026.",
    "2026-03-30T17:05:00-04:00": "On 30 March 2026 at 17:05.",
    "2026-03-30T17:05:00Z": "On 30 March 2026 at 17:05 UTC.",
}


@pytest.mark.parametrize("when", WHEN)
def test_the_text_says_when(when: str) -> None:
    assert text([plan(next_review=when)])[1][1:] == ["When we look at it again", WHEN[when]]


# --- the plan before ------------------------------------------------------------------------------


@pytest.mark.parametrize("fhir", [R4, R5])
def test_a_plan_takes_the_place_of_another(fhir: Any) -> None:
    made = bodies([plan(replaces="<old> & gone")], fhir)["plan"]
    assert made["replaces"] == [own("CarePlan", "<old> & gone", "plan")]
    div, lines = text([plan(replaces="<old> & gone")])
    assert "<old>" not in div
    whole = "Shared plan, version 1, written on 2 March 2026. It is a draft."
    assert lines == [f"{whole} It takes the place of the plan <old> & gone."]
    assert "replaces" not in bodies([plan()], fhir)["plan"]

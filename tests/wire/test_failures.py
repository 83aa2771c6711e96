"""What a server declines or fails at in the middle of a sync: told, and the others go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.testing import Answer, Cut, Request, bundle, faults, outcome

from .conftest import FIRST, SECOND, Syncing, after_all, instead, of_group

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.clinic import Row


CHANGED = FIRST.with_item(4, "4")
FORM = "https://alliance-fhir.github.io/ig/Questionnaire/wai-sr-patient|1.0.0"


def transactions(clinic: Syncing) -> list[Request]:
    """The transactions that came in."""
    return [request for request in clinic.little.requests if not request.path]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_has_no_time_ends_the_run(
    clinic: Syncing, naps: list[float], status: int
) -> None:
    clinic.little.between = instead(Answer(status, outcome("throttled"), {"Retry-After": "3"}))
    ran = clinic.sync()
    assert ran.code == 11
    assert str(status) in ran.json["stopped"]
    assert ran.json["resources"]["not_sent"] == 12
    assert naps == [3] * 5
    clinic.whole()


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_fails_always_ends_the_run(clinic: Syncing, status: int) -> None:
    clinic.little.between = instead(Answer(status, b"<html>Bad Gateway</html>"))
    ran = clinic.sync()
    assert ran.code == 11
    asked = [of_group(r, FIRST) or r.is_search for r in clinic.little.requests]
    assert sum(of_group(request, FIRST) for request in clinic.little.requests) <= 4
    first = next(n for n, r in enumerate(clinic.little.requests) if of_group(r, FIRST))
    second = next(
        n for n in range(first + 1, len(asked)) if of_group(clinic.little.requests[n], FIRST)
    )
    looked = [r for r in clinic.little.requests[first + 1 : second] if r.is_search]
    assert {r.path for r in looked} >= {"Observation/_search", "QuestionnaireResponse/_search"}
    clinic.whole()


def test_a_connection_that_is_always_cut_ends_the_run(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if of_group(request, FIRST):
            raise Cut
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (11, 12)
    clinic.whole()


def test_what_arrived_without_a_reply_is_counted_as_what_had_one(clinic: Syncing) -> None:
    lost = [FIRST, SECOND]

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if lost and of_group(request, lost[0]):
            lost.pop(0)
            raise Cut
        return answer

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, lost) == (0, [])
    # two records of six resources and a Provenance each, this software and the Questionnaire
    assert ran.json["resources"]["created"] == 2 * 7 + 2
    clinic.whole()


def test_credentials_that_are_no_good_any_more_end_the_run(clinic: Syncing) -> None:
    clinic.little.between = instead(Answer(401, outcome("login")))
    ran = clinic.sync()
    assert ran.code == 12
    assert ran.json["resources"]["not_sent"] == 12
    assert sum(of_group(request, FIRST) for request in clinic.little.writes) == 1
    assert not any(of_group(request, SECOND) for request in clinic.little.writes)
    clinic.whole()


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 501])
def test_a_record_that_is_declined_is_told_and_the_others_go_on(
    clinic: Syncing, status: int
) -> None:
    clinic.little.between = instead(Answer(status, outcome("value")))
    ran = clinic.sync()
    assert ran.code == 4
    assert [(told["row"], told["rule"]) for told in ran.json["rejected"]] == [(2, "refused")]
    assert (ran.json["resources"]["rejected"], ran.json["resources"]["created"]) == (6, 9)
    assert clinic.verify().code == 0
    clinic.whole()


@pytest.mark.parametrize("status", [405, 413])
def test_a_record_that_is_declined_as_a_whole_goes_in_pieces(clinic: Syncing, status: int) -> None:
    """It is too large; or one of its types is closed to us, of which nobody said which it is."""
    clinic.little.between = instead(Answer(status, outcome("value")))
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["created"]) == (0, 16)
    sent = [r for r in clinic.little.writes if b'"value":"1001"' in r.body]
    assert (sent[0].method, sent[0].path) == ("POST", "")
    pieces = [(r.method, r.path) for r in sent if not faults.is_bundle("transaction")(r)]
    assert pieces[0] == ("POST", "QuestionnaireResponse")
    assert clinic.verify().code == 0
    clinic.whole()


def test_the_codes_of_the_outcome_are_told(clinic: Syncing) -> None:
    clinic.little.between = instead(Answer(422, outcome("business-rule")))
    ran = clinic.sync()
    assert "business-rule" in ran.out
    assert "422" in ran.out


def test_a_change_that_is_declined_is_tried_again(clinic: Syncing) -> None:
    assert clinic.sync().code == 0
    clinic.write(CHANGED, SECOND)
    clinic.little.between = instead(Answer(422, outcome("value")))
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["rejected"]) == (4, 3)
    assert clinic.verify().code == 0  # what was there before is there still
    clinic.little.between = lambda request, proceed: proceed()
    assert clinic.sync().json["resources"]["updated"] == 3
    clinic.whole()


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_that_passes_is_looked_into(clinic: Syncing, status: int) -> None:
    assert clinic.sync().code == 0
    clinic.write(CHANGED, SECOND)
    left = [Answer(status, outcome("conflict"))]

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return left.pop() if left and of_group(request, FIRST) else proceed()

    clinic.little.between = between
    clinic.little.requests.clear()
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["updated"]) == (0, 3)
    assert len(transactions(clinic)) == 2
    clinic.whole()


@pytest.mark.parametrize("status", [409, 412])
def test_a_conflict_that_stays_is_told_and_the_others_go_on(clinic: Syncing, status: int) -> None:
    clinic.little.between = instead(Answer(status, outcome("conflict")))
    ran = clinic.sync()
    assert ran.code == 7
    assert [told["row"] for told in ran.json["blocked"]] == [2]
    assert ran.json["resources"]["created"] == 9
    clinic.whole()


def test_a_server_that_goes_away_ends_the_run(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if of_group(request, SECOND):
            raise Cut
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["created"]) == (11, 9)
    assert ran.json["resources"]["not_sent"] == 6
    clinic.whole()


def test_a_server_that_is_away_from_the_start_is_told(clinic: Syncing) -> None:
    clinic.little.between = lambda request, proceed: Answer(503)
    ran = clinic.sync()
    assert ran.code == 11
    assert ran.json["exit_code"] == 11
    assert "503" in ran.json["stopped"]
    assert not clinic.ledger.exists()


@pytest.mark.parametrize("away_after", range(1, 9))
def test_a_server_that_goes_away_at_any_moment_is_told_and_caught_up_with(
    clinic: Syncing, away_after: int
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(503) if len(clinic.little.requests) > away_after else proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 11
    assert ran.json["stopped"]
    assert "Traceback" not in ran.err
    clinic.little.requests.clear()
    clinic.whole()


def test_a_form_that_is_declined_is_no_unreadable_file(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not request.path and b'"resourceType":"Questionnaire"' in request.body:
            return Answer(422, outcome("not-supported"))
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 4
    [told] = ran.json["rejected"]
    assert (told["rule"], told["column"]) == ("refused", FORM)
    assert ran.json["resources"]["created"] == 15


def test_a_patient_who_cannot_be_made_blocks_their_records(clinic: Syncing) -> None:
    stranger = SECOND.patient_of("1003")
    clinic.write(FIRST, stranger)

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not request.path and b'"resourceType":"Patient"' in request.body:
            return Answer(422, outcome("not-supported"))
        return proceed()

    clinic.little.between = between
    ran = clinic.sync("--create-people")
    assert ran.json["resources"]["blocked"] == 6
    assert "patient-not-found" in [told["rule"] for told in ran.json["blocked"]]
    assert all(b"to-be-made" not in request.body for request in clinic.little.requests)


def test_a_server_without_a_search_that_we_need_is_told(clinic: Syncing) -> None:
    """US Core asks for no search by identifier of Observations."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path.startswith("Observation"):
            return Answer(400, outcome("not-supported"))
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 13
    assert ran.json["resources"]["not_sent"] == 12
    assert len(ran.json["stopped"]) > 20


@pytest.mark.parametrize("type_", ["Questionnaire", "Patient", "QuestionnaireResponse"])
def test_any_other_search_that_is_declined_ends_the_run_as_well(
    clinic: Syncing, type_: str
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path.startswith(f"{type_}/"):
            return Answer(400, outcome("not-supported"))
        return proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (13, 12)
    assert f"{type_}/_search answered 400 (not-supported)" in ran.json["stopped"]
    clinic.whole()


def test_a_look_at_what_became_of_a_write_that_is_declined_ends_the_run(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        written = any(of_group(earlier, FIRST) for earlier in clinic.little.requests)
        if written and request.path.startswith("Observation"):
            return Answer(400, outcome("not-supported"))
        answer = proceed()
        return Answer(504) if of_group(request, FIRST) else answer

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (13, 12)
    clinic.whole()


def test_a_merge_that_leads_nowhere_blocks_that_patient_alone(clinic: Syncing) -> None:
    merged = clinic.little.of_type("Patient")[0]
    link = [{"type": "replaced-by", "other": {"reference": "Patient/gone"}}]
    clinic.little.put(**{**merged, "link": link})
    ran = clinic.sync()
    assert ran.code == 7
    assert [(told["row"], told["rule"]) for told in ran.json["blocked"]] == [(2, "patient-merged")]
    assert ran.json["resources"]["created"] == 9


def test_a_merge_that_goes_round_in_circles_blocks_that_patient_alone(clinic: Syncing) -> None:
    merged = clinic.little.of_type("Patient")[0]
    other = {"type": "replaced-by", "other": {"reference": f"Patient/{merged['id']}"}}
    between = clinic.little.put(resourceType="Patient", link=[other])
    link = [{"type": "replaced-by", "other": {"reference": f"Patient/{between['id']}"}}]
    clinic.little.put(**{**merged, "link": link})
    ran = clinic.sync()
    assert ran.code == 7
    assert [(told["row"], told["rule"]) for told in ran.json["blocked"]] == [(2, "patient-merged")]


@pytest.mark.parametrize(
    "other",
    [
        {"display": "somebody"},
        {"identifier": {"system": "urn:example:mrn", "value": "9"}},
        {"reference": "https://elsewhere.invalid/fhir/Patient/1"},
        {"reference": "RelatedPerson/1"},
        {"reference": "Patient/1?_elements=link"},
        {"reference": "Patient/../metadata"},
        {"reference": ["Patient/1"]},
        {},
    ],
    ids=str,
)
def test_a_merge_into_somebody_who_cannot_be_followed_blocks_that_patient_alone(
    clinic: Syncing, other: dict[str, object]
) -> None:
    merged = clinic.little.of_type("Patient")[0]
    clinic.little.put(**{**merged, "link": [{"type": "replaced-by", "other": other}]})
    ran = clinic.sync()
    assert ran.code == 7
    assert [(told["row"], told["rule"]) for told in ran.json["blocked"]] == [(2, "patient-merged")]
    assert ran.json["resources"]["created"] == 9


def test_a_second_merge_that_cannot_be_followed_blocks_that_patient_alone(
    clinic: Syncing,
) -> None:
    merged = clinic.little.of_type("Patient")[0]
    nowhere = {"type": "replaced-by", "other": {"display": "somebody"}}
    between = clinic.little.put(resourceType="Patient", link=[nowhere])
    link = [{"type": "replaced-by", "other": {"reference": f"Patient/{between['id']}"}}]
    clinic.little.put(**{**merged, "link": link})
    ran = clinic.sync()
    assert ran.code == 7
    assert [(told["row"], told["rule"]) for told in ran.json["blocked"]] == [(2, "patient-merged")]


def test_a_patient_who_was_merged_into_two_is_followed_to_neither(clinic: Syncing) -> None:
    merged, other = clinic.little.of_type("Patient")
    third = clinic.little.put(resourceType="Patient")
    link = [
        {"type": "replaced-by", "other": {"reference": f"Patient/{one['id']}"}}
        for one in (other, third)
    ]
    clinic.little.put(**{**merged, "link": link})
    ran = clinic.sync()
    assert [(told["row"], told["rule"]) for told in ran.json["blocked"]] == [(2, "patient-merged")]
    assert ran.json["resources"]["created"] == 9


def test_a_merge_is_followed_by_a_whole_address_too(clinic: Syncing) -> None:
    merged = clinic.little.of_type("Patient")[0]
    there = clinic.little.put(resourceType="Patient")
    other = {"reference": f"{clinic.little.url}/Patient/{there['id']}"}
    clinic.little.put(**{**merged, "link": [{"type": "replaced-by", "other": other}]})
    assert clinic.sync().code == 0
    told = {body["subject"]["reference"] for body in clinic.little.of_type("Observation")}
    assert f"Patient/{there['id']}" in told
    assert f"Patient/{merged['id']}" not in told


def test_who_was_merged_away_is_not_made_again(clinic: Syncing) -> None:
    merged = clinic.little.of_type("Patient")[0]
    link = [{"type": "replaced-by", "other": {"reference": "Patient/gone"}}]
    clinic.little.put(**{**merged, "link": link})
    ran = clinic.sync("--create-people")
    assert [told["rule"] for told in ran.json["blocked"]] == ["patient-merged"]
    assert len(clinic.little.of_type("Patient")) == 2


def test_a_patient_who_is_on_two_pages_is_one(clinic: Syncing) -> None:
    """Pages shift when somebody writes meanwhile."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path == "Patient/_search":
            assert isinstance(answer.body, dict)
            return Answer(200, {**answer.body, "entry": answer.body["entry"] * 2})
        return answer

    clinic.little.between = between
    assert clinic.sync().code == 0


def test_a_patient_without_an_id_is_no_answer(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if request.path != "Patient/_search":
            return proceed()
        return Answer(200, bundle({"resourceType": "Patient", "identifier": FIRST.identifiers}))

    clinic.little.between = between
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["not_sent"]) == (15, 12)
    clinic.whole()


def test_a_server_that_tells_no_versions_is_looked_at_each_time(clinic: Syncing) -> None:
    """Without a version no If-Match can keep a change from overwriting somebody's edit."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        return answer._replace(body=without_versions(answer.body))

    clinic.little.between = between
    assert clinic.sync().code == 0
    assert clinic.sync().json["resources"]["unchanged"] == 14
    total = clinic.of_first("total")
    clinic.little.put(**{**total, "valueQuantity": {**total["valueQuantity"], "value": 12}})
    for rows in ((FIRST, SECOND), (CHANGED, SECOND)):
        clinic.write(*rows)
        ran = clinic.sync()
        told = [blocked["rule"] for blocked in ran.json["blocked"]]
        assert (ran.code, told) == (7, ["changed-at-target"])
        assert clinic.of_first("total")["valueQuantity"]["value"] == 12


def without_versions(value: Any) -> Any:
    """A reply of a server that keeps none."""
    if isinstance(value, list):
        return [without_versions(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {k: v for k, v in value.items() if k not in ("versionId", "etag")}
    if isinstance(kept.get("location"), str):
        kept["location"] = kept["location"].partition("/_history")[0]
    return {key: without_versions(part) for key, part in kept.items()}


def test_answers_in_another_order_are_no_answers(clinic: Syncing) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if not of_group(request, FIRST):
            return answer
        return answer._replace(body={**answer.body, "entry": answer.body["entry"][::-1]})

    clinic.little.between = between
    assert clinic.sync().code == 15
    clinic.whole()


@pytest.mark.parametrize("status", [404, 410])
def test_a_change_of_what_was_deleted_is_gone_and_not_declined(
    clinic: Syncing, status: int
) -> None:
    assert clinic.sync().code == 0
    clinic.write(CHANGED, SECOND)
    clinic.little.delete(f"Observation/{clinic.of_first('total')['id']}")
    clinic.little.between = instead(Answer(status, outcome("deleted")))
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["gone"]) == (7, 1)
    assert [told["rule"] for told in ran.json["blocked"]] == ["deleted-at-target"]


@pytest.mark.parametrize("row", [FIRST, CHANGED])
def test_a_failure_after_the_deed_is_looked_into(clinic: Syncing, row: Row) -> None:
    assert row is FIRST or clinic.sync().code == 0
    clinic.write(row, SECOND)
    clinic.little.between = after_all(Answer(500, outcome("exception")))
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["rejected"]) == (0, 0)
    assert clinic.verify().json["verify"]["expected"] == len(clinic.little.everything) - 2
    clinic.whole()


def test_an_outage_is_not_the_fault_of_the_data(clinic: Syncing) -> None:
    clinic.write(*(replace(FIRST, record_id=f"r-{number}") for number in range(20)))

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        return Answer(500, outcome("exception")) if of_group(request, FIRST) else proceed()

    clinic.little.between = between
    ran = clinic.sync()
    assert ran.code == 11
    assert "500" in ran.json["stopped"]
    assert ran.json["resources"]["rejected"] == 3 * 6  # and the third one stops the run
    assert len(transactions(clinic)) == 2 + 3 * 2  # each is tried once more


def test_a_request_that_took_too_long_is_not_the_fault_of_the_data(clinic: Syncing) -> None:
    clinic.little.between = instead(Answer(408, outcome("timeout")))
    assert clinic.sync().code == 11
    clinic.whole()


def test_what_was_never_sent_is_not_missed(clinic: Syncing) -> None:
    assert clinic.sync().code == 0
    clinic.write(FIRST, SECOND, replace(FIRST, record_id="r-3"))
    clinic.little.between = lambda request, proceed: proceed() if request.path else Answer(503)
    assert clinic.sync().code == 11
    clinic.little.between = lambda request, proceed: proceed()
    clinic.write(FIRST, SECOND)
    assert clinic.sync().code == 0
    assert clinic.verify().code == 0


def test_a_declined_change_that_was_taken_back_is_over(clinic: Syncing) -> None:
    assert clinic.sync().code == 0
    clinic.write(CHANGED, SECOND)
    clinic.little.between = instead(Answer(422, outcome("value")))
    assert clinic.sync().code == 4
    clinic.little.between = lambda request, proceed: proceed()
    clinic.write(FIRST, SECOND)
    assert clinic.sync().code == 0
    clinic.little.requests.clear()
    assert clinic.sync().code == 0
    assert not [request for request in clinic.little.requests if "Response" in request.path]


def test_what_was_not_sent_says_nothing_of_a_server_that_fails(clinic: Syncing) -> None:
    """Records that are there already lie between those at which it fails: it fails all the same."""
    days = [replace(FIRST, record_id=f"r-{n}", completed_at=f"2026-03-{n:02}") for n in range(1, 9)]
    clinic.write(*days)
    clinic.sync()
    clinic.write(*(row.with_item(4, "4") if n % 2 else row for n, row in enumerate(days)))
    fails = Answer(500, outcome("exception"))
    clinic.little.between = lambda request, proceed: fails if request.is_write else proceed()
    clinic.little.requests.clear()
    ran = clinic.sync()
    assert (ran.code, ran.json["resources"]["updated"]) == (11, 0)
    # each once more, as the first reply may have come after the deed; and the fourth not at all
    assert len(transactions(clinic)) == 2 * 3

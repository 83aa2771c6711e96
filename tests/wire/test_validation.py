"""`--validate`: the server is asked about each resource before it is sent, and its word counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.public_servers import PUBLIC
from alliance_fhir.testing import Answer, Cut, Request

from .conftest import FIRST, SECOND, Syncing, of_group

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
Said = dict[str, Answer]
WORDS = "Mr. Jones is no valid patient"
MESSAGES = "http://hl7.org/fhir/java-core-messageId"
OPERATION = "/$validate"


def issue(severity: str, code: str = "processing", place: str = "", message: str = "") -> Json:
    """An issue as HL7's validator tells it, with the server's words."""
    told: Json = {"severity": severity, "code": code, "diagnostics": WORDS}
    told |= {"expression": [place]} if place else {}
    coding = {"system": MESSAGES, "code": message}
    return told | ({"details": {"coding": [coding], "text": WORDS}} if message else {})


def outcome(*issues: Json) -> Json:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


FINE = Answer(200, outcome(issue("information", "informational")))
WRONG = outcome(
    issue("error", "required", "Observation", "Validation_VAL_Profile_Minimum"),
    issue("fatal", "value", "Observation.value.ofType(Quantity).code"),
    issue("warning", "processing", "Observation.code", "Terminology_PassThrough_TX_Message"),
)
NOTHING_AMISS = {"resources": 16, "errors": 0, "warnings": 0, "hints": 16}
"""Two records of a response, five Observations and a Provenance each, beside Device and form: and
the last two bear no patient."""


def is_asked(request: Request) -> bool:
    """Whether a request asks for validation."""
    return request.path.endswith(OPERATION)


def says(answer: Answer, of: Callable[[Request], bool]) -> Callable[..., Answer]:
    """A server that validates: this answer to what is asked about these, and all else is fine."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if not is_asked(request):
            return proceed()
        return answer if of(request) else FINE

    return between


def total_of(row: Any) -> Callable[[Request], bool]:
    """Whether a request is about the total of a row."""

    def of(request: Request) -> bool:
        body = json.loads(request.body)
        own = str(body.get("identifier", [{}])[0:]) if body["resourceType"] == "Observation" else ""
        return "-total'" in own and f'"value":"{row.patient}"'.encode() in request.body

    return of


def everything(request: Request) -> bool:
    """All that is asked."""
    return is_asked(request)


def asked(clinic: Syncing) -> list[Request]:
    """What the server was asked to validate."""
    return [request for request in clinic.little.requests if is_asked(request)]


def rejected(told: Json) -> list[tuple[int, str, str, str]]:
    """Row, element, rule and resource of what was rejected."""
    return [
        (one["row"], one["column"], one["rule"], one["resource"].partition("-")[2])
        for one in told["rejected"]
    ]


def test_each_resource_is_asked_about_before_its_group_is_sent_and_as_it_is_sent(
    clinic: Syncing,
) -> None:
    clinic.little.between = says(FINE, everything)
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["resources"]["created"]) == (0, 16)
    assert ran.json["validation"] == NOTHING_AMISS
    waiting: list[Json] = []
    for request in clinic.little.requests:
        if is_asked(request):
            assert request.query == {"mode": "create"}
            body = json.loads(request.body)
            assert request.path == f"{body['resourceType']}{OPERATION}"
            waiting.append(body)
        elif request.is_write:
            entries = json.loads(request.body)["entry"]
            assert [entry["resource"] for entry in entries] == waiting
            waiting = []
    assert waiting == []
    clinic.whole()


def test_without_the_option_nothing_is_asked(clinic: Syncing) -> None:
    ran = clinic.sync()
    assert (ran.code, asked(clinic)) == (0, [])
    assert "validation" not in ran.json


@pytest.mark.parametrize("status", [200, 400, 412, 422])
def test_a_group_with_errors_is_not_sent_and_the_others_go(clinic: Syncing, status: int) -> None:
    clinic.little.between = says(Answer(status, WRONG), total_of(FIRST))
    ran = clinic.sync("--validate")
    assert ran.code == 4
    assert rejected(ran.json) == [
        (2, "Observation", "not-valid", "total"),
        (2, "Observation.value.ofType(Quantity).code", "not-valid", "total"),
    ]
    assert [one["remedy"].partition("says: ")[2] for one in ran.json["rejected"]] == [
        "required, Validation_VAL_Profile_Minimum.",
        "value.",
    ]
    assert ran.json["records"] == {"read": 2, "accepted": 2, "rejected": 1}
    states = {name: number for name, number in ran.json["resources"].items() if number}
    assert states == {"created": 9, "rejected": 6}
    validation = {"resources": 16, "errors": 2, "warnings": 1, "hints": 15}
    assert ran.json["validation"] == validation
    assert [one for one in ran.json["warnings"] if one["rule"] == "validation-warning"] == [
        {
            "path": str(clinic.folder / "assessments.csv"),
            "row": 2,
            "column": "Observation.code",
            "rule": "validation-warning",
            "remedy": "The target's validation warns of it, which holds nothing back. "
            "It says: processing, Terminology_PassThrough_TX_Message.",
            "resource": ran.json["rejected"][0]["resource"],
        }
    ]
    assert WORDS not in ran.out + ran.err
    assert not [r for r in clinic.little.requests if not is_asked(r) and of_group(r, FIRST)]
    letter = json.loads(Path(ran.json["dead_letters"]).read_bytes())
    assert (letter["rule"], letter["status"], letter["row"]) == ("not-valid", status, 2)
    assert letter["outcome"] == WRONG
    # mended at the server, the record goes by its letter, and the letter is taken out
    clinic.little.between = says(FINE, everything)
    again = clinic.run(
        *("sync", "--dead-letters", ran.json["dead_letters"], "--to", clinic.little.url),
        *("--ledger", clinic.ledger, "--config", clinic.folder / "alliance.toml"),
        *("--validate", "--json"),
    )
    assert (again.code, again.json["resources"]["created"]) == (0, 7)
    assert "dead_letters" not in again.json
    clinic.whole()


def test_a_form_with_errors_is_not_sent_and_the_rows_go(clinic: Syncing) -> None:
    said = says(
        Answer(200, outcome(issue("error", "invalid", "Questionnaire.extension[1]"))),
        lambda request: request.path.startswith("Questionnaire/"),
    )
    clinic.little.between = said
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["resources"]["created"]) == (4, 15)
    [told] = ran.json["rejected"]
    assert (told["path"], told["column"]) == (clinic.little.url, "Questionnaire.extension[1]")
    assert told["resource"].endswith("/ig/Questionnaire/wai-sr-patient|1.0.0")
    assert clinic.little.of_type("Questionnaire") == []
    words = ("sync", clinic.folder, "--to", clinic.little.url, "--ledger", clinic.ledger)
    shown = clinic.run(*words, "--validate")
    line = (
        f"  {clinic.little.url}, {told['resource']}, column Questionnaire.extension[1]: not-valid."
    )
    assert line in shown.out


def test_warnings_and_hints_hold_nothing_back_and_are_counted_once(clinic: Syncing) -> None:
    remarks = outcome(
        issue("warning", "processing", "Observation.code", "Terminology_PassThrough_TX_Message"),
        issue("information", "processing", "Observation.extension[0]", "Extension_EXT_Unknown"),
        issue("information", "processing", "Observation.extension[12]", "Extension_EXT_Unknown"),
    )
    clinic.little.between = says(
        Answer(200, remarks), lambda request: request.path.startswith("Observation/")
    )
    to = ("--to", clinic.little.url, "--ledger", clinic.ledger)
    ran = clinic.run("sync", clinic.folder, *to, "--validate")
    assert ran.code == 0
    hint = "validation-hint. The target's validation remarks on it, which holds nothing back."
    warns = "validation-warning. The target's validation warns of it, which holds nothing back."
    unknown = "It says: processing, Terminology_PassThrough_TX_Message."
    assert ran.out.splitlines()[:8] == [
        "sync: 2 of 2 records, FHIR 4.0.1",
        "state    resources",
        "created         16",
        "validation: 16 resources, 0 errors, 10 warnings, 26 hints",
        f"  20 at Observation.extension: {hint} It says: processing, Extension_EXT_Unknown.",
        f"  10 at Observation.code: {warns} {unknown}",
        f"  2 at QuestionnaireResponse: {hint} It says: informational.",
        f"  2 at Provenance: {hint} It says: informational.",
    ]
    clinic.whole()


def test_what_a_server_says_is_told_without_its_words(clinic: Syncing) -> None:
    """Conditions in paths, codes that are none and messages of nobody's list may hold data."""
    odd = issue("error", "Mr Jones", "Observation.component.where(code='Jones').value")
    odd["details"] = {"coding": [{"system": "urn:example:x", "code": "Jones"}], "text": WORDS}
    older = {"severity": "error", "code": "invalid", "location": ["Line 1", "Observation.status"]}
    within = issue("error", "invalid", "Parameters.parameter[0].resource/*Observation/7*/.method")
    unheard = {"severity": "unheard-of", "code": "invalid", "expression": ["Jones"]}
    said = Answer(200, outcome(odd, older, within, unheard))
    clinic.little.between = says(said, total_of(FIRST))
    ran = clinic.sync("--validate")
    assert [column for _, column, _, _ in rejected(ran.json)] == [
        *("Observation.component", "Observation.status", "Observation.method", "Observation"),
    ]
    said_of = [one["remedy"].partition("says: ")[2] for one in ran.json["rejected"]]
    assert said_of == ["no code.", "invalid.", "invalid.", "invalid."]
    assert "Jones" not in ran.out + ran.err


def test_an_outcome_without_issues_is_no_objection(clinic: Syncing) -> None:
    clinic.little.between = says(Answer(200, {"resourceType": "OperationOutcome"}), everything)
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["validation"]) == (0, {**NOTHING_AMISS, "hints": 0})
    clinic.whole()


HTML = Answer(200, b"<!DOCTYPE html><p>Welcome</p>", {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HTML, id="page"),
        pytest.param(Answer(200), id="nothing"),
        pytest.param(Answer(200, {"resourceType": "Bundle"}), id="bundle"),
        pytest.param(Answer(201, outcome()), id="made"),
        pytest.param(Answer(200, outcome("no issue")), id="shape"),  # type: ignore[arg-type]
        pytest.param(Answer(409, outcome()), id="conflict"),
    ],
)
def test_an_answer_that_is_none_stops_the_run_and_nothing_is_sent(
    clinic: Syncing, answer: Answer
) -> None:
    clinic.little.between = says(answer, everything)
    ran = clinic.sync("--validate")
    assert ran.code == 15
    assert f"{clinic.little.url}/Device{OPERATION}" in ran.json["stopped"]
    assert (len(asked(clinic)), len(clinic.little.writes)) == (1, 1)
    clinic.whole()


def ends_with(what: str, clinic: Syncing, verb: str) -> None:
    """The first answer ends the run: the server is said to be so, and nothing is sent."""
    to = ("--to", clinic.little.url, "--ledger", clinic.ledger)
    ran = clinic.run(verb, clinic.folder, *to, "--validate")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {clinic.little.url} {what}\n"
    assert (len(asked(clinic)), len(clinic.little.writes)) == (1, 1)
    clinic.whole()


@pytest.mark.parametrize("verb", ["sync", "plan"])
@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_validates_nothing_is_told_with_the_remedy(
    clinic: Syncing, status: int, verb: str
) -> None:
    clinic.little.between = says(Answer(status), everything)
    ends_with(
        f"has no $validate of a Device ({status}): leave --validate out, or have it switched on "
        "there; `check` needs no server",
        clinic,
        verb,
    )


def test_not_supported_says_the_same_whatever_the_status(clinic: Syncing) -> None:
    """As HAPI answers an operation that it does not know."""
    no = Answer(400, outcome(issue("error", "not-supported")))
    clinic.little.between = says(no, everything)
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["stopped"].partition(" has ")[2][:26]) == (
        2,
        "no $validate of a Device (",
    )


def stated(*names: str, where: str = "resource") -> Callable[..., Answer]:
    """A server whose statement lists these operations."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path == "metadata" and isinstance(answer.body, dict):
            listed = [{"name": name, "definition": f"urn:example:{name}"} for name in names]
            rest = answer.body["rest"][0]
            (rest["resource"][0] if where == "resource" else rest)["operation"] = listed
        return FINE if is_asked(request) else answer

    return between


def at_claim(severity: str, number: int, status: int = 200) -> Answer:
    """What HAPI says of a profile that it lacks."""
    message = "VALIDATION_VAL_PROFILE_UNKNOWN_NOT_POLICY"
    place = f"Device.meta.profile[{number}]"
    return Answer(status, outcome(issue(severity, "processing", place, message)))


@pytest.mark.parametrize("verb", ["sync", "plan"])
@pytest.mark.parametrize("status", [200, 422])
def test_a_server_that_lacks_our_profiles_is_told_with_the_remedy(
    clinic: Syncing, status: int, verb: str
) -> None:
    """It would find fault with every resource."""
    clinic.little.between = says(at_claim("error", 0, status), everything)
    ends_with(
        "does not have https://alliance-fhir.github.io/ig/StructureDefinition/alliance-device: put "
        "our profiles there with `profiles install` (a HAPI that was asked about them before then "
        "takes ten minutes to see them), or claim none, with claim_profiles = false in "
        "alliance.toml",
        clinic,
        verb,
    )


@pytest.mark.parametrize(
    ("severity", "number", "code"), [("error", 1, 4), ("warning", 0, 0)], ids=["none's", "warned"]
)
def test_what_is_said_of_a_claim_otherwise_is_like_all_else(
    clinic: Syncing, severity: str, number: int, code: int
) -> None:
    clinic.little.between = says(at_claim(severity, number), lambda r: r.path.startswith("Device"))
    ran = clinic.sync("--validate")
    assert ran.code == code
    [told] = [*ran.json["rejected"], *ran.json["warnings"]][:1]
    assert told["column"] == f"Device.meta.profile[{number}]"


@pytest.mark.parametrize("where", ["resource", "rest"])
def test_a_statement_that_lists_other_operations_alone_is_believed(
    clinic: Syncing, where: str
) -> None:
    """To try it all the same might make something there."""
    clinic.little.between = stated("everything", where=where)
    ran = clinic.sync("--validate")
    assert ran.code == 2
    assert "lists no $validate among its operations: leave --validate out" in ran.json["stopped"]
    assert clinic.little.writes == []
    clinic.little.between = stated("everything", "validate", where=where)
    assert clinic.sync("--validate").code == 0
    clinic.whole()


def test_a_question_that_got_lost_is_asked_again_and_nothing_is_looked_for(
    clinic: Syncing,
) -> None:
    lost = 0

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        nonlocal lost
        if is_asked(request) and lost < 2:
            lost += 1
            raise Cut
        return FINE if is_asked(request) else proceed()

    clinic.little.between = between
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["validation"], lost) == (0, NOTHING_AMISS, 2)
    assert ran.json["requests"]["unanswered"] == 2
    clinic.whole()


def test_a_server_that_is_gone_in_between_ends_the_run_with_nothing_in_doubt(
    clinic: Syncing,
) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        if is_asked(request) and request.path.startswith("Observation/"):
            raise Cut
        return FINE if is_asked(request) else proceed()

    clinic.little.between = between
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["resources"]["not_sent"]) == (11, 12)
    assert "warnings" not in ran.json or "in-doubt" not in str(ran.json["warnings"])
    assert clinic.little.of_type("Observation") == []
    clinic.whole()


def test_credentials_that_do_not_reach_that_far_end_the_run(clinic: Syncing) -> None:
    clinic.little.between = says(Answer(403), everything)
    ran = clinic.sync("--validate")
    assert (ran.code, len(clinic.little.writes)) == (12, 1)
    clinic.whole()


def test_a_change_is_asked_about_as_one(clinic: Syncing) -> None:
    assert clinic.sync().code == 0
    clinic.little.requests.clear()
    clinic.write(FIRST.with_item(4, "4"), SECOND)
    clinic.little.between = says(FINE, everything)
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["resources"]["updated"]) == (0, 3)
    modes = {(r.path.partition("/")[0], r.query["mode"]) for r in asked(clinic)}
    assert modes == {
        *(("QuestionnaireResponse", "update"), ("Observation", "update"), ("Provenance", "create"))
    }
    there = {body["id"] for body in clinic.little.everything}
    bodies = [json.loads(r.body) for r in asked(clinic) if r.query["mode"] == "update"]
    assert {body["id"] for body in bodies} <= there
    clinic.whole()


def test_a_plan_says_the_same_and_writes_nothing(clinic: Syncing) -> None:
    clinic.little.between = says(Answer(200, WRONG), total_of(FIRST))
    to = ("--to", clinic.little.url, "--ledger", clinic.ledger, "--json", "--validate")
    planned = clinic.run("plan", clinic.folder, *to)
    assert [r for r in clinic.little.writes if not is_asked(r)] == []
    assert not clinic.ledger.exists()
    assert list(clinic.folder.parent.rglob("*dead-letters*")) == []
    done = clinic.sync("--validate")
    for key in ("records", "resources", "validation", "rejected", "blocked", "warnings"):
        assert planned.json[key] == done.json[key], key
    assert planned.code == done.code == 4


@pytest.mark.parametrize("verb", ["sync", "plan"])
def test_a_folder_validates_nothing_and_says_so(clinic: Syncing, verb: str) -> None:
    ran = clinic.run(verb, clinic.folder, "--to", "out", "--ledger", clinic.ledger, "--validate")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: out is a folder, which validates nothing: leave --validate out, or name a server\n"
    )


@pytest.mark.parametrize("verb", ["sync", "plan"])
def test_real_data_are_not_shown_to_servers_that_anybody_can_read(
    clinic: Syncing, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """To ask about a resource is to send it, in a plan, too."""
    monkeypatch.setitem(PUBLIC, "127.0.0.1", "a test server")
    config = clinic.folder / "alliance.toml"
    config.write_text(config.read_text().replace("synthetic = true\n", ""))
    clinic.little.between = says(FINE, everything)
    to = ("--to", clinic.little.url, "--ledger", clinic.ledger)
    ran = clinic.run(verb, clinic.folder, *to, "--validate")
    assert (ran.code, clinic.little.writes) == (2, [])
    assert "127.0.0.1 can be read by anybody" in ran.err
    assert (
        clinic.run(verb, clinic.folder, *to, "--validate", "--real-data-to-public-server").code == 0
    )


def test_where_groups_go_in_pieces_each_is_asked_about_without_what_is_not_there_yet(
    clinic: Syncing,
) -> None:
    """There are no urn:uuid outside of transactions."""
    clinic.little.conduct.lacks = frozenset({"transactions", "batches"})
    clinic.little.between = says(FINE, everything)
    ran = clinic.sync("--validate")
    assert (ran.code, ran.json["validation"]) == (0, NOTHING_AMISS)
    assert not [r for r in asked(clinic) if b"urn:uuid:" in r.body]

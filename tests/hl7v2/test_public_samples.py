"""Messages of public projects' test data: their facts, typed again as cases of our own.

Names and addresses are left out; nothing of them is read.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from alliance_fhir.domain.records import Identifier
from alliance_fhir.domain.said import Coded
from alliance_fhir.domain.scheduling import fold
from alliance_fhir.sources.hl7v2.site import Site

from .making import at, coded, said, told, v2

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

CHICAGO = Site(
    zone=ZoneInfo("America/Chicago"),
    root="urn:example",
    base="urn:example",
    appointment_system="urn:example:appointment",
    clinician_system="urn:example:staff",
    referrer_system="urn:example:staff",
)
LONDON = CHICAGO._replace(zone=ZoneInfo("Europe/London"))
PARIS = CHICAGO._replace(zone=ZoneInfo("Europe/Paris"))

# github.com/amhest/Machete, src/Machete.HL7.Tests/Corpus/CorpusTests_Batch09.cs, sample 201
BOOKED = (
    "MSH|^~\\&|EPIC|EPIC|||20160502162033||SIU^S12|538|D|2.3||\n"
    "SCH|01928374|57483920|||||||1|hr|1^^^20160515133000|||||||||1173|||||BOOKED\n"
    "PID|1||30745109^^^^EPI\n"
    "PV1|||^^^CARE HEALTH SYSTEMS^^^^^||||1173^^^^^^\n"
    "DG1||I10|S82^ANKLE FRACTURE^I10|ANKLE FRACTURE||\n"
    "RGS|1|A|094\n"
    "AIS|1||73610^X-RAY ANKLE 3+ VW^CPT|20160515134500|15|min|45|min||\n"
    "AIP|1||1069|RADIOLOGIST||20160515134500|15|min|45|min||\n"
)
# the same file, sample 204
NO_SHOW = (
    "MSH|^~\\&|SCHEDULING|MAIN_HOSP|CARDIOLOGY|MAIN_HOSP|20240315160000||SIU^S26|MSG00204|P|2.5"
    "|||AL|NE\n"
    "SCH|APT93847|APT93847||||ROUTINE|99243^CARDIOLOGY CONSULT^CPT||30|min"
    "|^^^20240315140000^^30^min|||||^||||||DR1234|||NOSHOW\n"
    "PID|1||MRN449283^^^MAIN_HOSP^MR\n"
    "RGS|1|A\n"
    "AIS|1||99243^CARDIOLOGY CONSULT^CPT|20240315140000|||30|min\n"
    "AIP|1||DR1234|CARDIOLOGIST||20240315140000|||30|min\n"
)
# github.com/airslie/renalware-core, the spec of SIU^S26
CONFIRMED_AND_MISSED = (
    "MSH|^~\\&|BLT_TIE|BLT|RENALWARE|MSE|20241106150701||SIU^S26|Q166323123117|P|2.4\n"
    "SCH|149549015||||||clinic_name||30|MINUTES|^^30^20241106114500^20241106123000"
    "||||||||||||||Confirmed\n"
    'PID|1||10769859^^^Dover||||||||||""^BUSINESS||""||13401071\n'
    'PV1|1|O|Clinic1^Clinic 1^^RNJ ROYALLONDON^^AMB|""|||CONSULTANT2|G9123||361||||""\n'
    "RGS|1\n"
    "AIG|1||Somebody\n"
    "AIL|1||clinic_code^^^RNJ ROYALLONDON^^AMB^RNJ MainBld RLH\n"
)
# github.com/rimiti/hl7-object-parser, test/siu/index.js: S15 of an appointment that is "Booked"
CALLED_OFF = (
    "MSH|^~\\&|mllp_http_proxy|proxy00-prodaz|partner|proxy00-prodpartner|20161231110000||SIU^S15"
    "|256660|P|2.5.1|||||FRA|UTF-8|\r"
    "SCH||49849903800^DimSolution||||100|||||^^30^20161231110000|||||10101041431||||ODS|||||Booked|\r"
    "PID|||123456^^^ODS^^PI||||||||Avenue des Champs-Élysées^^Paris\r"
    "RGS|1\r"
    "AIG|1|||10101041431@750057689\r"
    "NTE|||My comment"
)


def test_a_booking(tmp_path: Path) -> None:
    """One hour by SCH-9 and -10; the time of AIS-4 is of one service within it."""
    site = CHICAGO._replace(patient_system="urn:example:epi", processing=frozenset("D"))
    assert told(said(tmp_path, BOOKED, site)) == {
        "sender": "EPIC|EPIC",
        "control": "538",
        "made": at("2016-05-02T16:20:33-05:00"),
        "trigger": "S12",
        "appointment": Identifier("urn:example:appointment", "57483920"),
        "patient": Identifier("urn:example:epi", "30745109"),
        "clinician": Identifier("urn:example:staff", "1069"),
        "start": at("2016-05-15T13:30:00-05:00"),
        "end": at("2016-05-15T14:30:00-05:00"),
        "status": "booked",
        "status_code": v2("0278", "Booked"),
        "service": coded(Identifier("urn:example/code/CPT", "73610"), "X-RAY ANKLE 3+ VW"),
    }


def test_a_no_show(tmp_path: Path) -> None:
    one = said(tmp_path, NO_SHOW, CHICAGO)
    assert told(one) == {
        "sender": "SCHEDULING|MAIN_HOSP",
        "control": "MSG00204",
        "made": at("2024-03-15T16:00:00-05:00"),
        "trigger": "S26",
        "appointment": Identifier("urn:example:appointment", "APT93847"),
        "patient": Identifier("urn:example/MAIN_HOSP", "MRN449283"),
        "clinician": Identifier("urn:example:staff", "DR1234"),
        "start": at("2024-03-15T14:00:00-05:00"),
        "end": at("2024-03-15T14:30:00-05:00"),
        "status": "no-show",
        "status_code": v2("0278", "Noshow"),
        "event_reason": Coded("ROUTINE"),
        "reason": coded(Identifier("urn:example/code/CPT", "99243"), "CARDIOLOGY CONSULT"),
        "service": coded(Identifier("urn:example/code/CPT", "99243"), "CARDIOLOGY CONSULT"),
    }
    visit = fold([one]).visit
    assert visit
    assert visit.attendance() == ("no-show", "no-notice")


def test_a_no_show_that_still_says_confirmed(tmp_path: Path) -> None:
    """The event goes before SCH-25, and SCH-11.5 before the thirty minutes of SCH-9."""
    assert told(said(tmp_path, CONFIRMED_AND_MISSED, LONDON)) == {
        "sender": "BLT_TIE|BLT",
        "control": "Q166323123117",
        "made": at("2024-11-06T15:07:01+00:00"),
        "trigger": "S26",
        "appointment": Identifier("urn:example:appointment", "149549015"),
        "number_of_asker": True,
        "patient": Identifier("urn:example/Dover", "10769859"),
        "start": at("2024-11-06T11:45:00+00:00"),
        "end": at("2024-11-06T12:30:00+00:00"),
        "status": "no-show",
        "status_code": Identifier("urn:example/code/status", "Confirmed"),
        "reason": Coded("clinic_name"),
        "location": "clinic_code, RNJ ROYALLONDON",
        "referrer": Identifier("urn:example:staff", "G9123"),
    }


def test_a_cancellation_that_still_says_booked(tmp_path: Path) -> None:
    """It was made at the very time of the appointment, and so is no notice."""
    one = said(tmp_path, CALLED_OFF, PARIS)
    assert told(one) == {
        "sender": "mllp_http_proxy|proxy00-prodaz",
        "control": "256660",
        "made": at("2016-12-31T11:00:00+01:00"),
        "trigger": "S15",
        "appointment": Identifier("urn:example/DimSolution", "49849903800"),
        "patient": Identifier("urn:example/ODS", "123456"),
        "start": at("2016-12-31T11:00:00+01:00"),
        "status": "cancelled",
        "status_code": v2("0278", "Booked"),
        "event_reason": Coded("100"),
    }
    visit = fold([one], timedelta(minutes=30)).visit  # it says of no end
    assert visit
    assert visit.attendance() == ("unknown", "called-off-by-somebody")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("sample", [BOOKED, NO_SHOW, CONFIRMED_AND_MISSED, CALLED_OFF])
def test_line_ends_change_nothing(tmp_path: Path, sample: str, end: str) -> None:
    whole = sample.replace("\r", "\n")
    site = PARIS._replace(zone=ZoneInfo("UTC"))
    if sample is BOOKED:
        site = site._replace(patient_system="urn:example:epi", processing=frozenset("D"))
    assert said(tmp_path, whole.replace("\n", end), site) == said(tmp_path, sample, site)


# --- what becomes of them, as the v2-to-FHIR guide has it, or as the docs say why not -------------


def person(system: str, value: str, type_: str) -> dict[str, Any]:
    """A participant who is known by a number."""
    actor = {"identifier": {"system": system, "value": value}, "type": type_}
    return {"actor": actor, "required": "required", "status": "accepted"}


def clinician(number: str) -> dict[str, Any]:
    """The one who attends."""
    code = {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
        "code": "ATND",
    }
    return {
        "type": [{"coding": [code]}],
        **person("urn:example:staff", number, "Practitioner"),
    }


def of_cpt(code: str, text: str) -> dict[str, Any]:
    """A code that says that it is of CPT, by a name that is not HL7's for it, with its words."""
    return {"coding": [{"code": code, "system": f"{BASE}/code/CPT"}], "text": text}


BASE = "https://alliance-fhir.github.io/id/clinic-east"
AUTHORITY = f"{BASE}/authority"
MAPPED: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "a booking": (
        BOOKED,
        ['zone = "America/Chicago"', 'patient_system = "urn:example:epi"', "synthetic = true"],
        {
            "identifier": {"system": "urn:example:appointment", "value": "57483920"},
            "status": "booked",
            "serviceType": [of_cpt("73610", "X-RAY ANKLE 3+ VW")],
            "start": "2016-05-15T13:30:00-05:00",
            "end": "2016-05-15T14:30:00-05:00",
            "minutesDuration": 60,
            "participant": [person("urn:example:epi", "30745109", "Patient"), clinician("1069")],
        },
    ),
    "a no-show": (
        NO_SHOW,
        ['zone = "America/Chicago"'],
        {
            "identifier": {"system": "urn:example:appointment", "value": "APT93847"},
            "status": "noshow",
            "serviceType": [of_cpt("99243", "CARDIOLOGY CONSULT")],
            "reasonCode": [of_cpt("99243", "CARDIOLOGY CONSULT")],
            "start": "2024-03-15T14:00:00-05:00",
            "end": "2024-03-15T14:30:00-05:00",
            "minutesDuration": 30,
            "participant": [
                person(f"{AUTHORITY}/MAIN_HOSP", "MRN449283", "Patient"),
                clinician("DR1234"),
            ],
        },
    ),
    "a no-show that still says confirmed": (
        CONFIRMED_AND_MISSED,
        ['zone = "Europe/London"'],
        {
            "identifier": {"system": "urn:example:appointment", "value": "149549015"},
            "status": "noshow",
            "reasonCode": [{"text": "clinic_name"}],
            "start": "2024-11-06T11:45:00Z",
            "end": "2024-11-06T12:30:00Z",
            "minutesDuration": 45,
            "basedOn": "urn:example:staff|G9123",
            "participant": [
                person(f"{AUTHORITY}/Dover", "10769859", "Patient"),
                {
                    "actor": {"display": "clinic_code, RNJ ROYALLONDON", "type": "Location"},
                    "status": "accepted",
                },
            ],
        },
    ),
    "a cancellation at the very start, of which no end is said": (
        CALLED_OFF,
        ['zone = "Europe/Paris"', "visit_minutes = 30"],
        {
            "identifier": {"system": f"{AUTHORITY}/DimSolution", "value": "49849903800"},
            "status": "cancelled",
            "start": "2016-12-31T11:00:00+01:00",
            "end": "2016-12-31T11:30:00+01:00",
            "minutesDuration": 30,
            "participant": [person(f"{AUTHORITY}/ODS", "123456", "Patient")],
        },
    ),
}
"""A message, the settings that its site would have, and the Appointment without what every one has;
of `basedOn`, who referred the patient."""


@pytest.mark.parametrize("name", MAPPED)
def test_what_becomes_of_it(name: str, command: Callable[..., Ran]) -> None:
    sample, lines, expected = MAPPED[name]
    settings = [
        'source = "clinic-east"',
        'appointment_system = "urn:example:appointment"',
        'clinician_system = "urn:example:staff"',
        'referrer_system = "urn:example:staff"',
        'service_category = ""',
    ]
    Path("alliance.toml").write_text("\n".join([*settings, *lines]), encoding="utf-8")
    Path("a.hl7").write_text(sample, encoding="utf-8", newline="")
    assert command("map", "a.hl7", "--out", "out").code == 0
    (told,) = Path("out/Appointment.ndjson").read_text(encoding="utf-8").splitlines()
    one = json.loads(told)
    assert one.pop("resourceType") == "Appointment"
    del one["extension"], one["meta"]
    ours, one["identifier"] = one["identifier"]
    if "basedOn" in one:
        referral = json.loads(Path("out/ServiceRequest.ndjson").read_text(encoding="utf-8"))
        assert one["basedOn"][0]["identifier"] == referral["identifier"][0]
        one["basedOn"] = "{system}|{value}".format(**referral["requester"]["identifier"])
    assert ours["value"].endswith("-appointment")
    assert one == expected

"""Messages of systems that are not in production (MSH-11, table 0103) come into no record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES
from alliance_fhir.listening.frames import Frame
from alliance_fhir.listening.replies import header_of, reply, verdict_on
from alliance_fhir.listening.understanding import Reader
from command.tables import finding, outcome, said, site

from .making import message, slips

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

SYSTEMS = (
    'appointment_system = "urn:example:visits"',
    'patient_system = "urn:example:mrn"',
)
REFUSED = {"T": "not-production", "D": "not-production", "X": "unknown-processing"}


@pytest.mark.parametrize("code", ["P", "p", "", "P^A", "P^T"])
def test_production_is_read_with_any_mode(tmp_path: Path, code: str) -> None:
    assert slips(tmp_path, message(head={11: code})) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [("T", "not-production"), ("D^T", "not-production"), ("t", "not-production"),
     ("X", "unknown-processing"), ("PROD", "unknown-processing")],
)  # fmt: skip
def test_others_are_not(tmp_path: Path, code: str, rule: str) -> None:
    assert slips(tmp_path, message(head={11: code})) == [("MSH-11", rule)]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("", {"T", "D", "X"}),
        ("synthetic = true", {"X"}),
        ('hl7v2.processing = ["P", "T"]', {"D", "X"}),
        ('hl7v2.processing = ["D"]', {"T", "X"}),
    ],
)
def test_a_site_says_what_is_read_beside_production(
    line: str, refused: set[str], command: Callable[..., Ran]
) -> None:
    site(*SYSTEMS, line)
    codes = ("P", "", "T", "D", "X")
    texts = [
        message(head={10: f"C{n}", 11: code}, sch={2: f"F{n}"}) for n, code in enumerate(codes)
    ]
    Path("a.hl7").write_text("".join(texts), newline="")
    named = [
        finding(3 * n + 1, "MSH-11", REFUSED[code], path="a.hl7")
        for n, code in enumerate(codes)
        if code in refused
    ]
    shape = outcome("check", (5, 5 - len(named), len(named)), named, code=4)
    assert said(command("check", "a.hl7", "--json")) == shape


def test_a_code_that_no_message_has_is_no_setting(command: Callable[..., Ran]) -> None:
    site(*SYSTEMS, 'hl7v2.processing = ["X"]')
    Path("a.hl7").write_text(message(), newline="")
    ran = command("check", "a.hl7")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: alliance.toml: hl7v2.processing.0: ")


@pytest.mark.parametrize("code", REFUSED)
def test_the_listener_rejects_them_with_the_condition_of_the_standard(code: str) -> None:
    """Table 0357: 202, unsupported processing id. The reply has the id of the message."""
    told = message(head={11: code}).encode()
    settings = Settings(
        source="clinic-east",
        appointment_system="urn:example:visits",
        patient_system="urn:example:mrn",
    )
    found = Reader(settings).understood(Frame(told))
    assert (found.key, found.told) == ("", b"")
    rule = REFUSED[code]
    answer = reply(header_of(told), verdict_on(found.slips), found.slips)
    header, *rest = answer.decode().split("\r")
    assert header.split("|")[10] == code
    assert rest == [
        f"MSA|AR|C1|MSH-11 {rule}",
        f"ERR||MSH^1^11|202^Unsupported processing id^HL70357|E|{rule}^^L|||{RULES[rule]}",
        "",
    ]
    taken = Reader(settings.model_copy(update={"synthetic": True})).understood(Frame(told))
    assert [one.rule for one in taken.slips] == ([rule] if code == "X" else [])

"""alliance.toml: where it is found, what is wrong with it, and the key of the identifiers."""

from __future__ import annotations

import json
import os
import sys
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .tables import (
    GOOD,
    Row,
    check_in,
    csq,
    keeps_silent,
    long_rows,
    mapped,
    outcome,
    resources,
    said,
    site,
    srs,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

KEY = "a key of at least 16 bytes"

# --- what is wrong with it ------------------------------------------------------------------------

URI = "must be a URI, such as urn:oid:1.2.3 or https://clinic.org/mrn"
DAY_MONTH_YEAR = "must have day, month and year, such as %d.%m.%Y"
STRPTIME = "is no pattern of Python's strptime, such as %d.%m.%Y %H:%M"
HOUR = "must have the hour, as %H, or as %I with %p, such as %d.%m.%Y %H:%M"
WRONG = {
    'sauce = "x"': "sauce: is no key that we know; did you mean source?",
    'folder = "x"': "folder: is no key that we know",
    'zone = "Mars/Olympus"': ("zone: is no time zone of the IANA database, such as Europe/Berlin"),
    'zone = "../../etc/passwd"': (
        "zone: is no time zone of the IANA database, such as Europe/Berlin"
    ),
    'zone = "Europe"': "zone: is no time zone of the IANA database, such as Europe/Berlin",
    "zone = 1": "zone: must be text in quotes",
    'base = "clinic"': f"base: {URI}",
    'base = "https://a clinic.example"': f"base: {URI}",
    'base = "urn:a|b"': f"base: {URI}",
    'patient_system = "mrn"': f"patient_system: {URI}",
    'patient_system = "urn:\\u0007"': f"patient_system: {URI}",
    'clinician_system = ""': f"clinician_system: {URI}",
    'appointment_system = "1:2"': f"appointment_system: {URI}",
    'date_format = "%d.%m. %H:%M"': f"date_format: {DAY_MONTH_YEAR}",
    '[hl7v2]\npatient_sistem = "urn:a"': "hl7v2.patient_sistem: is no key that we know; did you "
    "mean patient_system?",
    '[hl7v2]\npatient_system = "mrn"': f"hl7v2.patient_system: {URI}",
    "[outreach]": "outreach.since: is missing; add it",
    '[outreach]\nsince = "soon"': "outreach.since: must be a day such as 2026-03-02",
    "[outreach]\nsince = 2026-01-01\nafter = []": (
        "outreach.after: has too few entries; at least: 1"
    ),
    '[outreach]\nsince = 2026-01-01\nafter = ["attended"]': (
        "outreach.after.0: must be 'no-show' or 'late-cancellation'"
    ),
    "[outreach]\nsince = 2026-01-01\nwithin_days = -1": "outreach.within_days: must be 0 or more",
    '[outreach]\nsince = 2026-01-01\nowner = "front-desk"': (
        'outreach.owner: must be "system|value", the system being a URI'
    ),
    '[outreach]\nsince = 2026-01-01\nowner_type = "Patient"': (
        "outreach.owner_type: must be 'Organization', 'CareTeam' or 'Practitioner'"
    ),
    '[outreach]\nsince = 2026-01-01\ntext = " "': (
        "outreach.text: must be one line, without blanks at its ends"
    ),
    '[hl7v2]\nzone = "Mars/Olympus"': (
        "hl7v2.zone: is no time zone of the IANA database, such as Europe/Berlin"
    ),
    '[hl7v2]\nencoding = "klingon"': (
        "hl7v2.encoding: is no encoding that is known, such as utf-8 or windows-1252"
    ),
    '[hl7v2]\nauthorities = "MRN"': "hl7v2.authorities: must be a table",
    '[hl7v2.authorities]\nMRN = "mrn"': f"hl7v2.authorities.MRN: {URI}",
    '[hl7v2.status]\nGone = "gone"': "hl7v2.status.Gone: must be 'pending', 'waitlist', 'booked', "
    "'arrived', 'checked-in', 'attended', 'arrived-late', 'too-late', 'no-show', 'cancelled' or "
    "'entered-in-error'",
    '[hl7v2.status]\nDone = "attended"\nDONE = "arrived"': (
        "hl7v2.status: two of its words differ in upper and lower case alone; keep one"
    ),
    '[hl7v2.cancelled_by]\nILL = "staff"': (
        "hl7v2.cancelled_by.ILL: must be 'patient' or 'provider'"
    ),
    'encoding = "klingon"': "encoding: is no encoding that is known, such as utf-8 or windows-1252",
    'date_format = "%Y"': f"date_format: {DAY_MONTH_YEAR}",
    'date_format = "%m/%Y"': f"date_format: {DAY_MONTH_YEAR}",
    'date_format = "%H:%M"': f"date_format: {DAY_MONTH_YEAR}",
    'date_format = "%Y, week %V"': f"date_format: {STRPTIME}",
    'date_format = "dd.mm.yyyy"': f"date_format: {DAY_MONTH_YEAR}",
    'date_format = "%d.%m.%Y %Q"': f"date_format: {STRPTIME}",
    'date_format = "%-d.%-m.%Y"': f"date_format: {STRPTIME}",
    'date_format = "%d.%d.%Y"': f"date_format: {STRPTIME}",
    'date_format = "%d.%m.%Y %"': f"date_format: {STRPTIME}",
    'date_format = "%d.%m.%Y %I:%M"': f"date_format: {HOUR}",
    'date_format = "%d.%m.%Y %M:%S"': f"date_format: {HOUR}",
    'date_format = "%d.%m.%Y %H:%M %Z"': (
        "date_format: %Z is a name that does not tell the offset from UTC; use %z, or set zone"
    ),
    'delimiter = ";;"': "delimiter: is too long; characters at most: 1",
    'decimal_mark = ";"': "decimal_mark: must be '.' or ','",
    "synthetic = 3": ("synthetic: must be true or false"),
    'confidentiality = "X"': ("confidentiality: must be 'U', 'L', 'M', 'N', 'R' or 'V'"),
    "confidentiality = true": "confidentiality: must be 'U', 'L', 'M', 'N', 'R' or 'V'",
    'sensitivity = ["MH", "XX"]': "sensitivity.1: must be 'MH', 'PSY' or 'BH'",
    'score_performer = "me"': "score_performer: must be 'none' or 'rater'",
    "look_back_days = -1": "look_back_days: must be 0 or more",
    'columns = "x"': "columns: must be a table",
    "columns = {patient = 1}": "columns.patient: must be text in quotes",
    'values.rater = "x"': "values.rater: must be a table",
    'instruments.srs.missing = "guess"': (
        "instruments.srs.missing: must be 'complete-cases' or 'prorate'"
    ),
    "instruments.srs.missed = 1": (
        "instruments.srs.missed: is no key that we know; did you mean missing?"
    ),
    "targets.test.url = 1": "targets.test.url: must be text in quotes",
    "targets.test = {}": "targets.test.url: is missing; add it",
    "targets.test = {url = 'x', fhir_version = '3.0'}": (
        "targets.test.fhir_version: must be '4.0', '4.3' or '5.0'"
    ),
    'columns.patint = "x"': ("columns.patint: nothing has this name; did you mean patient?"),
    'constants.item_1 = "x"': "constants.item_1: nothing has this name",
    'values.ratr = {x = "y"}': "values.ratr: nothing has this name; did you mean rater?",
    "instruments.wai-rs = {}": ("instruments.wai-rs: nothing has this name; did you mean wai-s?"),
}
"""A line of alliance.toml, and what is said of it."""


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_named_by_its_key_and_nothing_is_read(
    line: str, command: Callable[..., Ran]
) -> None:
    site(line)
    write("a.csv", srs())
    message = f"alliance.toml: {WRONG[line]}"
    assert command("check", "a.csv") == (2, "", f"error: {message}\n")
    ran = command("check", "a.csv", "--json")
    shape = {"command": "check", "stopped": message, "exit_code": 2, "rejected": [], "blocked": []}
    assert (ran.code, ran.json) == (2, shape)


def test_toml_that_is_none_is_told_with_its_place(command: Callable[..., Ran]) -> None:
    write("a.csv", srs())
    Path("alliance.toml").write_text('source = "clinic-east"\nzone = Europe/Berlin\n')
    ran = command("check", "a.csv")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: alliance.toml: cannot be read as TOML: ")
    assert "line 2" in ran.err
    Path("alliance.toml").write_bytes('source = "Übung"'.encode("latin-1"))
    message = "error: alliance.toml: cannot be read: it is not in UTF-8; save it so\n"
    assert command("check", "a.csv") == (2, "", message)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = " + "[" * 20_000, "cannot be read as TOML: it is nested too deep"),
        ("a = " + "1" * 20_000, "cannot be read as TOML: a number in it is too long"),
        *(
            (text, "a text in it holds the character NUL; take it out")
            for text in (
                'ledger = "a\\u0000b"',
                'source = "x"\n[targets.a]\nurl = "https://x"\ntls.ca_file = "\\u0000"',
                'extra = [{ a = "\\u0000" }]',
            )
        ),
    ],
    ids=["deep", "number", "key", "table", "list"],
)
def test_toml_that_nobody_can_use_is_told(
    text: str, reason: str, command: Callable[..., Ran]
) -> None:
    write("a.csv", srs())
    Path("alliance.toml").write_text(text)
    assert command("check", "a.csv") == (2, "", f"error: alliance.toml: {reason}\n")


def test_a_mark_of_its_encoding_before_the_settings_is_passed_over(
    command: Callable[..., Ran],
) -> None:
    write("a.csv", srs())
    Path("alliance.toml").write_text('source = "clinic-east"\n', "utf-8-sig")  # as Windows has it
    assert command("map", "a.csv", "--out", "out").code == 0


def test_a_folder_of_instruments_whose_path_is_too_long_is_as_one_that_is_not_there(
    command: Callable[..., Ran],
) -> None:
    site(f'instrument_folder = "{"x" * 5_000}"')
    write("a.csv", srs())
    assert command("check", "a.csv").code == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.toml", "No such file or directory"), (".", "Is a directory")],
)
def test_a_file_that_is_asked_for_must_be_there(
    name: str, reason: str, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    message = f"error: {name}: cannot be read: {reason}\n"
    assert command("check", "a.csv", "--config", name) == (2, "", message)


def test_a_source_must_have_a_name(command: Callable[..., Ran]) -> None:
    write("a.csv", srs())
    message = (
        "`source` is not set. Name this source of data in alliance.toml, once and for ever: "
        'source = "clinic-east". Every identifier that we give is made from it. An alliance.toml '
        "in another folder is named by --config."
    )
    for words in (("check",), ("map", "--out", "out"), ("sync", "--to", "to")):
        assert command(*words, "a.csv") == (2, "", f"error: {message}\n")


@pytest.mark.parametrize("name", ["-east", "clinic east", "klinik/ost", "x" * 65])
def test_a_name_of_a_source_is_one_word(name: str, command: Callable[..., Ran]) -> None:
    Path("alliance.toml").write_text(f'source = "{name}"')
    write("a.csv", srs())
    ran = command("check", "a.csv")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: alliance.toml: source: must be one word ")


@pytest.mark.parametrize(
    "organization",
    [
        *("east", "|east", "urn:example:org|", "clinics|east", "urn:the clinics|east"),
        *("urn:example:org| east", "urn:example:org|east\\n", "urn:\\u0001|east"),
    ],
)
def test_an_organization_is_a_system_and_a_value(
    organization: str, command: Callable[..., Ran]
) -> None:
    site(f'organization = "{organization}"')
    write("a.csv", srs())
    message = 'organization: must be "system|value", the system being a URI'
    for words in (("check",), ("map", "--out", "out"), ("sync", "--to", "to")):
        assert command(*words, "a.csv") == (2, "", f"error: alliance.toml: {message}\n")
    assert not Path("out").exists()


def test_provenance_names_the_organization_on_whose_behalf_we_write(
    command: Callable[..., Ran],
) -> None:
    site('organization = "urn:example:org|east | west"')
    write("a.csv", srs())
    mapped(command, "a.csv")
    (proof,) = resources("out", "Provenance")
    who = {"identifier": {"system": "urn:example:org", "value": "east | west"}}
    assert [agent.get("onBehalfOf") for agent in proof["agent"]] == [
        None,
        {**who, "type": "Organization"},
    ]


# --- where it is found ----------------------------------------------------------------------------


def named(folder: str, source: str) -> None:
    """A folder with an alliance.toml that names this source, and a file."""
    Path(folder).mkdir(exist_ok=True)
    (Path(folder) / "alliance.toml").write_text(f'source = "{source}"')
    write(f"{folder}/a.csv", srs())


def source_of(folder: str) -> str:
    """The name of the source in what was written."""
    (device,) = resources(folder, "Device")
    return device["identifier"][0]["system"].split("/")[-2]


def test_settings_lie_beside_the_first_source_or_here_or_where_they_are_said_to(
    command: Callable[..., Ran],
) -> None:
    named("east", "of-east")
    named("west", "of-west")
    Path("bare").mkdir()
    write("bare/a.csv", srs())
    named(".", "of-here")

    def used(*words: str) -> str:
        mapped(command, *words)
        return source_of("out")

    assert used("east/a.csv", "west/a.csv") == "of-east"
    assert used("west/a.csv", "east/a.csv") == "of-west"
    assert used("west") == "of-west"
    assert used("bare/a.csv", "west/a.csv") == "of-here"
    assert used("bare") == "of-here"
    assert used("east/a.csv", "--config", "west/alliance.toml") == "of-west"
    Path("other.toml").write_text('source = "of-other"')
    assert used("east", "--config", "other.toml") == "of-other"


def test_paths_in_settings_are_relative_to_them(command: Callable[..., Ran]) -> None:
    named("east", "of-east")
    with Path("east/alliance.toml").open("a") as file:
        file.write('\nidentifier_key_file = "secret"\nledger = "book.sqlite"\n')
    Path("east/secret").write_text(KEY)
    Path("east/secret").chmod(0o600)
    assert command("sync", "east/a.csv", "--to", "to").code == 0
    assert Path("east/book.sqlite").is_file()


# --- identifiers ----------------------------------------------------------------------------------

MRN, STAFF = "urn:example:mrn", "urn:example:staff"
DAY = "2026-03-09"
NONE = ("", "")
"""Nobody: neither system nor value."""
CSQ = ("assessment", MRN, GOOD, *NONE, "csq-8", "", "patient")
RECORDS: list[tuple[Row, list[str]]] = [
    (
        srs(),
        ["assessment", MRN, GOOD, *NONE, "srs", "", "patient", *NONE, DAY, "1"],
    ),
    (
        check_in(session="", clinician=f"{STAFF}|kurtz", language="EN"),
        [
            *("assessment", MRN, GOOD, STAFF, "kurtz", "check-in", "en", "patient"),
            *("", "", "2026-03-09", ""),
        ],
    ),
    (
        csq(completed_at="2026-03-09T14:10", rater_id=f'{STAFF}|m "7" \\ é', instrument="csq-8@1"),
        [
            *("assessment", MRN, GOOD, "", "", "csq-8", "", "patient"),
            *(STAFF, 'm "7" \\ é', "2026-03-09T18:10:00Z", "1"),
        ],
    ),
    (
        {**csq(completed_at="2026-03-09T14:10:00.25+02:00"), "record_id": ""},
        [
            *("assessment", MRN, GOOD, "", "", "csq-8", "", "patient", "", ""),
            *("2026-03-09T12:10:00.250000Z", "1"),
        ],
    ),
    ({**csq(), "record_id": "ref-4410"}, ["record", "ref-4410"]),
]
"""Rows, and their natural keys as the specification has them."""


def digest(source: str, key: list[str], secret: bytes = b"") -> str:
    """BLAKE2b of 16 bytes over the compact JSON array of the source and the natural key."""
    parts = json.dumps([source, *key], separators=(",", ":"), ensure_ascii=False)
    return blake2b(parts.encode(), digest_size=16, key=secret).hexdigest()


def identifiers(folder: str = "out") -> list[str]:
    """The business identifiers of all responses, in their order, without the suffix."""
    values = [r["identifier"]["value"] for r in resources(folder, "QuestionnaireResponse")]
    assert all(value.endswith("-qr") for value in values)
    return [value.removesuffix("-qr") for value in values]


@pytest.mark.parametrize("secret", ["", KEY, "x" * 16, "é" * 32])
def test_identifiers_are_those_of_the_specification(
    secret: str, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site('zone = "America/New_York"')
    write("a.csv", *(row for row, _ in RECORDS))
    if secret:
        monkeypatch.setenv("ALLIANCE_FHIR_KEY", secret)
    mapped(command, "a.csv")
    expected = [digest("clinic-east", key, secret.encode()) for _, key in RECORDS]
    assert identifiers() == expected
    (device,) = resources("out", "Device")
    assert device["identifier"] == [
        {
            "system": "https://alliance-fhir.github.io/id/clinic-east/identifier",
            "value": "device-alliance-fhir",
        }
    ]


def test_the_source_is_part_of_every_identifier_and_the_base_is_its_system(
    command: Callable[..., Ran],
) -> None:
    Path("alliance.toml").write_text('source = "west.2"\nbase = "https://west.example/fhir/"')
    write("a.csv", srs())
    mapped(command, "a.csv")
    assert identifiers() == [digest("west.2", RECORDS[0][1])]
    (response,) = resources("out", "QuestionnaireResponse")
    assert response["identifier"]["system"] == "https://west.example/fhir/identifier"


def test_a_key_from_a_file_is_that_from_the_environment_without_blanks_at_its_ends(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site('identifier_key_file = "secret"')
    write("a.csv", srs())
    Path("secret").write_text(f" {KEY}\n")
    Path("secret").chmod(0o600)
    mapped(command, "a.csv")
    assert identifiers() == [digest("clinic-east", RECORDS[0][1], KEY.encode())]
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", "y" * 64)  # goes before the file
    mapped(command, "a.csv")
    assert identifiers() == [digest("clinic-east", RECORDS[0][1], b"y" * 64)]


def rows_told(folder: str) -> list[str]:
    """What Provenances say of the rows that they are about."""
    whats = [proof["entity"][0]["what"] for proof in resources(folder, "Provenance")]
    assert all(what["identifier"]["system"].endswith("/source-digest") for what in whats)
    return [what["identifier"]["value"].removeprefix("blake2b:") for what in whats]


@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
def test_with_a_key_nobody_can_try_out_what_a_row_said(
    long: bool, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest of its cells, in Provenances and in the ledger."""
    site()
    row = {"record_id": "", **srs()} if long else srs()
    write("a.csv", *(long_rows(row) if long else [row]))
    cells = "\x1f".join([*row.values()] if not long else _in_long_order(row)).encode()

    def told(key: str) -> tuple[list[str], bytes]:
        monkeypatch.setenv("ALLIANCE_FHIR_KEY", key)
        mapped(command, "a.csv")
        folder = f"to-{len(key)}"
        assert command("sync", "a.csv", "--to", folder, "--ledger", f"{folder}.sqlite").code == 0
        assert command("sync", "a.csv", "--to", folder, "--ledger", f"{folder}.sqlite").code == 0
        return rows_told("out"), Path(f"{folder}.sqlite").read_bytes()

    plain, book = told("")
    assert plain == [blake2b(cells, digest_size=16).hexdigest()]
    assert plain[0].encode() in book
    keyed, book = told(KEY)
    assert keyed == [blake2b(cells, digest_size=16, key=KEY.encode()).hexdigest()]
    assert keyed[0].encode() in book
    assert plain[0].encode() not in book


def _in_long_order(row: Row) -> list[str]:
    """The cells of all that rows share, then each item and what it was answered."""
    items = sorted(name for name in row if name.startswith("item_"))
    shared = [cell for name, cell in row.items() if name not in items]
    return [*shared, *(part for name in items for part in (name, row[name]))]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_key_that_others_can_read_is_not_used(mode: int, command: Callable[..., Ran]) -> None:
    site('identifier_key_file = "secret"')
    write("a.csv", srs())
    Path("secret").write_text(KEY)
    Path("secret").chmod(mode)
    message = "error: secret: others can read this secret; run chmod 600 on it\n"
    assert command("check", "a.csv") == (2, "", message)


def test_a_key_file_that_is_not_there_is_told(command: Callable[..., Ran]) -> None:
    site('identifier_key_file = "secret"')
    write("a.csv", srs())
    assert command("check", "a.csv") == (2, "", "error: secret: No such file or directory\n")


@pytest.mark.parametrize("key", ["x" * 15, "x" * 65, "é" * 33, "  short  ", "x" * 15 + "   "])
def test_a_key_is_16_to_64_bytes_and_never_shown(
    key: str, command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.csv", srs())
    wrong = "the key must be of 16 to 64 bytes"
    site('identifier_key_file = "secret"')
    Path("secret").write_text(key)
    Path("secret").chmod(0o600)
    ran = command("check", "a.csv")
    assert ran == (2, "", f"error: identifier_key_file: {wrong}\n")
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", key)
    ran = command("check", "a.csv")
    assert ran == (2, "", f"error: ALLIANCE_FHIR_KEY: {wrong}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there the environment is text")
def test_a_key_in_the_environment_need_not_be_text(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = bytes(range(200, 232))
    site()
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", os.fsdecode(key))
    write("a.csv", srs())
    mapped(command, "a.csv")
    from_environment = identifiers()
    monkeypatch.delenv("ALLIANCE_FHIR_KEY")
    site('identifier_key_file = "secret"')
    Path("secret").write_bytes(key)
    Path("secret").chmod(0o600)
    mapped(command, "a.csv", to="again")
    assert from_environment == identifiers("again")


def test_a_ledger_does_not_take_another_key(
    command: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    site()
    write("a.csv", srs())
    assert command("sync", "a.csv", "--to", "to").code == 0
    monkeypatch.setenv("ALLIANCE_FHIR_KEY", KEY)
    ran = command("sync", "a.csv", "--to", "to")
    assert (ran.code, ran.out) == (2, "")
    assert "was made with another secret key of the identifiers" in ran.err
    assert KEY not in ran.err


# --- what it does ---------------------------------------------------------------------------------


def test_labels_are_as_the_site_sets_them(command: Callable[..., Ran]) -> None:
    write("a.csv", srs())

    def codes(*toml: str) -> list[str]:
        site(*toml)
        mapped(command, "a.csv")
        (response,) = resources("out", "QuestionnaireResponse")
        return [label["code"] for label in response["meta"]["security"]]

    assert codes() == ["R", "MH", "PATRPT"]
    assert codes('confidentiality = "V"', 'sensitivity = ["PSY", "BH"]') == [
        *("V", "PSY", "BH"),
        "PATRPT",
    ]
    assert codes("sensitivity = []", "synthetic = true") == ["R", "PATRPT", "HTEST"]
    for none in ('""', "false"):
        assert codes(f"confidentiality = {none}") == ["MH", "PATRPT"]
        nothing = (f"confidentiality = {none}", "sensitivity = []", "claim_profiles = false")
        assert codes(*nothing) == ["PATRPT"]
        (device,) = resources("out", "Device")
        assert "meta" not in device


def test_the_rater_performs_scores_where_the_site_says_so(command: Callable[..., Ran]) -> None:
    write("a.csv", srs())
    site()
    mapped(command, "a.csv")
    assert not any("performer" in o for o in resources("out", "Observation"))
    site('score_performer = "rater"')
    mapped(command, "a.csv")
    performers = [o.get("performer") for o in resources("out", "Observation")]
    who = {"identifier": {"system": MRN, "value": GOOD}, "type": "Patient"}
    assert performers == [[who], [who]]


def test_a_target_may_have_a_name(command: Callable[..., Ran]) -> None:
    site('targets.test = {url = "to", fhir_version = "5.0"}')
    write("a.csv", srs())
    ran = command("sync", "a.csv", "--to", "test", "--json")
    assert (ran.code, ran.json["target"], ran.json["fhir_version"]) == (0, "to", "5.0.0")
    assert Path("to/manifest.json").is_file()


def test_empty_settings_are_those_without_a_file(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    ran = command("check", "a.csv", "--json")
    assert said(ran) == outcome("check", (1, 1, 0))
    keeps_silent(ran)

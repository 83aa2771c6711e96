"""The lists in the reference, held against the code."""

from __future__ import annotations

import inspect
import itertools
import json
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer

import alliance_fhir
from alliance_fhir import errors
from alliance_fhir.cli import app
from alliance_fhir.cli.options import CheckLevel
from alliance_fhir.config import (
    FhirSettings,
    Hl7v2Settings,
    InstrumentSettings,
    ListenSettings,
    MeasureSettings,
    OutreachSettings,
    Settings,
    TargetSettings,
    TlsSettings,
)
from alliance_fhir.domain import attendance
from alliance_fhir.domain import instrument as facts
from alliance_fhir.domain.agreement import Outcome
from alliance_fhir.domain.engagement import Count
from alliance_fhir.domain.intervals import wilson
from alliance_fhir.domain.places import PLANS as SUFFIXES
from alliance_fhir.domain.plan.document import Kind, Status
from alliance_fhir.domain.plan.values import LONGEST_LINE, LONGEST_TEXT, MOST_ENTRIES
from alliance_fhir.domain.receipt import RULES, STATES, WARNINGS, Finding, Tally
from alliance_fhir.fhir import elements as el
from alliance_fhir.fhir.plan.back.element import Why
from alliance_fhir.fhir.plan.goals import UNITS
from alliance_fhir.fhir.plan.statuses import goal_status, request_status
from alliance_fhir.fhir.scores import RULE_TEXTS
from alliance_fhir.figures import Line
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.instruments.packs import TextPack
from alliance_fhir.ledger import inbox_tables
from alliance_fhir.ledger.tables import metadata
from alliance_fhir.listening.waiting import Waits
from alliance_fhir.probing import Probed
from alliance_fhir.result import Pulled, Result, Verification
from alliance_fhir.sources import visits
from alliance_fhir.sources.fields import MODES
from alliance_fhir.sources.hl7v2.appointment import Sign
from alliance_fhir.sources.layout import HEAD, LONG, REQUIRED, VISIT, VISIT_REQUIRED
from alliance_fhir.sources.plans import breaches
from alliance_fhir.sources.plans.files import LARGEST
from alliance_fhir.sources.plans.nodes import DEEPEST
from alliance_fhir.sources.readers import READERS
from alliance_fhir.transport.auth import METHODS
from alliance_fhir.transport.traffic import Traffic

from .pages import PAGES, ROOT, name_of, without_blocks

PROFILES = Path(__file__).parents[2] / "profiles" / "r4"
REFERENCE = ROOT / "docs" / "reference"
Row = tuple[str, ...]


def page(name: str) -> str:
    """A page of the reference."""
    return (REFERENCE / name).read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page(name), re.M | re.S)
    assert found, f"{name} has no section {title}"
    return found[1]


def rows(text: str) -> Iterator[Row]:
    """The rows of all tables, apart from their heads."""
    for line in re.findall(r"^\|(.+)\|$", text, re.MULTILINE):
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        if not set(cells[0]) <= set("-: ") or not cells[0]:
            yield tuple(cells)


def keyed(text: str) -> dict[str, Row]:
    """The rows whose first cell begins with code, by that code."""
    found = {m[1]: row for row in rows(text) if (m := re.match(r"`([^`]+)`", row[0]))}
    assert found
    return found


# --- commands -------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """Every command by its whole name, the root being called alliance-fhir."""
    root: Any = typer.main.get_command(app)
    found = {"alliance-fhir": root}
    for name, command in root.commands.items():
        parts = getattr(command, "commands", None)
        if parts is None:
            found[name] = command
        else:
            found |= {f"{name} {part}": leaf for part, leaf in parts.items()}
    return found


COMMANDS = commands()


def test_every_command_has_its_section_and_no_other() -> None:
    titles = re.findall(r"^## (.+)$", page("commands.md"), re.MULTILINE)
    assert titles == [*COMMANDS, "The levels of `--check`"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described_and_no_other(name: str) -> None:
    told = section("commands.md", name)
    options = {
        option
        for parameter in COMMANDS[name].params
        if parameter.param_type_name == "option"
        for option in parameter.opts
        if option.startswith("--")
    }
    assert {row for row in keyed(told) if row.startswith("--")} == options - {"--help"}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "alliance-fhir"])
def test_every_argument_is_in_the_usage(name: str) -> None:
    usage = re.search(r"^`alliance-fhir ([^`]+)`$", section("commands.md", name), re.MULTILINE)
    assert usage
    needed = [p for p in COMMANDS[name].params if p.required]
    words = [p.metavar if p.param_type_name == "argument" else p.opts[0] for p in needed]
    assert usage[1].startswith(name)
    assert all(word in usage[1] for word in words)


def test_the_levels_of_check_are_all_there() -> None:
    told = keyed(section("commands.md", "The levels of `--check`"))
    assert tuple(told) == get_args(CheckLevel)


def test_the_readme_names_all_commands_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^## The commands\n(.*?)^A SOURCE", text, re.M | re.S)
    assert table
    told: set[str] = set()
    for row in rows(table[1]):
        words = re.findall(r"`(?:alliance-fhir )?([^`]+)`", row[0])
        if len(words) > 1:
            group, first = words[0].split()
            told |= {f"{group} {part}" for part in (first, *words[1:])}
        else:
            told |= {word.split()[0] for word in words}
    assert told == set(COMMANDS) - {"alliance-fhir"}


# --- settings, environment ------------------------------------------------------------------------


def test_every_key_of_the_settings_is_described_and_no_other() -> None:
    text = page("alliance-toml.md")
    own = re.split(r"^## (?:instruments\.ID)", text, flags=re.MULTILINE)[0]
    assert set(keyed(own)) == set(Settings.model_fields) - {"folder"}


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("instruments.ID", InstrumentSettings),
        ("hl7v2", Hl7v2Settings),
        ("listen", ListenSettings),
        ("outreach", OutreachSettings),
        ("measures", MeasureSettings),
        ("fhir", FhirSettings),
        ("targets.NAME", TargetSettings),
        ("targets.NAME.tls", TlsSettings),
    ],
)
def test_every_key_of_a_table_in_the_settings_is_described(title: str, model: Any) -> None:
    assert set(keyed(section("alliance-toml.md", title))) == set(model.model_fields)


def test_every_method_and_its_keys_are_described_with_their_defaults() -> None:
    parts = re.split(r"^### (.+)\n", section("alliance-toml.md", "targets.NAME.auth"), flags=re.M)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(told) == list(METHODS)
    for name, method in METHODS.items():
        keys = keyed(told[name])
        fields = method.settings.model_fields
        assert set(keys) == set(fields), name
        for key, field in fields.items():
            shown = re.fullmatch(r'`"([^`<>]+)"`', keys[key][1])
            assert field.default == shown[1] if shown else not field.default or field.is_required()
            assert (keys[key][1] == "required") == field.is_required(), (name, key)


@pytest.mark.parametrize(
    "model",
    [Settings, InstrumentSettings, MeasureSettings, OutreachSettings, TargetSettings],
)
def test_defaults_are_the_ones_that_are_told(model: Any) -> None:
    text = page("alliance-toml.md")
    own, _, rest = text.partition("## instruments.ID")
    told = keyed(own if model is Settings else rest.partition("## targets.NAME.auth")[0])
    for name, field in model.model_fields.items():
        default = list(field.default) if isinstance(field.default, tuple) else field.default
        shown = re.fullmatch(r"`([^`<>]+)`", told[name][1]) if name in told else None
        if shown:
            assert tomllib.loads(f"x = {shown[1]}")["x"] == default, name
        elif name in told:
            # "none", "found out", "required", and the like
            assert field.is_required() or not default, name


def test_every_environment_variable_is_described_and_no_other() -> None:
    source = Path(inspect.getfile(alliance_fhir)).parent
    used = {
        name
        for file in source.rglob("*.py")
        for name in re.findall(r"ALLIANCE_FHIR_[A-Z]+", file.read_text(encoding="utf-8"))
    }
    assert set(keyed(page("environment.md"))) == used


# --- input, rules, results ------------------------------------------------------------------------


def test_columns_and_files_are_the_ones_that_are_read() -> None:
    files = keyed(section("input.md", "Files"))
    assert set(files) == set(READERS)
    columns = keyed(section("input.md", "Columns"))
    assert {*HEAD, *LONG} <= set(columns)
    assert {*columns} - {*HEAD, *LONG} == {"item_1"}
    assert {name for name in HEAD if columns[name][1] == "yes"} == set(REQUIRED)
    for words, column in ((MODES, "mode"), (el.RATER_TYPES, "rater")):
        assert set(re.findall(r"`([a-z-]+)`", columns[column][2])) == set(words)


def test_columns_of_visits_are_the_ones_that_are_read() -> None:
    columns = keyed(section("input.md", "Visits"))
    assert tuple(columns) == VISIT
    assert {name for name in VISIT if columns[name][1] == "yes"} == set(VISIT_REQUIRED)
    for words, column in (
        (visits.STATUSES, "status"),
        (visits.SIDES, "cancelled_by"),
        (visits.MODALITIES, "modality"),
        (visits.ANSWERS, "first"),
    ):
        assert re.findall(r"`([a-z-]+)`", columns[column][2]) == list(words)


def test_every_rule_is_told_with_its_remedy_and_no_other() -> None:
    told = keyed(page("rules.md"))
    assert {name: row[1] for name, row in told.items()} == RULES
    assert {name for name, row in told.items() if "warning" in row[0]} == WARNINGS
    assert list(told) == list(RULES)


def codes() -> dict[int, set[str]]:
    """Exit codes of errors, each with the classes that give it."""
    found: dict[int, set[str]] = {}
    for name, value in vars(errors).items():
        if inspect.isclass(value) and issubclass(value, errors.AllianceError):
            found.setdefault(value.exit_code, set()).add(name)
    return found


def test_exit_codes_are_the_ones_that_there_are() -> None:
    told = {int(row[0]): row for row in rows(page("exit-codes.md")) if row[0].isdigit()}
    assert set(told) == {0, 4, 7, 8, 130, *codes()}
    assert {code: {told[code][1]} for code in codes()} == codes()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^## Exit codes\n(.*?)^## ", text, re.M | re.S)
    assert table
    assert {int(row[0]) for row in rows(table[1]) if row[0].isdigit()} == set(told)


def test_the_keys_of_json_are_the_ones_that_are_told() -> None:
    finding = Finding("a.csv", 2, "item_1", "out-of-range", "", "", "Observation/1", "a", "b")
    lists = {name: [finding] for name in ("rejected", "blocked", "warnings", "disappeared")}
    result = Result(
        "demo",
        "run",
        "out",
        "4.0.1",
        Tally(1, 1, **lists),
        Verification(1),
        {"Device": 1},
        "why",
        11,
        undone={"removed": 1},
        validation={"resources": 1},
        dead_letters="a.jsonl",
        pull={"Device": Pulled()},
        measures={"figures": []},
        probe=(probed := Probed("HAPI", [], [], {}, []).as_json()),
        requests=(requests := _requests()),
    )
    commands = "check, map, plan, sync, verify, measure, retract, undo, probe, pull, demo"
    text = section("json.md", commands)
    first, second = text.split("A finding:")
    assert list(keyed(first)) == list(result.as_json())
    assert set(keyed(second)) == set(finding.as_json())
    assert tuple(keyed(section("json.md", "States"))) == STATES
    assert set(keyed(section("json.md", "verify"))) == set(vars(Verification()))
    assert set(keyed(section("json.md", "probe"))) == set(probed)
    assert set(keyed(section("json.md", "pull"))) == set(vars(Pulled()))
    figure = Line("no-show-rate", "", "all", Count(0, 1, 1), Decimal(0), wilson(0, 1), "masked")
    assert list(keyed(section("json.md", "measures"))) == list(figure.as_json())
    assert list(keyed(section("json.md", "requests"))) == list(requests)
    waits = Waits("2026", 1, "no-end", "key", Sign("C1", "S12", "A|B"), "2026", ["PID-3"]).as_json()
    assert list(keyed(section("json.md", "waiting").split("An appointment;")[1])) == list(waits)


def _requests() -> dict[str, Any]:
    traffic = Traffic()
    traffic.answered(200, 0.1)
    return traffic.taken()


# --- instruments ----------------------------------------------------------------------------------


def test_every_instrument_is_in_the_table_as_it_is() -> None:
    told = keyed(page("instruments.md"))
    assert list(told) == [instrument.id for instrument in Catalog()]
    for instrument in Catalog():
        _, title, items, raters, scores, unverified = told[instrument.id]
        table = instrument.evidence
        open_ = [n for n in type(table).model_fields if getattr(table, n).mark == "M"]
        bounds = [
            f"`{s.id}`" + (f" {s.low}-{s.high}" if s.low is not None else "")
            for s in instrument.scores
        ]
        assert title == instrument.title
        assert items == str(instrument.size)
        assert raters == ", ".join(instrument.perspectives)
        assert scores == ", ".join(bounds)
        assert unverified == (", ".join(open_) or "nothing")


def test_the_rights_holders_are_those_of_the_files() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for instrument in Catalog():
        if "not established" not in instrument.licence.holder and instrument.id != "gas":
            assert instrument.licence.holder.lower() in notice.lower(), instrument.id


@pytest.mark.parametrize(
    "model",
    [
        *(facts.Instrument, facts.Items, facts.Option, facts.ScoreRule, facts.Licence),
        *(facts.EvidenceTable, facts.Evidence, facts.Cutoff, facts.Wording, TextPack),
    ],
    ids=lambda model: model.__name__,
)
def test_every_key_of_an_instrument_file_is_described(model: Any) -> None:
    told = keyed(section("instrument-file.md", model.__name__))
    assert set(told) == set(model.model_fields)
    for name, field in model.model_fields.items():
        if len(told[name]) == 3:
            assert (told[name][1] == "yes") == field.is_required(), name


PLAN_PARTS = breaches.models()


def test_every_part_of_a_plan_has_its_table() -> None:
    titles = re.findall(r"^## (\w+)$", page("shared-plan.md"), re.MULTILINE)
    assert set(titles) - {"Limits"} == set(PLAN_PARTS)


@pytest.mark.parametrize("name", PLAN_PARTS)
def test_every_key_of_a_plan_is_described_with_the_words_that_it_takes(name: str) -> None:
    model = PLAN_PARTS[name]
    told = keyed(section("shared-plan.md", name))
    assert list(told) == list(model.model_fields)
    for key, field in model.model_fields.items():
        assert (told[key][1] == "yes") == field.is_required(), key
        for words in (field.annotation, *get_args(field.annotation)):
            if get_origin(words) is Literal:
                taken = section("shared-plan.md", name) if name == "Doubts" else told[key][2]
                assert set(get_args(words)) <= set(re.findall(r"`([\w-]+)`", taken)), key


def test_the_limits_of_plans_are_as_told() -> None:
    text = page("shared-plan.md")
    for limit in (LONGEST_TEXT, LARGEST):
        assert f"{limit:,}" in text
    for limit in (LONGEST_LINE, MOST_ENTRIES, DEEPEST):
        assert re.search(rf"\b{limit}\b", text)
    assert all(f"`*{suffix}`" in text for suffix in SUFFIXES)


# --- FHIR, Python, ledger, design -----------------------------------------------------------------


def test_extensions_methods_and_modes_are_the_ones_that_are_written() -> None:
    text = "".join(
        page(f"{name}.md") for name in ("fhir", "plans-in-fhir", "visits-in-fhir", "measures")
    )
    made = (json.loads(file.read_bytes()) for file in PROFILES.glob("StructureDefinition-*.json"))
    extensions = {d["url"] for d in made if d["type"] == "Extension"}
    told = re.findall(r"`IG/StructureDefinition/([a-z-]+)`", text)
    assert {f"{el.IG}/StructureDefinition/{slug}" for slug in told} == extensions
    table = keyed(section("fhir.md", "Observation: scores"))
    assert set(table) - set(_elements(table)) == set(RULE_TEXTS)
    modes = keyed(section("fhir.md", "QuestionnaireResponse"))
    assert {m: modes[m][1].strip("`") for m in el.MODES} == el.MODES


def test_what_became_of_visits_is_told_with_every_rule() -> None:
    became = [*rows(section("visits-in-fhir.md", "What became of a visit"))]
    assert {row[2].strip("`") for row in became[1:]} == set(get_args(attendance.Attendance))
    assert {row[3].strip("`") for row in became[1:]} == set(get_args(attendance.Rule))
    which = [*rows(section("visits-in-fhir.md", "First or follow-up"))]
    assert {row[1].strip("`") for row in which[1:]} == set(get_args(attendance.Since))


PLANS = "plans-in-fhir.md"


def test_the_statuses_of_plans_are_those_that_are_written() -> None:
    outcomes = get_args(Outcome)
    told = {row[:2]: row[2:] for row in rows(section(PLANS, "Status")) if row[1] in outcomes}
    pairs = list(itertools.product((*get_args(Status), "left"), outcomes))
    assert set(told) == set(pairs)
    types = ("ServiceRequest", "Task", "MedicationRequest")
    for of in pairs:
        assert told[of] == (goal_status(*of), *(request_status(type_, *of) for type_ in types))
        assert request_status("CommunicationRequest", *of) == request_status(types[0], *of)


def test_the_kinds_of_tasks_are_all_there() -> None:
    assert set(keyed(section(PLANS, "Requests: tasks"))) == set(get_args(Kind))


def test_the_units_that_are_codes_of_ucum_are_all_there() -> None:
    told = re.search(r"^Units that are codes of UCUM: ([^;]*);", section(PLANS, "Goal"), re.M)
    assert told
    assert tuple(re.findall("`([^`]+)`", told[1])) == UNITS


def test_the_parts_of_an_agreement_are_all_there() -> None:
    parts = _parts("agreement-to")
    assert list(keyed(section(PLANS, "Agreement"))) == parts
    assert _parts("agreement") == ["individual", "status", *parts]


def _parts(extension: str) -> list[str]:
    """The parts of an extension, as it is defined."""
    file = PROFILES / f"StructureDefinition-{extension}.json"
    elements = json.loads(file.read_bytes())["differential"]["element"]
    return [one["sliceName"] for one in elements if "sliceName" in one]


def test_the_reasons_why_something_of_a_plan_is_left_are_all_there() -> None:
    told = section(PLANS, "Back from FHIR").partition("### Why something is left\n")[2]
    assert set(keyed(told)) == set(get_args(Why))


def _elements(table: dict[str, Row]) -> list[str]:
    return [name for name, row in table.items() if len(row) == 3]


def test_every_public_name_is_described_and_no_other() -> None:
    told = {re.match(r"\w+", name)[0] for name in keyed(page("python.md"))}  # pyright: ignore[reportOptionalSubscript]
    assert told == set(alliance_fhir.__all__)


def test_what_the_pages_name_within_the_package_is_there() -> None:
    told = {
        name
        for one in PAGES
        for name in re.findall(r"`(alliance_fhir(?:\.\w+)+)`", without_blocks(one))
    }
    assert "alliance_fhir.domain.plan.merging.merge" in told
    for name in told:
        assert pkgutil.resolve_name(name), name


def test_the_tables_of_the_ledger_are_as_told() -> None:
    told = keyed(section("targets.md", "The ledger"))
    tables = {**metadata.tables, **inbox_tables.metadata.tables}
    assert set(told) == set(tables)
    for name, table in tables.items():
        words = set(re.findall(r"`(\w+)`", told[name][2]))
        assert {column.name for column in table.columns} <= words, name


def test_the_layers_are_those_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    text = (ROOT / "docs" / "explanation" / "design.md").read_text(encoding="utf-8")
    shown = re.search(r"^```text\n(.*?)^```", text, re.M | re.S)
    assert shown
    assert shown[1].splitlines() == layers


def test_every_dependency_is_in_the_notices() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    for told in project["project"]["dependencies"]:
        name = re.match(r"[\w.-]+", told)
        assert name
        assert re.search(rf"^  {re.escape(name[0])} ", notice, re.MULTILINE), name[0]


def test_every_folder_of_tests_is_described() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(tests/\w+)` \|", text, re.MULTILINE))
    folders = [p for p in (ROOT / "tests").iterdir() if p.is_dir() and any(p.glob("*.py"))]
    assert told == {name_of(folder) for folder in folders}


def test_the_digests_of_content_are_those_of_the_texts_beside_them() -> None:
    told = page("fhir.md").partition("### The digest of the content")[2].partition("\n### ")[0]
    texts = re.findall(r"```text\n(.*)\n```", told)
    examples = ["Device-alliance-device", "Observation-alliance-score"]
    for text, told, name in zip(texts[::2], texts[1::2], examples, strict=True):
        body = json.loads((PROFILES / "examples" / f"{name}.json").read_bytes())
        carried = next(e for e in body["extension"] if e["url"] == el.CONTENT_DIGEST)
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        assert digest == told == carried["valueString"], name

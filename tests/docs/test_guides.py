"""What the page on US Core, MCC and PCO says, held against what was read and what is mapped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from . import guides
from .guides import CORE, FACTS, LATEST, MET
from .test_reference import page, rows, section

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = guides.PLANS
TABLES = FACTS["table"]
OF_PLANS = [table for table in TABLES if guides.page_of(table) == PAGE]
TITLES = [table["title"] for table in TABLES]


def profiles() -> Iterator[tuple[str, str]]:
    """Each profile and version that there are facts about."""
    for name, versions in FACTS.items():
        if name not in ("read", "slices", "table"):
            yield from ((name, version) for version in versions)


@pytest.mark.parametrize("table", TABLES, ids=TITLES)
def test_the_rows_are_what_the_guides_must_have_and_what_ours_have(table: Any) -> None:
    page = section(guides.page_of(table), table["title"])
    told = [row for row in rows(page) if row[0].startswith("`")]
    wanted = [(f"`{row.element}`", *row[1:]) for row in guides.rows(table)]
    assert [row[:5] for row in told] == wanted
    assert [row[0] for row in told if row[4] != MET and not row[5]] == []


@pytest.mark.parametrize("table", TABLES, ids=TITLES)
def test_the_profiles_of_a_table_are_named(table: Any) -> None:
    page = guides.page_of(table)
    named = re.findall(r"`([\w-]+)`", section(page, table["title"]).partition("\n|")[0])
    assert named == [table[guide] for guide in ("core", *guides.COLUMNS[page]) if guide in table]


def test_what_is_mandatory_and_not_always_there_is_pcos_and_told() -> None:
    lacking = {
        (table["title"], row.element, "1" in row.core + row.second)
        for table in TABLES
        for row in guides.rows(table)
        if "1" in row.core + row.second + row.third and row.ours != MET
    } - {("Observation: score", "value[x]", False)}
    of_pco = ("goal", "goal:SupportedGoals", "activity", "activity.reference")
    assert lacking == {("CarePlan", element, False) for element in of_pco}
    assert "but for four of PCO's" in section(PAGE, "In short")


def test_what_could_be_met_and_is_not_yet_is_told() -> None:
    lacking = [
        f"{table['title'].partition(':')[0]}.{row[0].strip('`')}"
        for table in OF_PLANS
        for row in rows(section(PAGE, table["title"]))
        if row[-1].endswith(" yet")
    ]
    assert lacking == [
        "CarePlan.activity.outcomeReference",
        "MedicationRequest.dosageInstruction.text",
        "QuestionnaireResponse.questionnaire.extension:questionnaireDisplay",
        "QuestionnaireResponse.item.text",
        "Observation.performer",
    ]
    assert "Five elements could be met and are not yet" in section(PAGE, "In short")


def test_every_type_that_comes_of_a_plan_has_its_table_or_no_profile() -> None:
    assert all(guides.ours().values())
    without = guides.ours().keys() - set(TITLES)
    assert without == {"Task", "CommunicationRequest"}
    assert "Task and CommunicationRequest have no profile" in section(PAGE, "In short")


def test_what_was_read_is_told() -> None:
    read = [(one["package"], one["version"]) for one in FACTS["read"]]
    [sdc] = [one for one in read if one[0].endswith(".sdc")]
    assert f"SDC {sdc[1]} is on npm" in page(guides.RATINGS)
    told = [row[:2] for row in rows(section(PAGE, "What was read")) if row[0].startswith("`")]
    assert told == [(f"`{package}`", version) for package, version in read if package != sdc[0]]
    versions = {version for _, version in read}
    assert versions == {*CORE, *LATEST.values()} == {version for _, version in profiles()}


def test_the_facts_fit_together() -> None:
    """Each profile is of a table or what one is like, and each slice of a profile can be known."""
    used = {table[guide] for table in TABLES for guide in ("core", *LATEST) if guide in table}
    used |= {FACTS[n][v]["like"].split(" ")[0] for n, v in profiles() if "like" in FACTS[n][v]}
    assert used == {name for name, _ in profiles()}
    slices = {
        f"{table['title'].partition(':')[0]}.{name}"
        for table in TABLES
        for row in guides.rows(table)
        for name in row.element.split(".")
        if ":" in name
    }
    assert slices == set(FACTS["slices"])
    assert {mark for n, v in profiles() for mark in guides.marks(n, v).values()} == {
        "1", "S", "1 S", "U", "0",
    }  # fmt: skip


def test_an_element_is_looked_for_where_it_stands() -> None:
    """The path of an element tells apart what is there, what is elsewhere, and other slices."""
    assert guides.state("CarePlan", "text.div") == MET
    assert guides.state("CarePlan", "div") == guides.NOT
    assert guides.state("Goal", "subject.type") == MET
    assert guides.state("Goal", "target.detail[x]") == guides.SAID
    assert guides.state("Goal", "detail[x]") == guides.NOT
    assert guides.state("CareTeam", "participant:patient-as-team-member.member") == MET
    assert guides.state("CareTeam", "participant:caregiver.member") == guides.NOT


def test_the_page_names_no_version_that_was_not_read() -> None:
    assert not set(re.findall(r"\b\d+\.\d+\.\d+\b", page(PAGE))) - {*CORE, *LATEST.values()}

"""Laws of reading tables: whatever stands in a cell comes out as it went in, or is named."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir.config import Settings
from alliance_fhir.domain.receipt import RULES, Finding
from alliance_fhir.errors import ConfigError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.cells import problem
from alliance_fhir.sources.layout import HEAD, Names, check_names, fold
from alliance_fhir.sources.supply import Sources

if TYPE_CHECKING:
    from alliance_fhir.domain.records import Assessment

CATALOG = Catalog()
SITE = Settings(source="clinic-east", patient_system="urn:example:mrn")
HEADER = ["patient", "instrument", "rater", "completed_at", "session", "mode"]
SRS = [f"item_{number}" for number in range(1, 5)]

# quotes, delimiters, line ends of Unicode, and whatever else a keyboard or a mistake may give
odd = st.sampled_from("\",;'|\\=+@-#%*{}<>&\u2028\u00a0\ufeffäé\U0001f600\u0661")
anything = st.characters(exclude_categories=["Cs", "Cc"])
values = st.text(odd | anything, min_size=1, max_size=12)


def read(
    rows: list[list[str]], header: list[str], delimiter: str = ",", site: Settings = SITE
) -> tuple[list[Assessment], list[Finding]]:
    """The records and findings of a file of these rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows([header, *rows])
        every = list(Sources([path], site, CATALOG).records())
    records = [each.record for each in every if not isinstance(each, Finding)]
    return records, [each for each in every if isinstance(each, Finding)]


@given(st.lists(values, min_size=1, max_size=5), st.sampled_from(",;\t"))
@settings(max_examples=60)
def test_identifiers_come_out_as_they_went_in_or_are_named(
    patients: list[str], delimiter: str
) -> None:
    rows = [
        [patient, "srs", "patient", "2026-03-09", str(number), "", "7", "7", "7", "7"]
        for number, patient in enumerate(patients, 1)
    ]
    records, findings = read(rows, [*HEADER, *SRS], delimiter)
    named = {finding.row - 2: finding for finding in findings}
    for place, finding in named.items():
        cell = patients[place]
        assert finding.rule in RULES
        assert finding.rule in ("formula", "not-an-identifier", "required")
        assert (finding.rule == "formula") == (cell.lstrip()[:1] == "=")
        assert finding.rule != "required" or not cell.strip()
    expected = [p for place, p in enumerate(patients) if place not in named]
    found = [
        record.patient.value
        if record.patient.system == SITE.patient_system
        else "|".join(record.patient)
        for record in records
    ]
    assert found == [patient.strip() for patient in expected]


@given(values.filter(lambda text: "|" not in text and text.strip() == text))
@settings(max_examples=60)
def test_an_identifier_without_a_bar_is_the_value_whatever_it_holds(patient: str) -> None:
    row = [patient, "srs", "patient", "2026-03-09", "1", "", "7", "7", "7", "7"]
    records, findings = read([row], [*HEADER, *SRS])
    if patient.startswith("="):
        assert [finding.rule for finding in findings] == ["formula"]
    else:
        assert [tuple(record.patient) for record in records] == [("urn:example:mrn", patient)]


answers = st.lists(
    st.sampled_from(["", "0", "10", "7.5", "3.70", "11", "x"]), min_size=4, max_size=4
).filter(any)


@given(st.lists(answers, min_size=1, max_size=4), st.randoms())
@settings(max_examples=60)
def test_long_rows_in_any_order_tell_what_the_wide_ones_do(
    every: list[list[str]], shuffled: st.DataObject
) -> None:
    heads = [
        ["1001", "srs", "patient", "2026-03-09", str(number), "paper"]
        for number in range(1, len(every) + 1)
    ]
    wide = [[*head, *given] for head, given in zip(heads, every, strict=True)]
    long = [
        [*head, item, answer]
        for head, given in zip(heads, every, strict=True)
        for item, answer in zip(SRS, given, strict=True)
    ]
    shuffled.shuffle(long)  # pyright: ignore[reportAttributeAccessIssue]
    from_wide, wrong_in_wide = read(wide, [*HEADER, *SRS])
    from_long, wrong_in_long = read(long, [*HEADER, "item", "value"])
    assert sorted(map(repr, from_long)) == sorted(map(repr, from_wide))
    assert sorted(f.rule for f in wrong_in_long) == sorted(f.rule for f in wrong_in_wide)


@given(st.lists(values, min_size=1, max_size=5))
def test_a_row_breaks_a_rule_only_where_one_of_its_cells_does(cells: list[str]) -> None:
    expected = "formula" if any(cell.lstrip().startswith("=") for cell in cells) else ""
    assert problem(cells) == expected
    assert problem([*cells, "a\0b"]) == "nul-byte"
    assert problem([*cells, "a\udcffb"]) == "wrong-encoding"
    assert problem([*cells, "x" * 32_768]) == "cell-too-long"


@given(st.sampled_from(HEAD), st.sampled_from(["", " ", "\t"]))
def test_names_of_columns_are_known_in_any_case(name: str, blank: str) -> None:
    for written in (name, name.upper(), name.title()):
        assert Names(Settings()).canonical(f"{blank}{written}{blank}") == name
        assert fold(f"{blank}{written}") == name


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("wai1", "item_1"),
        ("WAI012", "item_12"),
        ("wai", "wai"),
        ("wai_1", "wai_1"),
        ("item_1", "item_1"),
        ("item_007", "item_7"),
        ("item_0", "item_0"),
        ("item_1000", "item_1000"),
        ("PatNr", "patient"),
        ("patient", "patient"),
    ],
)
def test_names_of_a_site_stand_for_ours(name: str, ours: str) -> None:
    told = Settings(columns={"patient": "PatNr", "item_*": "wai*"})
    assert Names(told).canonical(name) == ours


@pytest.mark.parametrize("name", ["item_1", "item_*", "total", "value", "item", *HEAD])
def test_any_column_of_ours_may_have_another_name(name: str) -> None:
    check_names(Settings(columns={name: "theirs"}), CATALOG)
    assert Names(Settings(columns={name: "Theirs"})).canonical("theirs") == name


@pytest.mark.parametrize("name", ["item_0", "items", "item_**", "", "Patient", "item_1000"])
def test_no_other_may(name: str) -> None:
    with pytest.raises(ConfigError, match="nothing has this name"):
        check_names(Settings(columns={name: "theirs"}), CATALOG)

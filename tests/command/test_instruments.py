"""`instruments`: what is known and how sure it is; a site's own; the wording that it licensed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from alliance_fhir.fhir.versions import VERSIONS
from alliance_fhir.instruments.catalog import DATA, Catalog

from .tables import csq, mapped, resources, site, srs, write, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

CATALOG = Catalog()
FORMS = [(i.id, rater) for i in CATALOG for rater in i.perspectives]

# --- list and show --------------------------------------------------------------------------------


def test_the_list_has_a_line_for_each_instrument(command: Callable[..., Ran]) -> None:
    ran = command("instruments", "list")
    header, *lines = ran.out.splitlines()
    assert header.split() == ["id", "version", "items", "raters", "title"]
    expected = [
        [i.id, i.version, str(i.size), *", ".join(i.perspectives).split(), *i.title.split()]
        for i in CATALOG
    ]
    assert [line.split() for line in lines] == expected
    assert (ran.code, ran.err) == (0, "")


def test_the_list_for_programs_has_the_same(command: Callable[..., Ran]) -> None:
    ran = command("instruments", "list", "--json")
    shapes = [
        {
            "id": i.id,
            "version": i.version,
            "title": i.title,
            "perspectives": list(i.perspectives),
            "languages": list(i.languages),
        }
        for i in CATALOG
    ]
    assert (ran.code, ran.json) == (0, {"command": "instruments", "instruments": shapes})


def test_an_instrument_is_shown_whole(command: Callable[..., Ran]) -> None:
    ran = command("instruments", "show", "check-in")
    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0] == "check-in 1.0.0: " + CATALOG["check-in"].title
    assert lines[2:5] == ["raters: patient", "languages: en", "missing answers: complete-cases"]
    assert "  1-4: integer from 0 to 10" in lines
    assert "  reversed: none" in lines
    assert any(line.startswith("  doubt-diagnosis: value of 5, 0 to 2") for line in lines)


def test_spans_reversals_thresholds_and_bounds_are_shown(command: Callable[..., Ran]) -> None:
    shown = command("instruments", "show", "wai-36").out.splitlines()
    reverse = next(line for line in shown if line.startswith("  reversed: "))
    numbers = reverse.removeprefix("  reversed: ").split(", ")
    spelt = [
        n for span in numbers for n in range(int(span.split("-")[0]), int(span.split("-")[-1]) + 1)
    ]
    assert tuple(spelt) == CATALOG["wai-36"].reversed
    shown = command("instruments", "show", "srs").out.splitlines()
    assert "  total: sum of 1-4, 0 to 40" in shown
    assert any(line.startswith("  threshold, never applied: 36 of 40") for line in shown)
    shown = command("instruments", "show", "gas").out.splitlines()
    assert "  t-score: goal-attainment of 1-6" in shown


@pytest.mark.parametrize("name", sorted({*CATALOG.ids} - {"check-in"}))
def test_what_is_not_verified_is_said_plainly_and_last(
    name: str, command: Callable[..., Ran]
) -> None:
    evidence = CATALOG[name].evidence
    open_facts = [f for f in type(evidence).model_fields if getattr(evidence, f).mark == "M"]
    lines = command("instruments", "show", name).out.splitlines()
    assert lines[-1] == f"NOT VERIFIED: {', '.join(open_facts)}"
    for fact in open_facts:
        told = next(line for line in lines if line.startswith(f"  {fact}: from memory"))
        assert told.startswith(f"  {fact}: from memory only, not verified")


def test_where_every_fact_has_a_source_that_is_said(command: Callable[..., Ran]) -> None:
    own_instrument("mood")
    for name in ("mood", "check-in"):
        lines = command("instruments", "show", name).out.splitlines()
        assert lines[-1] == "every fact rests on a source"


@pytest.mark.parametrize("name", CATALOG.ids)
def test_an_instrument_for_programs_is_its_file(name: str, command: Callable[..., Ran]) -> None:
    ran = command("instruments", "show", name, "--json")
    instrument = CATALOG[name].model_dump(mode="json")
    assert (ran.code, ran.json) == (0, {"command": "instruments", "instrument": instrument})


def test_a_version_may_be_asked_for(command: Callable[..., Ran]) -> None:
    for asked in ("wai-sr", "WAI-SR", "wai-sr@1", "wai-sr@1.0", "wai-sr@1.0.0"):
        assert command("instruments", "show", asked).code == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("wai-rs", "no instrument has this id; nearest: wai-s, wai-sr, wai-36"),
        ("WAI", "no instrument has this id; nearest: wai-s"),
        ("zzz", f"no instrument has this id; known: {', '.join(CATALOG.ids)}"),
        ("wai-sr@2", "wai-sr is here in version 1.0.0 only"),
        ("wai-sr@1.0.00", "wai-sr is here in version 1.0.0 only"),
    ],
)
def test_an_instrument_that_is_not_there_is_told_with_the_nearest(
    asked: str, message: str, command: Callable[..., Ran]
) -> None:
    for words in (("show", asked), ("export", asked)):
        ran = command("instruments", *words)
        assert (ran.code, ran.out) == (5, "")
        assert ran.err.startswith(f"error: {message}")
    shape = command("instruments", "show", asked, "--json").json
    assert shape["command"] == "instruments"
    assert shape["stopped"].startswith(message)
    assert shape["exit_code"] == 5


# --- export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "rater"), FORMS)
def test_a_form_is_exported_as_a_questionnaire(
    name: str, rater: str, command: Callable[..., Ran]
) -> None:
    ran = command("instruments", "export", name, "--rater", rater)
    form = ran.json
    instrument = CATALOG[name]
    assert (ran.code, ran.err) == (0, "")
    assert form["resourceType"] == "Questionnaire"
    assert form["url"] == f"https://alliance-fhir.github.io/ig/Questionnaire/{name}-{rater}"
    items = [f"item_{number}" for number in range(1, instrument.size + 1)]
    assert [i["linkId"] for i in form["item"]] == [*items, *(s.id for s in instrument.scores)]
    assert form["copyright"] == instrument.licence.text


@pytest.mark.parametrize("version", VERSIONS.values(), ids=lambda version: version.label)
def test_forms_of_each_version_are_those_that_map_writes(
    version: Any, command: Callable[..., Ran]
) -> None:
    site()
    write("a.csv", srs())
    command("map", "a.csv", "--out", "out", "--fhir", version.label)
    (ours,) = resources("out", "Questionnaire")
    shown = json.loads(
        command("instruments", "export", "srs", "--fhir", version.label).out, parse_float=str
    )
    for form in (ours, shown):  # a site's labels stand in meta, and the digest leaves meta out
        form.pop("meta", None)
    assert ours == shown


def test_a_form_claims_its_profile_on_r4_unless_the_site_says_otherwise(
    command: Callable[..., Ran],
) -> None:
    export = ("instruments", "export", "srs", "--fhir")
    profile = "https://alliance-fhir.github.io/ig/StructureDefinition/alliance-questionnaire"
    site()
    assert command(*export, "R4").json["meta"] == {"profile": [profile]}
    assert not any("meta" in command(*export, version).json for version in ("R4B", "R5"))
    site("claim_profiles = false")
    assert "meta" not in command(*export, "R4").json


def test_without_a_rater_it_is_the_first_form(command: Callable[..., Ran]) -> None:
    assert CATALOG["haq-ii"].perspectives == ("patient", "therapist")
    therapists = command("instruments", "export", "HAq-II", "--rater", "Therapist").json
    assert therapists["url"].endswith("/haq-ii-therapist")
    assert command("instruments", "export", "haq-ii").json["url"].endswith("/haq-ii-patient")


def test_a_rater_without_a_form_is_told(command: Callable[..., Ran]) -> None:
    ran = command("instruments", "export", "haq-ii", "--rater", "observer")
    message = "haq-ii has no form for this rater; it has: patient, therapist"
    assert ran == (5, "", f"error: {message}\n")


# --- a site's own instruments ---------------------------------------------------------------------


def own_instrument(
    name: str, *, mark: str = "P", inside: str = "", folder: str = "instruments"
) -> Path:
    """An instrument of one item, from 1 to 3, in a site's folder."""
    facts = ("items", "scale", "weights", "reversals", "subscales", "rules", "ranges", "missing")
    lines = [
        f'id = "{name}"',
        'version = "2.1.0"',
        'title = "Mood"',
        'about = "One item."',
        'perspectives = ["patient", "caregiver"]',
        'missing = "complete-cases"',
        "[[items]]",
        'numbers = "1"',
        'kind = "code"',
        "low = 1",
        "high = 3",
        "[[scores]]",
        'id = "total"',
        'title = "Total"',
        'rule = "sum"',
        'items = "1"',
        "low = 1",
        "high = 3",
        "[licence]",
        'holder = "the clinic"',
        'wording = "own"',
        'text = "Ours."',
        'label = "Ours"',
        "[evidence]",
        *(f'{fact} = {{mark = "P"}}' for fact in (*facts, "perspectives", "languages", "licence")),
    ]
    path = Path(folder) / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines))
    return path


def mood(**told: str) -> dict[str, str]:
    """A row of the site's own instrument."""
    row = {**srs(), "instrument": "mood", "item_1": "2", **told}
    return {name: cell for name, cell in row.items() if name not in ("item_2", "item_3", "item_4")}


def test_a_site_may_have_instruments_of_its_own(command: Callable[..., Ran]) -> None:
    site()
    own_instrument("mood")
    write("a.csv", mood(), mood(session="2", rater="caregiver"), mood(session="3", item_1="4"))
    ran = command("map", "a.csv", "--out", "out", "--json")
    assert [(f["row"], f["column"], f["rule"]) for f in ran.json["rejected"]] == [
        (4, "item_1", "out-of-range")
    ]
    forms = [
        r["questionnaire"].rpartition("/")[2] for r in resources("out", "QuestionnaireResponse")
    ]
    assert forms == ["mood-patient|2.1.0", "mood-caregiver|2.1.0"]
    shapes = command("instruments", "list", "--json").json["instruments"]
    assert [s["id"] for s in shapes] == sorted([*CATALOG.ids, "mood"])
    assert command("instruments", "show", "mood@2.1").code == 0


def systems(resource: dict[str, Any]) -> set[str]:
    """All canonicals and systems that stand in a resource."""
    named = r'"(?:system|questionnaire|url|valueCanonical)": "([^"]+)"'
    return set(re.findall(named, json.dumps(resource)))


@pytest.mark.parametrize("name", ["mood", "srs"])
def test_codes_and_forms_of_its_own_instruments_are_under_the_sites_base(
    name: str, command: Callable[..., Ran]
) -> None:
    """Whether the name is new or one of ours: what it means is what the site's file says."""
    root = "https://clinic.example/a"
    site(f'base = "{root}/"')
    own_instrument(name)
    write("a.csv", mood(instrument=name), csq(session="2"))
    mapped(command, "a.csv")
    (form, theirs) = resources("out", "Questionnaire")
    assert form["url"] == f"{root}/Questionnaire/{name}-patient"
    assert (form["publisher"], theirs["publisher"]) == ("clinic-east", "The alliance-fhir project")
    assert "derivedFrom" not in form
    (response, other) = resources("out", "QuestionnaireResponse")
    scores = resources("out", "Observation")
    used = {s for one in (form, response, *scores[:2]) for s in systems(one)}
    assert {s for s in used if s.startswith("https://alliance-fhir.github.io/")} == {
        f"https://alliance-fhir.github.io/ig/{name}"
        for name in ("StructureDefinition/content-digest", "StructureDefinition/session-number")
    } | {"https://alliance-fhir.github.io/ig/CodeSystem/concept"}  # the method's
    assert {s for s in used if s.startswith(root)} == {
        f"{root}/identifier",
        f"{root}/CodeSystem/concept",
        f"{root}/CodeSystem/{name}-answer",
        f"{root}/Questionnaire/{name}-patient",
        f"{root}/Questionnaire/{name}-patient|2.1.0",
    }
    assert scores[1]["code"]["coding"][0]["system"] == f"{root}/CodeSystem/concept"
    assert scores[1]["method"]["coding"][0]["system"].endswith("/ig/CodeSystem/concept")
    assert not any(s.startswith(root) for s in systems(theirs))
    shipped = "https://alliance-fhir.github.io/ig/Questionnaire/csq-8-patient|1.0.0"
    assert other["questionnaire"] == shipped
    shown = command("instruments", "export", name).json
    assert (shown["url"], shown["publisher"]) == (form["url"], "clinic-east")


def test_a_form_of_its_own_cannot_be_shown_by_a_site_without_a_name(
    command: Callable[..., Ran],
) -> None:
    own_instrument("mood")
    ran = command("instruments", "export", "mood")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: `source` is not set.")


def test_its_folder_may_have_another_name(command: Callable[..., Ran]) -> None:
    site('instrument_folder = "forms"')
    own_instrument("mood", folder="forms")
    assert command("instruments", "show", "mood").code == 0


def test_a_title_with_brackets_is_shown_as_it_is(command: Callable[..., Ran]) -> None:
    site()
    path = own_instrument("mood")
    path.write_text(path.read_text().replace('"Mood"', '"[bold]Mood[/i]"'))
    ran = command("instruments", "list")
    assert (ran.code, ran.err) == (0, "")
    assert "[bold]Mood[/i]" in ran.out


def test_a_sites_file_goes_before_ours_of_the_same_name(command: Callable[..., Ran]) -> None:
    site()
    own_instrument("srs")
    assert command("instruments", "show", "srs").out.startswith("srs 2.1.0: Mood\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'id = "mood"',
            'id = "other"',
            "mood.toml: id: must be the file's own name, ",
        ),
        ("high = 3", "high = 1", "mood.toml: items.0: low and high are needed, low below high"),
        ("low = 1", "low = 0.5", "mood.toml: items.0: low and high are whole numbers here"),
        ('numbers = "1"', 'numbers = "2"', "mood.toml: items must be numbered from 1 without gaps"),
        ('items = "1"', 'items = "1, 2"', "mood.toml: score total: names items that are not there"),
        ('items = "1"', 'items = ""', "mood.toml: scores.0.items: "),
        ('rule = "sum"', 'rule = "product"', "mood.toml: scores.0.rule: must be 'sum', 'mean', "),
        (
            'title = "Mood"',
            'titel = "Mood"',
            "mood.toml: titel: is no key that we know; did you mean title?",
        ),
        (
            'version = "2.1.0"',
            'version = "2"',
            "mood.toml: version: must be three whole numbers, such as 1.0.0",
        ),
        ("title = ", "# ", "mood.toml: title: is missing; add it"),
        (
            '"1"\nkind',
            '"1-x"\nkind',
            "mood.toml: items.0.numbers: must be numbers of items",
        ),
        (
            '"1"\nkind',
            '"2-1"\nkind',
            "mood.toml: items.0.numbers: must be numbers of items",
        ),
        ("low = 1", "low = 'much'", "mood.toml: items.0.low: must be a number"),
        ("low = 1", "lou = 1", "mood.toml: items.0.lou: is no key that we know; did you mean low?"),
        ('id = "mood"', 'id = "Mood"', "mood.toml: id: must be small letters and digits, such as "),
        ("[[items]]", "[[items]", "mood.toml: cannot be read as TOML: "),
        ('"Mood"', '"M\udce4"', "mood.toml: cannot be read: it is not in UTF-8; save it so"),
        ("low = 1", "", "mood.toml: items.0: low and high are needed, low below high"),
        (
            "high = 3",
            "high = 3\nlabels = {4 = 'x'}",
            "mood.toml: items.0: labels: the scale has no",
        ),
        (
            "high = 3",
            "high = 3\noptions = [{code='1', weight=1}, {code='1', weight=2}]",
            "mood.toml: items.0: options: two with one code",
        ),
        (
            '[[items]]\nnumbers = "1"\nkind = "code"',
            'reversed = [1]\n[[items]]\nnumbers = "1"\nkind = "integer"',
            "mood.toml: reversed: only items that take codes can be reversed",
        ),
        ('items = "1"', "items = []", "mood.toml: scores.0: a score needs items"),
        ('rule = "sum"', 'rule = "value"\nitems = [1, 1]', "mood.toml: cannot be read as TOML"),
        ('items = "1"', "items = [1, 1]", "mood.toml: score total: names items that are not"),
        ('items = "1"', 'items = "1"\nweight_items = [1]', "mood.toml: scores.0: goal-attainment"),
        ('items = "1"', 'items = "1"\nr = 1', "mood.toml: scores.0: r is a correlation, from 0"),
        ("missing =", "reversed = [2]\nmissing =", "mood.toml: reversed: names items that are"),
    ],
)
def test_a_wrong_instrument_file_is_named_with_its_key(
    old: str, new: str, message: str, command: Callable[..., Ran]
) -> None:
    site()
    path = own_instrument("mood")
    text = path.read_text()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    write("a.csv", mood())
    for words in (("check", "a.csv"), ("instruments", "show", "mood"), ("instruments", "list")):
        ran = command(*words)
        assert (ran.code, ran.out) == (5, "")
        assert ran.err.startswith(f"error: instruments/{message}")
        assert ran.err.count("\n") == 1
    assert command("instruments", "show", "srs").code == 0


# --- text packs -----------------------------------------------------------------------------------

WORDS = "How heard did you feel today?"
LICENCE = "Licence 4711 of the clinic"


def pack(name: str = "srs.es.toml", *lines: str) -> None:
    """A text pack in the site's folder."""
    Path("instruments").mkdir(exist_ok=True)
    usual = (f'licence = "{LICENCE}"', 'holder = "The publisher"', 'title = "Sesión"')
    told = [*usual, "[items]", f'1 = "{WORDS}"', *lines]
    (Path("instruments") / name).write_text("\n".join(told), "utf-8")


def test_licensed_wording_is_in_the_sites_own_form_and_nowhere_else(
    command: Callable[..., Ran],
) -> None:
    site('instruments.srs = {languages = ["es"]}')
    write("a.csv", srs(language="es"), srs(language="en", session="2"), srs(session="3"))
    without = mapped(command, "a.csv", to="without")
    pack()
    with_it = mapped(command, "a.csv", to="with")

    assert WORDS.encode() not in b"".join(without.values())
    holding = [name for name, content in with_it.items() if WORDS.encode() in content]
    assert holding == ["Questionnaire.ndjson"]
    ours, theirs = resources("with", "Questionnaire")
    (alone,) = resources("without", "Questionnaire")
    assert ours == alone
    root = "https://alliance-fhir.github.io/id/clinic-east"
    assert theirs["url"] == f"{root}/Questionnaire/srs-patient-es"
    assert theirs["derivedFrom"] == [f"{ours['url']}|1.0.0"]
    assert theirs["language"] == "es"
    assert theirs["title"] == "Sesión"
    assert theirs["copyright"] == f"{LICENCE} (The publisher)"
    assert theirs["publisher"] == "clinic-east"
    assert [item["text"] for item in theirs["item"]] == [
        *(WORDS, "Item 2", "Item 3", "Item 4"),
        "Total",
    ]
    answered = [r["questionnaire"] for r in resources("with", "QuestionnaireResponse")]
    assert answered == [f"{theirs['url']}|1.0.0", *[f"{ours['url']}|1.0.0"] * 2]


def test_licensed_wording_is_not_exported(command: Callable[..., Ran]) -> None:
    site()
    pack("srs.en.toml")
    pack("srs.not a language.toml")  # the site's own affair
    for words in (("export", "srs"), ("show", "srs"), ("show", "srs", "--json"), ("list",)):
        ran = command("instruments", *words)
        assert ran.code == 0
        assert WORDS not in ran.out


def test_the_words_of_answers_are_shown_with_their_codes(command: Callable[..., Ran]) -> None:
    site()
    own_instrument("mood")
    Path("instruments/mood.en-GB.toml").write_text(
        'licence = "Ours"\nholder = "Us"\n[answers]\n1 = "Low"\n3 = "High"\n'
    )
    write("a.csv", mood(language="en-gb"))
    mapped(command, "a.csv")
    _, theirs = resources("out", "Questionnaire")
    options = theirs["item"][0]["answerOption"]
    assert [o["valueCoding"].get("display") for o in options] == ["Low", None, "High"]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("srs.de.toml", ["de", "de-CH", "de-Latn-CH"]),
        ("SRS.DE.toml", ["de", "de-CH", "de-Latn-CH"]),
        ("srs.de_ch.toml", ["de-CH"]),
        ("srs.DE-ch.toml", ["de-CH"]),
        ("srs.de-Latn.toml", ["de-Latn-CH"]),
    ],
)
def test_a_row_takes_the_pack_that_fits_its_language_best(
    name: str, taken: list[str], command: Callable[..., Ran]
) -> None:
    """Lookup of RFC 4647, 3.4."""
    languages = ["en", "de", "de-CH", "de-Latn-CH"]
    site('instruments.srs = {languages = ["de"]}')
    write("a.csv", *(srs(language=tag, session=str(n)) for n, tag in enumerate(languages, 1)))
    pack(name)
    mapped(command, "a.csv")
    told = [(r["language"], r["questionnaire"]) for r in resources("out", "QuestionnaireResponse")]
    assert [tag for tag, _ in told] == languages
    assert [tag for tag, form in told if "clinic-east" in form] == taken
    _, theirs = resources("out", "Questionnaire")
    tag = theirs["language"]
    assert tag.lower() == name.split(".")[1].lower().replace("_", "-")
    assert theirs["url"].endswith(f"/srs-patient-{tag.lower()}")


def test_of_two_packs_the_closer_one_is_taken(command: Callable[..., Ran]) -> None:
    site('instruments.srs = {languages = ["de"]}')
    write("a.csv", srs(language="de-CH"), srs(language="de-AT", session="2"))
    pack("srs.de.toml")
    pack("srs.de-CH.toml")
    mapped(command, "a.csv")
    forms = [
        r["questionnaire"].rpartition("/")[2] for r in resources("out", "QuestionnaireResponse")
    ]
    assert forms == ["srs-patient-de-ch|1.0.0", "srs-patient-de|1.0.0"]


def test_two_packs_for_one_language_are_told(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    pack("srs.de-CH.toml")
    pack("srs.de_CH.toml")
    message = "error: instruments/srs.de_CH.toml: srs.de-CH.toml is the same pack; remove one\n"
    assert command("check", "a.csv") == (5, "", message)


def test_the_forms_of_raters_may_be_worded_differently(command: Callable[..., Ran]) -> None:
    site()
    lines = [
        *('title = "All"', "[items]", '1 = "Of us"', '2 = "Of me"'),
        *("[answers]", '1 = "No"', '6 = "Yes"'),
        *("[therapist]", 'title = "Therapist"'),
        *("[therapist.items]", '2 = "Of my patient"', '3 = "Only here"'),
        *("[therapist.answers]", '6 = "Indeed"'),
    ]
    Path("instruments").mkdir()
    Path("instruments/haq-ii.en.toml").write_text(
        "\n".join([f'licence = "{LICENCE}"', 'holder = "The publisher"', *lines])
    )
    answers = {f"item_{n}": "3" for n in range(1, 20)}
    row = {**srs(language="en", clinician="urn:example:staff|k"), **answers, "instrument": "haq-ii"}
    write("a.csv", row, {**row, "rater": "therapist"})
    mapped(command, "a.csv")
    forms = {
        form["url"].rpartition("/")[2]: form
        for form in resources("out", "Questionnaire")
        if "clinic-east" in form["url"]
    }

    def words(slug: str) -> list[str | None]:
        form = forms[slug]
        first, *_, last = form["item"][0]["answerOption"]
        shown = [option["valueCoding"].get("display") for option in (first, last)]
        return [form["title"], *(item["text"] for item in form["item"][:4]), *shown]

    patients = ["All", "Of us", "Of me", "Item 3", "Item 4", "No", "Yes"]
    therapists = ["Therapist", "Of us", "Of my patient", "Only here", "Item 4", "No", "Indeed"]
    assert words("haq-ii-patient-en") == patients
    assert words("haq-ii-therapist-en") == therapists
    assert all(form["copyright"] == f"{LICENCE} (The publisher)" for form in forms.values())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("[patient.items]", '5 = "x"'), "srs.es.toml: patient.items: the instrument has no 5"),
        (
            ("[patient.answers]", '1 = "x"'),
            "srs.es.toml: patient.answers: the instrument has no 1",
        ),
        (
            ("[therapist.items]", '1 = "x"'),
            "srs.es.toml: therapist: the instrument has no form for this rater",
        ),
        (("[patient]", "texts = 1"), "srs.es.toml: patient.texts: is no key that we know"),
        (('5 = "x"',), "srs.es.toml: items: the instrument has no 5"),
        (("[answers]", '1 = "x"'), "srs.es.toml: answers: the instrument has no 1"),
        (("[item]",), "srs.es.toml: item: is no key that we know"),
        (("2 = 3",), "srs.es.toml: items.2: must be text in quotes"),
        (("2 = ",), "srs.es.toml: cannot be read as TOML: "),
    ],
)
def test_a_wrong_text_pack_is_named_with_its_key(
    lines: tuple[str, ...], message: str, command: Callable[..., Ran]
) -> None:
    site('instruments.srs = {languages = ["es"]}')
    write("a.csv", srs(language="es"))
    pack("srs.es.toml", *lines)
    ran = command("map", "a.csv", "--out", "out")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith(f"error: instruments/{message}")
    assert not Path("out").exists() or written("out") == {}


def test_a_text_pack_says_whose_licence_it_is(command: Callable[..., Ran]) -> None:
    site()
    write("a.csv", srs())
    Path("instruments").mkdir()
    Path("instruments/srs.en.toml").write_text('licence = ""\nholder = "x"')
    ran = command("check", "a.csv")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("error: instruments/srs.en.toml: licence: is too short; ")


def test_no_file_of_ours_words_what_is_licensed() -> None:
    names = {file.name for file in DATA.iterdir() if file.name.endswith(".toml")}
    assert names == {f"{name}.toml" for name in CATALOG.ids}
    assert all(not i.wording for i in CATALOG if i.licence.wording == "licensed")

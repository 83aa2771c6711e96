"""A page for each instrument of the catalog, and their first page."""

from __future__ import annotations

from alliance_fhir.domain.instrument import MARKS, Instrument
from alliance_fhir.fhir import elements as el
from alliance_fhir.instruments.catalog import Catalog
from pages import rated, scoring
from pages.markdown import block, bullets, code, page, resource, section, table
from pages.sources import IG, Json, definitions

_ABOUT = """\
An instrument is a questionnaire as we know it: how many questions, which answers, how they
become scores, and how sure each of these facts is. The wording of most of them belongs to
somebody, and is not shown here. [Instruments](../reference/instruments.md) has them in one
table, with what is not verified, and says what is not shipped and why; how to bring in
licensed wording is in [text packs](../how-to/text-packs.md)."""
_WORDING = {
    "licensed": "The wording is somebody's: it is not here, and a site needs its own permission.",
    "free": "Nobody has to be asked for the wording, or there is none; none is here.",
    "own": "The wording is ours and free; it is here.",
}


def pages() -> dict[str, str]:
    """All of them."""
    told = {f"instruments/{one.id}.md": _page(one) for one in Catalog()}
    rows = ((f"[{i.title}]({i.id}.md)", ", ".join(i.perspectives), i.about) for i in Catalog())
    listed = table(("instrument", "who answers", "what it measures"), rows)
    made_of = "src/alliance_fhir/instruments/data"
    return {"instruments/README.md": page(made_of, "The instruments", _ABOUT, listed), **told}


def _page(one: Instrument) -> str:
    return page(
        f"src/alliance_fhir/instruments/data/{one.id}.toml",
        one.title,
        one.about,
        bullets(_facts(one)),
        section("Items", *_items(one)),
        section("Scores", *_scores(one)),
        section("Good to know", bullets(one.notes)),
        section("How sure this is", _SURE, _evidence(one)),
        section("Licence", _WORDING[one.licence.wording], _licence(one)),
        section("In FHIR", *_in_fhir(one)),
        section("An example", *_example(one)),
    )


def _facts(one: Instrument) -> list[str]:
    return [
        f"Who answers: {', '.join(one.perspectives)}",
        f"Version of these facts: {one.version} (a changed rule is a new first number)",
        f"Languages for which they hold: {', '.join(one.languages) or 'none stated'}",
        f"Its name in files: {code(one.id)}",
    ]


def _items(one: Instrument) -> list[str]:
    rows = (
        (scoring.numbers(run.numbers), scoring.answers(run), scoring.weights(one, run))
        for run in one.items
    )
    told = [table(("items", "answers", "an answer weighs"), rows), scoring.turned(one)]
    for language, words in one.wording.items():
        asked = ((number, text) for number, text in words.items.items())
        told.append(f"The words, in the language {code(language)}: *{words.title}*")
        told.append(table(("item", "what is asked"), asked))
    return told


def _scores(one: Instrument) -> list[str]:
    rows = ((code(s.id), s.title, scoring.how(s), scoring.span(s)) for s in one.scores)
    cutoffs = (
        f"Threshold of {code(c.score)}: {c.text} ({MARKS[c.evidence.mark]}); {_CUTOFF}"
        for c in one.cutoffs
    )
    return [
        table(("score", "title", "how it comes about", "from lowest to highest"), rows),
        f"Missing answers: {scoring.MISSING[one.missing]}{scoring.prorated(one)}",
        bullets(cutoffs),
    ]


_CUTOFF = "it is shown, and never applied."
_SURE = """\
For each kind of fact: how it is known, and what there is to say of it. Facts that rest on
memory are a reason to look at the form itself before scores count for something. [What the
marks mean](../explanation/scoring-and-evidence.md#evidence-marks)."""


def _evidence(one: Instrument) -> str:
    kinds = type(one.evidence).model_fields
    found = {kind: getattr(one.evidence, kind) for kind in kinds}
    rows = ((kind, f"{e.mark}: {MARKS[e.mark]}", e.note) for kind, e in found.items())
    return table(("facts about", "how they are known", "note"), rows)


def _licence(one: Instrument) -> str:
    return bullets([f"Holder: {one.licence.holder}", f"Terms: {one.licence.text}"])


def _in_fhir(one: Instrument) -> list[str]:
    forms = (code(f"{el.questionnaire_url(one, p, IG)}|{one.version}") for p in one.perspectives)
    concepts = definitions("CodeSystem")["concept"]["concept"]
    of = [c for c in concepts if _is_of(c, one.id)]
    rows = ((code(c["code"]), c["display"], c["definition"]) for c in of)
    answers = f"{IG}/CodeSystem/{one.id}-answer"
    told = [f"Its forms (Questionnaires), one for each who answers: {', '.join(forms)}."]
    if f"{one.id}-answer" in definitions("CodeSystem"):
        told.append(f"The codes of its answers: {code(answers)}.")
    if one.snomed:
        told.append(f"Its code in SNOMED CT: {code(one.snomed)}.")
    codes = f"The codes of its scores, all of {code(el.CONCEPT)}:"
    profiles = (
        "How answers and scores are written: [response](../profiles/alliance-response.md), "
        "[panel](../profiles/alliance-panel.md), [score](../profiles/alliance-score.md), "
        "[form](../profiles/alliance-questionnaire.md)."
    )
    return [bullets(told), codes, table(("code", "shown as", "what it is"), rows), profiles]


def _is_of(concept: Json, instrument: str) -> bool:
    properties = concept.get("property", [])
    return any(
        p["code"] == "instrument" and p["valueCoding"]["code"] == instrument for p in properties
    )


def _example(one: Instrument) -> list[str]:
    found = rated.example(one)
    scored = [o for o in found.observations if "hasMember" not in o]
    shown = table(("score", "value"), (rated.value_of(o) for o in scored))
    panel = next(o for o in found.observations if "hasMember" in o)
    many = "score" if len(scored) == 1 else "scores"
    return [
        f"{found.source} As a row, with our own names of columns:",
        block("csv", found.row),
        f"What comes of it, beside the answers: a panel, and {len(scored)} {many} in it.",
        shown,
        "The panel:",
        resource(panel),
        *(text for o in scored for text in (f"The score {rated.code_of(o)}:", resource(o))),
    ]

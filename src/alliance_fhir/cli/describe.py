"""Instruments as people read them, and as forms."""

from __future__ import annotations

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alliance_fhir.cli.show import print_json
from alliance_fhir.cli.streams import tell
from alliance_fhir.config import Settings
from alliance_fhir.domain.instrument import MARKS, Evidence, Instrument, Items, Perspective
from alliance_fhir.errors import InstrumentError
from alliance_fhir.fhir.canonical import exact_number
from alliance_fhir.fhir.labels import without_claim
from alliance_fhir.fhir.questionnaire import FORM, questionnaire
from alliance_fhir.fhir.versions import version
from alliance_fhir.mapping import home_of, site_catalog

_BRIEF = {"id", "version", "title", "perspectives", "languages"}


def tell_all(settings: Settings, *, json: bool) -> None:
    """The catalog, a line an instrument."""
    catalog = site_catalog(settings)
    if json:
        shapes = [i.model_dump(mode="json", include=_BRIEF) for i in catalog]
        print_json({"command": "instruments", "instruments": shapes})
        return
    table = Table("id", "version", "items", "raters", "title", box=None, pad_edge=False)
    for i in catalog:
        cells = (i.id, i.version, str(i.size), ", ".join(i.perspectives), i.title)
        table.add_row(*map(Text, cells))  # a site's own may have brackets, which would be styles
    Console(highlight=False).print(table)


def tell_one(settings: Settings, name: str, *, json: bool) -> None:
    """One instrument, in full."""
    instrument = site_catalog(settings).find(name)
    if json:
        print_json({"command": "instruments", "instrument": instrument.model_dump(mode="json")})
        return
    for line in described(instrument):
        typer.echo(line)


def tell_form(settings: Settings, name: str, rater: str, fhir: str) -> None:
    """One instrument as a Questionnaire."""
    catalog = site_catalog(settings)
    instrument = catalog.find(name)
    own = catalog.is_own(instrument.id)
    resource = questionnaire(
        instrument,
        _perspective(instrument, rater),
        version(fhir),
        settings if own else None,
        home=home_of(instrument.id, catalog, settings),
    )
    body = resource.body if settings.claim_profiles else without_claim(resource.body, FORM)
    tell(orjson.dumps(body, exact_number, orjson.OPT_INDENT_2))


def _perspective(instrument: Instrument, rater: str) -> Perspective:
    for known in instrument.perspectives:
        if rater.strip().lower() in ("", known):
            return known
    offered = ", ".join(instrument.perspectives)
    raise InstrumentError(f"{instrument.id} has no form for this rater; it has: {offered}")


def described(instrument: Instrument) -> list[str]:
    """An instrument in plain lines."""
    lines = [
        f"{instrument.id} {instrument.version}: {instrument.title}",
        f"  {instrument.about}",
        f"raters: {', '.join(instrument.perspectives)}",
        f"languages: {', '.join(instrument.languages) or 'not known'}",
        f"missing answers: {instrument.missing}",
        "items:",
        *(f"  {_spans(run.numbers)}: {_scale(run)}" for run in instrument.items),
        f"  reversed: {_spans(instrument.reversed) or 'none'}",
        "scores:",
    ]
    for score in instrument.scores:
        bounds = f", {score.low} to {score.high}" if score.low is not None else ""
        lines.append(f"  {score.id}: {score.rule} of {_spans(score.items)}{bounds}")
    lines += [f"  threshold, never applied: {c.text}" for c in instrument.cutoffs]
    lines += [f"licence: {instrument.licence.holder}", f"  {instrument.licence.text}"]
    lines += [f"note: {note}" for note in instrument.notes]
    return lines + _evidence(instrument)


def _evidence(instrument: Instrument) -> list[str]:
    table = instrument.evidence
    facts: list[tuple[str, Evidence]] = [(n, getattr(table, n)) for n in type(table).model_fields]
    lines = ["evidence:"]
    lines += [f"  {name}: {MARKS[fact.mark]}. {fact.note}".rstrip(" .") for name, fact in facts]
    told = ", ".join(name for name, fact in facts if fact.mark == "M")
    return [*lines, f"NOT VERIFIED: {told}" if told else "every fact rests on a source"]


def _scale(run: Items) -> str:
    if run.kind != "code":
        return f"{run.kind} from {run.low} to {run.high} {run.unit}".rstrip()
    return ", ".join(f"{option.code} {option.label}".strip() for option in run.scale)


def _spans(numbers: tuple[int, ...]) -> str:
    """(1, 2, 3, 7) -> "1-3, 7"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)

"""`alliance-fhir instruments`: what is in the catalog, and how sure it is."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from alliance_fhir.cli import options as o
from alliance_fhir.cli.show import print_json
from alliance_fhir.domain.instrument import MARKS, Instrument, Items, Perspective
from alliance_fhir.errors import InstrumentError
from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.fhir.questionnaire import questionnaire
from alliance_fhir.fhir.versions import version
from alliance_fhir.mapping import site_catalog

app = typer.Typer(
    no_args_is_help=True, help="The questionnaires that are known: structure, scoring, evidence."
)
NAME = Annotated[str, typer.Argument(metavar="ID", help="Such as wai-sr, or wai-sr@1.")]


@app.command("list")
def list_(config: o.CONFIG = None, json: o.JSON = False) -> None:
    """All instruments, a line each."""
    catalog = site_catalog(o.settings_for(config))
    if json:
        shapes = [i.model_dump(mode="json", include=_BRIEF) for i in catalog]
        print_json({"command": "instruments", "instruments": shapes})
        return
    table = Table("id", "version", "items", "raters", "title", box=None, pad_edge=False)
    for i in catalog:
        table.add_row(i.id, i.version, str(i.size), ", ".join(i.perspectives), i.title)
    Console(highlight=False).print(table)


_BRIEF = {"id", "version", "title", "perspectives", "languages"}


@app.command()
def show(name: NAME, config: o.CONFIG = None, json: o.JSON = False) -> None:
    """One instrument: items, scores, licence, and what about it is not verified."""
    instrument = site_catalog(o.settings_for(config)).find(name)
    if json:
        print_json({"command": "instruments", "instrument": instrument.model_dump(mode="json")})
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in described(instrument):
        console.print(line, markup=False)


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
    facts = [
        (name, getattr(instrument.evidence, name))
        for name in type(instrument.evidence).model_fields
    ]
    lines = ["evidence:"]
    lines += [f"  {name}: {MARKS[fact.mark]}. {fact.note}".rstrip(" .") for name, fact in facts]
    open_facts = [name for name, fact in facts if fact.mark == "M"]
    told = ", ".join(open_facts)
    lines.append(f"NOT VERIFIED: {told}" if told else "all facts rest on a source")
    return lines


def _scale(run: Items) -> str:
    if run.kind != "code":
        return f"{run.kind} from {run.low} to {run.high} {run.unit}".rstrip()
    return ", ".join(f"{o.code} {o.label}".strip() for o in run.scale)


def _spans(numbers: tuple[int, ...]) -> str:
    """(1, 2, 3, 7) -> "1-3, 7"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


@app.command()
def export(
    name: NAME,
    rater: Annotated[str, typer.Option("--rater", help="Whose form; else the first one.")] = "",
    fhir: o.FHIR = "R4",
    config: o.CONFIG = None,
) -> None:
    """The instrument as a FHIR Questionnaire that scores itself, on standard output."""
    instrument = site_catalog(o.settings_for(config)).find(name)
    perspective = _perspective(instrument, rater)
    resource = questionnaire(instrument, perspective, version(fhir))
    typer.echo(orjson.dumps(orjson.loads(dumps(resource.body)), option=orjson.OPT_INDENT_2))


def _perspective(instrument: Instrument, rater: str) -> Perspective:
    for known in instrument.perspectives:
        if rater in ("", known):
            return known
    offered = ", ".join(instrument.perspectives)
    raise InstrumentError(f"{instrument.id} has no form for this rater; it has: {offered}")

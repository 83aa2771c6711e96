"""What an instrument, a rater and a language mean for the cells of one layout: compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from alliance_fhir.config import InstrumentSettings, Settings
from alliance_fhir.domain.answers import CodeItem, Item, compile_items
from alliance_fhir.domain.instrument import Instrument, Perspective, ScoreRule
from alliance_fhir.domain.languages import lookup, spelt
from alliance_fhir.domain.scoring import Scorer, picker
from alliance_fhir.errors import InstrumentError
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.fields import Bad
from alliance_fhir.sources.layout import Layout

_RATERS: Mapping[str, Perspective] = {rater: rater for rater in get_args(Perspective)}
Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """`tables` take a cell to its code, for items that take codes, and are empty for others;
    `pick` gives the cells of all items; `lacking` is the first item without a column, or 0;
    `surplus` are columns of items that the instrument does not have, `strange` of scores."""

    instrument: Instrument
    rater: Perspective
    language: str | None
    items: list[Item]
    tables: Sequence[Mapping[str, str | None]]
    pick: Callable[[Sequence[str]], Sequence[str]]
    lacking: int
    surplus: list[tuple[int, int]]
    scores: list[tuple[int, ScoreRule]]
    strange: list[tuple[str, int]]
    scorer: Scorer


class Forms:
    """The forms that one file uses. `form` raises Bad, naming the column."""

    def __init__(
        self, settings: Settings, catalog: Catalog, layout: Layout, labels: Labels
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._layout = layout
        self._labels = labels
        self._ready: dict[tuple[str, str, str], Form] = {}

    def form(self, instrument: str, rater: str, language: str) -> Form:
        """The form that these cells name."""
        form = self._ready.get((instrument, rater, language))
        if form is None:
            form = self._compile(self._find(instrument), rater.lower(), language)
            self._ready[instrument, rater, language] = form
        return form

    def _find(self, name: str) -> Instrument:
        if not name:
            raise Bad("instrument", "required")
        try:
            return self._catalog.find(name)
        except InstrumentError:
            nearest = self._catalog.nearest(name.partition("@")[0])
            remedy = f"{nearest.capitalize()}. See `alliance-fhir instruments list`."
            raise Bad("instrument", "unknown-instrument", remedy) from None

    def _compile(self, instrument: Instrument, rater: str, language: str) -> Form:
        if rater not in _RATERS:
            raise Bad("rater", "unknown-rater" if rater else "required")
        if rater not in instrument.perspectives:
            offered = ", ".join(instrument.perspectives)
            raise Bad("rater", "rater-not-offered", f"{instrument.id} has forms for: {offered}.")
        own = self._settings.instruments.get(instrument.id, InstrumentSettings())
        layout = self._layout
        items = compile_items(instrument, self._labels, self._settings.decimal_mark)
        numbers = range(1, instrument.size + 1)
        by_id = {rule.id: rule for rule in instrument.scores}
        return Form(
            instrument=instrument,
            rater=_RATERS[rater],
            language=_language(language, instrument, own),
            items=items,
            tables=[item.answers if isinstance(item, CodeItem) else {} for item in items],
            pick=picker([layout.items.get(n, layout.width) for n in numbers]),
            lacking=next((n for n in numbers if n not in layout.items), 0),
            surplus=[(n, i) for n, i in layout.items.items() if n > instrument.size],
            scores=[(i, by_id[name]) for name, i in layout.others.items() if name in by_id],
            strange=[
                (name, i)
                for name, i in layout.others.items()
                if name not in by_id and name in self._catalog.score_ids
            ],
            scorer=Scorer(instrument, own.missing),
        )


def _language(text: str, instrument: Instrument, own: InstrumentSettings) -> str | None:
    """The tag of a language in which the form is known to be the same. Raises Bad."""
    if not text:
        return None
    try:
        tag = spelt(text)
    except ValueError:
        raise Bad("language", "not-a-language") from None
    known = {*instrument.languages, *map(spelt, own.languages)}
    if known and not lookup(tag, known):
        raise Bad("language", "language-not-known")
    return tag

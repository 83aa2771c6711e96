"""What an instrument file means: items, answers, scores, and how sure each fact is.

An instrument file holds facts, never item wording that somebody owns. `Instrument` is the file,
checked; the scoring rules themselves are in `scoring`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from alliance_fhir.domain.languages import spelt

Perspective = Literal["patient", "therapist", "observer", "caregiver"]
"""Whose rating it is: each sees one and the same alliance differently (Stubbe 2018)."""

Mark = Literal["P", "S", "D", "M"]
MARKS: dict[Mark, str] = {
    "P": "seen on a primary source",
    "S": "on secondary sources",
    "D": "derived from content seen",
    "M": "from memory only, not verified",
}


_SPAN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?", re.ASCII)


def _numbers(value: object) -> object:
    """`"1-4, 7"` -> (1, 2, 3, 4, 7): item numbers as people write them."""
    if not isinstance(value, str):
        return value
    numbers: list[int] = []
    for part in value.split(","):
        span = _SPAN.fullmatch(part.strip())
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if first > last:
            raise ValueError('must be numbers of items, such as "1-4, 7"')
        numbers.extend(range(first, last + 1))
    return tuple(numbers)


def _like(pattern: str, told: str) -> AfterValidator:
    """Text of this form; `told` is what is said of any other."""

    def checked(value: str) -> str:
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(told)
        return value

    return AfterValidator(checked)


Tag = Annotated[str, AfterValidator(spelt)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(_numbers)]
Exact = Annotated[Decimal, BeforeValidator(lambda value: str(value))]  # 0.3 is 0.3, not its binary


class Facts(BaseModel):
    """A part of an instrument file; unknown keys are errors, so that a typing slip is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(Facts):
    """How sure a fact is: a mark, and where it comes from or what is open."""

    mark: Mark
    note: str = ""


class EvidenceTable(Facts):
    """One mark for each kind of fact that an instrument file states."""

    items: Evidence
    scale: Evidence
    weights: Evidence
    reversals: Evidence
    subscales: Evidence
    rules: Evidence
    ranges: Evidence
    missing: Evidence
    perspectives: Evidence
    languages: Evidence
    licence: Evidence


class Licence(Facts):
    """Who owns the wording, and the text that goes wherever the form goes."""

    holder: str
    wording: Literal["licensed", "free", "own"]
    text: str
    label: str


class Option(Facts):
    """One answer of a scale: its code, its label where it is known and free, its weight."""

    code: str
    label: str = ""
    weight: Exact


class Items(Facts):
    """A run of items that take the same kind of answer.

    `code`: one of `options`, written in a file as its code or its label. `integer`, `decimal`:
    a number from `low` to `high`. For `code` with whole-number codes `low`, `high` and `labels`
    stand for the options, and each code weighs its own number.
    """

    numbers: Numbers
    kind: Literal["code", "integer", "decimal"]
    low: Exact | None = None
    high: Exact | None = None
    labels: dict[str, str] = {}
    options: tuple[Option, ...] = ()
    not_answered: tuple[str, ...] = ()
    unit: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        codes = [option.code for option in self.options]
        if len(set(codes)) != len(codes):
            raise ValueError("options: two with one code")
        if self.kind == "code" and self.options:
            return self
        if self.low is None or self.high is None or self.low >= self.high:
            raise ValueError("low and high are needed, low below high")
        if self.kind != "decimal" and {self.low % 1, self.high % 1} != {Decimal(0)}:
            raise ValueError("low and high are whole numbers here")
        if surplus := set(self.labels) - {option.code for option in self.scale}:
            raise ValueError(f"labels: the scale has no {surplus.pop()}")
        return self

    @property
    def scale(self) -> tuple[Option, ...]:
        """The options, spelt out; empty for numbers."""
        if self.kind != "code" or self.options:
            return self.options
        assert self.low is not None  # noqa: S101 - held by _complete
        assert self.high is not None  # noqa: S101
        return tuple(
            Option(code=str(n), label=self.labels.get(str(n), ""), weight=Decimal(n))
            for n in range(int(self.low), int(self.high) + 1)
        )


class ScoreRule(Facts):
    """One score: the rule by which it comes from its items, and the values that it can take.

    `rule`: `sum` and `mean` of item weights; `value` of a single item; `top`, 1 when every item
    has its highest answer and else 0; `goal-attainment`, the T of Kiresuk and Sherman over levels
    `items` and their `weight_items`, with the intercorrelation `r`. `mean` asks for the mean of
    the answered items beside the value.
    """

    id: str
    title: str
    rule: Literal["sum", "mean", "value", "top", "goal-attainment"]
    items: Numbers
    low: Exact | None = None
    high: Exact | None = None
    mean: bool = False
    unit: str = "{score}"
    weight_items: Numbers = ()
    r: Exact = Decimal("0.30")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.items:
            raise ValueError("a score needs items")
        if self.rule == "value" and len(self.items) != 1:
            raise ValueError("the rule value is of a single item")
        wanted = len(self.items) if self.rule == "goal-attainment" else 0
        if len(self.weight_items) != wanted:
            raise ValueError("goal-attainment needs a weight item for each level, others none")
        if not 0 <= self.r < 1:
            raise ValueError("r is a correlation, from 0 to below 1")
        return self


class Cutoff(Facts):
    """A published threshold. Shown, and never applied by itself."""

    score: str
    text: str
    evidence: Evidence


class Wording(Facts):
    """Words of a form in one language: shipped only where the licence lets us (`own`, `free`)."""

    title: str = ""
    items: dict[str, str] = {}
    answers: dict[str, str] = {}


def _check_numbers(name: str, used: tuple[int, ...], known: list[int]) -> None:
    if not set(used) <= set(known) or len(set(used)) != len(used):
        raise ValueError(f"{name}: names items that are not there, or one twice")


class Instrument(Facts):
    """An instrument: structure and scoring, with the evidence for each fact.

    `version` is that of the facts (semantic versioning: a changed rule is a new major version).
    `missing`: `complete-cases` gives no score unless every item of it is answered;
    `answered-goals` scores the goals that have a level.
    """

    id: Annotated[
        str,
        _like(r"[a-z0-9]+(-[a-z0-9]+)*", "must be small letters and digits, such as wai-sr"),
    ]
    version: Annotated[str, _like(r"\d+\.\d+\.\d+", "must be three whole numbers, such as 1.0.0")]
    title: str
    about: str
    perspectives: tuple[Perspective, ...] = Field(min_length=1)
    languages: tuple[Tag, ...] = ()
    missing: Literal["complete-cases", "answered-goals"]
    items: tuple[Items, ...] = Field(min_length=1)
    reversed: Numbers = ()
    scores: tuple[ScoreRule, ...] = Field(min_length=1)
    snomed: Annotated[str, _like(r"\d*", "must be digits in quotes")] = ""
    licence: Licence
    evidence: EvidenceTable
    cutoffs: tuple[Cutoff, ...] = ()
    notes: tuple[str, ...] = ()
    wording: dict[Tag, Wording] = {}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        numbers = [n for run in self.items for n in run.numbers]
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            raise ValueError("items must be numbered from 1 without gaps, each once")
        if any(self.run_of(n).kind != "code" for n in self.reversed if n in numbers):
            raise ValueError("reversed: only items that take codes can be reversed")
        _check_numbers("reversed", self.reversed, numbers)
        if len({s.id for s in self.scores}) != len(self.scores):
            raise ValueError("scores: two with one id")
        for rule in self.scores:
            _check_numbers(f"score {rule.id}", rule.items + rule.weight_items, numbers)
        if unknown := {c.score for c in self.cutoffs} - {s.id for s in self.scores}:
            raise ValueError(f"cutoffs: no score is called {unknown.pop()}")
        if self.wording and self.licence.wording == "licensed":
            raise ValueError("wording: licensed wording is not ours to ship")
        return self

    @property
    def size(self) -> int:
        """How many items."""
        return sum(len(run.numbers) for run in self.items)

    def run_of(self, number: int) -> Items:
        """The run that item `number` belongs to."""
        return next(run for run in self.items if number in run.numbers)

    def options_of(self, number: int) -> tuple[Option, ...]:
        """The options of item `number`, with reversed weights where the item is reversed."""
        options = self.run_of(number).scale
        if number not in self.reversed:
            return options
        ends = min(o.weight for o in options) + max(o.weight for o in options)
        return tuple(o.model_copy(update={"weight": ends - o.weight}) for o in options)

"""How an instrument's answers become scores, in words."""

from __future__ import annotations

from alliance_fhir.domain.instrument import Instrument, Items, ScoreRule

MISSING = {
    "complete-cases": "A score needs an answer to each of its items. Where one is missing there is "
    "no score, and the record says so; the other scores stay.",
    "answered-goals": "Goals that have a level are scored; a goal without one is left out.",
}
"""What is done about answers that are missing."""


def prorated(instrument: Instrument) -> str:
    """What else a site can have, where the rules let it."""
    if {rule.rule for rule in instrument.scores} - {"sum", "mean"}:
        return ""
    return (
        " A site may have it [prorated](../explanation/scoring-and-evidence.md): found from the "
        "answered items, and then the score says so."
    )


def numbers(of: tuple[int, ...]) -> str:
    """`1-4, 7`: item numbers as people write them."""
    runs: list[list[int]] = []
    for number in sorted(of):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)


def answers(run: Items) -> str:
    """What can be answered to the items of a run."""
    if run.kind == "code":
        told = ", ".join(o.code + f" ({o.label})" * bool(o.label) for o in run.scale)
    else:
        kind = "a whole number" if run.kind == "integer" else "a number, decimals too,"
        told = f"{kind} from {run.low} to {run.high}" + (f" {run.unit}" if run.unit else "")
    left = ", ".join(run.not_answered)
    return f"{told} ({left}: not answered)" if left else told


def weights(instrument: Instrument, run: Items) -> str:
    """What the answers of a run count."""
    if run.kind != "code":
        return "the number itself"
    if all(o.code == str(o.weight) for o in run.scale):
        return "its own number"
    return ", ".join(f"{o.code} {o.weight}" for o in run.scale)


def turned(instrument: Instrument) -> str:
    """Which items are reverse-keyed, and what that does to their answers."""
    if not instrument.reversed:
        return "No item is reverse-keyed."
    first = instrument.options_of(instrument.reversed[0])
    low, high = first[0], first[-1]
    return (
        f"Reverse-keyed: {numbers(instrument.reversed)}. There agreement means less of the thing, "
        f"so the weights are turned around: {low.code} weighs {low.weight} and {high.code} weighs "
        f"{high.weight}. The answer itself is kept as it was given."
    )


def how(rule: ScoreRule) -> str:
    """How a score comes about."""
    items = f"item{'s' if len(rule.items) > 1 else ''} {numbers(rule.items)}"
    told = {
        "sum": f"the sum of what {items} weigh",
        "mean": f"the mean of what {items} weigh, with two decimals, half up",
        "value": f"what {items} weighs, by itself",
        "top": f"1 where {items} all have their highest answer, else 0",
        "goal-attainment": f"Kiresuk and Sherman's T of the levels in {items}, with the weights in "
        f"items {numbers(rule.weight_items)}: 50 + 10 * sum(w x) / sqrt((1 - r) * sum(w^2) + "
        f"r * sum(w)^2), r = {rule.r}",
    }[rule.rule]
    return f"{told}; beside it the mean of the answered items" if rule.mean else told


def span(rule: ScoreRule) -> str:
    """The lowest and the highest value."""
    unit = " %" if rule.unit == "%" else ""
    return "none given" if rule.low is None else f"{rule.low} to {rule.high}{unit}"

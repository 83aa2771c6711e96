"""What a site makes that has its own wording of a form, an instrument of its own, and raters who
count as performers; and a plan that takes over from another."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from making import CATALOG, SETTINGS, lowest, record, resources

from alliance_fhir.domain.instrument import Wording
from alliance_fhir.domain.keys import record_key
from alliance_fhir.domain.records import Origin
from alliance_fhir.fhir.assessment import Mapper, imported
from alliance_fhir.fhir.questionnaire import questionnaire
from plans.fhir.making import JONES, example, mapped, plan

if TYPE_CHECKING:
    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version

HOME = "https://clinic-east.invalid/alliance"
OURS = SETTINGS.model_copy(update={"score_performer": "rater", "base": HOME})


@cache
def of_a_site(version: Version) -> tuple[Resource, ...]:
    """Both forms and a rating by each; two plans."""
    form = CATALOG["wai-sr"]
    words = Wording(title="Wie wir arbeiten", items={"1": "Wir sind uns einig."})
    worded = questionnaire(form, "patient", version, OURS, words, "de", "Licensed to the site.")
    own = questionnaire(form, "patient", version, OURS, home=HOME)
    given = record("wai-sr", "patient", answers=lowest(form), mode="electronic")
    alone = record("wai-sr", "patient", imported={rule.id: Decimal(3) for rule in form.scores})
    group = Mapper(form, "patient", version, OURS, own.key, HOME).group(
        record_key("clinic-east", alone.natural_key),
        Origin("own.csv", 2),
        alone,
        f"{2:032x}",
        imported(alone, form),
    )
    reviewed = mapped(example(*JONES), version, OURS)
    taken_over = mapped([plan(replaces="the plan before")], version, OURS)
    return (
        worded,
        own,
        *resources([given], version, OURS),
        *group.resources,
        *reviewed,
        *taken_over,
    )

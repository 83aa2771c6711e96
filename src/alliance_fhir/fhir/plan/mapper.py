"""The front of the mapping of plans: the versions of one plan to the resources of its newest."""

from __future__ import annotations

from collections.abc import Iterable

from alliance_fhir.config import Settings
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.fhir.group import Resource
from alliance_fhir.fhir.plan.careplan import careplan
from alliance_fhir.fhir.plan.contact import contacts, former_contacts
from alliance_fhir.fhir.plan.facts import Facts, Metas
from alliance_fhir.fhir.plan.goals import former_goals, goals
from alliance_fhir.fhir.plan.next_review import former_next_review, next_review
from alliance_fhir.fhir.plan.preferences import former_preferences, preferences
from alliance_fhir.fhir.plan.responses import first_conversation, reviews
from alliance_fhir.fhir.plan.tasks import former_tasks, tasks
from alliance_fhir.fhir.plan.team import team
from alliance_fhir.fhir.versions import Version


class PlanMapper:
    """Maps plans for one version of FHIR and one site."""

    def __init__(self, version: Version, settings: Settings) -> None:
        self._version = version
        self._settings = settings
        self._metas: Metas = {}

    def resources(self, versions: Iterable[SharedPlan]) -> list[Resource]:
        """The resources of these versions of one plan, which may come in any order: those of the
        newest, and what only earlier ones had, ended. A further version never takes one away.

        What another resource refers to comes before it; the CarePlan is the last. The older
        versions tell since when something has been there, who agreed to it, and what reviews
        there were. Raises ValueError where the versions are none, or not of one plan and patient.
        """
        facts = Facts.of(versions, self._version, self._settings, self._metas)
        parts = [
            team(facts),
            *goals(facts),
            *tasks(facts),
            *contacts(facts),
            *next_review(facts),
        ]
        former = [
            *former_goals(facts),
            *former_tasks(facts),
            *former_contacts(facts),
            *former_next_review(facts),
            *former_preferences(facts),
        ]
        said, wanted = [*first_conversation(facts), *reviews(facts)], preferences(facts)
        return [*parts, *former, *said, *wanted, careplan(facts, [*parts, *said], wanted)]

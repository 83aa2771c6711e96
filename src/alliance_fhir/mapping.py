"""Records to groups of FHIR resources: scored, mapped, checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from alliance_fhir.config import InstrumentSettings, Settings
from alliance_fhir.contacts import Contacts, Sent, none_sent
from alliance_fhir.domain.answers import Item, compile_items, weigh
from alliance_fhir.domain.instrument import Perspective
from alliance_fhir.domain.plan.document import SharedPlan
from alliance_fhir.domain.receipt import Finding
from alliance_fhir.domain.records import Assessment, in_utc
from alliance_fhir.domain.scoring import Score, Scorer
from alliance_fhir.domain.visit import Visit
from alliance_fhir.fhir.appointment import VisitMapper
from alliance_fhir.fhir.assessment import Mapper, imported
from alliance_fhir.fhir.check import Checker, Level
from alliance_fhir.fhir.elements import IG
from alliance_fhir.fhir.group import Group, Resource
from alliance_fhir.fhir.outreach import OutreachMapper
from alliance_fhir.fhir.plan.forms import forms
from alliance_fhir.fhir.provenance import device
from alliance_fhir.fhir.questionnaire import questionnaire
from alliance_fhir.fhir.versions import Version
from alliance_fhir.gathering import Gathering, Known, nothing
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.instruments.packs import TextPacks
from alliance_fhir.paths import is_folder
from alliance_fhir.sources.supply import Supply
from alliance_fhir.sources.wide import Read


class _Form(NamedTuple):
    """What is compiled once for an instrument, a perspective and a language."""

    items: list[Item]
    scorer: Scorer
    mapper: Mapper
    questionnaires: list[Resource]


def site_catalog(settings: Settings) -> Catalog:
    """The shipped instruments, and those in the site's own folder."""
    folder = settings.folder / settings.instrument_folder
    return Catalog([folder] if is_folder(folder) else [])


def home_of(name: str, catalog: Catalog, settings: Settings) -> str:
    """The root of an instrument's canonicals and codes: a site's own are not ours to define.

    Raises ConfigError where the site has no name.
    """
    return settings.root if catalog.is_own(name) else IG


class Mapping:
    """Maps the records of one run for one version of FHIR.

    `shared` holds what the groups so far need beside them: the Questionnaires that they answer and
    this software as a Device, each in the order of its first use. `known` tells which versions of a
    plan were sent before, and `sent` which plans.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        version: Version,
        check: Level = "schema",
        known: Known = nothing,
        sent: Sent = none_sent,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._version = version
        self.checker = Checker(check, version)
        self._packs = TextPacks(settings.folder / settings.instrument_folder)
        self._forms: dict[tuple[str, Perspective, str | None], _Form] = {}
        self._known = known
        self._visits = VisitMapper(version, settings)
        asked = settings.outreach
        self._outreach = OutreachMapper(version, settings, asked) if asked else None
        self._sent = sent
        self._plan_forms = {one.key: one for one in forms(version, claimed=settings.claim_profiles)}
        self.shared: dict[str, Resource] = {}
        software = device(version, settings)
        self._share(software)

    def _share(self, resource: Resource, *, of_plan: bool = False) -> None:
        if resource.key not in self.shared:
            self.checker.check([resource], of_plan=of_plan)
            self.shared[resource.key] = resource

    def add(self, resources: Iterable[Resource]) -> None:
        """What belongs to no record, and is made elsewhere: it is sent beside the groups.

        Raises MappingError where it fails its check.
        """
        for resource in resources:
            self._share(resource)

    def groups(
        self,
        sources: Supply,
        *,
        trusting: bool = False,
        checked: bool = True,
    ) -> Iterator[Group | Finding]:
        """A group for each record, at the end one for each plan with all of its versions, and the
        findings of the rows and documents that gave none.

        `trusting` as for `Sources.records`. Without `checked`, whoever sends a resource checks it
        before: of a file that was sent already, that is next to nothing. Raises MappingError where
        what we built fails its own check.
        """
        with Contacts(sources, self._settings, self._known, self._sent) as contacts:
            yield from self._groups(sources, contacts, trusting=trusting, checked=checked)

    def _groups(
        self, sources: Supply, contacts: Contacts, *, trusting: bool, checked: bool
    ) -> Iterator[Group | Finding]:
        plans = Gathering(self._settings, self._version, self._known)
        for read in sources.records(trusting=trusting):
            if isinstance(read, Finding):
                yield read
                continue
            record = read.record
            if isinstance(record, SharedPlan):
                plans.add(read.group, read.origin, record)
                continue
            if isinstance(record, Visit):
                yield self._visit(read, record, contacts, checked=checked)
                continue
            form = self._form(record)
            group = form.mapper.group(
                read.key, read.origin, record, read.content, self._scores(record, form)
            )
            if checked:
                self.checker.check(group.resources)
            yield group
        for of_plan in plans.groups():
            if isinstance(of_plan, Group):
                self._share_forms(of_plan)
                if checked:
                    self.checker.check(of_plan.resources, of_plan=True)
            yield of_plan

    def _visit(self, read: Read, visit: Visit, contacts: Contacts, *, checked: bool) -> Group:
        group = self._visits.group(read.key, read.origin, visit, read.content, read.place)
        if read.messages:
            group = group._replace(messages=read.messages)
        if self._outreach:
            told = partial(contacts.told_at, visit.patient, visit.start)
            group = self._outreach.added(group, visit, read.place, told)
        if checked:
            before = group.before.resources if group.before else []
            self.checker.check([*before, *group.resources])
        return group

    def is_of_plans(self, resource: Resource) -> bool:
        """Whether it is one of our forms for plans."""
        return resource.key in self._plan_forms

    def _share_forms(self, group: Group) -> None:
        """Those of our forms for plans that the group's responses answer."""
        for resource in group.resources:
            if resource.type == "QuestionnaireResponse":
                self._share(self._plan_forms[resource.body["questionnaire"]], of_plan=True)

    def _scores(self, record: Assessment, form: _Form) -> list[Score]:
        if record.answers:
            return form.scorer.score(weigh(form.items, record.answers))
        return imported(record, self._catalog[record.instrument])

    def _form(self, record: Assessment) -> _Form:
        asked = (record.instrument, record.rater, record.language)
        form = self._forms.get(asked)
        if form is None:
            form = self._forms[asked] = self._compile(*asked)
            for resource in form.questionnaires:
                self._share(resource)
        return form

    def _compile(self, name: str, perspective: Perspective, language: str | None) -> _Form:
        instrument = self._catalog[name]
        own = self._settings.instruments.get(name, InstrumentSettings())
        home = home_of(name, self._catalog, self._settings)
        ours = questionnaire(instrument, perspective, self._version, self._settings, home=home)
        forms = [ours]
        words = self._packs.find(instrument, perspective, language)
        if words:
            forms.append(
                questionnaire(instrument, perspective, self._version, self._settings, *words, home)
            )
        canonical = forms[-1].key
        mapper = Mapper(instrument, perspective, self._version, self._settings, canonical, home)
        return _Form(compile_items(instrument), Scorer(instrument, own.missing), mapper, forms)


def file_time(path: str) -> str:
    """When a source file was last changed, as an instant of FHIR in whole seconds of UTC."""
    return in_utc(datetime.fromtimestamp(int(Path(path).stat().st_mtime), UTC))

"""The official validator, with our definitions and our Questionnaires."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from making import FORMS

from alliance_fhir.fhir.questionnaire import questionnaire
from alliance_fhir.fhir.versions import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance_fhir.fhir.group import Resource
    from alliance_fhir.fhir.versions import Version
    from validator import Issue, Validator

PROFILES = Path(__file__).parents[2] / "profiles"
_VALIDATORS = {"4.0": "validator_r4", "4.3": "validator_r4b", "5.0": "validator_r5"}


class Official(NamedTuple):
    """The official validator of one version."""

    version: Version
    validator: Validator

    def issues(self, resources: Iterable[Resource]) -> list[tuple[str, Issue]]:
        """All that it says about these resources, errors and warnings, each with the type."""
        listed = list(resources)
        found = self.validator.validate_many(resource.json() for resource in listed)
        return [
            (resource.type, issue)
            for resource, issues in zip(listed, found, strict=True)
            for issue in issues
        ]


@pytest.fixture(scope="session", params=VERSIONS.values(), ids=lambda version: version.label)
def official(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Official:
    """The validator of each version in turn; it knows profiles/ and all our Questionnaires."""
    version: Version = request.param
    validator: Validator = request.getfixturevalue(_VALIDATORS[version.key])
    forms = tmp_path_factory.mktemp("forms") / "Questionnaire.ndjson"
    forms.write_bytes(b"\n".join(questionnaire(*form, version).json() for form in FORMS))
    validator.define(PROFILES / ("r5" if version.key == "5.0" else "r4"), forms)
    return Official(version, validator)

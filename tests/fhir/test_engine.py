"""HL7's own engine, given our package as one file: it agrees, or each difference is explained."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from engine_differences import OF_HAPI, OF_HL7, UNDECIDED, Difference
from profile_faults import Spoil, claiming, of_the_examples, planted_in, profiles_of
from profile_faults_all import BY_EXTENSIONS, BY_PROFILES
from test_definitions import NOT_JUDGED

from conftest import accepted
from engine import Engine
from engine.archive import archive
from shorthand import BUILDS, Build
from validator import Issue, Validator

pytestmark = pytest.mark.server

Engines = dict[str, Engine]
Said = list[tuple[str, list[Issue]]]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of the package of each version."""
    folder = tmp_path_factory.mktemp("package")
    return {build: archive(build, folder) for build in BUILDS}


@pytest.fixture(scope="module")
def engines(archives: dict[str, Path]) -> Iterator[Engines]:
    """The engine of each version. Both start at the same time."""
    with ExitStack() as stack:
        yield {b: stack.enter_context(Engine(b, archives[b])) for b in BUILDS}


def resources(build: Build, package: Path) -> Iterator[tuple[str, bytes]]:
    """All of a package, and all golden resources, which claim their profiles; with names."""
    with tarfile.open(package) as tar:
        for one in tar:
            path = Path(one.name)
            if path.name not in (".index.json", "package.json") and (read := tar.extractfile(one)):
                yield path.name, read.read()
    for number, body in enumerate(of_the_examples(build)):
        profiles = profiles_of(body)
        told = claiming(body, profiles) if profiles else json.dumps(body).encode()
        yield f"golden {number}, {body['resourceType']}", told


def said(build: Build, package: Path, *validators: Validator) -> tuple[Said, ...]:
    """The errors and warnings of each resource, by each validator. All work at the same time."""
    names, texts = zip(*resources(build, package), strict=True)
    found = zip(*(one.validate_many(texts) for one in validators), strict=True)
    return tuple(
        [
            (name, [issue for issue in issues if issue.severity != "information"])
            for name, issues in zip(names, by_one, strict=True)
        ]
        for by_one in zip(*found, strict=True)
    )


def beyond(said_here: Said, said_there: Said) -> list[tuple[str, Issue]]:
    """What one says of a resource and the other does not, by its id; an error in any case."""
    return [
        (name, issue)
        for (name, here), (_, there) in zip(said_here, said_there, strict=True)
        for issue in here
        if issue.is_error or issue.id not in {other.id for other in there}
    ]


def unexplained(
    alone: list[tuple[str, Issue]], known: list[Difference], build: Build
) -> list[object]:
    """What is not among the known differences, and which of these are met no more."""
    here = [one for one in known if build in one.builds]
    left = [one for one in alone if not any(d.covers(one[1]) for d in here)]
    return [*left, *(d for d in here if not any(d.covers(issue) for _, issue in alone))]


@pytest.mark.parametrize("build", BUILDS)
def test_it_agrees_but_for_what_is_explained(
    build: Build, archives: dict[str, Path], engines: Engines, request: pytest.FixtureRequest
) -> None:
    hapi: Validator = request.getfixturevalue(f"validator_{build}")
    by_hl7, by_hapi = said(build, archives[build], engines[build], hapi)
    assert unexplained(beyond(by_hl7, by_hapi), OF_HL7, build) == []
    of_hapi = [
        (name, issue)
        for name, issue in beyond(by_hapi, by_hl7)
        if issue.id not in NOT_JUDGED and not accepted(issue)
    ]
    assert unexplained(of_hapi, OF_HAPI, build) == []


@cache
def issues_of(engine: Engine, text: bytes) -> set[str]:
    return {str(issue) for issue in engine.validate(text)}


@pytest.mark.faults  # they are many: `make test-faults`
@pytest.mark.parametrize(("profile", "spoil", "named"), [*BY_PROFILES, *BY_EXTENSIONS])
def test_it_finds_a_planted_fault(profile: str, spoil: Spoil, named: str, engines: Engines) -> None:
    right, wrong = planted_in(profile, spoil)
    told, before = (
        issues_of(engines["r4"], claiming(body, profiles_of(right))) for body in (wrong, right)
    )
    new = told - before
    if named in UNDECIDED:
        assert any(UNDECIDED[named] in one for one in new), new
    else:
        assert any(one.startswith("error") and named in one for one in new), new


@pytest.mark.parametrize("build", BUILDS)
def test_it_asks_nothing_of_the_network(build: Build, engines: Engines) -> None:
    """Not even for a profile that it does not know, and of which it knows who has it."""
    unknown = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    issues = engines[build].validate({"resourceType": "Patient", "meta": {"profile": [unknown]}})
    assert "VALIDATION_VAL_PROFILE_UNKNOWN_ERROR" in {one.id for one in issues}
    assert engines[build].calls() == 0

"""What is granted against what was asked for, in both syntaxes."""

from __future__ import annotations

import pytest

from alliance_fhir.transport.auth.scopes import missing


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("system/Observation.cruds", "system/Observation.cruds"),
        ("system/Observation.write", "system/Observation.cud"),
        ("system/Observation.read", "system/Observation.rs"),
        ("system/Observation.cruds", "system/Observation.read system/Observation.write"),
        ("system/Observation.cruds", "system/Observation.*"),
        ("system/Observation.*", "system/Observation.cruds"),
        ("system/Observation.cu", "system/Observation.write"),
        ("system/Observation.rs", "system/*.rs"),
        ("system/Observation.cruds", "system/*.rs system/Observation.cud"),
        ("system/Observation.rs", "system/Observation.r system/Observation.s"),
        ("system/*.rs", "system/*.cruds"),
        ("system/Observation.rs?category=a|b", "system/Observation.rs?category=a|b"),
        ("system/Observation.rs?category=a|b", "system/Observation.rs"),
        ("api://fhir/.default", "api://fhir/.default other"),
        ("", ""),
    ],
)
def test_enough(asked: str, granted: str) -> None:
    assert missing(asked.split(), granted.split()) == []


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("system/Observation.cruds", ""),
        ("system/Observation.cruds", "system/Observation.rs"),
        ("system/Observation.write", "system/Observation.cu"),
        ("system/Observation.write", "system/Observation.read"),
        ("system/Observation.rs", "patient/Observation.rs"),
        ("system/Observation.rs", "user/*.cruds"),
        ("system/Observation.rs", "system/Patient.rs"),
        ("system/*.rs", "system/Observation.rs system/Patient.rs"),
        ("system/Observation.rs", "system/Observation.rs?category=a|b"),
        ("system/Observation.rs", "system/Observation."),
        ("system/Observation.rs", "system/Observation.sr"),
        ("system/Observation.rs", "system/observation.rs"),
        ("api://fhir/.default", "api://other/.default"),
        ("openid", "system/*.cruds"),
    ],
)
def test_less(asked: str, granted: str) -> None:
    assert missing(["system/Device.c", asked], [*granted.split(), "system/Device.c"]) == [asked]

"""The plugin as an integrator has it: installed, and there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from alliance_fhir.testing import ABILITIES, faults

pytest_plugins = ["pytester"]

INTEGRATION = """
import httpx

from alliance_fhir.testing import faults


def test_our_client_survives_a_lost_reply(fhir_server):
    server = fhir_server(lacks={"transactions"})
    server.arm(faults.lost_reply())
    for _ in range(2):
        try:
            key = {"If-None-Exist": "identifier=urn:example:x|1"}
            identifier = [{"system": "urn:example:x", "value": "1"}]
            body = {"resourceType": "Patient", "identifier": identifier}
            httpx.post(f"{server.url}/Patient", json=body, headers=key)
        except httpx.TransportError:
            continue
    assert len(server.of_type("Patient")) == 1


def test_proxies(fhir_server, ability_proxy, cutting_proxy):
    server = fhir_server("5.0.0")
    proxy = ability_proxy(cutting_proxy(server.url).url, lacks={"history"})
    assert httpx.get(f"{proxy.url}/metadata").json()["fhirVersion"] == "5.0.0"
    assert httpx.get(f"{proxy.url}/_history").status_code == 405
"""


def test_the_fixtures_are_there_without_more(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(INTEGRATION)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


def test_the_plugin_weighs_nothing() -> None:
    """It is loaded at the start of every pytest where the package is installed."""
    code = (
        "import sys, pytest; before = set(sys.modules); import alliance_fhir.testing.plugin; "
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('alliance_fhir')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_all_there() -> None:
    import alliance_fhir.testing as package

    assert dir(package) == sorted(package.__all__)
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = package.nonsense


def test_the_page_names_all_abilities_and_all_faults() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "how-to" / "test-your-integration.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    cells = [line.split("|")[1] for line in rows]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    described = set(faults.__all__) - {"Call", "Fault"}
    beside = {"everything", "is_bundle", "is_search", "rewritten"}
    assert {*ABILITIES, *described - beside} <= named
    assert all(f"`{name}" in page for name in beside)

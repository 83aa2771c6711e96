"""A server with observations of ours and of others, and a pull from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alliance_fhir.testing import FhirServer as LittleServer

from .shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

SYSTEM = "https://alliance-fhir.github.io/id/clinic-east/identifier"
TOML = 'source = "clinic-east"\npatient_system = "urn:example:mrn"\nsynthetic = true\n'


def observation(number: int, **more: Any) -> dict[str, Any]:
    """An observation of ours."""
    identifier = [{"system": SYSTEM, "value": f"{number:032x}-total"}]
    return {"resourceType": "Observation", "id": f"o-{number}", "identifier": identifier, **more}


def vitals(number: int) -> dict[str, Any]:
    """Somebody else's observation."""
    return {"resourceType": "Observation", "id": f"v-{number}", "valueInteger": 7}


@pytest.fixture
def little() -> Iterator[LittleServer]:
    """A server that holds nothing."""
    with LittleServer() as server:
        yield server


class Pulling(NamedTuple):
    """Pulls observations from the server into a folder, by command."""

    folder: Path
    little: LittleServer
    run: Callable[..., Ran]

    @property
    def out(self) -> Path:
        """Where they go."""
        return self.folder / "pulled"

    def pull(self, *words: object) -> Ran:
        """`alliance-fhir pull --json`."""
        where = ("--from", self.little.url, "--out", self.out, "--type", "Observation")
        return self.run("pull", *where, "--config", self.folder / "alliance.toml", "--json", *words)

    def proof(self, *words: object) -> dict[str, Any]:
        """What a pull says of the observations, with its exit code."""
        ran = self.pull(*words)
        return {**ran.json["pull"]["Observation"], "code": ran.code}

    @property
    def there(self) -> list[dict[str, Any]]:
        """What was pulled."""
        lines = (self.out / "Observation.ndjson").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def versions(self) -> dict[str, str]:
        """The version of each resource that was pulled; each is there once."""
        found = {body["id"]: body["meta"]["versionId"] for body in self.there}
        assert len(found) == len(self.there)
        return found


@pytest.fixture
def pulling(
    tmp_path: Path, little: LittleServer, naps: list[float], command: Callable[..., Ran]
) -> Pulling:
    """Nothing pulled yet."""
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "alliance.toml").write_text(TOML)
    return Pulling(folder, little, command)


@pytest.fixture
def shelf(little: LittleServer) -> Shelf:
    """Five hundred observations of ours, and three of others."""
    for number in range(500):
        little.put(**observation(number))
    for number in range(3):
        little.put(**vitals(number))
    return Shelf(little)

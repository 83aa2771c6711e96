"""An EHR that has the Appointments hears by messages what became of them, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import FhirServer

from .conftest import Site, ended
from .messages import APPOINTMENTS, DAY, HOUR, message
from .process import TOML, Listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .messages import Json

EHR = """
[targets.ehr]
url = "{url}"
appointments = "status-only"
"""


def theirs(server: FhirServer, number: str) -> Json:
    """The EHR's own Appointment, and its patient."""
    system = "urn:example:mrn"
    if not server.of_type("Patient"):
        server.put(resourceType="Patient", id="p", identifier=[{"system": system, "value": "1001"}])
    return server.put(
        resourceType="Appointment",
        identifier=[{"system": APPOINTMENTS, "value": number}],
        status="booked",
        comment="Second floor.",
        start=DAY.isoformat(),
        end=(DAY + HOUR).isoformat(),
        participant=[{"actor": {"reference": "Patient/p"}, "status": "accepted"}],
    )


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[Site]:
    """A listener before an EHR."""
    with FhirServer() as server:
        listening = Listening(tmp_path / "site", "ehr", toml=TOML + EHR.format(url=server.url))
        yield Site(server, listening)
        ended(listening)


def test_theirs_has_the_status_that_messages_bring(ehr: Site) -> None:
    before = theirs(ehr.server, "F1")
    ehr.listening.start()
    with ehr.connect() as engine:
        assert engine.send(message("F1", control="C1")).code == "AA"
        late = message("F1", "S26", control="C2", made="20260303090000+0000")
        assert engine.send(late).code == "AA"
        assert engine.send(message("F2", control="C3")).code == "AA"
        ehr.listening.until(lambda: ehr.listening.health["held"] == 1)
        ehr.listening.until(lambda: ehr.server.of_type("Appointment")[0]["status"] == "noshow")
    [after] = ehr.server.of_type("Appointment")  # of F2 there is none, and none is made
    kept = {k: v for k, v in before.items() if k not in ("meta", "status")}
    assert {k: v for k, v in after.items() if k not in ("meta", "status")} == kept
    theirs(ehr.server, "F2")  # then it is there after all, and is as the message says
    ehr.listening.idle()
    assert len(ehr.server.of_type("Provenance")) == 1

"""Two runs of messages of one appointment at a time, with one ledger on PostgreSQL: whichever of
them writes last, what stands there in the end is what all of the messages come to."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, FhirServer, Request
from hl7v2.making import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    from .conftest import Place

pytestmark = [
    pytest.mark.server,
    pytest.mark.parametrize("place", ["postgresql"], indirect=True),
]

BOOKED = message("S12", {10: "1", 7: "20260301090000-0500"}, {2: "7", 7: "First talk"})
CALLED_OFF = message("S15", {10: "2", 7: "20260302090000-0500"}, {2: "7", 25: ""})
AGAIN = message("S13", {10: "3", 7: "20260303090000-0500"}, {2: "7", 7: "First talk"})
CHANGED = message("S14", {10: "5", 7: "20260303090000-0500"}, {2: "7", 7: "Sleep"})
MISSED = message("S26", {10: "4", 7: "20260309110000-0400"}, {2: "7", 25: ""})


@pytest.mark.parametrize(
    ("before", "mine", "heard"),
    [
        ([BOOKED, CALLED_OFF], AGAIN, [1, 2, 4]),
        ([BOOKED], CHANGED, [1, 3]),
        ([], BOOKED, [2]),
    ],
    ids=["back to what it was", "changed", "new"],
)
def test_who_knows_less_takes_nothing_back(
    tmp_path: Path,
    place: Place,
    command: Callable[..., Ran],
    before: list[str],
    mine: str,
    heard: list[int],
) -> None:
    """`heard` is of how many messages each version is that was written."""
    (tmp_path / "alliance.toml").write_text(
        'source = "clinic-east"\nsynthetic = true\npatient_system = "urn:example:mrn"\n'
        'appointment_system = "urn:example:visits"\n'
    )

    def words(name: str, *messages: str) -> list[str]:
        path = tmp_path / f"{name}.hl7"
        path.write_text("".join(messages), newline="")
        config = ["--config", str(tmp_path / "alliance.toml"), "--ledger", str(place.address)]
        return ["sync", str(path), "--to", server.url, "--json", *config]

    with FhirServer() as server:
        patient = {"system": "urn:example:mrn", "value": "1001"}
        server.put(resourceType="Patient", id="1", identifier=[patient])
        for number, one in enumerate(before):
            assert command(*words(str(number), one)).code == 0
        met = threading.Event()
        beside: list[int] = []

        def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
            """The one has its plan and looks for its patient; the other begins and ends."""
            if "Patient" in request.path and not met.is_set():
                met.set()
                run = [sys.executable, "-m", "alliance_fhir", *words("other", MISSED)]
                beside.append(subprocess.run(run, check=False, capture_output=True).returncode)
            return proceed()

        server.between = between
        ran = command(*words("one", mine))
        [body] = server.of_type("Appointment")
        assert (ran.code, beside, body["status"]) == (0, [0], "noshow")
        assert [len(one["entity"]) - 1 for one in server.of_type("Provenance")] == heard
        assert int(body["meta"]["versionId"]) == len(heard)
        again = command(*words("one", mine))
        assert (again.code, json.loads(again.out)["resources"]["unchanged"]) == (0, 2)

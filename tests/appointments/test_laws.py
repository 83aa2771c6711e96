"""Laws: our own Appointments read back to what they were made from, and no file stays in memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_fhir import map_to, version
from alliance_fhir.config import Settings
from alliance_fhir.domain.visit import Visit
from alliance_fhir.instruments.catalog import Catalog
from alliance_fhir.sources.supply import Sources
from alliance_fhir.sources.wide import Read
from command.tables import text
from visits.rows import as_row
from visits.test_laws import visits

from .making import appointment

SITE = Settings(source="clinic-east", visit_minutes=50)
CATALOG = Catalog()


@given(
    st.lists(visits(), min_size=1, max_size=5, unique_by=lambda visit: visit.appointment),
    st.sampled_from(["R4", "R5"]),
)
@settings(max_examples=80)
def test_what_we_wrote_is_read_as_what_it_was_made_from(told: list[Visit], label: str) -> None:
    """Written again it is the same, byte by byte: what is read says all that was said."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.csv").write_text(text([as_row(one) for one in told]), "utf-8", newline="")
        for source, out in ((folder / "a.csv", "one"), (folder / "one/Appointment.ndjson", "two")):
            result = map_to([source], folder / out, SITE, version(label))
            assert result.tally.accepted == len(told), result.tally
        for type_ in ("Appointment", "ServiceRequest"):
            files = [folder / out / f"{type_}.ndjson" for out in ("one", "two")]
            one, two = (
                sorted(file.read_bytes().splitlines()) if file.exists() else [] for file in files
            )
            assert one == two


def test_a_long_file_does_not_stay_in_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        file = tmp_path / "a.ndjson"
        with file.open("w") as lines:
            for number in range(count):
                body = appointment(str(number), participant=[
                    {"actor": {"reference": f"Patient/{number}"}, "status": "accepted"}
                ])  # fmt: skip
                lines.write(f"{json.dumps(body)}\n")
                who = [{"system": "urn:example:mrn", "value": str(number)}]
                body = {"resourceType": "Patient", "id": str(number), "identifier": who}
                lines.write(f"{json.dumps(body)}\n")
        tracemalloc.start()
        sources = Sources([file], SITE, CATALOG)
        assert sum(isinstance(read, Read) for read in sources.records(trusting=True)) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is imported and compiled once
    # some hundred records are packed together, and stay in memory until then; of some thousand
    # patients who they are is kept ready, which takes a fifth of what their records would
    assert peak(4_000) < 1.3 * peak(1_000) + 500_000 + 3_000 * 600

"""Makes `version-N/`: a folder of resources and its ledger, as the code of that version left them.

    python -m ledger.older 2          (in tests/, in a clone that has the commit)

Three rows are sent; one of them is changed, and sent again. From version 5 on there is a second
ledger of visits, with an inbox: a message is read, and then a table with an earlier visit.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

COMMITS = {
    "1": "638cbc7479dc9993d94122f18c964583e04c983f",
    "2": "2f07b1a97bbec1c753db68e161dd7689861b5df3",
    "3": "ef5ca7717172ae40b074afff839b61b96aa1fd60",
    "4": "608ecc0a80e2a8c9a0a56efd36ba7cc66b55aa80",
    "5": "24c932feac4056a63ec81341892da6f14a2a07da",
}
"""The last ones whose ledgers are of these versions."""
TARGET = Path("/var/tmp/alliance-fhir-version-1")  # noqa: S108 - a ledger knows where its target was
TOML = 'source = "clinic-east"\npatient_system = "urn:example:mrn"\nsynthetic = true\n'
HEADER = "record_id,patient,instrument,rater,completed_at,item_1,item_2,item_3,item_4\n"
VISIT_TOML = 'appointment_system = "urn:example:appointments"\n'
MESSAGE = (
    "MSH|^~\\&|SCHED|EAST|OURS|HUB|20260301090000+0000||SIU^S12^SIU_S12|C1|P|2.5.1\r"
    "SCH||2|||||||||^^^20260309140000+0000^20260309145000+0000||||||||||||||Booked\r"
    "PID|1||1001\r"
)
VISIT = (
    "appointment,patient,start,end,status\n"
    "1,1001,2026-03-02T14:00:00Z,2026-03-02T14:50:00Z,attended\n"
)
ROWS = [f"r-{n},100{n},srs,patient,2026-03-0{n},8,9,9,{n}\n" for n in (1, 2, 3)]


def main(version: str) -> None:
    """Runs the old code twice."""
    folder = Path(__file__).parent / f"version-{version}"
    with tempfile.TemporaryDirectory() as old:
        words = ["git", "archive", COMMITS[version], "src", "examples"]
        archive = subprocess.run(words, check=True, capture_output=True, cwd=folder.parents[2])
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(old, filter="data")
        shutil.rmtree(folder, ignore_errors=True)
        TARGET.mkdir()
        (TARGET / "alliance.toml").write_text(TOML)
        for rows in (ROWS, [ROWS[0], ROWS[1].replace("8,9,9", "7,9,9"), ROWS[2]]):
            (TARGET / "rows.csv").write_text("".join([HEADER, *rows]))
            _sync(old, "rows.csv", "out", "ledger.sqlite")
        if int(version) > 4:
            (TARGET / "alliance.toml").write_text(TOML + VISIT_TOML)
            for name, told in (("messages.hl7", MESSAGE), ("visits.csv", VISIT)):
                (TARGET / name).write_bytes(told.encode())
                _sync(old, name, "visits", "visits.sqlite")
        shutil.move(TARGET, folder)


def _sync(old: str, source: str, to: str, ledger: str) -> None:
    words = ["sync", source, "--to", to, "--ledger", ledger]
    place = {**os.environ, "PYTHONPATH": f"{old}/src"}
    subprocess.run(
        [sys.executable, "-m", "alliance_fhir", *words], check=True, cwd=TARGET, env=place
    )


if __name__ == "__main__":
    main(sys.argv[1])

"""An example of each instrument: a row of input, and the Observations that come of it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import NamedTuple

from alliance_fhir import Settings, map_to, version
from alliance_fhir.domain.instrument import Instrument
from pages.markdown import code
from pages.sources import IG, Json, golden

_CLINIC = "examples/clinic/expected/r4/"
_EXTENSIONS = {"rated-clinician": "clinician", "session-number": "session"}


class Rated(NamedTuple):
    """A row as CSV, what was made of it, and where both come from, as a sentence."""

    row: str
    observations: list[Json]
    source: str


def example(instrument: Instrument) -> Rated:
    """Of the golden files where one has all scores, or else any; made up where there is none."""
    found = [rated for rated in map(_of_response, _responses(instrument)) if rated.observations]
    whole = [r for r in found if all("dataAbsentReason" not in o for o in r.observations)]
    return next(iter([*whole, *found]), None) or _made_up(instrument)


def _responses(instrument: Instrument) -> list[Json]:
    begin = f"{IG}/Questionnaire/{instrument.id}-"
    return [
        body
        for body, file in golden()
        if file == f"{_CLINIC}QuestionnaireResponse.ndjson"
        and body["questionnaire"].startswith(tuple(f"{begin}{p}|" for p in instrument.perspectives))
    ]


def _of_response(response: Json) -> Rated:
    key = response["identifier"]["value"]
    observations = [
        body
        for body, file in golden()
        if file == f"{_CLINIC}Observation.ndjson"
        and any(one["identifier"]["value"] == key for one in body.get("derivedFrom", []))
    ]
    source = f"Of the golden files of the example clinic, `{_CLINIC}Observation.ndjson`."
    return Rated(_row(response), observations, source)


def _row(response: Json) -> str:
    form = response["questionnaire"].rsplit("/", 1)[-1].partition("|")[0]
    instrument, _, rater = form.rpartition("-")
    row = {
        "patient": response["subject"]["identifier"]["value"],
        "instrument": instrument,
        "rater": rater,
        "completed_at": response["authored"],
    }
    for one in response.get("extension", []):
        if name := _EXTENSIONS.get(one["url"].rsplit("/", 1)[-1]):
            value = one.get("valuePositiveInt") or one["valueReference"]["identifier"]["value"]
            row[name] = str(value)
    for item in response["item"]:
        [answer] = item["answer"]
        [value] = answer.values()
        row[item["linkId"]] = str(value["code"] if isinstance(value, dict) else value)
    return _csv(row)


def _csv(row: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return out.getvalue()


def _made_up(instrument: Instrument) -> Rated:
    """Answers one below the highest, or in the middle of a scale of numbers."""
    row = {"patient": "1001", "clinician": "kurtz", "instrument": instrument.id}
    row |= {"rater": instrument.perspectives[0], "completed_at": "2026-03-09"}
    for number in range(1, instrument.size + 1):
        run = instrument.run_of(number)
        row[f"item_{number}"] = run.scale[-2].code if run.scale else str(run.high)
    text = _csv(row)
    settings = Settings(
        source="clinic-east",
        patient_system="urn:example:mrn",
        clinician_system="urn:example:staff",
        synthetic=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "row.csv"
        file.write_text(text, encoding="utf-8")
        map_to([file], Path(folder) / "out", settings, version("R4"))
        lines = (Path(folder) / "out" / "Observation.ndjson").read_text("utf-8").splitlines()
    return Rated(text, [json.loads(line) for line in lines], "Made up, and mapped by the package.")


def code_of(observation: Json) -> str:
    """The code of a score."""
    return code(observation["code"]["coding"][0]["code"])


def value_of(observation: Json) -> tuple[str, str]:
    """A score's code, and its value or why there is none."""
    if "valueQuantity" in observation:
        quantity = observation["valueQuantity"]
        return code_of(observation), f"{quantity['value']} {quantity['unit']}"
    why = observation["dataAbsentReason"]
    return code_of(observation), f"none: {why.get('text') or why['coding'][0]['code']}"

"""The JSON Schema of a plan document, for editors; and an empty document to fill in.

The schema is made of the models. It asks for a little more than the reader: text in quotation
marks where it looks like a number, and no key of which nothing is told.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, cast

from alliance_fhir.domain.plan.document import SharedPlan

SCHEMA_ID = "https://alliance-fhir.github.io/schema/shared-plan.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ABOUT = (
    "One version of a plan that patient and clinician write together. People are system|value, or "
    "the value alone where alliance.toml has patient_system and clinician_system; the patient, as "
    "a party, is the word patient. Days are 2026-03-02, times 2026-03-02T14:10:00-05:00."
)
"""For who writes a document; what the model says of itself is for who calls it."""
_HERE = files("alliance_fhir.sources.plans")


def made() -> str:
    """The schema as the models have it now, as JSON text."""
    told = _tidy(SharedPlan.model_json_schema())
    head = {"$schema": _DIALECT, "$id": SCHEMA_ID, "title": "Shared plan"}
    return json.dumps({**head, **told, "description": _ABOUT}, indent=2) + "\n"


def published() -> str:
    """The schema as it is shipped; a test holds it against `made`."""
    return (_HERE / "shared-plan.schema.json").read_text(encoding="utf-8")


def empty() -> str:
    """A document of which every key is explained, and nothing is told."""
    return (_HERE / "empty.plan.yaml").read_text(encoding="utf-8")


def _tidy(node: Any) -> Any:
    """Without what pydantic says twice: titles made of names, and that a key may be left out."""
    if isinstance(node, list):
        return [_tidy(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    told = cast("dict[str, Any]", node)
    if "anyOf" in told:  # a key with a value, or nothing
        told = {**told, **told["anyOf"][0]}
    left_out = {"anyOf", "default", *(["title"] if isinstance(told.get("title"), str) else [])}
    return {key: _tidy(value) for key, value in told.items() if key not in left_out}

"""Values in JSON Schema: what core definitions say of primitives, fixed values and patterns,
required bindings, the types of references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .definitions import Coded, Definitions
from .logic import Schema, either
from .trees import Node, tree

Json = dict[str, Any]
_REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
_JSON_TYPES = {
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "positiveInt": {"type": "integer", "minimum": 1},
    "unsignedInt": {"type": "integer", "minimum": 0},
}
"""As https://hl7.org/fhir/json.html#primitive has them; the other types are strings."""


def primitive(structure: Json) -> Json:
    """A primitive type by its definition: its JSON type, and its regular expression.

    All strings hold more than white space, as https://hl7.org/fhir/datatypes.html#string asks.
    """
    name = structure["type"]
    if name in _JSON_TYPES:
        return dict(_JSON_TYPES[name])
    value = tree(structure, marking=False).children["value"].definition
    told = value["type"][0].get("extension", [])
    regex = next((one["valueString"] for one in told if one["url"] == _REGEX), r"[\s\S]+")
    if name in ("string", "markdown", "xhtml"):
        return {"type": "string", "pattern": r"\S"}
    return {"type": "string", "minLength": 1, "pattern": f"^(?:{regex})$"}


def fixed(definition: Json) -> Schema:
    """What a fixed value or a pattern asks for: all of it, or at least so much."""
    for key, value in definition.items():
        if key.startswith("fixed"):
            return {"const": value}
        if key.startswith("pattern"):
            return _at_least(value)
    return True


def _at_least(value: Any) -> Json:
    if isinstance(value, dict):
        names = {name: _at_least(one) for name, one in value.items()}
        return {"properties": names, "required": sorted(names)}
    if isinstance(value, list):
        told = [{"contains": _at_least(one)} for one in value]
        return told[0] if len(told) == 1 else {"allOf": told}
    return {"const": value}


def bound(codes: Iterable[Coded], type_: str) -> Schema:
    """A code, Coding, CodeableConcept or CodeableReference out of a list of codes."""
    listed = sorted(codes)
    if type_ in ("code", "string", "uri"):
        return {"enum": sorted({code for _, code in listed})}
    systems: dict[str, list[str]] = defaultdict(list)
    for system, code in listed:
        systems[system].append(code)
    coding = either(
        {
            "properties": {"system": {"const": system}, "code": {"enum": told}},
            "required": ["code", "system"],
        }
        for system, told in systems.items()
    )
    if type_ == "Coding":
        return coding
    concept = {"properties": {"coding": {"contains": coding}}, "required": ["coding"]}
    if type_ == "CodeableReference":
        return {"properties": {"concept": concept}}
    return concept


def bounds(definition: Json) -> Schema:
    """The least and the greatest value, and how long a text may be."""
    told: Json = {}
    for key, value in definition.items():
        if key.startswith("minValue") and isinstance(value, int | float):
            told["minimum"] = value
        if key.startswith("maxValue") and isinstance(value, int | float):
            told["maximum"] = value
        if key == "maxLength":
            told["maxLength"] = value
    return told or True


def referring(node: Node, definitions: Definitions) -> Schema:
    """The types to which a Reference may refer, by its `type` and by what it says itself."""
    listed = [one for one in node.types if one["code"] == "Reference"]
    targets = [url for one in listed for url in one.get("targetProfile", [])]
    if not targets:
        return True
    types = sorted({definitions.structure(url)["type"] for url in targets})
    if "Resource" in types:
        return True
    somewhere = f"(^|/)({'|'.join(types)})[/?]|^urn:|^#"
    return {"properties": {"type": {"enum": types}, "reference": {"pattern": somewhere}}}


def in_binding(node: Node, type_: str, definitions: Definitions) -> Schema | None:
    """What a required binding asks for; None where its value set is no list of codes."""
    binding = node.definition.get("binding", {})
    if binding.get("strength") != "required" or "valueSet" not in binding:
        return True
    codes = definitions.codes(binding["valueSet"])
    return bound(codes, type_) if codes else None

"""The tight JSON Schema of the run-time check, made of profiles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .objects import Schemas
from .packages import Definitions
from .shapes import Shapes

Json = dict[str, Any]


def schema(built: Iterable[Json], packages: Iterable[Path]):
    built = [*built]
    structures = [one for one in built if one["resourceType"] == "StructureDefinition"]
    written = {one["type"]: one for one in structures if one["kind"] != "resource" and one["type"] != "Extension"}
    made = Schemas(Shapes(Definitions(built, packages), written))
    for one in structures:
        if one["kind"] == "resource" and not one.get("abstract"):
            made.add(one)
    return made.defs, made.left_out

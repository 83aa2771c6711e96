"""alliance-fhir: therapeutic-alliance questionnaires to FHIR, and to any FHIR server.

The same story as on the command line, in a few names:

>>> from pathlib import Path
>>> from alliance_fhir import Settings, check, version
>>> rows = "patient,instrument,rater,completed_at,item_1,item_2,item_3,item_4"
>>> rows += "\\nurn:example:mrn|1001,srs,patient,2026-03-09,7.5,8.0,9.25,10"
>>> _ = Path("session.csv").write_text(rows)
>>> result = check([Path("session.csv")], Settings(source="doctest"), version("R4"))
>>> result.tally.accepted, result.ok
(1, True)

Names are imported when they are first used, so that `import alliance_fhir` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from alliance_fhir._version import __version__

if TYPE_CHECKING:
    from alliance_fhir.asking import Options
    from alliance_fhir.config import Settings, load
    from alliance_fhir.errors import AllianceError
    from alliance_fhir.fhir.versions import version
    from alliance_fhir.instruments.catalog import Catalog
    from alliance_fhir.opening import open_target
    from alliance_fhir.pulling import pull, pull_appointments, pull_plans, pull_table
    from alliance_fhir.result import Result
    from alliance_fhir.story import check, map_to, open_ledger, plan, sync, verify
    from alliance_fhir.targets.reading import Wish

_HOMES = {
    "AllianceError": "errors",
    "Catalog": "instruments.catalog",
    "Options": "asking",
    "Result": "result",
    "Settings": "config",
    "Wish": "targets.reading",
    "check": "story",
    "load": "config",
    "map_to": "story",
    "open_ledger": "story",
    "open_target": "opening",
    "plan": "story",
    "pull": "pulling",
    "pull_appointments": "pulling",
    "pull_plans": "pulling",
    "pull_table": "pulling",
    "sync": "story",
    "verify": "story",
    "version": "fhir.versions",
}

__all__ = [
    "AllianceError",
    "Catalog",
    "Options",
    "Result",
    "Settings",
    "Wish",
    "__version__",
    "check",
    "load",
    "map_to",
    "open_ledger",
    "open_target",
    "plan",
    "pull",
    "pull_appointments",
    "pull_plans",
    "pull_table",
    "sync",
    "verify",
    "version",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

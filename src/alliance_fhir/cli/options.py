"""The options that commands share, described once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from alliance_fhir.errors import ConfigError

if TYPE_CHECKING:
    from alliance_fhir.config import Settings

SOURCES = Annotated[
    list[Path],
    typer.Argument(
        metavar="SOURCE...",
        help="Files (.csv, .tsv, .txt, .xlsx, .hl7, .ndjson, .json, .plan.yaml, .plan.json), or "
        "folders of them.",
    ),
]
MAYBE_SOURCES = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SOURCE...",
        help="Files (.csv, .tsv, .txt, .xlsx, .hl7, .ndjson, .json, .plan.yaml, .plan.json), or "
        "folders of them.",
    ),
]
TO = Annotated[
    str,
    typer.Option(
        "--to", metavar="TARGET", help="A FHIR server's URL, a folder, or a name in alliance.toml."
    ),
]
CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="alliance.toml; else the one beside the first source, or in this folder.",
    ),
]
FHIR = Annotated[str, typer.Option("--fhir", metavar="VERSION", help="R4, R4B or R5.")]
FHIR_OF_TARGET = Annotated[
    str,
    typer.Option(
        "--fhir",
        metavar="VERSION",
        help="R4, R4B or R5; else what the server says, or what the folder holds.",
    ),
]
CheckLevel = Literal["schema", "models", "sample", "none"]
CHECK = Annotated[
    CheckLevel,
    typer.Option(
        "--check",
        help="How resources are checked before they go out: our schema, also the models of "
        "fhir.resources, those for one in a thousand, or not.",
    ),
]
PATIENT = Annotated[
    list[str] | None,
    typer.Option("--patient", metavar="ID", help="Only this patient; may be repeated."),
]
SINCE = Annotated[
    str, typer.Option("--since", metavar="DATE", help="Only what was completed on or after it.")
]
LIMIT = Annotated[
    int, typer.Option("--limit", metavar="N", help="No more than N records; 0: all.", min=0)
]
JSON = Annotated[bool, typer.Option("--json", help="The result as one JSON object.")]
LEDGER = Annotated[
    str,
    typer.Option(
        "--ledger",
        metavar="FILE|URL",
        help="The ledger: a file, or postgresql://user@host/database; else beside alliance.toml.",
    ),
]
INSECURE = Annotated[
    bool, typer.Option("--insecure", help="Allow http to another machine, in the clear.")
]
CREATE_PEOPLE = Annotated[
    bool,
    typer.Option(
        "--create-people", help="Make patients and clinicians who are not there; for sandboxes."
    ),
]
REREAD = Annotated[
    bool, typer.Option("--reread", help="Compare with the target itself, not with the ledger.")
]
ACCEPT_OLDER = Annotated[
    bool, typer.Option("--accept-older", help="Let an older version replace a newer one.")
]
RESCORE = Annotated[
    bool,
    typer.Option("--rescore", help="Send anew what changed rules or settings make of old rows."),
]
COMPLETE = Annotated[
    bool,
    typer.Option("--complete", help="The sources are complete: report what is gone from them."),
]
LANES = Annotated[
    int,
    typer.Option(
        "--lanes",
        metavar="N",
        help="So many requests at a time, never two for one patient; 0: what [targets] says, or 2.",
        min=0,
        max=32,
    ),
]
RATE = Annotated[
    str,
    typer.Option(
        "--rate", metavar="N/s", help="So many requests a second at most, over all lanes."
    ),
]
TAKE = Annotated[
    Literal["source", "server"] | None,
    typer.Option(
        "--take",
        help="Where somebody changed our resource at the target: overwrite it, or keep it.",
    ),
]
MERGE = Annotated[
    bool,
    typer.Option(
        "--merge",
        help="Where somebody changed a shared plan at the target: bring both sides together, in a "
        "new version beside the source.",
    ),
]
RECREATE = Annotated[
    bool, typer.Option("--recreate", help="Make again what somebody deleted at the target.")
]
REINSTATE = Annotated[
    bool, typer.Option("--reinstate", help="Give again what was retracted, as the source has it.")
]
VALIDATE = Annotated[
    bool,
    typer.Option(
        "--validate",
        help="Ask the server's $validate about each resource first: what has errors is not sent.",
    ),
]
DEAD_LETTERS = Annotated[
    Path | None,
    typer.Option(
        "--dead-letters",
        metavar="FILE",
        help="Send again what was refused, after repair: the records of this file, and no others.",
    ),
]
REAL_DATA = Annotated[
    bool,
    typer.Option(
        "--real-data-to-public-server",
        help="Send data that is not marked as made up to a server that anybody can read.",
    ),
]
ADOPT = Annotated[
    bool,
    typer.Option(
        "--adopt", help="Take over what somebody else made at the target under our identifiers."
    ),
]


def per_second(text: str) -> float:
    """A rate such as `5/s`, or 0 where there is none. Raises ConfigError."""
    number = text.removesuffix("/s").strip()
    try:
        rate = float(number) if number else 0.0
    except ValueError:
        rate = -1.0
    if not 0 <= rate < float("inf") or (number and not rate):
        raise ConfigError("--rate takes a number of requests a second, such as 5/s or 0.5/s")
    return rate


def settings_for(explicit: Path | None, sources: list[Path] | None = None) -> Settings:
    """The settings that apply to these sources."""
    from alliance_fhir import config

    return config.load(config.find(explicit, tuple(sources or ())))


def day(text: str, option: str = "--since") -> str:
    """A date, checked. Raises ConfigError."""
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ConfigError(f"{option} takes a date such as 2026-03-02") from None

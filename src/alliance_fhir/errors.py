"""Every exception of the package. The class says what to do next.

    AllianceError
    ├── ConfigError          the settings are wrong: mend alliance.toml, the environment or the call
    ├── InputError           a source cannot be read at all: mend the file
    ├── InstrumentError      an instrument file or its use is wrong
    ├── MappingError         what we built is not valid FHIR: a defect of ours, report it
    └── ServerError          the target did not take it
        ├── Unavailable      not reached, or asked to wait too often: run again later
        ├── AuthFailed       credentials missing, wrong or too weak
        ├── Refused          understood and declined: the data or the server's rules must change
        ├── Conflict         somebody changed it meanwhile: look before you write
        └── BadReply         what came back is not FHIR, or not an answer to what was asked

Messages name the place and the remedy. They never hold a patient's data: no answers, names,
identifiers or resource bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class AllianceError(Exception):
    """The root of all errors of this package; `exit_code` is what the command returns for it."""

    exit_code = 70


class ConfigError(AllianceError):
    """The settings or the call are wrong."""

    exit_code = 2


class InputError(AllianceError):
    """A source cannot be read at all."""

    exit_code = 3

    def __init__(self, path: Path | str, rule: str, remedy: str) -> None:
        super().__init__(f"{path}: {rule}: {remedy}")
        self.path = str(path)
        self.rule = rule
        self.remedy = remedy


class InstrumentError(AllianceError):
    """An instrument file is wrong, or an instrument is asked for that the catalog lacks."""

    exit_code = 5


class MappingError(AllianceError):
    """What the mapping built failed its own check: a defect of this package."""

    exit_code = 6


class ServerError(AllianceError):
    """The target did not take what was sent, or did not answer as FHIR servers do."""

    exit_code = 10


class Unavailable(ServerError):
    """Not reached, or asked to wait more often than we may; run again later.

    `sent` is true where the request may have arrived although no answer came.
    """

    exit_code = 11

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class AuthFailed(ServerError):
    """Credentials are missing, wrong, or grant too little. `status` is the HTTP status, or 0."""

    exit_code = 12

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Refused(ServerError):
    """Understood and declined. `status` is the HTTP status, `issues` the outcome's issue codes.

    `outcome` is the server's OperationOutcome as it came, for the dead letters alone: servers
    repeat in it what was sent to them.
    """

    exit_code = 13

    def __init__(
        self,
        message: str,
        *,
        status: int,
        issues: tuple[str, ...] = (),
        outcome: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.issues = issues
        self.outcome = outcome or {}


class Conflict(ServerError):
    """The target's copy changed since we last saw it; nothing was overwritten.

    `status` is the HTTP status, or 0 where it was found out by a look; `outcome` as for Refused.
    """

    exit_code = 14

    def __init__(
        self, message: str, *, status: int = 0, outcome: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome or {}


class BadReply(ServerError):
    """What came back is not FHIR, or is no answer to what was asked; nothing is assumed."""

    exit_code = 15


def defect(error: Exception) -> str:
    """What is said of a defect of ours: where it showed. The error's own text may hold a patient's
    data, and is not in it."""
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place else "?"
    return (
        f"{type(error).__name__} in {where}. This is a defect of ours, please report it; "
        "ALLIANCE_FHIR_DEBUG=1 shows more, which may hold patients' data."
    )

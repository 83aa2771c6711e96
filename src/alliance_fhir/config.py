"""alliance.toml and the environment, read once into frozen settings.

Secrets come from the environment or from a file that only its owner can read, never from
alliance.toml itself.
"""

from __future__ import annotations

import codecs
import os
import re
from datetime import UTC, date, datetime, time
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from warnings import catch_warnings
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from alliance_fhir.abilities import Ability
from alliance_fhir.errors import ConfigError
from alliance_fhir.paths import PathLike, is_file, is_folder
from alliance_fhir.secret import owner_only
from alliance_fhir.slips import UnreadableError, slip, told_in
from alliance_fhir.visit_words import Missed, Side, Status

FILE = "alliance.toml"
IDENTIFIER_ROOT = "https://alliance-fhir.github.io/id"
"""Under it lie the identifier systems of sites that name no `base` of their own."""

KEY_VARIABLE = "ALLIANCE_FHIR_KEY"
TOKEN_VARIABLE = "ALLIANCE_FHIR_TOKEN"  # noqa: S105 - the name of a variable, not a token


class Frozen(BaseModel):
    """A part of the settings; unknown keys are errors, so that a typing slip is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsSettings(Frozen):
    """Certificates of a target: `[targets.<name>.tls]`. Paths are relative to alliance.toml."""

    ca_file: str = ""
    cert_file: str = ""
    cert_key_file: str = ""
    cert_key_password_env: str = ""


class TargetSettings(Frozen):
    """A named target: `[targets.<name>]`."""

    url: str
    fhir_version: Literal["4.0", "4.3", "5.0"] | None = None
    token_env: str = TOKEN_VARIABLE
    insecure: bool = False
    lanes: int = Field(default=2, ge=1, le=32)
    rate: float = Field(default=0, ge=0)
    without: tuple[Literal[Ability, "rollback"], ...] = ()
    """What the server cannot do, whatever it says of itself."""
    appointments: Literal["once", "beside", "status-only"] = "once"
    """Whether ours are made where the target has others with their numbers; or none are made, and
    of others the status is set."""
    auth: dict[str, Any] = {}
    """What `method` needs: each method of transport/auth has a model of its own for this."""
    tls: TlsSettings | None = None


class InstrumentSettings(Frozen):
    """A site's choices for one instrument: `[instruments.<id>]`."""

    missing: Literal["complete-cases", "prorate"] | None = None
    languages: tuple[str, ...] = ()


URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
"""What a system of identifiers looks like."""


def _system(value: str) -> str:
    if not URI.fullmatch(value) or "|" in value:  # no URI has a bar: it parts system and value
        raise ValueError("must be a URI, such as urn:oid:1.2.3 or https://clinic.org/mrn")
    return value


Uri = Annotated[str, AfterValidator(_system)]


_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _source(value: str) -> str:
    if value and not _SOURCE.fullmatch(value):
        raise ValueError(
            'must be one word of letters, digits, ".", "_" and "-", beginning with a letter or a '
            "digit, 64 of them at most, such as clinic-east"
        )
    return value


def _named(value: str) -> str:
    """`system|value`, or nothing."""
    system, _, told = value.partition("|")
    good = URI.fullmatch(system) and told and told.isprintable() and told == told.strip()
    if value and not good:
        raise ValueError('must be "system|value", the system being a URI')
    return value


def _code(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", value):
        raise ValueError("must be a code without blanks, such as 394913002")
    return value


_AFTERNOONS = (
    datetime(2026, 3, 9, 14, 10, tzinfo=UTC),
    datetime(2019, 11, 28, 14, 10, tzinfo=UTC),
)
"""Times no two parts of which can be taken for each other."""


def _encoding(name: str) -> str:
    """A name of an encoding that Python knows, or none."""
    try:
        codecs.lookup(name or "utf-8")
    except LookupError:
        raise ValueError("is no encoding that is known, such as utf-8 or windows-1252") from None
    return name


def _date_format(pattern: str) -> str:
    """A pattern that reads back the day it writes, and no part of the time but after the hour."""
    if "Z" in re.findall("%(.)", pattern):
        raise ValueError("%Z is a name that does not tell the offset from UTC; use %z, or set zone")
    for when in _AFTERNOONS if pattern else ():
        try:
            with catch_warnings(action="ignore"):  # of Python 3.13, where there is no year
                read = datetime.strptime(when.strftime(pattern), pattern)
        except (ValueError, re.error):  # the latter where something stands twice
            raise ValueError("is no pattern of Python's strptime, such as %d.%m.%Y %H:%M") from None
        if read.date() != when.date():
            raise ValueError("must have day, month and year, such as %d.%m.%Y")
        if read.hour != when.hour and read.time() != time():
            raise ValueError("must have the hour, as %H, or as %I with %p, such as %d.%m.%Y %H:%M")
    return pattern


def _zone(value: str) -> str:
    try:
        if value:
            ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone of the IANA database, such as Europe/Berlin") from None
    return value


Zone = Annotated[str, AfterValidator(_zone)]
Encoding = Annotated[str, AfterValidator(_encoding)]


def _apart(words: dict[str, Any]) -> dict[str, Any]:
    """Words that are looked up without regard to case, and differ in more than that."""
    if len({word.casefold() for word in words}) < len(words):
        raise ValueError("two of its words differ in upper and lower case alone; keep one")
    return words


class Hl7v2Settings(Frozen):
    """How a site's HL7 v2 messages are read: `[hl7v2]`. What is empty is as for all sources."""

    patient_system: Uri | None = None
    clinician_system: Uri | None = None
    appointment_system: Uri | None = None
    referrer_system: Uri | None = None
    referral_system: Uri | None = None
    zone: Zone = ""
    encoding: Encoding = ""
    processing: tuple[Literal["P", "T", "D"], ...] = ("P",)
    """Of which systems messages are read, by MSH-11 (table 0103)."""
    clinician_types: tuple[str, ...] = ()
    """The codes in AIG-4 of general resources that are clinicians; "" is of those without one."""
    authorities: dict[str, Uri] = {}
    status: Annotated[dict[str, Status], AfterValidator(_apart)] = {}
    cancelled_by: Annotated[dict[str, Side], AfterValidator(_apart)] = {}


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError("must be an address or a network, such as 10.1.2.0/24") from None
    return value


class ListenSettings(Frozen):
    """Who may send messages, and how much at a time: `[listen]`. Paths are relative to
    alliance.toml; sizes are in bytes."""

    allow: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    cert_file: str = ""
    cert_key_file: str = ""
    client_ca_file: str = ""
    largest_message: int = Field(default=1024**2, ge=1024, le=1024**2)
    connections: int = Field(default=100, ge=1, le=10_000)
    message_seconds: float = Field(default=30, gt=0, le=3600)
    idle_seconds: float = Field(default=3600, gt=0, le=7 * 86_400)
    health_seconds: float = Field(default=60, gt=0, le=86_400)


def _one_line(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line, without blanks at its ends")
    return text


class OutreachSettings(Frozen):
    """How patients are reached out to after visits that they missed: `[outreach]`.

    `since` is the first day of whose visits it is asked for: nobody is to be called because of a
    visit that was missed years ago.
    """

    since: date
    after: Annotated[tuple[Missed, ...], Field(min_length=1)] = ("no-show",)
    within_days: int = Field(default=2, ge=0, le=366)
    owner: Annotated[str, AfterValidator(_named)] = ""
    owner_type: Literal["Organization", "CareTeam", "Practitioner"] = "Organization"
    medication: bool = False
    text: Annotated[str, AfterValidator(_one_line)] = ""


class MeasureSettings(Frozen):
    """What a site's engagement measures show: `[measures]`."""

    smallest_group: int = Field(default=11, ge=1)
    """As in the cell size suppression policy of the Centers for Medicare & Medicaid Services."""


class FhirSettings(Frozen):
    """How Appointments are read that are FHIR already: `[fhir]`."""

    status: dict[Uri, Annotated[dict[str, Status], AfterValidator(_apart)]] = {}
    """By the URL of an extension: the site's word in it = ours."""
    cancelled_by: Annotated[dict[str, Side], AfterValidator(_apart)] = {}


class Settings(Frozen):
    """What alliance.toml says; `folder` is where it lies, and what its paths are relative to.

    Every key is described in the reference (docs/reference/alliance-toml.md). Raises ConfigError
    naming the key that is wrong and what it must be.
    """

    folder: Path = Field(default=Path(), exclude=True)
    source: Annotated[str, AfterValidator(_source)] = ""
    base: Uri | None = None
    organization: Annotated[str, AfterValidator(_named)] = ""
    patient_system: Uri | None = None
    clinician_system: Uri | None = None
    appointment_system: Uri | None = None
    referrer_system: Uri | None = None
    referral_system: Uri | None = None
    zone: Zone = ""
    history_from: date | None = None
    look_back_days: int = Field(default=365, ge=0)
    late_cancellation_hours: int = Field(default=24, ge=0)
    visit_minutes: int = Field(default=0, ge=0)
    service_category: Annotated[str, AfterValidator(_code)] = "22"
    specialty: Annotated[str, AfterValidator(_code)] = ""

    encoding: Encoding = ""
    sheet: str = ""
    delimiter: str = Field(default="", max_length=1)
    decimal_mark: Literal[".", ","] = "."
    date_format: Annotated[str, AfterValidator(_date_format)] = ""
    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    constants: dict[str, str] = {}

    hl7v2: Hl7v2Settings | None = None
    listen: ListenSettings | None = None
    outreach: OutreachSettings | None = None
    measures: MeasureSettings | None = None
    fhir: FhirSettings | None = None

    instruments: dict[str, InstrumentSettings] = {}
    instrument_folder: str = "instruments"
    ledger: str = ""
    identifier_key_file: str = ""

    confidentiality: Literal["U", "L", "M", "N", "R", "V"] | None = "R"
    sensitivity: tuple[Literal["MH", "PSY", "BH"], ...] = ("MH",)
    claim_profiles: bool = True
    score_performer: Literal["none", "rater"] = "none"
    synthetic: bool = False

    targets: dict[str, TargetSettings] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _told(cls, told: Any, make: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        try:
            return make(told)
        except ValidationError as error:
            place = cast("dict[str, str]", info.context or {}).get("file", cls.__name__)
            raise ConfigError(f"{place}: {slip(error, model=cls)}") from None

    @field_validator("confidentiality", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return None if value is False or value == "" else value  # TOML has no null

    @property
    def tz(self) -> ZoneInfo | None:
        """The zone of times without an offset."""
        return ZoneInfo(self.zone) if self.zone else None

    @property
    def smallest_group(self) -> int:
        """How many patients a group has at least that measures show."""
        return (self.measures or MeasureSettings()).smallest_group

    @property
    def named_source(self) -> str:
        """The source's name, which every business key holds. Raises ConfigError without one."""
        if not self.source:
            raise ConfigError(
                f"`source` is not set. Name this source of data in {FILE}, once and for ever: "
                'source = "clinic-east". Every identifier that we give is made from it. '
                f"An {FILE} in another folder is named by --config."
            )
        return self.source

    @property
    def root(self) -> str:
        """The root of this site's identifier systems."""
        return (self.base or f"{IDENTIFIER_ROOT}/{self.named_source}").rstrip("/")

    @cached_property
    def secret(self) -> bytes:
        """The key of the identifiers' digest, or nothing. Raises ConfigError if it is unsafe."""
        given = os.environ.get(KEY_VARIABLE, "")
        if given:
            return _strong(given.encode(errors="surrogateescape"), KEY_VARIABLE)
        if not self.identifier_key_file:
            return b""
        return _strong(owner_only(self.folder / self.identifier_key_file), "identifier_key_file")

    @property
    def organization_identifier(self) -> tuple[str, str] | None:
        """On whose behalf we write, as (system, value); None where it is not set."""
        if not self.organization:
            return None
        system, _, value = self.organization.partition("|")
        return system, value


def _strong(key: bytes, where: str) -> bytes:
    key = key.strip()
    if not 16 <= len(key) <= 64:
        raise ConfigError(f"{where}: the key must be of 16 to 64 bytes")
    return key


def find(explicit: Path | None, sources: tuple[Path, ...] = ()) -> Path | None:
    """The alliance.toml to use: the one named, beside the first source, or in this folder."""
    if explicit is not None:
        return explicit
    first = [sources[0] if is_folder(sources[0]) else sources[0].parent] if sources else []
    return next((p for p in (folder / FILE for folder in [*first, Path()]) if is_file(p)), None)


def load(path: PathLike | None) -> Settings:
    """Settings from a file, or the defaults. Raises ConfigError naming the key and the reason."""
    if path is None:
        return Settings()
    path = Path(path)
    try:
        return parse(told_in(path), path.parent, str(path))
    except UnreadableError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(told: dict[str, Any], folder: Path = Path(), name: str = FILE) -> Settings:
    """Settings from what a file said. Raises ConfigError naming the key and the reason."""
    if "folder" in told:
        raise ConfigError(f"{name}: folder: is no key that we know")
    return Settings.model_validate({**told, "folder": folder}, context={"file": name})

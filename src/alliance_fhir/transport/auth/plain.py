"""Methods that need no one else: none, basic, bearer."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import Any, Literal

from alliance_fhir.config import TOKEN_VARIABLE, Frozen
from alliance_fhir.errors import ConfigError
from alliance_fhir.secret import told_by
from alliance_fhir.transport.auth.method import Method

PASSWORD_VARIABLE = "ALLIANCE_FHIR_PASSWORD"  # noqa: S105 - the name of a variable
_TOKEN = re.compile(r"[!-~]+")


class NoSettings(Frozen):
    """`method = "none"`."""

    method: Literal["none"]


class NoAuth(Method):
    """For servers that ask for nothing."""

    name = "none"
    settings = NoSettings

    @classmethod
    def of(cls, told: Any, folder: Path) -> NoAuth:
        """From its settings."""
        return cls()

    def header(self) -> str:
        """None."""
        return ""


class BasicSettings(Frozen):
    """`method = "basic"`."""

    method: Literal["basic"]
    user: str
    password_env: str = PASSWORD_VARIABLE
    password_file: str = ""


class Basic(Method):
    """User and password (RFC 7617). Neither is shown by any repr, message or log of ours."""

    name = "basic"
    settings = BasicSettings

    def __init__(self, user: str, password: str) -> None:
        if ":" in user or not (user + password).isprintable():
            raise ConfigError("a user has no colon, and neither user nor password a line break")
        self._header = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"

    @classmethod
    def of(cls, told: BasicSettings, folder: Path) -> Basic:
        """From its settings."""
        file = folder / told.password_file if told.password_file else None
        return cls(told.user, told_by(told.password_env, file, "the password"))

    def header(self) -> str:
        """Always the same."""
        return self._header


class BearerSettings(Frozen):
    """`method = "bearer"`."""

    method: Literal["bearer"]
    token_env: str = TOKEN_VARIABLE
    token_file: str = ""


class BearerToken(Method):
    """A bearer token (RFC 6750). It is shown by no repr, no message and no log of ours.

    One from a file is read again after a 401: whoever renews it may have done so meanwhile.
    """

    name = "bearer"
    settings = BearerSettings

    def __init__(self, token: str, file: Path | None = None) -> None:
        self._token = token
        self._file = file

    @classmethod
    def of(cls, told: BearerSettings, folder: Path) -> BearerToken:
        """From its settings."""
        file = folder / told.token_file if told.token_file else None
        return cls(checked_token(told_by(told.token_env, file, _NAME), told_where(told)), file)

    def header(self) -> str:
        """The token as it is now."""
        return f"Bearer {self._token}"

    def renewed(self, refused: str) -> str:
        """What stands in the file by now, if that is another token."""
        if self._file is None:
            return ""
        self._token = checked_token(told_by("", self._file, _NAME), str(self._file))
        return self.header() if self.header() != refused else ""


_NAME = "the bearer token"


def told_where(told: BearerSettings) -> str:
    """What holds the token, by its name."""
    return told.token_file or told.token_env


def checked_token(token: str, where: str) -> str:
    """The token.

    Raises ConfigError for what no header can hold: libraries would repeat it in what they raise.
    """
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"{where} holds no bearer token: put the token alone there, without `Bearer`, "
            "spaces or line breaks"
        )
    return token

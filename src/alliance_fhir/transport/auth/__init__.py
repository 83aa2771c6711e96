"""How a request shows who sends it. A new method is one class, and its line in METHODS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alliance_fhir.config import TOKEN_VARIABLE
from alliance_fhir.errors import ConfigError
from alliance_fhir.slips import slip
from alliance_fhir.transport.auth.method import Method, Site
from alliance_fhir.transport.auth.oauth import ClientSecret, Smart
from alliance_fhir.transport.auth.plain import Basic, BearerToken, NoAuth, checked_token

__all__ = ["METHODS", "BearerToken", "Method", "NoAuth", "Site", "from_environment", "method"]

_KNOWN: tuple[type[Method], ...] = (NoAuth, Basic, BearerToken, Smart, ClientSecret)
METHODS: dict[str, type[Method]] = {known.name: known for known in _KNOWN}
"""Every method by what alliance.toml calls it."""


def method(told: Mapping[str, Any], folder: Path = Path(), place: str = "auth") -> Method:
    """The method that a table of settings means. Raises ConfigError naming the key and the reason.

    Paths in it are relative to `folder`; `place` is where in the settings it stands.
    """
    known = METHODS.get(str(told.get("method", "")))
    if known is None:
        raise ConfigError(f"{place}.method: must be one of {', '.join(METHODS)}")
    try:
        settings = known.settings.model_validate(dict(told))
    except ValidationError as error:
        raise ConfigError(slip(error, place)) from None
    return known.of(settings, folder)


def from_environment(variable: str = TOKEN_VARIABLE) -> Method:
    """The token that the environment holds in `variable`, or no authentication.

    Raises ConfigError for what no header can hold: libraries would repeat it in what they raise.
    """
    token = os.environ.get(variable, "").strip()
    return BearerToken(checked_token(token, variable)) if token else NoAuth()

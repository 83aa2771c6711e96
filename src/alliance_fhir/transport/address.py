"""Where requests may go to, and where not."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import httpx

from alliance_fhir.errors import ConfigError

LOCAL = {"localhost", "127.0.0.1", "::1"}
"""This machine, as a URL names it."""


def checked_base(base: str, *, insecure: bool = False) -> str:
    """The base without a slash at its end. Raises ConfigError for what no request should go to."""
    told = _split(base)
    if told is None or told.scheme not in ("http", "https") or not told.hostname:
        raise ConfigError("a server's base is an http or https URL, such as https://host/fhir")
    if "@" in told.netloc:
        raise ConfigError("credentials do not belong into a URL; put a token in the environment")
    if "?" in base or "#" in base:
        raise ConfigError("a server's base has neither a query nor a fragment")
    if told.scheme == "http" and told.hostname not in LOCAL and not insecure:
        raise ConfigError(
            f"http to {told.hostname} would send patients' data in the clear; use https, or "
            "--insecure if the network between is your own"
        )
    return base.rstrip("/")


def _split(base: str) -> SplitResult | None:
    """The parts of a URL; None where one of them is wrong."""
    if " " in base or not base.isprintable():  # urlsplit would drop some of these
        return None
    try:
        httpx.URL(base)
        told = urlsplit(base)
        _ = told.port  # it is read when it is asked for
    except (ValueError, httpx.InvalidURL):
        return None
    return told

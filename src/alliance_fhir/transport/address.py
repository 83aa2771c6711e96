"""Where requests may go to, and where not."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import httpx

from alliance_fhir.errors import ConfigError

LOCAL = {"localhost", "127.0.0.1", "::1"}
"""This machine, as a URL names it."""
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int | None]


def origin(url: httpx.URL) -> Origin:
    """What makes two URLs lead to one server: scheme, host, port."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def checked_base(base: str, *, insecure: bool = False) -> str:
    """The base without a slash at its end. Raises ConfigError for what no request should go to."""
    told = _checked(base, "a server's base", "https://host/fhir")
    if "?" in base or "#" in base:
        raise ConfigError("a server's base has neither a query nor a fragment")
    if _in_the_clear(told, insecure=insecure):
        raise ConfigError(
            f"http to {told.hostname} would send patients' data in the clear; use https, or "
            "--insecure if the network between is your own"
        )
    return base.rstrip("/")


def checked_endpoint(url: str, *, insecure: bool = False) -> str:
    """A token endpoint. Raises ConfigError for one that credentials should not be sent to."""
    told = _checked(url, "a token endpoint", "https://host/token")
    if "#" in url:
        raise ConfigError("a token endpoint has no fragment")
    if _in_the_clear(told, insecure=insecure):
        raise ConfigError(
            f"http to the token endpoint at {told.hostname} would send credentials in the clear; "
            "use https, or --insecure if the network between is your own"
        )
    return url


def _checked(url: str, what: str, example: str) -> SplitResult:
    told = _split(url)
    if told is None or told.scheme not in ("http", "https") or not told.hostname:
        raise ConfigError(f"{what} is an http or https URL, such as {example}")
    if "@" in told.netloc:
        raise ConfigError("credentials do not belong into a URL; put a token in the environment")
    return told


def _in_the_clear(told: SplitResult, *, insecure: bool) -> bool:
    return told.scheme == "http" and told.hostname not in LOCAL and not insecure


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

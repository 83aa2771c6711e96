"""Servers that anybody can read: only made-up patients may be sent there.

One table. A host is in it with what says that it is public; hosts below one count as well.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from alliance_fhir.errors import ConfigError

_USED = "open to every client without a login; public clients test against it"
PUBLIC = {
    "hapi.fhir.org": "HAPI's public test server, in HL7's list of public test servers",
    "fhirtest.uhn.ca": "the earlier address of HAPI's public test server",
    "server.fire.ly": f"Firely's sandbox, which controls no access; {_USED}",
    "vonk.fire.ly": "the earlier address of Firely's sandbox",
    "smarthealthit.org": "SMART's open endpoints and launcher (docs.smarthealthit.org), with "
    "synthetic patients",
    "test.fhir.org": f"the test server beside the specification; {_USED}",
    "spark.incendi.no": f"Spark's test server; {_USED}",
    "sqlonfhir-r4.azurewebsites.net": _USED,
    "wildfhir.aegis.net": f"AEGIS's test servers; {_USED}",
    "wildfhir.wildfhir.org": f"AEGIS's test servers; {_USED}",
}
"""By host: what says that it is public."""


def public(url: str) -> str:
    """The entry of PUBLIC that a server's URL falls under, or nothing."""
    host = urlsplit(url).hostname or ""
    return next((known for known in PUBLIC if host == known or host.endswith(f".{known}")), "")


def refuse_real_data(url: str, *, synthetic: bool, meant: bool) -> None:
    """Raises ConfigError where patients' data would go to a server that anybody can read.

    `synthetic`: the site's settings mark the data as made up. `meant`: the user said so.
    """
    if synthetic or meant or not (host := public(url)):
        return
    raise ConfigError(
        f"{host} can be read by anybody, and this data is not marked as made up. If nobody in it "
        "is real, set synthetic = true in alliance.toml; --real-data-to-public-server sends it as "
        "it is"
    )

"""`profiles install`: puts the definitions of the FHIR package on a server, and finds them there
again.
"""

from __future__ import annotations

from alliance_fhir.asking import Options, Watch, unwatched
from alliance_fhir.config import Settings
from alliance_fhir.errors import ConfigError
from alliance_fhir.fhir.package import package, to_install
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import site_catalog
from alliance_fhir.result import Result
from alliance_fhir.running import Run
from alliance_fhir.sources.supply import Sources
from alliance_fhir.targets.base import Target

COMMAND = "profiles"
DEFAULTS = Options()


def on_server(target: Target) -> None:
    """Raises ConfigError for a folder: nobody looks there for what a canonical stands for."""
    if target.all_at_once:
        raise ConfigError(
            f"{target.name} is a folder, and definitions are installed on a server; `alliance-fhir "
            "profiles export` writes the package as a file"
        )


def install(
    target: Target,
    ledger: Ledger,
    settings: Settings,
    options: Options = DEFAULTS,
    watch: Watch = unwatched,
    *,
    dry: bool = False,
) -> Result:
    """Brings the definitions of the server's version of FHIR there, each by itself: one that is
    declined holds back no other. Where they are is looked up each time, by URL and version. `dry`:
    says what would become of them, and writes neither there nor to the ledger.

    Raises ConfigError as `on_server` does.
    """
    on_server(target)
    definitions = [to_install(file) for file in package(target.version).definitions]
    # no patient's data is among them; and they are checked where they are made, by a validator
    options = options._replace(check="none", reread=True, real_data_to_public_server=True)
    nothing = Sources([], settings, site_catalog(settings))
    return Run(
        COMMAND, nothing, target, ledger, settings, options, watch, alone=definitions, dry=dry
    ).go()

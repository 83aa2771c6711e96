"""A token that ends in the middle of a sync: one refresh for all lanes, and no retry."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from alliance_fhir.testing import Answer, Request
from auth.conftest import guarded, issuer, pair
from contract.clinic import patient
from wire.conftest import clinic as guarded_clinic
from wire.conftest import little

from .conftest import PATIENTS, ROWS
from .outside import exactly_once

if TYPE_CHECKING:
    from auth.conftest import Guarded
    from conftest import Ran

__all__ = ["guarded", "issuer", "little"]
clinic = guarded_clinic


def sync(guarded: Guarded, lanes: int) -> Ran:
    """`alliance-fhir sync` of eight records."""
    book = ("--ledger", guarded.clinic.ledger, "--json", "--lanes", lanes)
    return guarded.clinic.run("sync", guarded.clinic.folder, "--to", "live", *book)


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_token_that_ends_in_the_middle_is_renewed_once(
    guarded: Guarded, naps: list[float], lanes: int
) -> None:
    guarded.smart(pair("one"))
    guarded.clinic.write(*ROWS)
    for value in PATIENTS[2:]:
        guarded.little.put(**patient(value))
    lock = threading.Lock()
    ended: list[Request] = []

    def before(request: Request) -> Answer | None:
        with lock:
            if len(guarded.little.writes) == 6 and not ended:
                guarded.issuer.revoke()
                ended.append(request)
        return None

    guarded.lets_in(before=before)
    ran = sync(guarded, lanes)
    assert (ran.code, len(ended)) == (0, 1)
    assert len(guarded.issuer.asked) == 2
    assert naps == []
    again = sync(guarded, lanes)
    assert (again.code, again.json["resources"]["created"]) == (0, 0)
    guarded.little.between = lambda request, proceed: proceed()
    exactly_once(guarded.little.url, ROWS)

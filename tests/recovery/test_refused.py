"""Dead letters on every rung and at a real server: what arrived of a record, and what did not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from alliance_fhir.domain.keys import record_key
from alliance_fhir.fhir.canonical import content_digest, dumps
from alliance_fhir.testing import AbilityProxy, Answer, Fault, Request, outcome
from contract.kinds import R4

from .conftest import FIRST, RUNGS, SECOND, Site, resources, told, where
from .test_dead_letters import WORDS, letters, resend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing.messages import Interaction

Json = dict[str, Any]
KEY = record_key("clinic-east", ("record", FIRST.record_id))
SCORE = f'"value":"{KEY}-total"'.encode()
NO = Answer(422, outcome("invariant", WORDS))
OF_A_RECORD = {"qr", "panel", "total", "goal", "task", "bond"}
HAPI = ["right", "batches", "single"]
"""The rungs on which HAPI is put by a proxy."""


class RefusingProxy(AbilityProxy):
    """A server behind which somebody's rules stand: what holds the score does not get through."""

    armed: list[bool]

    def _guarded(self, request: Request) -> Answer:
        refused = self.armed and request.method == "POST" and SCORE in request.body
        return NO if refused else super()._guarded(request)


@contextmanager
def refusing(site: Site, rung: str) -> Iterator[list[bool]]:
    """The little server refuses the score, in a batch the entry; or HAPI does, behind a proxy. What
    it yields is emptied to end that."""
    armed = [True]
    if site.little:

        def fits(asked: Interaction) -> bool:
            return bool(armed and asked.path and SCORE in dumps(asked.resource or {}))

        site.little.arm(Fault("rules", meet=lambda asked: NO, fits_interaction=fits).always())
        yield armed
        return
    with RefusingProxy(site.there.address, lacks=RUNGS[rung]) as proxy:
        proxy.armed = armed
        site.there.address = proxy.url
        yield armed


def content(site: Site, resource: Json) -> str:
    """The digest of a resource's content, from what is at the server."""
    reply = httpx.get(f"{site.there.address}/{where(resource)}")
    return content_digest(json.loads(reply.content, parse_float=Decimal))


@pytest.fixture
def rung(kind: str) -> str:
    """The rung of a little server, which is its kind."""
    return kind


everywhere = pytest.mark.parametrize(
    ("kind", "rung"),
    [
        *((rung, rung) for rung in HAPI),
        *(pytest.param("hapi_r4", rung, id=f"hapi-{rung}", marks=R4.marks) for rung in HAPI),
    ],
)
"""On the rungs on which groups arrive whole, in batches and in pieces; HAPI on each as well."""


@everywhere
def test_a_letter_tells_what_did_not_arrive_and_only_that(site: Site, rung: str) -> None:
    with refusing(site, rung) as armed:
        ran = site.sync()
        assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
        [letter] = letters(site.letters)
        arrived = set(site.of_record(FIRST))
        assert arrived == set() if rung == "right" else "qr" in arrived
        keys = [one["key"] for one in letter["resources"]]
        assert sorted(keys) == sorted(f"{KEY}-{end}" for end in OF_A_RECORD - arrived)
        assert (letter["key"], letter["row"], letter["status"]) == (KEY, 2, 422)
        assert letter["outcome"] == outcome("invariant", WORDS)
        assert (letter["target"], letter["run"]) == (site.there.address, ran.json["run"])
        assert WORDS not in ran.out + ran.err
        assert set(site.of_record(SECOND)) == OF_A_RECORD
        armed.clear()
        assert site.sync().code == 0
        there = site.of_record(FIRST)
        bodies = [there[key.rpartition("-")[2]] for key in keys]
        types = [one["type"] for one in letter["resources"]]
        assert types == [body["resourceType"] for body in bodies]
        contents = json.dumps([content(site, body) for body in bodies], separators=(",", ":"))
        assert letter["digest"] == blake2b(contents.encode(), digest_size=16).hexdigest()


@everywhere
def test_sent_again_once_the_server_takes_it(site: Site, rung: str) -> None:
    with refusing(site, rung) as armed:
        first = site.sync().json["run"]
        arrived = len(site.of_record(FIRST))
        ran = resend(site)
        assert (ran.code, told(ran, "rejected")) == (4, ["refused"])
        [letter] = letters(site.letters)
        assert letter["run"] == ran.json["run"] != first
        armed.clear()
        ran = resend(site)
        made = len(OF_A_RECORD) - arrived
        assert (ran.code, resources(ran)["created"]) == (0, made + 1)  # with the Provenance
        assert not site.letters.exists()
        assert set(site.of_record(FIRST)) == OF_A_RECORD
        assert site.verified() == 16 + bool(arrived)  # what came before has a Provenance as well
        assert resources(site.sync()) == {"unchanged": 14}


FORM = "https://alliance-fhir.github.io/ig/Questionnaire/wai-sr-patient"


@pytest.mark.parametrize("type_", ["Questionnaire", "Device"])
@pytest.mark.parametrize("kind", HAPI)
def test_what_is_of_no_row_has_a_letter_and_holds_no_row_back(site: Site, type_: str) -> None:
    def fits(asked: Interaction) -> bool:
        return bool(armed) and (asked.method, asked.path) == ("POST", type_)

    armed = [True]
    site.server.arm(Fault("rules", meet=lambda asked: NO, fits_interaction=fits).always())
    ran = site.sync()
    assert ran.code == 4
    [finding] = ran.json["rejected"]
    of_what = f"{FORM}|1.0.0" if type_ == "Questionnaire" else type_
    assert (finding["rule"], finding["column"], "row" in finding) == ("refused", of_what, False)
    assert "(422, invariant)" in finding["remedy"]
    assert ran.json["dead_letters"] == str(site.letters)
    [letter] = letters(site.letters)
    [one] = letter["resources"]
    assert (letter["path"], letter["row"], letter["key"]) == ("", 0, one["key"])
    assert (one["type"], letter["outcome"]) == (type_, outcome("invariant", WORDS))
    assert WORDS not in ran.out + ran.err
    assert set(site.of_record(FIRST)) == set(site.of_record(SECOND)) == OF_A_RECORD
    ran = resend(site)
    assert (ran.code, "run sync with their SOURCE" in ran.err) == (2, True)
    armed.clear()
    ran = site.sync()
    assert (ran.code, resources(ran)["created"]) == (0, 1)
    assert not site.letters.exists()
    assert site.verified() == 16


def test_it_goes_again_with_the_records_that_need_it(site: Site) -> None:
    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        mine = not request.path and (b'"Questionnaire"' in request.body or SCORE in request.body)
        return NO if mine else proceed()

    site.server.between = between
    site.sync()
    assert [letter["row"] for letter in letters(site.letters)] == [0, 2]
    site.server.between = lambda request, proceed: proceed()
    ran = resend(site)
    assert (ran.code, told(ran, "warnings"), resources(ran)["created"]) == (0, [], 8)
    assert not site.letters.exists()

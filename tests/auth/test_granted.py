"""Scopes, asked of an authorization server: what it grants, and what becomes of a run by that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import Guarded, pair
from .issuer import CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response


def test_less_than_was_asked_for_is_told_before_anything_is_sent(guarded: Guarded) -> None:
    guarded.smart(pair("one"))
    guarded.issuer.clients[CLIENT].scope = "system/Patient.rs system/Observation.cruds"
    ran = guarded.sync()
    assert ran.code == 12
    told = ran.json["stopped"]
    assert "granted less than asked for: system/QuestionnaireResponse.cruds missing" in told
    assert "nothing was sent" in told
    assert guarded.asked == []
    assert len(guarded.issuer.asked) == 1


def test_less_may_be_enough_where_the_user_says_so(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    guarded.smart(pair("one"), fewer_scopes="warn")
    guarded.issuer.clients[CLIENT].scope = "system/Patient.rs system/Observation.cruds"
    assert guarded.sync().code == 0
    assert "system/QuestionnaireResponse.cruds missing" in caplog.text


def test_scopes_that_may_not_be_had_at_all(guarded: Guarded) -> None:
    guarded.smart(pair("one"), scopes="system/Encounter.cruds")
    ran = guarded.sync()
    assert ran.code == 12
    assert "(invalid_scope): this client may not have the scopes" in ran.json["stopped"]
    assert guarded.asked == []


V1 = "system/Patient.read system/Observation.* system/QuestionnaireResponse.write"
LESS_V1 = "system/Patient.read system/Observation.read system/QuestionnaireResponse.write"
V2 = "system/Patient.rs system/Observation.cruds system/QuestionnaireResponse.cud"
LESS_V2 = "system/Patient.rs system/Observation.rs system/QuestionnaireResponse.cud"
OTHER_V1 = "system/Patient.* system/Observation.read system/Observation.write system/*.write"
"""As a server grants it that says it in its own words."""


def granting(guarded: Guarded, granted: str) -> None:
    """The client may have all that it asks for, and the token says that it is this."""

    def between(proceed: Callable[[], Response]) -> Response:
        answer = proceed()
        told = answer.get_json()
        assert told["scope"] == guarded.issuer.asked[-1].form["scope"]
        answer.set_data(json.dumps({**told, "scope": granted}))
        return answer

    guarded.issuer.between = between


@pytest.mark.parametrize("granted", [V1, V2, OTHER_V1], ids=["as-asked", "v2", "other-words"])
def test_scopes_of_v1_are_asked_for_as_they_are_set(guarded: Guarded, granted: str) -> None:
    guarded.smart(pair("one"), scopes=V1)
    guarded.issuer.clients[CLIENT].scope = V1
    granting(guarded, granted)
    ran = guarded.sync()
    assert (ran.code, ran.err) == (0, "")
    assert [asked.form["scope"] for asked in guarded.issuer.asked] == [V1]
    guarded.whole()


@pytest.mark.parametrize("granted", [LESS_V1, LESS_V2], ids=["v1", "v2"])
def test_less_than_v1_scopes_is_told_before_anything_is_sent(
    guarded: Guarded, granted: str
) -> None:
    guarded.smart(pair("one"), scopes=V1)
    guarded.issuer.clients[CLIENT].scope = V1
    granting(guarded, granted)
    ran = guarded.sync()
    assert ran.code == 12
    told = ran.json["stopped"]
    assert "granted less than asked for: system/Observation.* missing" in told
    assert "nothing was sent" in told
    assert guarded.asked == []
    assert guarded.little.writes == []


def test_the_issuer_itself_grants_a_part_of_v1(guarded: Guarded) -> None:
    guarded.smart(pair("one"), scopes=V1)
    guarded.issuer.clients[CLIENT].scope = V1.rpartition(" ")[0]
    ran = guarded.sync()
    assert ran.code == 12
    missing = "granted less than asked for: system/QuestionnaireResponse.write missing"
    assert missing in ran.json["stopped"]
    assert guarded.asked == []

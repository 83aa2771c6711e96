"""Servers whose statements say something else than they do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance_fhir.testing import Answer, FhirServer, Request

Json = dict[str, Any]


def of_statement(
    server: FhirServer, change: Callable[[Json], None]
) -> Callable[[Request, Callable[[], Answer]], Answer]:
    """The server's statement, changed."""

    def between(request: Request, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        if request.path != "metadata":
            return answer
        body = json.loads(json.dumps(answer.body))
        change(body["rest"][0])
        return answer._replace(body=body)

    return between

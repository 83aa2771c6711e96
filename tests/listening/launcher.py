"""The command in a process of its own, which waits a hundredth of what it should before it tries
again what failed, so that tests need not; how long it should is tested elsewhere."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import alliance_fhir.listening.forwarding as forwarding
import alliance_fhir.transport.client as client
from alliance_fhir.cli import main
from alliance_fhir.errors import MappingError
from alliance_fhir.fhir.check import Checker
from alliance_fhir.transport.retry import Patience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance_fhir.fhir.group import Resource

client.Patience = partial(Patience, sleep=lambda seconds: time.sleep(seconds / 100))  # type: ignore[assignment]
for name in ("_PAUSE", "_LONGEST_PAUSE", "_SOON", "_LOOK"):
    setattr(forwarding, name, getattr(forwarding, name) / 100)

if built_wrong := os.environ.get("BUILT_WRONG"):
    # what we make of the appointment of this number fails our own check
    usual = Checker.check

    def check(self: Checker, resources: Sequence[Resource], *, of_plan: bool = False) -> None:
        if any(f'"value":"{built_wrong}"'.encode() in one.json() for one in resources):
            raise MappingError("this is a defect of ours")
        usual(self, resources, of_plan=of_plan)

    Checker.check = check
main()

"""The command in a process of its own, which waits a hundredth of what it should before it tries
again what failed, so that tests need not; how long it should is tested elsewhere."""

from __future__ import annotations

import time
from functools import partial

import alliance_fhir.listening.forwarding as forwarding
import alliance_fhir.transport.client as client
from alliance_fhir.cli import main
from alliance_fhir.transport.retry import Patience

client.Patience = partial(Patience, sleep=lambda seconds: time.sleep(seconds / 100))  # type: ignore[assignment]
for name in ("_PAUSE", "_LONGEST_PAUSE", "_SOON"):
    setattr(forwarding, name, getattr(forwarding, name) / 100)
main()

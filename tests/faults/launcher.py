"""The command in a process of its own, to be killed. It waits a hundredth of what it should, so
that many can be: what is waited for is tested elsewhere."""

from __future__ import annotations

import time
from functools import partial

import alliance_fhir.transport.client as client
from alliance_fhir.cli import main
from alliance_fhir.transport.retry import Patience

client.Patience = partial(Patience, sleep=lambda seconds: time.sleep(seconds / 100))  # type: ignore[assignment]
main()

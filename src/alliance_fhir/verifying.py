"""Reading back what was sent, and holding it against the ledger."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from alliance_fhir.asking import Progress, Watch, unwatched
from alliance_fhir.fhir.reply import Found
from alliance_fhir.handed_over import as_left
from alliance_fhir.interpreter import attuned
from alliance_fhir.ledger.entries import Entry
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.result import Result, Verification
from alliance_fhir.subjects import astray, moved
from alliance_fhir.targets.base import Target, Wanted

Portion = list[list[Entry]]
"""The versions of each of some resources."""
There = Mapping[str, list[Found]]
"""What the target has, by key."""


@attuned()
def verify(target: Target, ledger: Ledger, watch: Watch = unwatched) -> Result:
    """Reads back everything that the ledger knows of, and holds it against what was sent."""
    began = time.monotonic()
    found = Verification()
    for portion, there in _looked_up(target, ledger):
        hits = list(chain.from_iterable(there.values()))
        elsewhere = moved(target, hits) | astray(target, hits, _ids(hits, ledger))
        for versions in portion:
            last = versions[-1]
            hits = there.get(last.key, [])
            found.add(
                place=f"{last.type}/{last.server_id or last.key}",
                digests=["" if hit in elsewhere else as_left(hit) for hit in hits],
                expected=[d for v in versions for d in (v.digest, v.server_digest) if d],
                ours=all(hit.claimed for hit in hits),
            )
        watch(Progress(found.expected, 0))
    result = Result("verify", target=target.name, fhir_version=target.version.full, verify=found)
    result.requests = target.requests()
    result.seconds = time.monotonic() - began
    return result


def _looked_up(target: Target, ledger: Ledger) -> Iterator[tuple[Portion, There]]:
    """All that should be there, in portions, each with what is; as many of them are asked for at a
    time as the target has lanes."""
    if not target.lanes:
        yield from ((portion, target.find(_wanted(portion))) for portion in ledger.expected())
        return
    ahead: deque[tuple[Portion, Future[There]]] = deque()
    with ThreadPoolExecutor(target.lanes) as pool:
        try:
            for portion in ledger.expected():
                ahead.append((portion, pool.submit(target.find, _wanted(portion))))
                if len(ahead) > target.lanes:
                    yield _answered(*ahead.popleft())
            while ahead:
                yield _answered(*ahead.popleft())
        except BaseException:
            target.hurry()  # what is still asked for is of no use to anybody
            raise


def _wanted(portion: Portion) -> list[Wanted]:
    return [Wanted(v[-1].type, v[-1].key, v[-1].server_id) for v in portion]


def _answered(portion: Portion, asked: Future[There]) -> tuple[Portion, There]:
    return portion, asked.result()


def _ids(hits: Sequence[Found], ledger: Ledger) -> dict[str, str]:
    """Where the target has what the hits point to, by key."""
    known = ledger.current({key for hit in hits for key, _ in hit.links})
    return {key: versions[-1].server_id for key, versions in known.items()}

"""Runs of `sync` and `verify` to be measured: in this process, or each in one of its own."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from uuid import uuid4

from alliance_fhir.asking import Options
from alliance_fhir.config import Settings
from alliance_fhir.fhir.versions import version
from alliance_fhir.ledger.database import Database
from alliance_fhir.ledger.store import Ledger
from alliance_fhir.mapping import Mapping, site_catalog
from alliance_fhir.opening import open_target
from alliance_fhir.result import Result
from alliance_fhir.sources.supply import Sources
from alliance_fhir.story import open_ledger, sync, verify
from alliance_fhir.targets.server import ServerTarget
from benchmarks.map import make_rows

SETTINGS = Settings(source="bench")
PATIENTS, STAFF = 40, 60
SHARED = 2
"""The Device of this software and the Questionnaire, which are known there before."""


def known(source: Path) -> dict[str, Any]:
    """The transaction that puts there who is named in a file made by `make_rows`, and what all of
    its records share: under ids of ours, so that recorded bundles fit again after all is removed.
    """
    mapping = Mapping(SETTINGS, catalog := site_catalog(SETTINGS), version("R4"), "none")
    next(iter(mapping.groups(Sources([source], SETTINGS, catalog))))
    bodies = [{**one.body, "id": f"shared-{n}"} for n, one in enumerate(mapping.shared.values())]
    assert len(bodies) == SHARED
    for type_, system, count in (("Patient", "mrn", PATIENTS), ("Practitioner", "staff", STAFF)):
        for number in range(count):
            identifier = {"system": f"urn:example:{system}", "value": str(number)}
            id_ = f"{type_.lower()}-{number}"
            bodies.append({"resourceType": type_, "id": id_, "identifier": [identifier]})
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in bodies
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def ours(url: str, source: Path, folder: Path, lanes: int) -> Result:
    """`sync` with a new ledger; everything is made."""
    return _synced(url, source, folder / f"{uuid4()}.sqlite", lanes)


def recorded(url: str, source: Path, folder: Path, lanes: int) -> list[bytes]:
    """The bundles that `sync` posts."""
    bundles: list[bytes] = []

    def watched(target: ServerTarget) -> None:
        post = target.client.post

        def keeping(path: str, body: bytes, if_none_exist: str = "") -> Any:
            reply = post(path, body, if_none_exist)
            if not path:  # and was taken: what is sent again is one bundle all the same
                bundles.append(body)
            return reply

        target.client.post = keeping  # type: ignore[method-assign]

    _synced(url, source, folder / f"{uuid4()}.sqlite", lanes, watched)
    return bundles


def _synced(
    url: str,
    source: Path,
    ledger: Path,
    lanes: int,
    watched: Callable[[ServerTarget], None] = lambda _: None,
) -> Result:
    target = open_target(url, SETTINGS)
    assert isinstance(target, ServerTarget)
    watched(target)
    try:
        with open_ledger(ledger, target, SETTINGS) as book:
            result = sync([source], target, book, SETTINGS, Options(lanes=lanes))
    finally:
        target.close()
    assert result.ok, result.as_json()
    return result


# --- in a process of its own ----------------------------------------------------------------------


class Measured(NamedTuple):
    """What a run said and took: seconds without start-up, the peak in megabytes, and the part of
    the processor time that went into the ledger. `resources` are those of records."""

    said: dict[str, int]
    resources: int
    seconds: float
    megabytes: int
    ledger_share: float
    requests: dict[str, Any]


def apart(command: str, url: str, source: Path, folder: Path, lanes: int) -> Measured:
    """One run in a new process, with the one ledger of `folder`."""
    words = [command, url, str(source), str(folder / "many.sqlite"), str(lanes)]
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.runs", *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return Measured(**json.loads(told.stdout))


def _measured(command: str, url: str, source: Path, ledger: Path, lanes: int) -> Measured:
    spent = _timing_the_ledger()
    target = open_target(url, SETTINGS)
    with open_ledger(ledger, target, SETTINGS) as book:
        spent.clear()
        before = time.process_time()
        if command == "verify":
            result = verify(target, book)
        else:
            result = sync([source], target, book, SETTINGS, Options(lanes=lanes))
        processor = time.process_time() - before
    target.close()
    assert result.ok, result.as_json()
    if result.verify:
        said, resources = {"equal": result.verify.equal}, result.verify.expected
    else:
        said = {state: count for state, count in result.tally.resources.items() if count}
        resources = sum(said.values()) - SHARED
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    share = sum(spent.values()) / processor
    return Measured(said, resources, result.seconds, peak, share, result.requests)


def _timing_the_ledger() -> dict[int, float]:
    """From now on, the processor time of everything that the ledger does, by thread."""
    spent: dict[int, float] = {}
    depth = threading.local()

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def timing(*args: Any, **named: Any) -> Any:
            if getattr(depth, "inside", False):
                return work(*args, **named)
            depth.inside, began = True, time.thread_time()
            try:
                return work(*args, **named)
            finally:
                depth.inside = False
                me = threading.get_ident()
                spent[me] = spent.get(me, 0) + time.thread_time() - began

        return timing

    for owner, names in (
        (Ledger, ("current", "standing", "unanswered", "write", "settle", "forget", "of_groups")),
        (Database, ("read", "write", "put", "begin", "commit")),
    ):
        for name in names:
            setattr(owner, name, timed(getattr(owner, name)))
    return spent


# --- a stand-in for a server, which accepts everything at once ------------------------------------


class _Accepting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits until the headers are acknowledged
    number = 0

    def do_GET(self) -> None:
        """/metadata."""
        self._answer({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    def do_POST(self) -> None:
        """Searches find people alone; transactions make everything."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/_search"):
            self._answer(_people(self.path, body))
            return
        entries = json.loads(body)["entry"]
        self._answer(
            {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": [self._made(entry["resource"]) for entry in entries],
            }
        )

    def _made(self, resource: dict[str, Any]) -> dict[str, Any]:
        _Accepting.number += 1
        id_ = str(_Accepting.number)
        location = f"{resource['resourceType']}/{id_}/_history/1"
        made = {"id": id_, **resource, "meta": {**resource.get("meta", {}), "versionId": "1"}}
        response = {"status": "201", "location": location, "etag": 'W/"1"'}
        return {"resource": made, "response": response}

    def _answer(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *told: object) -> None:
        """Says nothing."""


def _people(path: str, body: bytes) -> dict[str, Any]:
    type_ = path.rsplit("/", 2)[-2]
    entries: list[dict[str, Any]] = []
    if type_ in ("Patient", "Practitioner"):
        for token in parse_qs(body.decode())["identifier"][0].split(","):
            system, _, value = token.partition("|")
            one = {"resourceType": type_, "id": f"{type_.lower()}-{value}"}
            one["identifier"] = [{"system": system, "value": value}]  # type: ignore[assignment]
            entries.append({"resource": one, "search": {"mode": "match"}})
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def _serve(ready: Queue[int]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accepting)
    ready.put(server.server_port)
    server.serve_forever()


def pending(folder: Path, rows: int, lanes: int) -> Measured:
    """A first sync of so many records, to the stand-in."""
    make_rows(folder / "rows.csv", rows, PATIENTS)
    ready: Queue[int] = Queue()
    server = Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ready.get(timeout=30)}/fhir"
        return apart("sync", url, folder / "rows.csv", folder, lanes)
    finally:
        server.terminate()


def main() -> None:
    """One measured run, for `apart`."""
    parser = argparse.ArgumentParser()
    for name in ("command", "url", "source", "ledger"):
        parser.add_argument(name)
    parser.add_argument("lanes", type=int)
    told = parser.parse_args()
    measured = _measured(told.command, told.url, Path(told.source), Path(told.ledger), told.lanes)
    print(json.dumps(measured._asdict()))


if __name__ == "__main__":
    main()

"""A FHIR server of a few lines, in a thread: what matters of a server to a sync, without Java.

The contract suite runs against it and against HAPI, which holds it to be like one. Tests put
themselves between a request and its answer to make it unlike one.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from alliance_fhir.fhir.canonical import dumps

Json = dict[str, Any]


class Request(NamedTuple):
    """A request as it came in; `path` is without the base, without its slashes at the ends."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def is_search(self) -> bool:
        """Whether it asks for resources by their content."""
        return self.path.endswith("_search") or (self.method == "GET" and "/" not in self.path)

    @property
    def is_write(self) -> bool:
        """Whether it would change anything."""
        return self.method != "GET" and not self.is_search


class Answer(NamedTuple):
    """What goes back. A `body` of bytes goes as it is."""

    status: int
    body: Json | bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it


class Cut(Exception):
    """The connection ends without an answer."""


Between = Callable[[Request, Callable[[], Answer]], Answer]


class Wrong(Exception):
    """A request that is answered with an OperationOutcome."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.answer = Answer(status, outcome(code))


def outcome(code: str, told: str = "") -> Json:
    """An OperationOutcome with one error."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": told or "no"}],
    }


def bundle(*resources: Json, mode: str = "match", **more: Any) -> Json:
    """A Bundle of hits."""
    entries = [{"resource": r, "search": {"mode": mode}} for r in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


class LittleServer:
    """The server. `between` may answer in its stead, before it or after it; `requests` is all."""

    def __init__(self, version: str = "4.0.1") -> None:
        self.version = version
        self.requests: list[Request] = []
        self.between: Between = lambda request, proceed: proceed()
        self.page = 0  # hits in a page; 0 is all
        self._store: dict[str, list[Json | None]] = {}  # versions; None where it was deleted
        self._index: dict[tuple[str, str, str], dict[str, None]] = {}  # places, in order
        self._pages: dict[str, Json] = {}
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"little": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._http.server_port}/fhir"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def writes(self) -> list[Request]:
        """The requests that would change something."""
        return [request for request in self.requests if request.is_write]

    @property
    def everything(self) -> list[Json]:
        """All resources."""
        return [last for versions in self._store.values() if versions and (last := versions[-1])]

    def of_type(self, type_: str) -> list[Json]:
        """All resources of a type."""
        return [body for body in self.everything if body["resourceType"] == type_]

    def put(self, **body: Any) -> Json:
        """Puts a resource in, of the id that it has or a new one."""
        return self._write(body, str(body.get("id") or self._new_id()))

    def delete(self, place: str) -> None:
        """Deletes a resource, as somebody else would."""
        self._store[place].append(None)

    def answer(self, request: Request) -> Answer:
        """What goes back, faults and all."""
        self.requests.append(request)
        return self.between(request, lambda: self.really(request))

    def really(self, request: Request) -> Answer:
        """What goes back where nothing is in between."""
        with self._lock:
            try:
                return self._routed(request)
            except Wrong as wrong:
                return wrong.answer

    def _routed(self, request: Request) -> Answer:
        method, (type_, _, rest) = request.method, request.path.partition("/")
        if request.path == "metadata":
            return Answer(200, {"resourceType": "CapabilityStatement", "fhirVersion": self.version})
        if method == "POST" and not type_:
            if "_getpages" in request.query:
                return Answer(200, self._pages[request.query["_getpages"]])
            return Answer(200, self._transaction(_parsed(request.body)))
        if not type_:
            return Answer(200, self._pages[request.query["_getpages"]])
        if rest == "_search":
            return Answer(200, self._search(type_, dict(parse_qsl(request.body.decode()))))
        if method == "GET" and not rest:
            return Answer(200, self._search(type_, request.query))
        return self._one(method, type_, rest, request)

    def _one(self, method: str, type_: str, id_: str, request: Request) -> Answer:
        if method == "POST":
            return Answer(201, self._write(_parsed(request.body), self._new_id()))
        if method == "PUT":
            return Answer(200, self._write(_parsed(request.body), id_))
        body = self._current(f"{type_}/{id_}")
        if method == "DELETE":
            self._store[f"{type_}/{id_}"].append(None)
        return Answer(200, body)

    def _current(self, place: str) -> Json:
        versions = self._store.get(place)
        if not versions:
            raise Wrong(404, "not-found")
        if versions[-1] is None:
            raise Wrong(410, "deleted")
        return versions[-1]

    def _new_id(self) -> str:
        return str(1000 + len(self._store))

    def _write(self, body: Json, id_: str) -> Json:
        place = f"{body['resourceType']}/{id_}"
        versions = self._store.setdefault(place, [])
        meta = {k: v for k, v in body.get("meta", {}).items() if k != "versionId"}
        body = {**body, "id": id_, "meta": {**meta, "versionId": str(len(versions) + 1)}}
        if versions and versions[-1] and _same(versions[-1], body):
            return versions[-1]
        versions.append(body)
        for name, values in _SEARCHES.items():
            for value in values(body):
                self._index.setdefault((body["resourceType"], name, value), {})[place] = None
        return body

    def _search(self, type_: str, params: dict[str, str]) -> Json:
        asked = {n: v for n, v in params.items() if n not in ("_count", "_sort")}
        if not asked:
            return self._paged(self.of_type(type_))
        found = [self._hits(type_, name, value) for name, value in asked.items()]
        return self._paged(
            [found[0][place] for place in found[0] if all(place in f for f in found)]
        )

    def _hits(self, type_: str, name: str, value: str) -> dict[str, Json]:
        hits: dict[str, Json] = {}
        for one in _alternatives(value):
            for place in self._index.get((type_, name, one), ()):
                versions = self._store.get(place)
                body = versions[-1] if versions else None
                if body and one in _SEARCHES[name](body):  # the index keeps what was once
                    hits[place] = body
        return hits

    def _paged(self, hits: list[Json]) -> Json:
        if not self.page or len(hits) <= self.page:
            return bundle(*hits)
        name = f"page-{len(self._pages)}"
        self._pages[name] = {}
        self._pages[name] = self._paged(hits[self.page :])
        following = {"relation": "next", "url": f"{self.url}?_getpages={name}"}
        return bundle(*hits[: self.page], link=[following])

    def _transaction(self, asked: Json) -> Json:
        before: dict[str, int] = {}
        try:
            return self._whole(asked["entry"], before)
        except Wrong:
            for place, length in before.items():
                del self._store[place][length:]
            raise

    def _whole(self, entries: list[Json], before: dict[str, int]) -> Json:
        places: dict[str, str] = {}
        plans: list[tuple[Json, str, bool]] = []
        for entry in entries:
            place, existed = self._placed(entry["request"])
            places[entry["fullUrl"]] = place
            if not existed:
                before[place] = len(self._store.setdefault(place, []))
            plans.append((entry, place, existed))
        answers: list[Json] = []
        for entry, place, existed in plans:
            body = self._linked(entry["resource"], places)
            id_ = place.partition("/")[2]
            body = self._current(place) if existed else self._write(body, id_)
            created = entry["request"]["method"] == "POST" and not existed
            version = body["meta"]["versionId"]
            response = {
                "status": "201 Created" if created else "200 OK",
                "location": f"{place}/_history/{version}",
                "etag": version,  # as HAPI writes it here: bare
            }
            answers.append({"resource": body, "response": response})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}

    def _placed(self, request: Json) -> tuple[str, bool]:
        """Where an entry goes, and whether it is there already."""
        if request["method"] == "PUT":
            versions = self._store.get(request["url"], [])
            if "ifMatch" in request and request["ifMatch"] != f'W/"{len(versions)}"':
                raise Wrong(409, "conflict")
            return request["url"], False
        type_ = request["url"]
        params = dict(parse_qsl(request["ifNoneExist"].rpartition("?")[2]))
        hits = self._search(type_, params)["entry"]
        if len(hits) > 1:
            raise Wrong(412, "multiple-matches")
        if hits:
            return f"{type_}/{hits[0]['resource']['id']}", True
        return f"{type_}/{self._new_id()}", False

    def _linked(self, value: Any, places: dict[str, str]) -> Any:
        if isinstance(value, list):
            return [self._linked(item, places) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {key: self._linked(part, places) for key, part in value.items()}
        where = copy.get("reference")
        if isinstance(where, str):
            copy["reference"] = places.get(where, where)
            if copy["reference"] not in self._store:
                raise Wrong(400, "processing")  # it leads nowhere
        return copy


def _same(one: Json, other: Json) -> bool:
    return dumps({**one, "meta": None}) == dumps({**other, "meta": None})


def _parsed(body: bytes) -> Json:
    return json.loads(body, parse_float=Decimal)


def _alternatives(value: str) -> list[str]:
    """The alternatives of a search value, escapes undone but for the bar of a token."""
    return [
        part.replace(r"\,", ",").replace(r"\$", "$").replace("\\\\", "\\")
        for part in re.split(r"(?<!\\),", value)
    ]


def _identifiers(body: Json) -> list[str]:
    told = body.get("identifier", [])
    listed = told if isinstance(told, list) else [told]
    return [f"{i.get('system')}|{i.get('value')}" for i in listed]


def _tags(body: Json) -> list[str]:
    return [f"{tag.get('system')}|{tag.get('code')}" for tag in body["meta"].get("tag", [])]


_SEARCHES: dict[str, Callable[[Json], list[str]]] = {
    "identifier": _identifiers,
    "_tag": _tags,
    "_id": lambda body: [body["id"]],
    "url": lambda body: [str(body.get("url"))],
    "version": lambda body: [str(body.get("version"))],
}
"""What a resource is found by."""


class _Handler(BaseHTTPRequestHandler):
    """HTTP: a request to the server, its answer back."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 10
    little: LittleServer

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            unquote(parts.path.removeprefix("/fhir").strip("/")),
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        try:
            answer = self.little.answer(request)
        except Cut:
            self.close_connection = True
            return
        body = answer.body if isinstance(answer.body, bytes) else dumps(answer.body)
        headers = {
            "Content-Type": "application/fhir+json",
            "Content-Length": str(len(body)),
            **answer.headers,
        }
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = headers["Content-Length"] != str(len(body))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names are http.server's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Says nothing."""

"""A FHIR server in a thread: right by itself, and wrong in whatever way a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Set
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from alliance_fhir.abilities import Ability
from alliance_fhir.testing.bundles import batch, transaction
from alliance_fhir.testing.faults.arming import Armed, Fault
from alliance_fhir.testing.messages import (
    Answer,
    Declined,
    Interaction,
    Json,
    Request,
    interaction,
)
from alliance_fhir.testing.policy import as_if_not_asked, checked, refuse
from alliance_fhir.testing.resources import Conduct, Resources
from alliance_fhir.testing.searching import Links, Pages
from alliance_fhir.testing.statement import claiming_less, no_statement, statement
from alliance_fhir.testing.store import Store, system_clock
from alliance_fhir.testing.wire import Listener

Between = Callable[[Request, Callable[[], Answer]], Answer]


class FhirServer:
    """A FHIR server for tests, a context manager; `url` is its base.

    `lacks`: abilities that it refuses and does not claim. `ignores`: abilities that it claims, and
    then does as if they had not been asked for. `faults`: what it does wrong, see `faults`.
    `statuses`: with which status it refuses what it lacks, other than the usual.
    Names are those of `alliance_fhir.abilities.ABILITIES`; ValueError where one is unknown.

    `requests` are all that came in. `between` may answer in the server's stead, before it or after
    it. How it goes about what FHIR leaves open is in `conduct` and `pages`. Any number of clients
    may talk to it at a time.
    """

    def __init__(
        self,
        fhir_version: str = "4.0.1",
        *,
        lacks: Set[str] = frozenset(),
        ignores: Set[str] = frozenset(),
        faults: Iterable[Fault] = (),
        clock: Callable[[], datetime] = system_clock,
        statuses: Mapping[Ability, int] | None = None,
    ) -> None:
        self.version = fhir_version
        self.requests: list[Request] = []
        self.between: Between = lambda request, proceed: proceed()
        self._statuses = statuses
        self.conduct = Conduct(checked(lacks), checked(ignores))
        self._listener = Listener("/fhir", self.answer, self._arriving)
        self.url = self._listener.url
        self._resources = Resources(self.url, self.conduct)
        self._resources.store.clock = clock
        self._lock = threading.RLock()
        self._armed: tuple[Armed, ...] = ()
        for fault in faults:
            self.arm(fault)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.stop()

    # --- what a test sees and does, as somebody else than its client

    @property
    def writes(self) -> list[Request]:
        """The requests that would change something."""
        return [request for request in self.requests if request.is_write]

    @property
    def everything(self) -> list[Json]:
        """All resources, oldest first."""
        return self.of_type("")

    def of_type(self, type_: str) -> list[Json]:
        """All resources of a type."""
        with self._lock:
            return [v.body for v in self.store.everything(type_) if v.body]

    def put(self, **body: Any) -> Json:
        """Puts a resource in, of the id that it has or a new one; nothing is checked."""
        with self._lock:
            id_ = str(body.get("id") or self.store.new_id())
            return self.store.write(body, id_, "PUT" if "id" in body else "POST").body or {}

    def delete(self, place: str) -> None:
        """Deletes a resource, such as `Patient/1000`."""
        with self._lock:
            self.store.remove(place)

    def history(self, place: str) -> list[Json | None]:
        """All versions of a resource, the oldest first; None where it was deleted."""
        with self._lock:
            return [version.body for version in self.store.versions(place)]

    def finds(self, type_: str, condition: str) -> int:
        """How many resources fit a condition, such as `identifier=urn:example:x|1`, right now."""
        with self._lock:
            params = tuple(parse_qsl(condition))
            return len(self._resources.search(type_, params, lagging=False))

    def undone(self, send: Callable[[], Answer]) -> Answer:
        """What a request is answered with, all that it did taken back."""
        with self._lock:
            mark = self.store.mark()
            answer = send()
            self.store.roll_back(mark)
            return answer

    def settle(self) -> None:
        """Searches see all that was written so far."""
        with self._lock:
            self.store.settle()

    @property
    def store(self) -> Store:
        """What it holds."""
        return self._resources.store

    @property
    def pages(self) -> Pages:
        """How it pages: `size`, `links` ("absolute", "relative", "none"), `totals`."""
        return self._resources.pages

    @property
    def page(self) -> int:
        """The most entries in a page; 0 is all."""
        return self.pages.size

    @page.setter
    def page(self, size: int) -> None:
        self.pages.size = size

    @property
    def links(self) -> Links:
        """The form of its links to next pages."""
        return self.pages.links

    @links.setter
    def links(self, form: Links) -> None:
        self.pages.links = form

    @contextmanager
    def away(self) -> Generator[None, None, None]:
        """The server is down: connections are refused, open ones end. Then it is back as it was."""
        self._listener.stop()
        try:
            yield
        finally:
            self._listener.start()

    def arm(self, fault: Fault) -> Armed:
        """Has a fault happen; what comes back tells how often it did, and disarms it."""
        with self._lock:
            armed = Armed(fault, self)
            self._armed = (*self._armed, armed)
            return armed

    # --- what it does

    def answer(self, request: Request) -> Answer:
        """What goes back, faults and all."""
        self.requests.append(request)
        send = self.really
        for armed in reversed(self._armed):  # what was armed first sees the request first
            send = armed.around(send)
        return self.between(request, lambda: send(request))

    def really(self, request: Request) -> Answer:
        """What goes back where nothing is in between."""
        with self._lock:
            self.store.moment += 1
            try:
                answer = self._routed(request)
            except Declined as declined:
                return declined.answer
        minimal = "return=minimal" in request.headers.get("prefer", "")
        return _minimal(answer) if minimal and request.is_write else answer

    def _arriving(self, request: Request) -> float | None:
        shares = [armed.arriving(request) for armed in self._armed]
        return next((share for share in shares if share is not None), None)

    def _routed(self, request: Request) -> Answer:
        if "_getpages" in request.query:
            return Answer(200, self.pages.following(self.url, request.query["_getpages"]))
        if request.path == "metadata":
            return Answer(200, self._statement())
        asked = self._admitted(interaction(request))
        if asked.path:
            return self._resources.perform(asked)
        if asked.method != "POST" or asked.resource is None:
            raise Declined(405, "not-supported")
        return Answer(200, self._bundle(asked.resource))

    def _bundle(self, asked: Json) -> Json:
        kind = asked.get("type") if asked.get("resourceType") == "Bundle" else ""
        if kind == "transaction" or (kind == "batch" and "batches" in self.conduct.ignores):
            made = transaction(self._resources, asked, self._admitted)
            return {**made, "type": f"{kind}-response"}
        if kind == "batch":
            return batch(self._resources, asked, self._admitted)
        raise Declined(400, "invalid", "neither a batch nor a transaction")

    def _admitted(self, asked: Interaction) -> Interaction:
        """An interaction as it is going to be done; Declined where it is not."""
        refuse(asked, self.conduct.lacks, self._statuses)
        for armed in self._armed:
            armed.meet(asked)
        return as_if_not_asked(asked, self.conduct.ignores)

    def _statement(self) -> Json:
        if "statement" in self.conduct.lacks:
            return no_statement()
        made = statement(
            self.version, self.url, client_ids=self.conduct.client_ids, patches=self.conduct.patches
        )
        if "statement" in self.conduct.ignores:
            made.pop("rest")
        return claiming_less(made, self.conduct.lacks)


def _minimal(answer: Answer) -> Answer:
    """An answer as `Prefer: return=minimal` wants it."""
    if not isinstance(answer.body, dict) or answer.status >= 300:
        return answer
    if answer.body.get("resourceType") != "Bundle":
        return answer._replace(body=b"")
    entries = [{"response": entry["response"]} for entry in answer.body["entry"]]
    return answer._replace(body={**answer.body, "entry": entries})

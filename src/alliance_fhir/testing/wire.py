"""HTTP: requests in, answers out, and connections that end when they should not."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from alliance_fhir.fhir.canonical import dumps
from alliance_fhir.testing.messages import Answer, Cut, Delivery, Request, split_url

Arriving = Callable[[Request], float | None]
"""Given a request without its body: which part of that is read before the connection is cut."""


class Listener:
    """A thread that serves HTTP on a free port of this machine, each connection in its own."""

    def __init__(
        self, path: str, answer: Callable[[Request], Answer], arriving: Arriving | None = None
    ) -> None:
        told: dict[str, Any] = {
            "root": path,
            "answer": staticmethod(answer),
            "arriving": staticmethod(arriving or (lambda request: None)),
        }
        self._handler = type("Handler", (_Handler,), told)
        self._http: _Server | None = _Server(("127.0.0.1", 0), self._handler)
        self._port = self._http.server_port
        self._thread: threading.Thread | None = None
        self.url = f"http://127.0.0.1:{self._port}{path}"

    def start(self) -> None:
        """Begins to serve; after an end again, at the same port."""
        http = self._http = self._http or _Server(("127.0.0.1", self._port), self._handler)
        self._thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends, and every connection with it."""
        if self._http is None:
            return
        if self._thread:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        self._http.hang_up()
        self._http = None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Keeps the connection in mind."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends all connections, whoever is in the middle of what."""
        with self._lock:
            waiting = list(self._open)
        for one in waiting:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error here."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """HTTP: a request to the server, its answer back."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 30
    root: str
    answer: Callable[[Request], Answer]
    arriving: Arriving

    def _serve(self) -> None:
        _, params = split_url(self.path)
        path = unquote(urlsplit(self.path).path.removeprefix(self.root).strip("/"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, params, headers, b"")
        length = int(headers.get("content-length") or 0)
        share = self.arriving(request)
        try:
            if share is not None:
                self.rfile.read(int(length * share))
                raise Cut
            answer = self.answer(request._replace(body=self._body(length)))
        except Cut:
            self.close_connection = True
            return
        self._send(answer)

    def _body(self, length: int) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(length)
        parts: list[bytes] = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else dumps(answer.body)
        usual = {"content-type": "application/fhir+json", "content-length": str(len(body))}
        headers = {**usual, **{name.lower(): value for name, value in answer.headers.items()}}
        if answer.status in (204, 304):
            del headers["content-length"]
            body = b""
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name.title(), value)
        self.end_headers()
        self.close_connection = headers.get("content-length", "0") != str(len(body))
        self._write(body, answer.delivery)

    def _write(self, body: bytes, delivery: Delivery) -> None:
        if delivery.cut_at is not None:
            body = body[: delivery.cut_at]
            self.close_connection = True
        pieces = [body]
        if delivery.pause:
            size = delivery.piece
            pieces = [body[start : start + size] for start in range(0, len(body), size)]
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(delivery.pause)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Says nothing."""

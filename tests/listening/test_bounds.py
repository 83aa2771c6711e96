"""What is taken from senders, and no more: bytes, seconds, connections; and who may send."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from .conftest import Site, ended
from .engine import Engine, framed
from .messages import message
from .process import TOML, Listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alliance_fhir.testing import FhirServer

MOST = 20
LIMITS = f"connections = {MOST}\nmessage_seconds = 1\nidle_seconds = 3\nlargest_message = 100000\n"


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with narrow bounds; its server is not asked for anything."""
    from alliance_fhir.testing import FhirServer

    with FhirServer() as server:
        folder = tmp_path_factory.mktemp("bounded")
        listening = Listening(folder / "site", server.url, toml=TOML + LIMITS)
        try:
            yield Site(server, listening.start())
        finally:
            ended(listening)


def lives(site: Site) -> None:
    """It still takes messages."""
    with site.connect() as engine:
        assert engine.send(message("good")).code == "AA"


def counted(site: Site, what: str, before: int) -> None:
    """One more of this was counted."""
    site.listening.until(lambda: site.listening.health[what] == before + 1)


@pytest.mark.parametrize(
    "data",
    [b"hello\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(1, 11)) * 200, b"MSH|^~\\&|"],
    ids=["text", "HTTP", "binary", "no frame"],
)
def test_whoever_does_not_speak_mllp_is_told_and_hung_up_on(bounded: Site, data: bytes) -> None:
    before = bounded.listening.health["broken_off"]
    with bounded.connect() as engine:
        engine.write(data)
        answer = engine.answer()
        assert (answer.code, answer.control) == ("AR", "")
        assert answer.errors == (("", "no-frame"),)
        assert engine.is_closed
    counted(bounded, "broken_off", before)
    lives(bounded)


def test_tls_where_none_is_spoken(bounded: Site) -> None:
    before = bounded.listening.health["broken_off"]
    context = ssl.create_default_context()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Engine(bounded.listening.port, tls=context)
    counted(bounded, "broken_off", before)  # else the next test would begin with a count too low
    lives(bounded)


def test_a_message_larger_than_the_site_wants(bounded: Site) -> None:
    with bounded.connect() as engine:
        answer = engine.send(message("large", control="L", more="NTE|1||" + "x" * 100_000))
        assert (answer.code, answer.control) == ("AR", "L")
        assert answer.errors == (("", "message-too-large"),)
        assert engine.send(message("good")).code == "AA"


def test_a_message_that_comes_too_slowly(bounded: Site) -> None:
    before = bounded.listening.health["broken_off"]
    with bounded.connect() as engine:
        began = time.monotonic()
        with suppress(ConnectionError):
            for byte in framed(message("slow")):
                engine.write(bytes([byte]))
                time.sleep(0.05)
        assert engine.is_closed
        assert 0.9 < time.monotonic() - began < 4
    counted(bounded, "broken_off", before)
    lives(bounded)


def test_a_connection_over_which_nothing_comes(bounded: Site) -> None:
    before = bounded.listening.health["broken_off"]
    with bounded.connect() as engine:
        assert engine.send(message("good")).code == "AA"
        began = time.monotonic()
        assert engine.is_closed
        assert 2.5 < time.monotonic() - began < 8
    counted(bounded, "broken_off", before)


def again_and_again(engine: Engine, data: bytes) -> None:
    """Writes until that fails."""
    while True:
        engine.write(data)


@pytest.mark.parametrize("at_once", [10, 1000], ids=["all has come", "more would come"])
def test_whoever_sends_and_never_reads(bounded: Site, at_once: int) -> None:
    """Answers that nobody takes are not heaped up: the connection ends, and others go on. The
    system ends it by itself only where something has come that was not read."""
    before = bounded.listening.health["broken_off"]
    piece = framed(b"") * 10_000 * at_once
    with bounded.connect() as engine:
        engine.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        engine.socket.settimeout(60)  # less than the system itself goes on trying
        with pytest.raises(ConnectionError):
            again_and_again(engine, piece)
    counted(bounded, "broken_off", before)
    lives(bounded)


def test_more_connections_than_there_may_be(bounded: Site) -> None:
    before = bounded.listening.health["turned_away"]
    bounded.listening.until(lambda: bounded.listening.health["connections"] == 0)
    with ExitStack() as opened:
        first = [opened.enter_context(bounded.connect()) for _ in range(MOST)]
        assert [one.send(message("good")).code for one in first] == ["AA"] * MOST
        more = []
        for number in range(1000 - MOST):
            with suppress(ConnectionError):
                more.append(opened.enter_context(bounded.connect()))
            if number % 50 == 0:
                assert [one.send(message("good")).code for one in first] == ["AA"] * MOST
        assert all(one.is_closed for one in more)
        assert [one.send(message("good")).code for one in first] == ["AA"] * MOST
    told = bounded.listening
    told.until(lambda: told.health["turned_away"] >= before + len(more))
    told.until(lambda: told.health["connections"] == 0)
    lives(bounded)


# --- where it listens, and to whom ----------------------------------------------------------------


def test_whoever_is_not_on_the_list_is_hung_up_on(opened: Callable[..., Site]) -> None:
    site = opened('allow = ["192.0.2.0/24", "127.0.0.2"]\n', at="0.0.0.0")  # noqa: S104
    site.listening.start()
    with site.connect() as engine:
        assert engine.is_closed
    site.listening.until(lambda: site.listening.health["turned_away"] == 1)
    told = socket.socket()
    told.bind(("127.0.0.2", 0))
    told.connect(("127.0.0.1", site.listening.port))
    with site_engine(told) as engine:
        assert engine.send(message("good")).code == "AA"


def site_engine(connected: socket.socket) -> Engine:
    """An engine with a connection that was made otherwise."""
    engine = Engine.__new__(Engine)
    engine.socket = connected
    engine.socket.settimeout(20)
    engine._came = b""
    return engine


def refused(listening: Listening, message: str) -> None:
    """It does not begin, and says why in one line."""
    listening.begin()
    assert listening.end() == 2
    assert listening.told == []
    assert listening.errors == f"error: {message}\n"


def test_what_it_cannot_listen_at(
    fhir_server: Callable[[], FhirServer], opened: Callable[..., Site]
) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    with taken:
        refused(
            opened(port=port).listening,
            f"127.0.0.1:{port} cannot be listened at: Address already in use",
        )
    remedy = (
        'name the senders as allow in [listen], such as allow = ["10.1.2.0/24"], or listen at '
        "127.0.0.1"
    )
    refused(
        opened(name="open", at="0.0.0.0").listening,  # noqa: S104
        f"at 0.0.0.0 anybody on the network can send: {remedy}",
    )
    form = "--mllp takes HOST:PORT, such as 127.0.0.1:2575 or [::1]:2575"
    refused(opened(name="odd", at="127.0.0.1:x").listening, form)

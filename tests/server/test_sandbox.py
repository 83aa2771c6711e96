"""The sandbox for real: Maven builds it, Java runs it, HAPI answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from alliance_fhir import sandbox
from alliance_fhir.errors import Unavailable
from alliance_fhir.sandbox import build, places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.server

RELEASES = {"R4": "4.0.1", "R4B": "4.3.0", "R5": "5.0.0"}
COMMAND = [sys.executable, "-c", "from alliance_fhir.cli.sandbox import app; app()"]


@pytest.fixture
def port() -> Iterator[int]:
    """A free port, whose server is stopped after the test."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    yield number
    sandbox.stop(number)


def begin(*words: object) -> subprocess.Popen[str]:
    command = [*COMMAND, *(str(word) for word in words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*words: object) -> tuple[str, str]:
    """Standard output and standard error of the command, in a process of its own that ends well."""
    with begin(*words) as process:
        output, error = process.communicate()
    assert process.returncode == 0, error
    return output, error


def put_patient(url: str, name: str) -> None:
    patient = {"resourceType": "Patient", "id": name}
    httpx.put(f"{url}/Patient/{name}", json=patient, timeout=60).raise_for_status()


@pytest.mark.parametrize("version", list(sandbox.FhirVersion))
def test_a_server_is_started_found_and_stopped(version: str, port: int) -> None:
    output, error = run("start", "--fhir", version, "--port", port)
    url = f"http://127.0.0.1:{port}/fhir"
    assert output == f"{url}\n"
    assert "starting" in error

    # The command has ended, the server has not.
    capability = httpx.get(f"{url}/metadata", timeout=60).json()
    assert capability["fhirVersion"] == RELEASES[version]
    put_patient(url, "p1")
    if sys.platform == "linux":  # elsewhere 127.0.0.2 is nobody's address
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port))

    status = json.loads(run("status", "--json")[0])
    [ours] = [server for server in status["servers"] if server["url"] == url]
    assert (ours["fhir_version"], ours["running"]) == (version, True)

    output, error = run("start", "--fhir", version, "--port", port, "--json")
    assert json.loads(output)["pid"] == ours["pid"]
    assert "already running" in error

    stopped = json.loads(run("stop", "--port", port, "--json")[0])
    assert (stopped["pid"], stopped["running"]) == (ours["pid"], False)
    assert port not in [server.port for server in sandbox.status()]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/metadata")


def test_data_on_disk_outlive_a_stop_and_a_kill(tmp_path: Path, port: int) -> None:
    disk = tmp_path / "the data"
    server = sandbox.start("R4", port, disk=disk)
    put_patient(server.url, "stopped")
    assert sandbox.stop(port)

    server = sandbox.start("R4", port, disk=disk)
    for number in range(20):
        put_patient(server.url, f"killed-{number}")
    os.kill(server.pid, signal.SIGKILL)  # at once: what was acknowledged must be on disk
    while port in [running.port for running in sandbox.status()]:
        time.sleep(0.1)
    assert sandbox.stop(port) is None

    server = sandbox.start("R4", port, disk=disk)
    found = httpx.get(f"{server.url}/Patient?_summary=count", timeout=60).json()
    assert found["total"] == 21
    assert [file.name for file in disk.iterdir()] == ["R4.mv.db"]


def test_java_options_reach_hapi(port: int) -> None:
    options = ["-Dvalidate.requests=true", "-Dstorage.expungeEnabled=false"]
    server = sandbox.start("R4", port, java_options=options)
    invalid = {"resourceType": "Observation", "status": "final"}
    reply = httpx.post(f"{server.url}/Observation", json=invalid, timeout=60)
    assert reply.status_code == 422
    everything = {
        "resourceType": "Parameters",
        "parameter": [{"name": "expungeEverything", "valueBoolean": True}],
    }
    reply = httpx.post(f"{server.url}/$expunge", json=everything, timeout=60)
    assert "not enabled" in reply.text


def test_what_does_not_come_up_is_unavailable_and_says_why(port: int) -> None:
    with pytest.raises(Unavailable, match=r"(?s)ended before it answered.*NoSuchOption") as caught:
        sandbox.start("R4", port, java_options=["-XX:+NoSuchOption"])
    assert str(places.run() / f"{port}.log") in str(caught.value)
    with pytest.raises(Unavailable, match=r"FAILED .*noSuchSetting"):
        sandbox.start("R4", port, java_options=["-Dstorage.noSuchSetting=1"])
    with pytest.raises(Unavailable, match="did not answer within 1 s"):
        sandbox.start("R4", port, wait=1)
    assert port not in [server.port for server in sandbox.status()]


def test_two_starts_at_the_same_time_share_one_server(port: int) -> None:
    starts = [begin("start", "--port", port, "--json") for _ in range(2)]
    pids = {json.loads(start.communicate()[0])["pid"] for start in starts}
    assert len(pids) == 1


def test_ctrl_c_leaves_no_server(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xint")  # so slow that it cannot be up before we press
    start = begin("start", "--port", port)
    while port not in [server.port for server in sandbox.status()]:
        assert start.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    for _ in range(3):  # while it imports, one may be lost: see tests/command/test_front_door.py
        start.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            start.communicate(timeout=5)
            break
    assert start.returncode != 0
    assert port not in [server.port for server in sandbox.status()]


def test_a_killed_build_leaves_nothing_half_done_and_two_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_FHIR_CACHE", str(tmp_path))
    code = "from alliance_fhir.sandbox import build; print(build.server_jar('', lambda _: None))"
    command = [sys.executable, "-c", code]
    killed = subprocess.Popen(command, start_new_session=True)
    while not list(places.home().glob("build-*/target")):
        assert killed.poll() is None
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (places.home() / build.key()).exists()

    two = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    jars = {process.communicate()[0].strip() for process in two}
    assert jars == {str(places.home() / build.key() / build.JAR)}
    folders = [path.name for path in places.home().iterdir() if path.is_dir()]
    assert folders == [build.key()]

"""The sandbox command, as far as it needs no Java: what is missing, in the way or stale."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from alliance_fhir import sandbox
from alliance_fhir.cli.sandbox import app
from alliance_fhir.errors import ConfigError, Unavailable
from alliance_fhir.sandbox import archive, build, log, places, process, state, tools

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPE = ["command", "url", "fhir_version", "pid", "running", "log", "servers"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("ALLIANCE_FHIR_CACHE", str(folder))
    return folder


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, and empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def stand_in(port: int) -> Iterator[subprocess.Popen[str]]:
    """A process that looks like a server that is still starting, and is as hard to end as asked."""
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
    )
    words = ["-jar", f"/anywhere/{build.JAR}", str(port), "R4"]
    command = [sys.executable, "-c", f"{stubborn}; time.sleep(60)", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as standing_in:
        assert standing_in.stdout
        standing_in.stdout.readline()
        remember(standing_in.pid, port)
        yield standing_in
        standing_in.kill()


def remember(pid: int, port: int) -> sandbox.Running:
    server = sandbox.Running(
        pid=pid,
        port=port,
        fhir_version=sandbox.FhirVersion.R4,
        url=f"http://127.0.0.1:{port}/fhir",
        log=places.run() / f"{port}.log",
    )
    state.write(server)
    return server


def executable(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def run(*words: object) -> str:
    """What the command prints on standard output; its errors are raised."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("version", list(sandbox.FhirVersion))
@pytest.mark.usefixtures("bare")
def test_without_java_the_message_names_both_ways_out(version: str, port: int) -> None:
    with pytest.raises(ConfigError) as caught:
        run("start", "--fhir", version.lower(), "--port", port)
    message = str(caught.value)
    assert "no java" in message
    assert "apt-get install openjdk-17-jdk-headless maven" in message
    assert message.endswith(
        f"docker run --rm -p {port}:8080 -e hapi.fhir.fhir_version={version} "
        "hapiproject/hapi:latest"
    )


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_402"])
def test_an_old_java_is_named(bare: Path, port: int, version: str) -> None:
    executable(bare, "java", f"""echo 'openjdk version "{version}"' >&2""")
    with pytest.raises(ConfigError, match=f"{bare}/java is too old.*{version.split('.')[0]}.*mave"):
        run("start", "--port", port)


def test_what_is_no_java_at_all_is_named(bare: Path, port: int) -> None:
    executable(bare, "java", "echo 'The operation could not be completed' >&2; exit 1")
    with pytest.raises(ConfigError, match="not whole"):
        run("start", "--port", port)


@pytest.mark.parametrize("there", [[], ["mvn"], ["javac"]])
def test_without_maven_or_compiler_the_first_start_cannot_build(
    bare: Path, port: int, there: list[str]
) -> None:
    for name in ["java", *there]:
        executable(bare, name, """echo 'openjdk version "17.0.1"' >&2""")
    with pytest.raises(ConfigError, match="docker run") as caught:
        run("start", "--port", port)
    for name in ("mvn", "javac"):
        assert (f"no {name}" in str(caught.value)) == (name not in there)


def test_java_home_comes_before_the_path(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    executable(bare, "java", """echo 'openjdk version "21"' >&2""")
    home = tmp_path / "jdk" / "bin"
    home.mkdir(parents=True)
    executable(home, "java", """echo 'openjdk version "8"' >&2""")
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    with pytest.raises(ConfigError, match=f"{home}/java is too old"):
        run("start", "--port", port)


def test_a_failing_maven_is_unavailable_and_leaves_nothing(
    bare: Path, cache: Path, port: int
) -> None:
    for name in ("java", "javac"):
        executable(bare, name, """echo 'openjdk version "17.0.1"' >&2""")
    executable(bare, "mvn", "echo '[ERROR] Unknown host repo.invalid'; exit 1")
    with pytest.raises(Unavailable, match=r"Unknown host repo\.invalid"):
        run("start", "--port", port)
    assert sorted(path.name for path in (cache / "sandbox").iterdir()) == [
        "build.lock",
        "maven.log",
        "run",
    ]


def test_a_port_in_use_is_told_before_anything_is_built(bare: Path) -> None:
    assert not list(bare.iterdir())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: in use .* choose another --port"):
            run("start", "--port", port)


def test_nothing_runs() -> None:
    assert run("status") == "no sandbox is running\n"
    assert run("stop", "--port", 8099) == "no sandbox is running on port 8099\n"
    assert run("stop", "--all") == "no sandbox is running\n"


@pytest.mark.parametrize("command", ["status", "stop"])
def test_json_has_one_shape(command: str) -> None:
    result = json.loads(run(command, "--json"))
    assert list(result) == SHAPE
    assert result["command"] == f"sandbox {command}"
    assert (result["running"], result["url"], result["servers"]) == (False, None, [])


def test_a_stale_state_file_is_not_believed(port: int) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    remember(gone.pid, port)
    assert run("status") == "no sandbox is running\n"
    assert run("stop", "--port", port) == f"no sandbox is running on port {port}\n"


def test_a_pid_that_is_somebody_elses_now_is_left_alone(port: int) -> None:
    remember(os.getpid(), port)
    assert run("status") == "no sandbox is running\n"
    assert run("stop", "--port", port) == f"no sandbox is running on port {port}\n"


def test_a_server_is_known_as_ours_from_its_first_moment(port: int) -> None:
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    words = ["-jar", f"/anywhere/{build.JAR}", str(port), "R4"]
    server = remember(os.getpid(), port)
    for _ in range(20):  # for some 0.1 ms the kernel tells no words of it
        with subprocess.Popen([*sleeping, *words]) as launched:
            alive = state.alive(replace(server, pid=launched.pid))
            launched.kill()
            assert alive


def test_a_server_that_has_ended_is_not_believed_though_nobody_waited_for_it(port: int) -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        remember(ended.pid, port)
        assert sandbox.status() == []


def test_an_unreadable_state_file_is_no_server(port: int) -> None:
    (places.run() / f"{port}.json").write_text('{"pid": 1')
    assert sandbox.status() == []


def test_a_starting_server_is_listed_and_killed_when_it_will_not_end(
    stand_in: subprocess.Popen[str], port: int
) -> None:
    result = json.loads(run("status", "--json"))
    assert list(result) == SHAPE
    assert (result["running"], result["pid"]) == (True, stand_in.pid)
    assert result["servers"][0]["url"] == f"http://127.0.0.1:{port}/fhir"
    assert "still starting" in run("status")
    assert run("stop", "--all").startswith(f"stopped http://127.0.0.1:{port}/fhir")
    assert stand_in.wait() == -9
    assert not (places.run() / f"{port}.json").exists()


@pytest.mark.usefixtures("stand_in")
def test_another_version_on_the_port_is_refused_with_the_remedy(port: int) -> None:
    with pytest.raises(ConfigError, match=rf"R4 in memory.*sandbox stop --port {port}`"):
        run("start", "--port", port, "--fhir", "R5")


@pytest.mark.usefixtures("stand_in")
def test_the_same_server_is_waited_for_but_not_for_ever_nor_ended(port: int) -> None:
    with pytest.raises(Unavailable, match="did not answer within 1 s"):
        run("start", "--port", port, "--wait", 1)
    assert [server.port for server in sandbox.status()] == [port]


def test_two_servers_do_not_share_a_folder(
    stand_in: subprocess.Popen[str], tmp_path: Path, port: int
) -> None:
    disk = tmp_path / "data"
    state.write(replace(remember(stand_in.pid, port), disk=disk))
    with pytest.raises(ConfigError, match=f"{disk}: the sandbox on port {port} keeps its data"):
        run("start", "--port", 8099, "--disk", disk)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("R3", 8080), "FHIR version 'R3': choose one of R4, R4B, R5"),
        (("R4", 0), "port 0: choose one from 1 to 65535"),
        (("R4", 65536), "port 65536: choose"),
    ],
)
def test_wrong_arguments_are_config_errors(arguments: tuple[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sandbox.start(*arguments)


def test_a_folder_that_h2_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="semicolon"):
        sandbox.start("R4", 8080, disk=tmp_path / "a;b")


def test_a_cache_that_cannot_be_made_is_named(cache: Path) -> None:
    cache.write_text("a file is in the way")
    with pytest.raises(ConfigError, match=r"sandbox: .*name a folder that can be written to"):
        run("status")


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert places.home() == tmp_path / "cache" / "sandbox"
    monkeypatch.delenv("ALLIANCE_FHIR_CACHE")
    assert places.home() == tmp_path / "xdg" / "alliance-fhir" / "sandbox"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert places.home() == tmp_path / "home" / ".cache" / "alliance-fhir" / "sandbox"


def test_the_key_follows_names_and_contents_of_the_sources_only(tmp_path: Path) -> None:
    project = tmp_path / "hapi"
    source = project / "src" / "main" / "A.java"
    source.parent.mkdir(parents=True)
    (project / "pom.xml").write_text("<project/>")
    source.write_text("class A {}")
    keys = [build.key(project)]
    (project / "target").mkdir()
    (project / "target" / "A.class").write_text("compiled")
    assert build.key(project) == keys[0]
    source.write_text("class A { }")
    keys.append(build.key(project))
    source.rename(source.with_name("B.java"))
    keys.append(build.key(project))
    (project / "pom.xml").write_text("<project></project>")
    keys.append(build.key(project))
    assert len(set(keys)) == len(keys)


def test_the_maven_project_travels_with_the_package() -> None:
    names = {path.name for path in build.PROJECT.rglob("*") if path.is_file()}
    assert {"pom.xml", "Main.java", "logback.xml"} <= names


def test_an_archive_is_used_or_else_written_but_not_under_foreign_options(tmp_path: Path) -> None:
    classes = tmp_path / "R4-0.jsa"
    server = sandbox.Running(1, 8080, sandbox.FhirVersion.R4, "", tmp_path, None, ("-Da=b",))
    assert archive.options(classes, server)[0] == f"-XX:ArchiveClassesAtExit={classes}.8080.draft"
    agent = replace(server, java_options=("-javaagent:x.jar",))
    assert archive.options(classes, agent) == []
    classes.touch()
    assert archive.options(classes, agent)[0] == f"-XX:SharedArchiveFile={classes}"


def test_a_jvm_that_crashes_on_its_archive_is_started_once_more_without(
    bare: Path, port: int
) -> None:
    crash = "A fatal error has been detected by the Java Runtime Environment:"
    executable(
        bare,
        "java",
        f"""case "$*" in
        -version) echo 'openjdk version "17.0.1"' ;;
        *SharedArchiveFile*) echo '# {crash}' ;;
        *ArchiveClassesAtExit*) echo 'FAILED otherwise' ;;
        esac""",
    )
    jar = places.made(places.home() / build.key()) / build.JAR
    jar.touch()
    classes = archive.path(jar, "R4", tools.find_java(""))
    classes.touch()
    with pytest.raises(Unavailable, match="FAILED otherwise"):
        run("start", "--port", port)
    assert not classes.exists()


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may have a single byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def sleeping_java(bare: Path) -> None:
    """A java whose servers never answer, and a jar for it."""
    sleeping = f"exec {sys.executable} -c 'import time; time.sleep(60)' \"$@\""
    known = "-version) echo 'openjdk version \"17.0.1\"' ;;"
    executable(bare, "java", f'case "$*" in {known} *) {sleeping} ;; esac')
    jar = places.made(places.home() / build.key()) / build.JAR
    jar.touch()


@pytest.mark.usefixtures("sleeping_java")
def test_ctrl_c_right_after_the_launch_leaves_no_server(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, launched = process.launch, list[sandbox.Running]()

    def interrupted(*told: Any) -> sandbox.Running:
        launched.append(launch(*told))
        signal.raise_signal(signal.SIGINT)  # nobody but us knows of it yet
        return launched[0]

    monkeypatch.setattr(process, "launch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sandbox.start("R4", port)
    assert sandbox.status() == []
    with pytest.raises(ProcessLookupError):
        os.kill(launched[0].pid, 0)


@pytest.mark.usefixtures("sleeping_java")
def test_a_server_that_cannot_be_remembered_is_not_left_running(port: int) -> None:
    file = places.run() / f"{port}.json"
    with no_room(), pytest.raises(ConfigError) as raised:
        run("start", "--port", port)
    assert str(raised.value) == (
        f"{file} cannot be written: File too large; where the disk is full, or the size of files "
        "limited (ulimit -f), make room, and run again: no server was left running"
    )
    [child] = state.children.values()
    assert child.poll() == -9
    assert sandbox.status() == []


def test_the_end_of_a_log(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    assert log.tail(file) == "(No such file or directory)"
    file.touch()
    assert log.tail(file) == "(empty)"
    file.write_text("\n".join(str(number) for number in range(100_000)))
    assert log.tail(file, lines=2) == "99998\n99999"


def test_every_version_has_its_heap() -> None:
    assert set(process.HEAP) == set(sandbox.FhirVersion)

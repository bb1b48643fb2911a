"""Words planted in everything that is private turn up where they belong, and nowhere else.

The real program is used as people use it, and dies as programs die; then every byte that it left is
looked through. What was said belongs into the database, its copies and the kept states of the
engine; what other programs asked belongs nowhere; keys belong into the keyring.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import ollama
import psutil
import pytest

from desktop.base.paths import paths_under
from desktop.config.secrets import HUGGING_FACE
from desktop.services.local_api import KEY_NAME
from tests import gguf_files
from tests.e2e.canary_room import Clients, Room
from tests.e2e.conftest import StartLapis
from tests.e2e.models_room import PULL, offered
from tests.e2e.other_programs import OtherPrograms
from tests.harness.canaries import in_processes, new_words
from tests.harness.hub.server import HubServer
from tests.harness.keyring import keyring_daemon
from tests.harness.leftovers import Marker
from tests.harness.program import Program, run_lapis
from tests.harness.screen import Screen
from tests.harness.waiting import wait_for

_PUT = "import sys; from desktop.config.secrets import Secrets; "
_PUT += "print(Secrets().put(sys.argv[1], sys.stdin.read()))"
_SECRET = ("token", "key")
_IN_CHATS = ("question", "answer", "draft", "document", "filename", "second")
_BY_OTHERS = ("prompt", "system", "refused", "schema", "nobody", "wrong")


@pytest.fixture
def room(
    screen: Screen, start_lapis: StartLapis, lapis_home: Path, tmp_path: Path, marker: Marker
) -> Iterator[Room]:
    names = (*_SECRET, *_IN_CHATS, *_BY_OTHERS, "home", "persona", "searched")
    room = Room(screen, start_lapis, marker, tmp_path, paths_under(lapis_home), new_words(*names))
    room.home.mkdir()
    room.model.parent.mkdir()
    with keyring_daemon(screen.environment["DBUS_SESSION_BUS_ADDRESS"]), _core_files_allowed():
        for name, word in ((HUGGING_FACE, "token"), (KEY_NAME, "key")):
            _put(screen, name, room.words[word])
        yield room


@contextmanager
def _core_files_allowed() -> Iterator[None]:
    """Have the system write core files, as far as programs do not forbid it themselves."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    there = set(_core_files())
    try:
        yield
        new = set(_core_files()) - there
        for file in new:
            file.unlink()
        assert not new
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def _core_files() -> list[Path]:
    return [path for path in Path.cwd().glob("core*") if path.is_file()]


def _put(screen: Screen, name: str, secret: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PUT, name],
        input=secret,
        capture_output=True,
        text=True,
        env={**os.environ, **screen.environment},
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "None", done.stdout + done.stderr


def test_what_is_said_in_the_window_stays_in_the_database(room: Room) -> None:
    words = room.words
    gguf_files.write_llama(
        room.model, context_length=131_072, answer=f"The {words['answer']} is blue.", stops=True
    )
    room.settle(model=str(room.model))
    document = room.home / f"{words['filename']}.txt"
    document.write_text(f"It says {words['document']}.", encoding="utf-8")
    others = OtherPrograms(room.screen, room.folder, {})
    try:
        program, window = room.open("Fatal Python error", "Current thread", "Thread 0x", "  File")
        others.start(
            *("xclip", "-quiet", "-selection", "clipboard", "-t", "text/uri-list"),
            stdin=f"file://{document}\r\n".encode(),
        )
        wait_for(lambda: _clipboard(room.screen) == f"file://{document}", 10, "the clipboard")
        room.screen.key("ctrl+v")
        room.ask(f"What is {words['question']}?", "complete")
        # Typed into the search, looked for, and nowhere kept.
        room.screen.key("ctrl+k")
        room.screen.type(words["searched"])
        room.screen.key("Escape", "Escape")
        window.focus()
        room.screen.key("ctrl+n")
        room.screen.type(words["draft"])
        wait_for(lambda: words["draft"] in str(room.rows(_DRAFTS)), 10, "the draft on the disk")
        room.look_at_processes()
        program.engine().send_signal(signal.SIGABRT)
        os.kill(program.pid, signal.SIGABRT)
        # Its stacks are written down while other threads run on, which may go wrong as well.
        assert program.wait(20) in {-signal.SIGABRT, -signal.SIGSEGV}
        assert "Fatal Python error: Aborted" in (room.paths.logs / "crash.log").read_text()

        program, window = room.open()
        # The draft is there again, and is sent with what follows it.
        room.ask(words["second"], "complete")
        room.look_at_processes()
        _end(program)
    finally:
        others.end()
    document.unlink()

    found = room.sightings()
    assert {"question", "answer", "draft", "document", "filename", "second"} <= found.keys()
    for name in ("question", "answer", "draft", "document", "filename", "second"):
        assert found.pop(name) <= {"chats", "states"}, name
    assert found.pop("persona") <= {"settings", "chats", "states"}
    assert found.pop("home") <= {"settings", "chats", "records"}
    assert found == {}
    assert room.shown == []


def test_what_other_programs_ask_stays_nowhere(room: Room) -> None:
    words = room.words
    sentence = f"The {words['answer']} is blue."
    gguf_files.write_llama(room.model, context_length=131_072, answer=sentence)
    port = _free_port()
    room.settle(model=str(room.model), api={"enabled": True, "port": port})
    program, _window = room.open()
    wait_for(lambda: _listens(port), 20, "the local server")
    clients = Clients(port, words)
    turns: list[Any] = [
        {"role": "system", "content": words["system"]},
        {"role": "user", "content": words["prompt"]},
    ]
    with closing(clients):
        said = clients.ollama.chat("talker", turns, options={"num_predict": 40}).message.content
        assert said is not None
        assert words["answer"] in said
        assert clients.ask(turns, "talker")
        # Refused, each for another reason.
        assert clients.failing(f"{words['refused']} " * 40_000, "talker") == 400
        assert clients.failing(words["refused"], words["nobody"]) == 404
        assert clients.failing(words["refused"], "talker", {"$ref": f"#/{words['schema']}"}) == 400
        assert clients.failing(words["refused"], "talker", key=words["wrong"]) == 401
        # The engine dies while an answer streams.
        answer = clients.ollama.chat("talker", turns, stream=True, options={"num_predict": 90_000})
        next(iter(answer))
        room.look_at_processes()
        program.engine().send_signal(signal.SIGABRT)
        with pytest.raises(ollama.ResponseError):
            list(answer)
        assert clients.ask(turns, "talker"), "the next one is answered again"
    _end(program)

    found = room.sightings()
    assert found.pop("persona") == {"settings"}
    assert found.pop("home") <= {"settings", "records"}
    assert found == {}
    assert room.shown == []


def test_what_is_asked_in_the_terminal_stays_nowhere_and_no_token_leaves(room: Room) -> None:
    words = room.words
    sentence = f"The {words['answer']} is blue."
    gguf_files.write_llama(room.model, answer=sentence, stops=True)
    room.settle()
    with HubServer(offered()) as hub:
        bus = {"DBUS_SESSION_BUS_ADDRESS": room.screen.environment["DBUS_SESSION_BUS_ADDRESS"]}
        environment = {**room.environment, **bus, "HF_ENDPOINT": hub.endpoint}

        def run(*line: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
            whole = ["--data-dir", str(room.paths.data), *line]
            return run_lapis(whole, folder=room.folder, stdin=stdin, environment=environment)

        model = ("--model", str(room.model))
        asked = run("ask", *model, words["question"], stdin=words["document"])
        assert sentence in asked.stdout, asked.stderr
        assert run("ask", *model, words["refused"], stdin="word " * 90_000).returncode == 1
        assert run("ask", "--model", words["nobody"], words["refused"]).returncode == 1
        looked = run("models", "search", words["searched"])
        assert looked.returncode == 0, looked.stderr
        pulled = run("models", *PULL)
        assert pulled.returncode == 0, pulled.stderr
        log = hub.log
    assert {each.side for each in log} >= {"hub", "cdn"}, "the file came from another host"
    seen = repr(log)
    # The search went to the hub, and that alone; this hub is none that the token is for.
    assert words["searched"] in seen
    assert [name for name, word in words.items() if word in seen] == ["searched"]

    found = room.sightings()
    assert found.pop("persona") == {"settings"}
    assert found.pop("home", set()) <= {"settings", "records"}
    assert found == {}


def test_a_word_in_the_wrong_place_is_found(room: Room) -> None:
    room.settle()
    room.paths.logs.mkdir(exist_ok=True)
    for number, coding in enumerate(("utf-8", "utf-16-le", "utf-16-be")):
        (room.paths.logs / f"lapis.log.{number}").write_text(
            f"asked: {room.words['prompt']}", encoding=coding
        )
    (room.temporary / f"{room.words['filename']}.tmp").touch()
    seen = [sys.executable, "-c", "import signal; signal.pause()", room.words["key"]]
    process = subprocess.Popen(seen, env={**os.environ, "KEY": room.words["token"]})
    try:
        wait_for(lambda: in_processes(room.words, [psutil.Process(process.pid)]), 10)
        room.look_at_processes()
    finally:
        process.kill()
        process.wait(10)

    found = room.sightings()
    assert len(found.pop("prompt")) == 3
    assert found.keys() == {"filename", "persona"}
    assert {each.name for each in room.shown} == {"key", "token"}


def _end(program: Program) -> None:
    os.kill(program.pid, signal.SIGTERM)
    assert program.wait(30) == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


_DRAFTS = "SELECT draft, '' FROM chats UNION ALL SELECT value, '' FROM meta WHERE key = 'draft'"


def _clipboard(screen: Screen) -> str:
    asking = ["xclip", "-o", "-selection", "clipboard", "-t", "text/uri-list"]
    done = subprocess.run(
        asking, capture_output=True, env=screen.environment, timeout=10, check=False, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else ""

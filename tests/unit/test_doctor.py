"""`lapis doctor`: what it finds in good and in bad surroundings, and how it tells."""

import io
import json
import re
import shutil
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from desktop.backends import libraries
from desktop.backends.libraries import backends_among, built_backends, ggml_version
from desktop.backends.trial import TrialFailed, Tried, find_devices, try_plan
from desktop.base.paths import paths_under, resources
from desktop.base.translation import Translator
from desktop.config.checkup import settings_fault
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.distribution import Distribution, Kind
from desktop.domain.health import Finding, State
from desktop.domain.machine import UnusedDevice
from desktop.domain.model import Device, DeviceKind, LoadPlan
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.services.doctor import _PACKAGES, examine
from desktop.services.doctor_cards import unused_findings
from desktop.services.doctor_desktop import keyring, tray
from desktop.services.doctor_engine import (
    backends_found,
    examine_engine,
    failed_device,
    working_device,
)
from desktop.services.doctor_storage import (
    examine_chats,
    examine_disk,
    examine_folder,
    examine_settings,
    examine_storage,
)
from desktop.store.chats import ChatStore
from desktop.system.session_bus import BusNames, session_names
from desktop.terminal.doctor import findings_as_json, show_findings
from desktop.terminal.output import Screen
from tests.harness.models import Models
from tests.harness.waiting import wait_for
from tests.unit.engine_stubs import instead, stub

ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
LABEL = Text("Thing")
COMPANIONS = ("lapis.db-shm", "lapis.db-wal")
CPU = Device("CPU", "Some processor", "CPU", DeviceKind.CPU, 0, 0)
GPU = Device("Vulkan0", "Radeon RX 7800 (RADV NAVI32)", "Vulkan", DeviceKind.GPU, 10**9, 2 * 10**9)
HELLO = ChatRequest((Message(Role.USER, "Hello"),), Sampling(temperature=0, max_tokens=4))


def states(findings: Iterator[Finding]) -> dict[str, State]:
    return {finding.name: finding.state for finding in findings}


# Devices in processes of their own


def test_the_processor_is_found_and_answers_with_the_guide(tmp_path: Path) -> None:
    found = list(examine_engine(tmp_path, resources() / "guide" / "guide.gguf"))
    named = {finding.name: finding for finding in found}
    assert named["engine.backends"].facts["backends"] == ["CPU"]
    assert named["engine.device.CPU"].state is State.OK
    assert named["engine.device.CPU"].facts["works"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_search_for_devices_that_hangs_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "import time; time.sleep(600)")
    found = list(examine_engine(tmp_path, tmp_path / "guide.gguf", search_seconds=0.3))
    assert found[0].name == "engine.process"
    assert found[0].state is State.BAD
    assert str(found[0].detail) == "It hangs: no answer within 0.3 seconds"


def test_whole_seconds_are_told_as_whole_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "import time; time.sleep(600)")
    with pytest.raises(TrialFailed) as failure:
        find_devices(tmp_path, 1.0)
    assert str(failure.value.reason) == "It hangs: no answer within 1 seconds"


def test_a_search_that_kills_its_process_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, sys; sys.stderr.write('broken driver'); sys.stderr.flush(); os.abort()"
    instead(monkeypatch, code)
    with pytest.raises(TrialFailed) as failure:
        find_devices(tmp_path)
    assert failure.value.last_words == "broken driver"


def test_an_engine_whose_files_are_gone_says_which_ones_and_to_install_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, stub("out(LoadFailed(kind='backends', detail='no backend'))"))
    (tmp_path / "libggml.so").write_bytes(b"\x7fELF")
    monkeypatch.setattr(
        "desktop.backends.engine_files.library_files", lambda: [tmp_path / "libggml.so"]
    )

    found = next(iter(examine_engine(tmp_path, tmp_path / "guide.gguf")))

    assert (found.name, found.state) == ("engine.process", State.BAD)
    assert found.facts["damaged"] == ["ggml-base", "ggml-cpu", "llama", "libggml.so"]
    assert str(found.advice) == (
        "Files of the engine are missing or damaged: ggml-base ggml-cpu llama libggml.so. "
        "Install Lapis again."
    )


def test_an_engine_that_finds_nothing_with_all_its_files_says_to_install_again() -> None:
    found = backends_found([], ["cpu"])

    assert (found.state, str(found.advice)) == (State.BAD, "Install Lapis again.")
    assert found.facts["damaged"] == []


@pytest.mark.parametrize(
    ("kind", "frozen", "said"),
    [
        (Kind.SOURCE, False, "from source"),
        (Kind.SOURCE, True, "as a program of its own, by nobody's installer"),
        (Kind.DEB, True, "as a package for Debian and Ubuntu"),
        (Kind.WINDOWS, True, "by the installer for Windows"),
    ],
)
def test_it_is_told_how_lapis_was_installed(
    kind: Kind, frozen: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    monkeypatch.setattr("desktop.services.doctor.read_distribution", lambda: Distribution(kind))

    with closing(examine(paths_under(tmp_path))) as findings:
        found = next(each for each in findings if each.name == "program.package")

    assert (found.state, str(found.detail)) == (State.OK, said)
    assert found.facts == {"kind": kind.value, "frozen": frozen}


def test_every_way_of_installing_has_words() -> None:
    assert set(_PACKAGES) == set(Kind)


def test_a_file_that_cannot_be_loaded_fails_the_trial(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF nonsense")
    with pytest.raises(TrialFailed):
        try_plan(tmp_path, LoadPlan(path=file, n_ctx=256, threads=1), HELLO)


def test_a_model_is_tried_and_its_process_is_gone(tmp_path: Path, models: Models) -> None:
    work = tmp_path / "work"
    work.mkdir()
    plan = LoadPlan(path=models.llama, n_ctx=256, threads=1, slots=1)
    tried = try_plan(work, plan, HELLO)
    assert tried.text
    assert tried.load_ms > 0
    assert list(work.iterdir()) == []


def test_a_graphics_card_that_answers_like_the_processor_is_well() -> None:
    finding = working_device(GPU, Tried("Hi", 1.0, 2.0, 3), same_answer=True)
    assert (finding.state, finding.advice) == (State.OK, None)
    assert "1.0 GB of 2.0 GB" in str(finding.detail)
    assert finding.facts["offloaded_layers"] == 3


def test_a_graphics_card_that_answers_otherwise_is_suspected() -> None:
    finding = working_device(GPU, Tried("Hi", 1.0, 2.0, 3), same_answer=False)
    assert finding.state is State.WARNING
    assert "driver" in str(finding.advice)
    assert finding.facts["works"] is False


def test_a_failed_device_keeps_the_reason_and_no_home_folder() -> None:
    failure = TrialFailed(Text("The engine crashed"), f"in {Path.home()}/model.gguf")
    finding = failed_device(GPU, failure)
    assert (finding.state, finding.detail) == (State.BAD, Text("The engine crashed"))
    assert finding.facts["last_words"] == "in ~/model.gguf"
    assert "driver" in str(finding.advice)
    assert "driver" not in str(failed_device(CPU, failure).advice)


# What can compute here


def test_what_computes_has_its_usual_name_and_no_comma() -> None:
    metal = Device("MTL0", "Apple M2", "MTL", DeviceKind.INTEGRATED_GPU, 1, 1)
    finding = backends_found([metal, CPU], ("cpu", "metal"))
    assert str(finding.detail) == "computes with Metal + CPU"
    assert finding.facts["backends"] == ["MTL", "CPU"]
    assert (
        str(working_device(metal, Tried("Hi", 1.0, 2.0, 3), same_answer=True).label)
        == "Apple M2 (Metal)"
    )

    finding = backends_found([CPU], ("cpu", "cuda", "hip", "vulkan"))
    detail = Translator(Language.CHINESE, resources() / "locale").say(finding.detail)
    assert detail == "用 CPU 计算；没有能用 CUDA / ROCm / Vulkan 的设备"


# Cards that are there and do not compute


def test_a_card_that_does_not_compute_is_worth_attention() -> None:
    reason, advice = Text("not used: it is switched off"), Text("Switch it on.")
    unused = (UnusedDevice("Radeon", reason, advice, "amdgpu", 8), UnusedDevice("Arc", reason))
    first, second = unused_findings(unused)
    assert (first.name, second.name) == ("engine.card.0", "engine.card.1")
    assert (first.state, str(first.label)) == (State.WARNING, "Radeon")
    assert (first.detail, first.advice, second.advice) == (reason, advice, None)
    assert first.facts == {"driver": "amdgpu", "memory": 8}


# The computer and the libraries


def test_backends_are_told_from_the_names_of_their_libraries() -> None:
    names = [
        *("libggml.so.0.25.3", "libggml-base.so", "libggml-cpu-haswell.so", "libggml-cpu-x64.so"),
        *("libggml-vulkan.so", "ggml-cuda.dll", "libggml-metal.dylib", "libllama.so", "notes.txt"),
    ]
    assert backends_among(names) == ("cpu", "cuda", "metal", "vulkan")
    assert "cpu" in built_backends()


def test_the_version_of_ggml_is_read_from_its_library_whatever_the_file_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version_in(name: str, content: bytes) -> str:
        file = tmp_path / name
        file.write_bytes(content)
        monkeypatch.setattr(libraries, "library_files", lambda: [tmp_path / "libggml.so", file])
        return ggml_version()

    for name in ("libggml-base.so", "ggml-base.dll", "libggml-base.dylib"):
        assert version_in(name, b"ELF\0ggml\0" + b"0.25.3\0" + b"b10034\0") == "0.25.3"
    assert version_in("libggml-base.so", b"\x000.25.3\x001.2.3\0") == ""
    assert version_in("libllama.so", b"\x000.25.3\0") == ""


def test_the_engine_that_is_installed_here_tells_the_version_of_ggml() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", ggml_version())


# What is kept


def test_a_fresh_home_is_well_and_stays_untouched(lapis_home: Path) -> None:
    found = list(examine_storage(paths_under(lapis_home)))
    assert {"storage.folder.data", "storage.chats", "storage.settings", "storage.disk.data"} <= {
        finding.name for finding in found
    }
    assert {finding.state for finding in found if not finding.name.startswith("storage.disk")} == {
        State.OK
    }
    assert not lapis_home.exists()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    finding = examine_folder("storage.folder.data", LABEL, tmp_path / "file" / "data")
    assert finding.state is State.BAD
    assert finding.facts["writable"] is False
    assert "--data-dir" in str(finding.advice)


def test_a_folder_in_which_nothing_can_be_made_is_told() -> None:
    # Not even root can make a file there.
    finding = examine_folder("storage.folder.data", LABEL, Path("/proc/self"))
    assert (finding.state, finding.facts["exists"]) == (State.BAD, True)


def test_examining_a_folder_leaves_nothing_in_it(tmp_path: Path) -> None:
    assert examine_folder("storage.folder.data", LABEL, tmp_path).state is State.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "state"), [(10**7, State.BAD), (10**9, State.WARNING), (10**10, State.OK)]
)
def test_a_disk_is_judged_by_its_free_space(
    free: int, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: (10**11, 10**11 - free, free))
    finding = examine_disk("storage.disk.data", tmp_path / "not" / "there")
    assert finding.state is state
    assert finding.needs_action == (finding.advice is not None)
    assert finding.facts["free"] == free


def test_whole_chats_are_well_and_nothing_of_them_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lapis.db"
    store = ChatStore.open(path)
    store.create("A secret title")
    store.close()
    before = path.read_bytes()
    finding = examine_chats(path)
    assert finding.state is State.OK
    assert "secret" not in findings_as_json([finding])
    assert path.read_bytes() == before


def test_chats_that_others_can_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "lapis.db"
    ChatStore.open(path).close()
    path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IROTH)
    finding = examine_chats(path)
    assert finding.state is State.WARNING
    assert "chmod 600" in str(finding.advice)


def test_chats_open_in_a_running_lapis_are_well(tmp_path: Path) -> None:
    store = ChatStore.open(tmp_path / "lapis.db")
    store.create("One")
    try:
        assert examine_chats(tmp_path / "lapis.db").state is State.OK
    finally:
        store.close()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    path.write_bytes(content)


def make_foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()


def add_a_table(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE stranger (x)")
    connection.close()


def lose_a_message(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO chats (title, created, updated, position, tip) VALUES ('', 0, 0, 1, 7)"
        )
    connection.close()


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damage, "damaged"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(b"no database" * 1000), "damaged"),
        (add_a_table, "damaged"),
        (lose_a_message, "damaged"),
        (make_foreign, "another program"),
        (make_folder, "cannot be opened"),
    ],
)
def test_chats_in_trouble_are_told_and_left_as_they_are(
    harm: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "lapis.db"
    ChatStore.open(path).close()
    harm(path)
    before = path.read_bytes() if path.is_file() else None
    finding = examine_chats(path)
    assert finding.state is State.BAD
    assert words in str(finding.detail)
    assert finding.advice is not None
    assert (path.read_bytes() if path.is_file() else None) == before
    # SQLite itself may have made its two empty companions; no mark for a check, no copy.
    assert {one.name for one in tmp_path.iterdir()} <= {path.name, *COMPANIONS}


def test_settings_are_looked_at_and_not_moved(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    assert settings_fault(file) is None
    file.write_text('{"language": "en", "unknown": [1]}', encoding="utf-8")
    assert examine_settings(file).state is State.OK
    for content in (b"{", b"[]", b"\xff", b"[" * 100_000):
        file.write_bytes(content)
        assert examine_settings(file).state is State.BAD
        assert file.read_bytes() == content
    file.unlink()
    file.mkdir()
    assert "cannot be read" in str(examine_settings(file).detail)


# The desktop


@pytest.mark.parametrize(
    ("names", "display", "wayland", "state"),
    [
        (None, False, False, State.UNKNOWN),
        (None, True, True, State.UNKNOWN),
        (frozenset({"org.kde.StatusNotifierWatcher"}), True, True, State.OK),
        (frozenset({"org.kde.StatusNotifierWatcher"}), True, False, State.OK),
        (frozenset[str](), True, True, State.WARNING),
        (frozenset[str](), True, False, State.UNKNOWN),
    ],
)
def test_a_tray_is_told_as_far_as_the_bus_knows(
    names: frozenset[str] | None, display: bool, wayland: bool, state: State
) -> None:
    bus = None if names is None else BusNames(names, frozenset())
    assert tray(bus, display=display, wayland=wayland).state is state


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="the keyring is on the session bus")
def test_a_keyring_is_told_as_far_as_the_bus_knows() -> None:
    kept = keyring(BusNames(frozenset(), frozenset({"org.freedesktop.secrets"})))
    assert (kept.state, kept.facts, kept.advice) == (State.OK, {"secret_service": True}, None)
    lost = keyring(BusNames(frozenset({"org.kde.StatusNotifierWatcher"}), frozenset()))
    assert (lost.state, lost.facts) == (State.UNKNOWN, {"secret_service": False})
    assert "until Lapis ends" in str(lost.detail)
    assert keyring(None).facts == {}


def test_without_a_session_bus_there_are_no_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert session_names() is None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert session_names() is None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "tcp:host=localhost,port=1")
    assert session_names() is None


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """Run a real session bus and give its address."""
    import shutil
    import subprocess

    daemon = shutil.which("dbus-daemon")
    assert daemon, "dbus is among the packages that the tests need"
    address = f"unix:path={folder}/bus%20one"
    process = subprocess.Popen(
        [daemon, "--session", "--nofork", "--nopidfile", f"--address={address}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for((folder / "bus one").exists, 10, "the bus")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def test_a_real_session_bus_tells_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"{address},guid=1234")
        names = session_names()
    assert names is not None
    assert names.running == {"org.freedesktop.DBus", ":1.0"}
    assert names.offers("org.freedesktop.DBus")
    assert not names.offers("org.example.Nobody")


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"REJECTED\r\n", b"x" * 600, b"OK 1\r\n", b"OK 1\r\n" + b"X" * 24),
        *(b"OK 1\r\nl\x02\0\1" + b"\xff" * 12, b"OK 1\r\nl\x03\0\1" + bytes(12)),
    ],
)
def test_a_bus_that_speaks_nonsense_is_none(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/bus")
        server.listen(1)
        heard: list[bytes] = []

        def speak() -> None:
            client, _ = server.accept()
            with client:
                while not b"".join(heard).endswith(b"\n"):
                    heard.append(client.recv(100))
                client.sendall(answer)

        speaker = threading.Thread(target=speak)
        speaker.start()
        found = session_names()
        speaker.join(10)
    assert found is None
    assert b"".join(heard).startswith(b"\0AUTH EXTERNAL ")


# Telling it


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    """Return a standard output in memory."""
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def shown(findings: list[Finding], *, as_json: bool = False) -> tuple[int, str]:
    out = stream()
    code = show_findings(findings, ENGLISH, Screen(out, stream()), as_json=as_json)
    out.seek(0)
    return code, out.read()


def test_findings_are_marked_and_their_advice_stands_below() -> None:
    code, text = shown(
        [
            Finding("a.one", Text("One"), State.OK, Text("fine")),
            Finding("a.two", Text("Two"), State.BAD, Text("broken"), Text("Mend it.")),
            Finding("b.three", Text("Three"), State.UNKNOWN, Text("who knows")),
            Finding("b.four", Text("Four"), State.WARNING, Text("odd"), Text("Look.")),
        ]
    )
    assert code == 1
    assert text.splitlines() == [
        *("✓ One: fine", "✗ Two: broken", "    Mend it.", ""),
        *("– Three: who knows", "! Four: odd", "    Look.", "", "2 things to look at."),
    ]


def test_what_is_well_or_unknown_needs_nobody() -> None:
    code, text = shown(
        [
            Finding("a.one", Text("One"), State.OK, Text("fine")),
            Finding("a.two", Text("Two"), State.UNKNOWN, Text("who knows")),
        ]
    )
    assert (code, text.splitlines()[-1]) == (0, "All is well.")


def test_a_terminal_without_the_marks_gets_plain_ones() -> None:
    out = stream("ascii")
    screen = Screen(out, stream())
    show_findings([Finding("a", LABEL, State.BAD, Text("x"))], ENGLISH, screen, as_json=False)
    out.seek(0)
    assert out.read().startswith("x Thing: x\n")


def test_json_holds_every_finding_with_its_facts() -> None:
    code, text = shown(
        [Finding("a.one", Text("Ünder"), State.BAD, Text("{n} x", {"n": 2}), None, {"n": 2})],
        as_json=True,
    )
    told = json.loads(text)
    assert code == 1
    assert text.isascii()
    assert told == {
        "well": False,
        "findings": [
            {
                "name": "a.one",
                "state": "bad",
                "label": "Ünder",
                "detail": "2 x",
                "advice": None,
                "facts": {"n": 2},
            }
        ],
    }


def test_a_hostile_name_reaches_no_terminal() -> None:
    card = Finding("a", Text("{name}", {"name": "x\x1b]0;y\x07z"}), State.OK, Text("\x9b1m"))
    assert "\x1b" not in shown([card])[1]
    assert "\x1b" not in shown([card], as_json=True)[1]

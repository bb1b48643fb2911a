"""`lapis doctor` as a person runs it: the real command in good and in broken surroundings."""

import json
from pathlib import Path
from typing import Any

from desktop.base.paths import paths_under
from desktop.store.chats import ChatStore
from tests.conftest import RunLapis


def examined(lapis: RunLapis, **options: Any) -> tuple[int, dict[str, dict[str, Any]]]:
    done = lapis("doctor", "--json", **options)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    findings = {finding["name"]: finding for finding in told["findings"]}
    assert len(findings) == len(told["findings"])
    to_do = [name for name, each in findings.items() if each["state"] in {"warning", "bad"}]
    assert told["well"] == (not to_do)
    assert done.returncode == (1 if to_do else 0)
    assert all(findings[name]["advice"] for name in to_do)
    return done.returncode, findings


def test_the_doctor_looks_at_everything_and_makes_nothing(
    lapis: RunLapis, lapis_home: Path
) -> None:
    _code, findings = examined(lapis)
    assert {
        *("program.lapis", "program.llama", "program.qt", "computer.processor"),
        *("computer.memory", "engine.backends", "engine.device.CPU", "storage.folder.data"),
        *("storage.disk.data", "storage.chats", "storage.settings", "desktop.window"),
        *("desktop.tray", "desktop.keyring", "desktop.hotkey"),
    } <= findings.keys()
    assert findings["engine.device.CPU"]["state"] == "ok"
    assert not lapis_home.exists()


def test_the_words_are_those_of_the_findings_and_the_sum_closes_them(lapis: RunLapis) -> None:
    done = lapis("doctor")
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert lines[0].startswith("✓ Lapis: ")
    assert any(line.startswith("✓ Chats: none yet") for line in lines)
    assert any(line.startswith("– Hotkey: ") for line in lines)
    assert (lines[-1] == "All is well.") == (done.returncode == 0)


def test_damaged_chats_and_settings_are_told_and_left(lapis: RunLapis, lapis_home: Path) -> None:
    paths = paths_under(lapis_home)
    paths.create()
    store = ChatStore.open(paths.database)
    store.create("My diary")
    store.close()
    paths.database.write_bytes(b"My diary is broken" * 1000)
    paths.settings.write_text('{"system_prompt": "My diary', encoding="utf-8")
    code, findings = examined(lapis)
    assert code == 1
    assert findings["storage.chats"]["state"] == "bad"
    assert findings["storage.settings"]["state"] == "bad"
    assert "diary" not in json.dumps(findings)
    assert paths.database.read_bytes().startswith(b"My diary")
    assert paths.settings.exists()


def test_a_data_folder_that_cannot_be_is_told(lapis: RunLapis, lapis_home: Path) -> None:
    lapis_home.write_text("a file", encoding="utf-8")
    code, findings = examined(lapis)
    assert code == 1
    assert findings["storage.folder.data"]["state"] == "bad"
    assert findings["engine.device.CPU"]["state"] == "ok"


def test_the_doctor_takes_no_other_words(lapis: RunLapis) -> None:
    done = lapis("doctor", "--jason")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json" in done.stderr

"""Settings survive; a bad file or a bad value never keeps Lapis from starting."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.base.files import write_atomically
from desktop.config import store as config_store
from desktop.config.store import CAREFUL, SettingsStore
from desktop.domain.chat import Sampling
from desktop.domain.connection import MOST_CONNECTIONS, Connection, ServerKind
from desktop.domain.errors import StorageError
from desktop.domain.model import FlashAttention, KvType
from desktop.domain.settings import (
    ApiSettings,
    ConnectionSettings,
    EngineSettings,
    Language,
    Settings,
    Theme,
    WindowSettings,
)
from tests.harness.side_by_side import side_by_side

ATTIC = Connection(ServerKind.OLLAMA, "attic", "http://10.0.0.2:11434", keep_minutes=-1)
WORK = Connection(ServerKind.OPENAI, "work", "https://a.example/v1", has_key=True)

CHANGED = Settings(
    language=Language.CHINESE,
    theme=Theme.DARK,
    model="/models/a file.gguf",
    opened_models=("/elsewhere/b.gguf", "/模型/c.gguf"),
    system_prompt="Be brief.\n简短。",
    sampling=Sampling(
        temperature=0.0,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        repeat_penalty=1.1,
        seed=7,
        max_tokens=512,
        stop=("END", "停"),
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        mirostat=2,
        mirostat_tau=3.0,
        mirostat_eta=0.2,
        dry_multiplier=0.8,
        dry_base=2.0,
        dry_allowed_length=3,
        xtc_probability=0.1,
        xtc_threshold=0.2,
        logit_bias=((3, -1.5), (7, 100.0)),
    ),
    engine=EngineSettings(
        n_ctx=4096,
        n_gpu_layers=0,
        threads=3,
        slots=2,
        kv_type=KvType.Q8_0,
        flash_attention=FlashAttention.ON,
        speculation=False,
        draft_tokens=5,
        draft_model="/models/草稿.gguf",
        idle_minutes=0,
        idle_minutes_on_battery=1,
        kept_states_gb=0.5,
        silence_minutes=3,
    ),
    connections=ConnectionSettings(offline=True, finds_ollama=False, servers=(ATTIC, WORK)),
    api=ApiSettings(
        enabled=True,
        host="192.168.0.7",
        port=8123,
        keyless=True,
        origins=("vscode-webview://1a2b", "http://localhost:3000"),
    ),
    window=WindowSettings("AdnQywAD", 300, 12),
    tray_hint_shown=True,
    welcomed=True,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


@pytest.fixture
def store(path: Path) -> SettingsStore:
    path.parent.mkdir()
    return SettingsStore(path)


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def with_usual(place: str) -> Settings:
    """Return `CHANGED` with the default at one place."""
    *parents, name = place.split(".")
    usual: Any = Settings()
    if not parents:
        return replace(CHANGED, **{name: getattr(usual, name)})
    group: Any = getattr(CHANGED, parents[0])
    default = getattr(getattr(usual, parents[0]), name)
    return replace(CHANGED, **{parents[0]: replace(group, **{name: default})})


def test_without_a_file_the_settings_are_the_usual_ones(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "nowhere" / "settings.json")

    assert store.load() == Settings()
    assert store.problem is None


def test_every_setting_comes_back_after_a_restart(path: Path) -> None:
    SettingsStore(path).save(CHANGED)

    assert SettingsStore(path).load() == CHANGED


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_the_file_is_readable_by_this_account_only(path: Path) -> None:
    SettingsStore(path).save(CHANGED)

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("sampling.temperature", 70),
        ("sampling.temperature", -0.1),
        ("sampling.top_k", -1),
        ("sampling.top_k", True),
        ("sampling.top_p", 1.01),
        ("sampling.min_p", "0.1"),
        ("sampling.repeat_penalty", 0),
        ("sampling.seed", 2**32),
        ("sampling.seed", 1.5),
        ("sampling.max_tokens", 0),
        ("sampling.stop", "END"),
        ("sampling.stop", ["ok", ""]),
        ("sampling.stop", ["x"] * 17),
        ("opened_models", "/a.gguf"),
        ("opened_models", ["/a.gguf", ""]),
        ("opened_models", ["/a\0.gguf"]),
        ("opened_models", ["/a.gguf"] * 13),
        ("engine.n_ctx", -1),
        ("engine.n_gpu_layers", -2),
        ("engine.threads", 10**6),
        ("engine.slots", 0),
        ("engine.slots", 17),
        ("engine.kv_type", "q3_0"),
        ("engine.flash_attention", True),
        ("engine.speculation", "on"),
        ("engine.draft_tokens", 0),
        ("engine.draft_tokens", 65),
        ("engine.draft_model", "a\0b"),
        ("engine.idle_minutes", -1),
        ("engine.idle_minutes_on_battery", 2.5),
        ("engine.kept_states_gb", -0.1),
        ("engine.silence_minutes", 0),
        ("sampling.frequency_penalty", 2.1),
        ("sampling.presence_penalty", -2.1),
        ("sampling.mirostat", 3),
        ("sampling.mirostat_tau", -1),
        ("sampling.mirostat_eta", 11),
        ("sampling.dry_multiplier", -0.1),
        ("sampling.dry_base", 0.5),
        ("sampling.dry_allowed_length", -1),
        ("sampling.xtc_probability", 1.1),
        ("sampling.xtc_threshold", -0.1),
        ("sampling.logit_bias", [[-1, 1.0]]),
        ("sampling.logit_bias", [[1, 2000.0]]),
        ("sampling.logit_bias", [[1]]),
        ("connections.finds_ollama", None),
        ("connections.servers", "http://127.0.0.1"),
        ("connections.servers", [json.loads(msgspec.json.encode(WORK))] * (MOST_CONNECTIONS + 1)),
        ("api.enabled", "on"),
        ("api.host", ""),
        ("api.host", "a\nb"),
        ("api.port", 0),
        ("api.port", 65_536),
        ("api.keyless", 1),
        ("api.origins", "vscode-webview://1a2b"),
        ("api.origins", ["https://a.example"] * 33),
        ("window.sidebar_width", -5),
        ("window.last_chat", -1),
        ("window.geometry", 3),
        ("window", "large"),
        ("theme", "pink"),
        ("language", None),
        ("model", "a\0b"),
        ("tray_hint_shown", 1),
    ],
)
def test_a_bad_value_becomes_the_usual_one_and_spoils_no_other(
    place: str, value: object, path: Path, store: SettingsStore
) -> None:
    store.save(CHANGED)
    content = json.loads(path.read_text(encoding="utf-8"))
    *parents, name = place.split(".")
    inner = content[parents[0]] if parents else content
    inner[name] = value
    write(path, content)

    assert store.load() == with_usual(place)
    assert store.problem is None


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "anthropic"},
        {"kind": None},
        {"name": "a b"},
        {"name": ""},
        {"name": "a" * 41},
        {"address": "ftp://a.example"},
        {"address": 7},
        {"address": "https://a.example\n"},
        {"is_found": True},
        {"keep_minutes": -2},
        {"keep_minutes": 10**9},
    ],
)
def test_a_server_that_is_no_good_takes_no_other_with_it(
    damage: dict[str, object], path: Path, store: SettingsStore
) -> None:
    store.save(CHANGED)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["connections"]["servers"][0] |= damage
    write(path, content)

    assert store.load().connections == replace(CHANGED.connections, servers=(WORK,))


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://a.example/path",
        "https://me@a.example",
        "a.example",
        7,
        "x://" + "a" * 200,
    ],
)
def test_an_origin_that_is_none_lets_nobody_in(
    origin: object, path: Path, store: SettingsStore
) -> None:
    store.save(CHANGED)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["api"]["origins"].append(origin)
    write(path, content)

    assert store.load() == CHANGED


def test_what_a_newer_version_wrote_is_kept(path: Path, store: SettingsStore) -> None:
    write(path, {"future": [1, 2], "sampling": {"warmth": 2, "top_k": 7}, "theme": "dark"})

    loaded = store.load()
    store.save(replace(loaded, theme=Theme.LIGHT))
    store.save(replace(loaded, theme=Theme.LIGHT, model="m"))

    assert loaded == Settings(theme=Theme.DARK, sampling=Sampling(top_k=7))
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["future"], kept["sampling"]["warmth"]) == ([1, 2], 2)
    assert (kept["sampling"]["top_k"], kept["theme"], kept["model"]) == (7, "light", "m")


@pytest.mark.parametrize("content", [None, b"{}", b'{"theme": "light", "connections": 7}'])
def test_what_a_command_changed_beside_the_window_is_not_taken_back(
    content: bytes | None, path: Path, store: SettingsStore
) -> None:
    if content is not None:
        path.write_bytes(content)
    here = store.load()
    other = SettingsStore(path)
    there = other.load()
    added = replace(there.connections, servers=(ATTIC,))
    other.save(replace(there, connections=added, sampling=Sampling(top_k=7)))

    store.save(replace(here, theme=Theme.DARK))
    store.save(replace(here, theme=Theme.DARK, model="m"))

    kept = SettingsStore(path).load()
    assert kept.connections.servers == (ATTIC,)
    assert kept.sampling.top_k == 7
    assert (kept.theme, kept.model) == (Theme.DARK, "m")
    # What is changed here as well is as it is here.
    store.save(replace(here, sampling=Sampling(top_k=9)))
    assert SettingsStore(path).load().sampling.top_k == 9


def test_processes_that_save_at_one_moment_lose_nothing_of_each_other(path: Path) -> None:
    imports = """
from dataclasses import replace
from pathlib import Path
from desktop.config import store as config_store
from desktop.config.store import SettingsStore
from desktop.domain.chat import Sampling
from desktop.domain.settings import Theme
config_store._PATIENCE_SECONDS = 60
store = SettingsStore(Path(sys.argv[1]))
settings = store.load()
changed = (
    replace(settings, theme=Theme.DARK),
    replace(settings, model="m"),
    replace(settings, sampling=Sampling(top_k=7)),
    replace(settings, system_prompt="Be brief."),
)
"""
    side_by_side(imports, "store.save(changed[int(sys.argv[2])])", 4, str(path))

    kept = SettingsStore(path).load()
    assert (kept.theme, kept.model, kept.sampling.top_k) == (Theme.DARK, "m", 7)
    assert kept.system_prompt == "Be brief."


def test_of_processes_that_find_the_file_damaged_none_goes_online(
    path: Path, store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b'{"theme": "dark"')
    loaded: list[Settings] = []

    def write(target: Path, content: bytes) -> None:
        # Another one starts just before each step of this one.
        monkeypatch.setattr(config_store, "write_atomically", write_atomically)
        loaded.append(SettingsStore(path).load())
        monkeypatch.setattr(config_store, "write_atomically", write)
        write_atomically(target, content)

    monkeypatch.setattr(config_store, "write_atomically", write)
    loaded.append(store.load())

    assert loaded
    assert all(each == CAREFUL for each in loaded)
    assert path.with_name("settings.json.damaged").read_bytes() == b'{"theme": "dark"'
    assert SettingsStore(path).load() == CAREFUL


def test_a_window_that_knows_the_settings_heals_a_file_that_was_damaged_beside_it(
    path: Path, store: SettingsStore
) -> None:
    store.save(CHANGED)
    path.write_bytes(b"{")
    assert SettingsStore(path).load() == CAREFUL

    store.save(replace(CHANGED, theme=Theme.LIGHT))

    offline = replace(CHANGED.connections, offline=True)
    assert SettingsStore(path).load() == replace(CHANGED, theme=Theme.LIGHT, connections=offline)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 300, b"{", b'{"theme": "dark"', b"[]", b'"dark"', b"\xff\xfe{}", b"[" * 100_000],
)
def test_a_damaged_file_is_moved_aside_and_told(
    content: bytes, path: Path, store: SettingsStore
) -> None:
    path.write_bytes(content)

    assert store.load() == CAREFUL

    aside = path.with_name("settings.json.damaged")
    assert aside.read_bytes() == content
    assert store.problem is not None
    assert str(aside) in str(store.problem.hint)
    assert store.load() == CAREFUL, "the next start is no more online than this one"
    assert store.problem is None
    store.save(CHANGED)
    assert store.load() == CHANGED
    assert store.problem is None


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be read as a file there")
def test_a_file_that_cannot_be_read_is_told_and_left(path: Path, store: SettingsStore) -> None:
    path.mkdir()

    assert store.load() == CAREFUL
    assert store.problem is not None
    assert path.is_dir()
    assert not store.predates("welcomed")


@pytest.mark.parametrize(
    "connections", ["[]", "null", '{"offline": null}', '{"offline": 1}', '{"offline": "true"}']
)
def test_who_may_have_chosen_to_stay_offline_is_not_put_online(
    connections: str, path: Path, store: SettingsStore
) -> None:
    path.write_text(f'{{"theme": "dark", "connections": {connections}}}')

    loaded = store.load()

    assert loaded.connections.offline
    assert loaded.theme is Theme.DARK
    assert store.problem is not None
    path.write_text('{"theme": "dark"}')
    assert not store.load().connections.offline
    assert store.problem is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_a_disk_that_refuses_leaves_the_old_settings_whole(
    path: Path, store: SettingsStore
) -> None:
    import resource
    import signal

    store.save(CHANGED)
    before = path.read_bytes()
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(StorageError, match="disk is full"):
            store.save(replace(CHANGED, theme=Theme.LIGHT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["settings.json"]
    store.save(replace(CHANGED, theme=Theme.LIGHT))
    assert store.load().theme is Theme.LIGHT


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file stands where the folder should be")

    with pytest.raises(StorageError, match="cannot be saved"):
        SettingsStore(tmp_path / "config" / "settings.json").save(CHANGED)


def test_the_name_of_an_odd_file_does_not_keep_settings_from_being_saved(
    store: SettingsStore,
) -> None:
    odd, shown = "/models/\udcff.gguf", "/models/\ufffd.gguf"
    store.save(replace(CHANGED, model=odd, opened_models=(odd,)))

    assert store.load() == replace(CHANGED, model=shown, opened_models=(shown,))

"""Servers beside the computer's own engine: found, entered, asked, and their keys kept apart."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.config.secrets import KeyringProblem, UnusableSecret
from desktop.config.store import SettingsStore
from desktop.domain.chat import Event, Failed, Finished
from desktop.domain.connection import MOST_CONNECTIONS, Connection, ServedModel, ServerKind
from desktop.domain.errors import (
    AccessDenied,
    ConnectionRefused,
    LapisError,
    ModelFileError,
    ModelNotFound,
    ModelNotServed,
    NotSupported,
    NotTrusted,
    OddAnswer,
    Offline,
    UserFixable,
)
from desktop.domain.text import Text
from desktop.models.library import Library
from desktop.services.all_models import AllModels
from desktop.services.connections import Connections
from desktop.services.server_trial import WrongPath
from tests.harness.hub.certificates import new_certificate
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaServer
from tests.harness.openai_server import piece, stream, value
from tests.harness.scripted_server import Asked, ScriptedServer
from tests.harness.waiting import wait_for
from tests.unit.connections_room import (
    GEMMA,
    KEY,
    LISTED,
    OLLAMA,
    OPENAI,
    Kept,
    Ring,
    ask,
    speak,
    text_of,
    wants_key,
)

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def ring() -> Ring:
    return Ring()


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer([GEMMA], [OllamaModel("tiny:1b")]) as server:
        yield server


@pytest.fixture
def known(kept: Kept, ring: Ring, ollama: OllamaServer) -> Iterator[Connections]:
    environment = {"OLLAMA_HOST": ollama.address}
    with closing(Connections(lambda: kept.value, kept.change, ring, environment)) as made:
        yield made


@pytest.fixture
def api() -> Iterator[ScriptedServer]:
    with ScriptedServer(speak) as server:
        yield server


# The Ollama of this computer.


def test_nothing_is_asked_of_anybody_before_it_is_wanted(
    known: Connections, ollama: OllamaServer, ring: Ring
) -> None:
    model = known.find("ollama:gemma2:9b")
    assert model is not None
    with closing(known.backend(model)):
        assert [each.name for each in known.all()] == ["ollama"]
        assert known.models() == ()
        assert known.known(model) is None
        assert not known.was_asked("ollama")
        assert not [each for each in threading.enumerate() if each.name == "servers"]
    assert ollama.log == []
    assert ring.asked == []


def test_the_ollama_of_this_computer_is_found_and_lists_its_models(
    known: Connections, ollama: OllamaServer
) -> None:
    known.refresh()

    (model,) = known.models()
    assert (model.name, model.server, model.leaves_to) == ("ollama:gemma2:9b", "ollama", "")
    assert model.size == GEMMA.size
    assert known.problem("ollama") is None
    assert known.answers("ollama") is True
    assert known.all()[0].address == ollama.address


def test_a_model_of_ollama_answers(known: Connections) -> None:
    model = known.find("ollama:gemma2:9b")
    assert model is not None

    assert text_of(ask(known, model)) == GEMMA.reply


def test_no_ollama_on_this_computer_is_no_problem(kept: Kept, ring: Ring) -> None:
    environment = {"OLLAMA_HOST": CLOSED}
    with closing(Connections(lambda: kept.value, kept.change, ring, environment)) as known:
        known.refresh()
        assert known.problem("ollama") is None
        assert known.answers("ollama") is False
        with pytest.raises(ConnectionRefused):
            known.test(known.all()[0])


def test_an_ollama_that_fails_is_a_problem_and_its_models_stay(
    known: Connections, ollama: OllamaServer
) -> None:
    known.refresh()
    ollama.faults.refuse(500, "boom", path="/api/tags", times=9)
    known.refresh()

    assert isinstance(known.problem("ollama"), LapisError)
    assert [model.title for model in known.models()] == ["gemma2:9b"]


def test_ollama_is_left_alone_where_a_person_wants_that(
    known: Connections, kept: Kept, ollama: OllamaServer
) -> None:
    kept.set(finds_ollama=False)
    known.refresh()

    assert (known.all(), known.models(), ollama.log) == ((), (), [])
    with pytest.raises(ModelNotFound):
        known.find("ollama:gemma2:9b")


def test_details_are_told_once_and_then_known(known: Connections, ollama: OllamaServer) -> None:
    known.refresh()
    (model,) = known.models()
    told = known.details(model)
    asked = len(ollama.log)

    assert told.context == GEMMA.context
    assert known.known(model) == replace(told, memory=0, size=GEMMA.size)
    assert known.served("ollama") == (known.known(model),)
    assert len(ollama.log) == asked
    known.refresh()
    assert known.served("ollama")[0].context == GEMMA.context


def test_a_model_is_fetched_and_then_listed(known: Connections, ollama: OllamaServer) -> None:
    steps = list(known.pull("ollama", "tiny:1b", threading.Event()))

    assert steps
    assert steps[-1].total == 0 or steps[-1].done <= steps[-1].total
    assert {model.title for model in known.models()} == {"gemma2:9b", "tiny:1b"}


def test_fetching_ends_when_it_is_cancelled(known: Connections, ollama: OllamaServer) -> None:
    ollama.faults.silent_after = 1
    cancel = threading.Event()

    for _ in known.pull("ollama", "tiny:1b", cancel):
        cancel.set()

    wait_for(ollama.asked("/api/pull")[0].left.is_set, 10, "the end of the connection")


def test_a_model_is_unloaded_and_deleted(known: Connections, ollama: OllamaServer) -> None:
    known.refresh()
    (model,) = known.models()
    ask(known, model)
    assert ollama.loaded
    known.unload(model)
    assert not ollama.loaded
    assert known.served("ollama")[0].memory == 0
    known.delete(model)

    assert known.models() == ()
    with pytest.raises(ModelNotServed):
        known.delete(model)


def test_a_server_that_is_no_ollama_is_not_asked_to_fetch(
    known: Connections, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "work", f"{api.address}/v1"))
    model = known.find("openai:work/org/big")
    assert model is not None
    with pytest.raises(NotSupported):
        list(known.pull("work", "tiny", threading.Event()))
    with pytest.raises(NotSupported):
        known.delete(model)


# Names.


def test_a_model_is_found_by_name_without_asking(known: Connections, api: ScriptedServer) -> None:
    known.save(Connection(OPENAI, "Work", f"{api.address}/v1"))
    found = known.find("OPENAI:work/any/model")

    assert found is not None
    assert (found.name, found.title, found.server) == ("openai:Work/any/model", "any/model", "Work")
    assert known.find("gemma") is None
    assert api.asked == []
    for name in ("openai:other/x", "ollama@Work:x", "openai:Work/", "openai:Work", "ollama:"):
        with pytest.raises(ModelNotFound):
            known.find(name)


def test_files_come_first_and_servers_after_them(known: Connections, tmp_path: Path) -> None:
    guide = tmp_path / "guide.gguf"
    guide.write_bytes(b"GGUF")
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "gemma2.gguf").write_bytes(b"GGUF")
    known.refresh()
    models = AllModels(lambda: Library(folder, guide), known)
    files = AllModels(lambda: Library(folder, guide), None)

    assert [model.name for model in models.models()] == ["guide", "gemma2", "ollama:gemma2:9b"]
    assert models.find("ollama:gemma2:9b").is_served
    assert models.find("gemma2:9b").is_served
    assert models.find("gemma2") == files.find("gemma2")
    assert models.find("").is_guide
    for none in (models, files):
        with pytest.raises(ModelNotFound):
            none.find("nothing-like-it")
    with pytest.raises(ModelNotFound):
        files.find("ollama:gemma2:9b")
    with pytest.raises(ModelNotFound):
        models.find("openai:nowhere/gemma2:9b")


@pytest.mark.parametrize(
    ("typed", "example"),
    [
        ("ollama/llama3:8b", "ollama:llama3:8b"),
        ("Work/org/big", "openai:work/org/big"),
        ("work:big", "openai:work/big"),
    ],
)
def test_a_name_that_begins_like_a_server_is_not_told_of_files(
    known: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, example: str
) -> None:
    known.save(Connection(OPENAI, "work", CLOSED))
    monkeypatch.chdir(tmp_path)
    models = AllModels(lambda: Library(tmp_path / "models", tmp_path / "guide.gguf"), known)

    with pytest.raises(ModelNotFound) as caught:
        models.find(typed)

    assert str(caught.value.hint) == f"If that server is meant, write it like this: {example}"
    with pytest.raises(ModelFileError, match="does not exist"):
        models.find("elsewhere/big")


def test_who_types_a_bare_name_is_told_how_a_server_is_written_in_front(
    known: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mistral.gguf").write_bytes(b"GGUF")
    library = Library(tmp_path / "models", tmp_path / "guide.gguf")
    typed = AllModels(lambda: library, known, typed=True)

    def hint(models: AllModels, name: str) -> str:
        with pytest.raises(ModelNotFound) as caught:
            models.find(name)
        return str(caught.value.hint)

    assert hint(typed, "llama3").endswith("write the server in front: ollama:llama3")
    assert hint(typed, "minstral") == "Did you mean: mistral?"
    assert hint(AllModels(lambda: library, known), "llama3").startswith("Put a .gguf file")
    assert hint(AllModels(lambda: library, None, typed=True), "llama3").startswith("Put a .gguf")


def test_a_file_in_a_folder_that_is_named_like_a_server_is_that_file(
    known: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ollama" / "folder.gguf").mkdir(parents=True)
    models = AllModels(lambda: Library(tmp_path / "models", tmp_path / "guide.gguf"), known)

    with pytest.raises(ModelFileError, match="a folder"):
        models.find("ollama/folder.gguf")


# Servers that a person enters.


def test_a_server_is_kept_listed_and_asked(known: Connections, api: ScriptedServer) -> None:
    news: list[int] = []
    known.watch(lambda: news.append(len(known.models())))
    known.save(Connection(OPENAI, "work", f"{api.address}/v1/chat/completions"))
    assert news
    known.refresh()

    assert [each.name for each in known.all()] == ["ollama", "work"]
    assert known.all()[1].address == f"{api.address}/v1"
    assert [model.name for model in known.models()] == ["ollama:gemma2:9b", "openai:work/org/big"]
    assert news[-1] == 2
    assert text_of(ask(known, known.models()[1])) == "Because."


def test_several_servers_are_asked_side_by_side(known: Connections) -> None:
    """Each answers only when all have been asked."""
    meet = threading.Barrier(3, timeout=20)

    def together(request: Asked) -> Iterable[bytes]:
        meet.wait()
        return speak(request)

    with (
        ScriptedServer(together) as a,
        ScriptedServer(together) as b,
        ScriptedServer(together) as c,
    ):
        for name, server in (("a", a), ("b", b), ("c", c)):
            known.save(Connection(OPENAI, name, f"{server.address}/v1"))
        known.refresh()
        assert [known.problem(name) for name in "abc"] == [None, None, None]
        assert len(known.models()) == 4


def test_one_server_is_asked_alone(
    known: Connections, ollama: OllamaServer, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "work", f"{api.address}/v1"))
    known.refresh("work")

    assert (ollama.log, len(api.asked)) == ([], 1)


def test_names_are_given_once_whatever_their_case(known: Connections) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))

    for name in ("Work", "WORK", "ollama", "a b", ""):
        with pytest.raises(UserFixable):
            known.save(Connection(OPENAI, name, "https://b.example/v1"))
    assert len(known.all()) == 2
    known.save(Connection(OPENAI, "Work", "https://b.example/v1"), "work")
    assert [(each.name, each.address) for each in known.all()[1:]] == [
        ("Work", "https://b.example/v1")
    ]


def test_a_server_keeps_its_place_when_it_is_changed_and_others_stay(known: Connections) -> None:
    for name in "abc":
        known.save(Connection(OPENAI, name, f"https://{name}.example/v1"))
    known.save(Connection(OLLAMA, "x", "http://10.0.0.1:11434", keep_minutes=5), "b")
    known.remove("a")
    known.remove("nothing")
    known.remove("ollama")

    assert [each.name for each in known.all()] == ["ollama", "x", "c"]
    assert known.all()[1].keep_minutes == 5
    for wanted, kept in ((None, None), (-7, -1), (0, 0), (10**9, 525_600)):
        known.save(replace(known.all()[1], keep_minutes=wanted), "x")
        assert known.all()[1].keep_minutes == kept


def test_there_is_an_end_to_servers_and_all_come_back_from_the_file(
    known: Connections, kept: Kept, tmp_path: Path
) -> None:
    for number in range(MOST_CONNECTIONS):
        known.save(Connection(OPENAI, f"s{number}", "https://a.example/v1"))
    with pytest.raises(UserFixable):
        known.save(Connection(OPENAI, "more", "https://a.example/v1"))
    known.save(Connection(OPENAI, "renamed", "https://a.example/v1"), "s0")

    store = SettingsStore(tmp_path / "settings.json")
    store.save(kept.value)
    assert SettingsStore(tmp_path / "settings.json").load().connections == kept.value.connections


def test_a_changed_address_is_asked_anew(
    known: Connections, ollama: OllamaServer, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "work", f"{api.address}/v1"))
    known.refresh("work")
    with ScriptedServer(speak) as other:
        known.save(Connection(OPENAI, "work", f"{other.address}/v1"), "work")
        assert known.served("work") == ()
        assert not known.was_asked("work")
        known.refresh("work")

        assert known.served("work")
        assert (len(api.asked), len(other.asked)) == (1, 1)


def test_a_backend_of_a_server_that_is_gone_is_refused(known: Connections) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))
    model = known.find("openai:work/x")
    assert model is not None
    known.remove("work")

    with pytest.raises(ModelNotFound):
        known.backend(model)


def test_what_was_damaged_in_the_settings_is_left_out(known: Connections, kept: Kept) -> None:
    good = Connection(OPENAI, "good", "https://a.example/v1")
    kept.set(
        servers=(
            replace(good, name="ollama"),
            replace(good, name="bad", address="javascript:alert(1)"),
            good,
            replace(good, name="GOOD", address="https://b.example/v1"),
        )
    )

    assert known.all()[1:] == (good,)


# Offline.


def test_offline_only_this_computer_is_asked(
    known: Connections, kept: Kept, ring: Ring, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "far", "https://far.example/v1"))
    known.save(Connection(OPENAI, "near", f"{api.address}/v1"))
    known.set_key(known.all()[1], KEY)
    ring.asked.clear()
    kept.set(offline=True)
    known.refresh()

    assert ring.asked == []
    assert isinstance(known.problem("far"), Offline)
    assert known.problem("near") is None
    assert [model.server for model in known.models()] == ["ollama", "near"]
    far = known.find("openai:far/x")
    assert far is not None
    (failed,) = ask(known, far)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Offline)
    with pytest.raises(Offline):
        known.test(Connection(OPENAI, "new", "https://far.example/v1"))


def test_offline_an_ollama_of_this_computer_is_no_way_out(
    known: Connections, kept: Kept, ollama: OllamaServer
) -> None:
    ollama.add(OllamaModel("big:cloud", remote_host="https://ollama.com"))
    known.refresh()
    here, away = sorted(known.models(), key=lambda model: model.leaves_to)
    assert (here.leaves_to, away.leaves_to) == ("", "ollama.com")
    kept.set(offline=True)

    (failed,) = ask(known, away)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Offline)
    with pytest.raises(Offline):
        list(known.pull("ollama", "tiny:1b", threading.Event()))
    assert not ollama.asked("/api/chat")
    assert not ollama.asked("/api/pull")
    assert text_of(ask(known, here)) == GEMMA.reply


# Trying out.


def test_a_server_is_tried_before_it_is_kept(known: Connections, api: ScriptedServer) -> None:
    models = known.test(Connection(OPENAI, "new", f" {api.address}/v1/ "))

    assert [model.id for model in models] == ["org/big"]
    assert [each.name for each in known.all()] == ["ollama"]
    assert known.models() == ()


def test_an_address_without_its_last_part_is_completed_in_words(
    known: Connections, api: ScriptedServer
) -> None:
    with pytest.raises(WrongPath) as wrong:
        known.test(Connection(OPENAI, "new", api.address))

    assert wrong.value.address == f"{api.address}/v1"
    assert f"{api.address}/v1" in str(wrong.value.hint)


def _says(*whole: bytes) -> Callable[[object], tuple[bytes, ...]]:
    return lambda _asked: whole


def _json(status: int, body: object) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


@pytest.mark.parametrize(
    ("kind", "said", "error"),
    [
        (OPENAI, _json(401, {"error": {"message": "bad key"}}), AccessDenied),
        (OPENAI, _json(403, {"detail": "no"}), AccessDenied),
        (OPENAI, _json(404, {"detail": "Not Found"}), LapisError),
        (OPENAI, _json(200, {"object": "list", "data": []}), ModelNotServed),
        (OPENAI, _json(200, {"hello": 1}), OddAnswer),
        (OPENAI, b"HTTP/1.1 200 X\r\nContent-Type: text/html\r\n\r\n<html>", OddAnswer),
        (OPENAI, b"SSH-2.0-OpenSSH_9.6\r\n\r\n", OddAnswer),
        (OLLAMA, _json(200, {"models": []}), ModelNotServed),
        (OLLAMA, _json(200, {"hello": 1}), LapisError),
        (OLLAMA, _json(404, {"detail": "Not Found"}), OddAnswer),
        (OLLAMA, _json(401, {"error": "unauthorized"}), AccessDenied),
    ],
)
def test_what_is_wrong_with_a_server_is_said(
    known: Connections, kind: ServerKind, said: bytes, error: type[LapisError]
) -> None:
    with ScriptedServer(_says(said)) as server, pytest.raises(error) as told:
        known.test(Connection(kind, "new", server.address), KEY)

    assert str(told.value.title)
    assert str(told.value.hint)
    assert KEY not in f"{told.value} {told.value.hint}"


def test_a_server_that_nobody_vouches_for_gets_no_key(known: Connections, tmp_path: Path) -> None:
    certificate = new_certificate(tmp_path, ["127.0.0.1"])
    with ScriptedServer(_says(_json(200, LISTED)), certificate) as server:
        with pytest.raises(NotTrusted):
            known.test(Connection(OPENAI, "new", f"{server.address}/v1"), KEY)
        assert server.asked == []


def test_a_bad_address_is_refused_before_anybody_is_asked(known: Connections) -> None:
    with pytest.raises(UserFixable):
        known.test(Connection(OPENAI, "new", "not an address"))


# Keys.


def test_a_key_is_shown_to_its_server_and_kept_in_the_keyring_alone(
    known: Connections, kept: Kept, ring: Ring, tmp_path: Path
) -> None:
    with ScriptedServer(wants_key) as server:
        known.save(Connection(OPENAI, "work", f"{server.address}/v1"))
        work = known.all()[1]
        known.refresh("work")
        assert isinstance(known.problem("work"), AccessDenied)
        assert ring.asked == []
        assert known.set_key(work, KEY) is None
        known.refresh("work")

        assert known.problem("work") is None
        assert known.has_key(work)
        assert KEY in ring.kept.values()
        assert text_of(ask(known, known.models()[-1])) == "Because."
        assert known.test(known.all()[1])
        with pytest.raises(AccessDenied):
            known.test(known.all()[1], "sk-another")
    SettingsStore(tmp_path / "settings.json").save(kept.value)
    assert KEY not in (tmp_path / "settings.json").read_text("utf-8")
    assert KEY not in repr(kept.value) + repr(known.all())


def test_a_key_is_forgotten_when_asked_and_with_its_server(known: Connections, ring: Ring) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))
    known.set_key(known.all()[1], KEY)
    known.set_key(known.all()[1], " ")
    assert (ring.kept, known.has_key(known.all()[1])) == ({}, False)
    known.set_key(known.all()[1], KEY)
    known.remove("work")
    assert ring.kept == {}


def test_a_server_that_comes_back_has_its_key_again(known: Connections, ring: Ring) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))
    known.set_key(known.all()[1], KEY)
    removed = known.all()[1]
    known.remove("work")
    known.save(replace(removed, address="https://other.example/v1"))
    assert (ring.kept, known.has_key(removed)) == ({}, False)
    known.remove("work")
    known.save(removed)

    assert known.has_key(removed)
    assert list(ring.kept.values()) == [KEY]


@pytest.mark.parametrize(
    ("changed", "stays"),
    [
        ({"name": "other"}, True),
        ({"address": "https://a.example/v2"}, True),
        ({"name": "other", "address": "https://a.example/v2"}, True),
        ({"address": "https://b.example/v1"}, False),
        ({"address": "https://a.example:8443/v1"}, False),
        ({"address": "http://a.example:443/v1"}, False),
    ],
)
def test_a_key_stays_with_the_host_it_was_given_for(
    known: Connections, ring: Ring, changed: dict[str, str], stays: bool
) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))
    known.set_key(known.all()[1], KEY)
    known.save(replace(known.all()[1], **changed), "work")  # type: ignore[arg-type]

    assert known.has_key(known.all()[1]) is stays
    assert list(ring.kept.values()) == ([KEY] if stays else [])


def test_a_server_keeps_its_name_while_its_key_cannot_move_along(
    known: Connections, kept: Kept, ring: Ring
) -> None:
    kept.set(servers=(Connection(OPENAI, "work", "https://a.example/v1", has_key=True),))
    ring.kept["server work https://a.example:443"] = KEY
    ring.problem = KeyringProblem(Text("locked"), Text("unlock it"))
    with pytest.raises(KeyringProblem):
        known.save(replace(known.all()[1], name="other"), "work")

    assert known.has_key(known.all()[1])
    assert (known.all()[1].name, list(ring.kept.values())) == ("work", [KEY])
    known.save(replace(known.all()[1], address="https://a.example/v2"), "work")
    known.save(replace(known.all()[1], address="https://b.example/v1"), "work")
    assert not known.has_key(known.all()[1])


def test_nobody_gets_a_key_by_claiming_to_have_one(known: Connections, ring: Ring) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1", has_key=True))

    assert not known.has_key(known.all()[1])
    assert ring.asked == []


def test_a_kept_key_is_not_tried_at_another_address(
    known: Connections, ring: Ring, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "work", "https://a.example/v1"))
    known.set_key(known.all()[1], KEY)
    ring.asked.clear()
    known.test(replace(known.all()[1], address=f"{api.address}/v1"))

    assert ring.asked == []
    assert "authorization" not in api.asked[0].headers


def test_a_key_is_not_kept_for_who_would_get_it_in_the_open(known: Connections, ring: Ring) -> None:
    known.save(Connection(OPENAI, "open", "http://a.example/v1"))
    with pytest.raises(AccessDenied, match="without encryption"):
        known.set_key(known.all()[1], KEY)
    with pytest.raises(AccessDenied, match="without encryption"):
        known.test(known.all()[1], KEY)
    known.save(Connection(OPENAI, "open", "https://a.example/v1"), "open")
    with pytest.raises(UnusableSecret):
        known.set_key(known.all()[1], "no key")
    assert (ring.kept, known.has_key(known.all()[1])) == ({}, False)


def test_a_key_for_nobody_is_refused(known: Connections) -> None:
    with pytest.raises(ModelNotFound):
        known.set_key(Connection(OPENAI, "nobody", "https://a.example/v1"), KEY)
    with pytest.raises(ModelNotFound):
        known.set_key(known.all()[0], KEY)


def test_without_a_keyring_a_key_holds_for_this_run(known: Connections, ring: Ring) -> None:
    problem = KeyringProblem(Text("no keyring"), Text("get one"))
    with ScriptedServer(wants_key) as server:
        known.save(Connection(OPENAI, "work", f"{server.address}/v1"))
        ring.problem = problem
        assert known.set_key(known.all()[1], KEY) is problem
        known.forget_key(known.all()[1])  # there is nothing that anybody could still have
        assert not known.has_key(known.all()[1])


def test_a_keyring_that_is_locked_is_said_where_the_key_is_missed_and_left_in_peace(
    kept: Kept, ring: Ring
) -> None:
    """It is asked once for all keys: one that hangs would hang for each of them in turn."""
    with (
        ScriptedServer(wants_key) as server,
        ScriptedServer(speak) as needs_none,
        closing(Connections(lambda: kept.value, kept.change, ring, {})) as known,
    ):
        work = Connection(OPENAI, "work", f"{server.address}/v1", has_key=True)
        free = Connection(OPENAI, "free", f"{needs_none.address}/v1", has_key=True)
        kept.set(servers=(work, free), finds_ollama=False)
        ring.problem = KeyringProblem(Text("locked"), Text("unlock it"))
        known.refresh()
        known.refresh()

        assert known.problem("work") is ring.problem
        assert known.problem("free") is None
        assert len(ring.asked) == 1
        ring.problem = None
        kept.set(finds_ollama=True)
        assert known.set_key(known.all()[1], KEY) is None
        known.refresh()
        assert known.problem("work") is None


def test_a_key_that_was_had_is_shown_though_the_keyring_fails_for_another(
    known: Connections, kept: Kept, ring: Ring
) -> None:
    with ScriptedServer(wants_key) as server:
        known.save(Connection(OPENAI, "work", f"{server.address}/v1"))
        known.set_key(known.all()[1], KEY)
        other = Connection(OPENAI, "other", f"{server.address}/v1", has_key=True)
        kept.set(servers=(*kept.value.connections.servers, other))
        ring.fails_for = "server other"
        known.refresh("other")
        assert isinstance(known.problem("other"), KeyringProblem)
        known.refresh("work")
        assert known.problem("work") is None


def test_a_key_that_the_keyring_lost_is_missed_by_name(known: Connections, ring: Ring) -> None:
    with ScriptedServer(wants_key) as server:
        known.save(Connection(OPENAI, "work", f"{server.address}/v1"))
        known.set_key(known.all()[1], KEY)
        ring.kept.clear()
        known.refresh("work")

        problem = known.problem("work")
        assert isinstance(problem, KeyringProblem)
        assert "work" in str(problem.title)


def test_a_new_key_holds_while_an_answer_with_the_old_one_goes_on(known: Connections) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def say(request: Asked) -> Iterable[bytes]:
        if request.path != "/v1/chat/completions":
            return value(LISTED)
        return slowly()

    def slowly() -> Iterable[bytes]:
        first, *rest = stream(piece("Be"), piece("cause.", end="stop"))
        yield first
        begun.set()
        assert go_on.wait(20)
        yield from rest

    with ScriptedServer(say) as server:
        known.save(Connection(OPENAI, "work", f"{server.address}/v1"))
        model = known.find("openai:work/org/big")
        assert model is not None
        events: list[Event] = []
        asked = threading.Thread(target=lambda: events.extend(ask(known, model)))
        asked.start()
        assert begun.wait(20)
        known.set_key(known.all()[1], KEY)
        known.refresh("work")
        go_on.set()
        asked.join(30)

        assert text_of(events) == "Because."
        shown = [request.headers.get("authorization") for request in server.asked]
        assert shown == [None, f"Bearer {KEY}"]


def test_libraries_write_down_nothing_of_what_is_asked(
    known: Connections, api: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx", "httpx2"):
        caplog.set_level(logging.DEBUG, logger=name)
    known.save(Connection(OPENAI, "work", f"{api.address}/v1"))
    model = known.find("openai:work/org/big")
    assert model is not None
    ask(known, model)

    talkative = ("openai", "httpx", "httpcore")
    assert not [each.name for each in caplog.records if each.name.startswith(talkative)]


def test_after_the_end_nothing_is_asked_any_more(known: Connections, ollama: OllamaServer) -> None:
    known.refresh()
    asked = len(ollama.log)
    model = known.models()[0]
    known.close()
    known.close()

    (failed,) = ask(known, model)
    assert isinstance(failed, Finished | Failed)
    with pytest.raises(LapisError):
        known.details(model)
    known.refresh()
    assert len(ollama.log) == asked


def test_a_served_model_is_told_apart_by_its_server(
    known: Connections, api: ScriptedServer
) -> None:
    known.save(Connection(OPENAI, "a", f"{api.address}/v1"))
    known.save(Connection(OPENAI, "b", f"{api.address}/v1"))
    known.refresh()

    names = [model.name for model in known.models()]
    assert len(set(names)) == len(names) == 3
    assert known.known(known.models()[2]) == ServedModel("b", "org/big")

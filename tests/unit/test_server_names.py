"""What people type for a model of a server, and what addresses are made of what they paste."""

import pytest

from desktop.domain.connection import Connection, ServedModel, ServerKind
from desktop.domain.errors import BadReference, UserFixable
from desktop.services.server_names import (
    ServedName,
    check_name,
    find_ollama,
    installed,
    is_sound,
    leaves_to,
    name_of,
    read_name,
    server_address,
)

OLLAMA, OPENAI = ServerKind.OLLAMA, ServerKind.OPENAI
FOUND = Connection(OLLAMA, "ollama", "http://127.0.0.1:11434", is_found=True)


@pytest.mark.parametrize(
    ("name", "kind", "connection", "model"),
    [
        ("ollama:gemma2:9b", OLLAMA, "ollama", "gemma2:9b"),
        (" Ollama: gemma2 ", OLLAMA, "ollama", "gemma2"),
        ("ollama@attic:hf.co/a/b:Q4_K_M", OLLAMA, "attic", "hf.co/a/b:Q4_K_M"),
        ("openai:work/meta/llama-3", OPENAI, "work", "meta/llama-3"),
        ("OPENAI:Work/m", OPENAI, "Work", "m"),
        ("ollama:", OLLAMA, "ollama", ""),
        ("ollama:a\nb", OLLAMA, "ollama", ""),
        ("ollama:" + "a" * 301, OLLAMA, "ollama", ""),
        ("openai:work/", OPENAI, "work", ""),
        ("openai:work", OPENAI, "", ""),
        ("ollama@attic", OPENAI, "", ""),
    ],
)
def test_a_name_is_read_in_its_parts(
    name: str, kind: ServerKind, connection: str, model: str
) -> None:
    assert read_name(name) == ServedName(kind, connection, model)


@pytest.mark.parametrize(
    "name", ["", "guide", "ollama", "openai", "gemma2:9b", "a/ollama:b", "C:/m"]
)
def test_other_names_are_left_to_the_library(name: str) -> None:
    assert read_name(name) is None


@pytest.mark.parametrize(
    "connection",
    [
        FOUND,
        Connection(OLLAMA, "attic", "http://10.0.0.2:11434"),
        Connection(OPENAI, "my.box-1_a", "https://api.example.com/v1"),
    ],
)
@pytest.mark.parametrize("model", ["gemma2:9b", "org/model:tag", "../../etc/passwd", "模型", "a b"])
def test_a_name_leads_back_to_its_model(connection: Connection, model: str) -> None:
    read = read_name(name_of(connection, model))

    assert read == ServedName(connection.kind, connection.name, model)


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104
        ("0.0.0.0:5000", "http://127.0.0.1:5000"),
        (":8080", "http://127.0.0.1:8080"),
        ("[::]:7", "http://[::1]:7"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("box", "http://box:11434"),
        ("box:1234", "http://box:1234"),
        ('"10.0.0.2:99"', "http://10.0.0.2:99"),
        ("http://box", "http://box:80"),
        ("https://box", "https://box:443"),
        ("https://box:1/ollama/", "https://box:1/ollama"),
        ("ollama.com", "https://ollama.com:443"),
        ("box:70000", "http://box:11434"),
        ("box:none", "http://box:11434"),
        ("ftp://box", "http://127.0.0.1:11434"),
        ("http://me:secret@box", "http://127.0.0.1:11434"),
        ("a b\n", "http://127.0.0.1:11434"),
    ],
)
def test_ollama_is_looked_for_where_its_own_programs_look(told: str, address: str) -> None:
    assert find_ollama({"OLLAMA_HOST": told}) == address


def test_without_a_variable_ollama_is_at_its_usual_address() -> None:
    assert find_ollama({}) == "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("typed", "kind", "address"),
    [
        ("http://127.0.0.1:1234/v1/", OPENAI, "http://127.0.0.1:1234/v1"),
        ("localhost:1234/v1", OPENAI, "http://localhost:1234/v1"),
        ("192.168.0.7:8000/v1", OPENAI, "http://192.168.0.7:8000/v1"),
        (" API.example.com/v1 ", OPENAI, "https://api.example.com/v1"),
        ("https://a.example/v1/chat/completions", OPENAI, "https://a.example/v1"),
        ("https://a.example/v1/models/", OPENAI, "https://a.example/v1"),
        ("HTTPS://A.example/Path", OPENAI, "https://a.example/Path"),
        ("http://box:11434/api/chat", OLLAMA, "http://box:11434"),
        ("http://box:11434/v1/", OLLAMA, "http://box:11434"),
        ("http://box:11434/below", OLLAMA, "http://box:11434/below"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(typed: str, kind: ServerKind, address: str) -> None:
    assert server_address(typed, kind) == address
    assert server_address(address, kind) == address


@pytest.mark.parametrize(
    "typed",
    [
        *("", "ftp://a.example", "https://", "https://a b", "https://a.example/?key=1"),
        *("https://me:secret@a.example", "https://a.example/#x", "https://a.example:0", "a\nb"),
        "https://a.example/" + "a" * 500,
    ],
)
@pytest.mark.parametrize("kind", [OPENAI, OLLAMA])
def test_what_is_no_address_is_refused_and_shows_no_password(typed: str, kind: ServerKind) -> None:
    with pytest.raises(BadReference) as refused:
        server_address(typed, kind)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "a:b", "-a", "名", "a" * 41, "ollama", "Ollama"]
)
def test_some_names_cannot_be_given_to_a_server(name: str) -> None:
    with pytest.raises(UserFixable):
        check_name(name)
    assert not is_sound(Connection(OPENAI, name, "https://a.example"))


@pytest.mark.parametrize("name", ["a", "A.b-c_1", "a" * 40])
def test_others_can(name: str) -> None:
    check_name(name)
    assert is_sound(Connection(OPENAI, name, "https://a.example"))


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://me:secret@a.example", "", "https://a.example/?a"]
)
def test_an_address_that_lapis_never_wrote_is_not_sound(address: str) -> None:
    assert not is_sound(Connection(OPENAI, "a", address))
    assert not is_sound(Connection(OPENAI, "a", "https://a.example", is_found=True))


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://127.0.0.1:11434", ""),
        ("http://localhost:1", ""),
        ("http://[::1]:1", ""),
        ("http://192.168.0.7:1", "192.168.0.7"),
        ("https://api.example.com/v1", "api.example.com"),
    ],
)
def test_where_a_question_goes_is_said_unless_it_stays_here(address: str, host: str) -> None:
    assert leaves_to(address) == host


def test_a_model_that_the_server_has_others_answer_leaves_too() -> None:
    told = ServedModel("ollama", "big:cloud", passes_to="ollama.com")

    assert installed(FOUND, told).leaves_to == "ollama.com"
    assert installed(FOUND, ServedModel("ollama", "small")).leaves_to == ""


def test_a_served_model_is_chosen_by_its_name_and_shown_by_its_own() -> None:
    model = installed(FOUND, ServedModel("ollama", "gemma2:9b", size=7))

    assert (model.name, model.title, model.size) == ("ollama:gemma2:9b", "gemma2:9b", 7)
    assert (str(model.path), model.server, model.is_served) == (model.name, "ollama", True)

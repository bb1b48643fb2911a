"""`lapis serve`: what is said of the server, what each request left, and how it ends."""

import errno
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from desktop.api.app import make_app
from desktop.api.server import start_app
from desktop.base.paths import resources
from desktop.base.translation import Translator
from desktop.domain.errors import LapisError, UserFixable
from desktop.domain.settings import ApiSettings, Language
from desktop.domain.text import Text
from desktop.services.local_api import Listening, RunningServer
from desktop.terminal.commandline import parse
from desktop.terminal.errors import EXIT_OK, UsageError
from desktop.terminal.output import Screen
from desktop.terminal.serve import ServeTools, serve
from desktop.terminal.serve_orders import ServeOrder
from tests.harness.api_house import ApiHouse, RawClient, question, request
from tests.harness.waiting import wait_for

KEPT = "lapis-the-kept-key"


class FullDisk(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@dataclass
class Serving:
    """A `lapis serve` at work in a thread, and what it wrote."""

    order: ServeOrder = field(default_factory=ServeOrder)
    settings: ApiSettings = field(default_factory=ApiSettings)
    problem: LapisError | None = None
    house: ApiHouse = field(default_factory=ApiHouse)
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    listening: Listening | None = None
    port: int = 0
    code: int | None = None
    language: Language = Language.ENGLISH

    def run(self, cancel: threading.Event) -> None:
        tools = ServeTools(self.settings, self._make, lambda: (KEPT, self.problem), "tiny")
        words = Translator(self.language, resources() / "locale")
        self.code = serve(self.order, tools, words, Screen(self.out, self.err), cancel)

    def _make(self, listening: Listening) -> RunningServer:
        from dataclasses import replace

        self.listening = listening
        free = replace(listening, port=0)
        server = start_app(make_app(self.house.door()), free)
        self.port = server.port
        return server

    def ask(self, **wishes: object) -> int:
        with RawClient(self.port) as client:
            client.send(request(**wishes))  # type: ignore[arg-type]
            return client.answer().status


@contextmanager
def running(serving: Serving) -> Iterator[Serving]:
    cancel = threading.Event()
    thread = threading.Thread(target=serving.run, args=(cancel,))
    thread.start()
    try:
        # The address, that of each protocol, the model, the key.
        wait_for(lambda: serving.out.getvalue().count("\n") == 5)
        yield serving
    finally:
        cancel.set()
        thread.join(20)


def test_address_model_and_the_kept_key_are_said() -> None:
    with running(Serving()) as serving:
        said = serving.out.getvalue()
        assert f"http://127.0.0.1:{serving.port}/v1" in said
        assert "Model: tiny" in said
        assert f"Key: {KEPT}" in said
        assert serving.ask(key=KEPT) == 200
        assert serving.ask(key=None) == 401
    assert serving.code == EXIT_OK
    assert "has ended" in serving.err.getvalue()
    with pytest.raises(ConnectionError):
        RawClient(serving.port)


def test_no_space_follows_a_full_width_colon() -> None:
    with running(Serving(language=Language.CHINESE)) as serving:
        assert f"密钥：{KEPT}" in serving.out.getvalue()


def test_a_given_key_counts_and_is_not_shown() -> None:
    with running(Serving(ServeOrder(key="not-needed"))) as serving:
        assert serving.ask(key="not-needed") == 200
        assert serving.ask(key=KEPT) == 401
    assert "not-needed" not in serving.out.getvalue() + serving.err.getvalue()
    assert "not-needed" not in repr(serving.order)


def test_each_request_leaves_a_line_without_its_words() -> None:
    with running(Serving()) as serving:
        secret = [{"role": "user", "content": "canary-in-a-question"}]
        assert serving.ask(key=KEPT, body=question(messages=secret)) == 200
        wait_for(lambda: "tokens" in serving.err.getvalue())
        assert serving.ask(key="canary-key", path="/v1/models", method="GET") == 401
        wait_for(lambda: "401" in serving.err.getvalue())
    lines = serving.err.getvalue().splitlines()
    assert "POST /v1/chat/completions  200  tiny  3 + 2 tokens" in lines[0]
    assert "GET /v1/models  401" in lines[1]
    assert "canary" not in serving.err.getvalue()


def test_what_a_client_calls_a_path_cannot_move_the_cursor() -> None:
    with running(Serving()) as serving:
        assert serving.ask(key=KEPT, path="/%1b%5d52;c;aGk=%07%1b[2J", method="GET") == 404
        wait_for(lambda: "404" in serving.err.getvalue())
    assert "\x1b" not in serving.err.getvalue()


def test_who_asks_is_answered_also_while_no_line_can_be_written() -> None:
    with running(Serving(err=FullDisk())) as serving:
        for _ in range(3):
            assert serving.ask(key=KEPT) == 200
    assert serving.code == EXIT_OK


def test_a_refused_origin_is_said_once() -> None:
    with running(Serving()) as serving:
        headers = [("Origin", "app://editor")]
        for _ in range(3):
            assert serving.ask(key=KEPT, headers=headers) == 403
        wait_for(lambda: serving.err.getvalue().count("403") == 3)
    assert serving.err.getvalue().count("app://editor was refused") == 1


def test_an_origin_that_no_setting_takes_is_not_said_to_be_one_that_can_be_let_in() -> None:
    with running(Serving()) as serving:
        for origin in ("null", "app://" + "x" * 200):
            assert serving.ask(key=KEPT, headers=[("Origin", origin)]) == 403
        wait_for(lambda: serving.err.getvalue().count("403") == 2)
    assert "let it in" not in serving.err.getvalue()


def test_the_order_goes_before_the_settings() -> None:
    order = ServeOrder(host="127.0.0.2", port=4321, keyless=True)
    with running(Serving(order, ApiSettings(host="127.0.0.1", port=1234))) as serving:
        assert serving.listening is not None
        assert (serving.listening.host, serving.listening.port) == ("127.0.0.2", 4321)
        assert serving.ask(key=None) == 200
    assert "need no key" in serving.err.getvalue()
    assert "Other computers can reach this server" in serving.err.getvalue()


def test_a_key_that_no_keyring_keeps_is_said_to_last_for_this_run() -> None:
    problem = UserFixable(Text("The keyring is locked"), Text("Unlock it."))
    with running(Serving(problem=problem)) as serving:
        wait_for(lambda: "until the server ends" in serving.err.getvalue())
    assert "The keyring is locked" in serving.err.getvalue()


@pytest.fixture(name="words")
def _words() -> Translator:
    return Translator(Language.ENGLISH, resources() / "locale")


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ([], ServeOrder()),
        (
            [
                "-m",
                "qwen",
                "--host",
                "192.168.1.5",
                "--port",
                "8080",
                "--api-key",
                "k",
                "--keyless",
            ],
            ServeOrder("qwen", "192.168.1.5", 8080, "k", keyless=True),
        ),
    ],
)
def test_a_command_line_becomes_an_order(
    words: Translator, line: list[str], order: ServeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAPIS_API_KEY", raising=False)
    assert parse(["serve", *line], words) == order


def test_the_environment_brings_the_key(words: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPIS_API_KEY", "from-there")
    assert parse(["serve"], words) == ServeOrder(key="from-there")
    assert parse(["serve", "--api-key", "given"], words) == ServeOrder(key="given")


@pytest.mark.parametrize(
    "line", [["--port", "0"], ["--port", "x"], ["--port", "70000"], ["--api-key", "a b"],
             ["--api-key", "密钥"], ["--api-key", "x" * 600]]
)  # fmt: skip
def test_what_cannot_be_is_explained(words: Translator, line: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(["serve", *line], words)

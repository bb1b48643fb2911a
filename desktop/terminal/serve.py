"""`lapis serve`: the local server with a terminal in the place of the window. Main thread.

What clients did is written as it comes, a line each, from an inbox that the server's thread fills;
what they said is not.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace

from desktop.base.translation import Translator
from desktop.domain.api import Access
from desktop.domain.errors import LapisError
from desktop.domain.settings import MOST_ORIGINS, ApiSettings
from desktop.services.local_api import Listening, MakeServer, can_be_let_in
from desktop.terminal.errors import EXIT_OK
from desktop.terminal.output import Screen, Style
from desktop.terminal.serve_orders import ServeOrder

_LOOK_SECONDS = 0.5
_NEAR = frozenset({"127.0.0.1", "localhost", "::1"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServeTools:
    """What serving takes: `settings` as they are kept, and what makes a server.

    `kept_key` returns the key that Lapis keeps, made at first use, and why it is kept for this run
    only, if so; it waits for the keyring. `model` is what programs that name none are answered by.
    """

    settings: ApiSettings
    make_server: MakeServer
    kept_key: Callable[[], tuple[str, LapisError | None]]
    model: str


def serve(
    order: ServeOrder,
    tools: ServeTools,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Answer until `cancel` is set, and return the exit code; raises LapisError (PortTaken)."""
    kept = tools.settings
    access = replace(
        kept,
        host=order.host or kept.host,
        port=order.port or kept.port,
        keyless=kept.keyless if order.keyless is None else order.keyless,
    )
    key, problem = (order.key, None) if order.key else tools.kept_key()
    inbox: queue.SimpleQueue[Access | str] = queue.SimpleQueue()
    listening = Listening(
        host=access.host,
        port=access.port,
        key=lambda: key,
        access=lambda: access,
        note=inbox.put,
        refuse=inbox.put,
        count=_nothing,
    )
    with closing(tools.make_server(listening)) as server:
        _say_where(access, server.port, tools.model, words, screen)
        _say_key(order, key, problem, access, words, screen)
        told: deque[str] = deque(maxlen=MOST_ORIGINS)
        while not cancel.is_set():
            try:
                news = inbox.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(news, Access):
                _note(_line(news, words), screen)
            elif can_be_let_in(news) and news not in told:
                told.append(news)
                _note(
                    words.say(
                        "{origin} was refused; the settings of Lapis can let it in.", origin=news
                    ),
                    screen,
                )
    _note(words.say("The local server has ended."), screen)
    return EXIT_OK


def _say_where(
    access: ApiSettings, port: int, model: str, words: Translator, screen: Screen
) -> None:
    host = access.host
    is_near = host.casefold() in _NEAR
    name = "127.0.0.1" if is_near else host
    address = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
    screen.line(
        words.say("Lapis answers other programs at {address}", address=address), Style.STRONG
    )
    for label, value in (
        (words.say("For OpenAI's library:"), f"{address}/v1"),
        (words.say("For Ollama's:"), address),
        (words.say("Model:"), model),
    ):
        _labelled(label, value, screen)
    if not is_near:
        screen.note(
            words.say(
                "Other computers can reach this server. What they send and get is not encrypted on "
                "its way: use it in networks you trust alone."
            )
        )


def _say_key(
    order: ServeOrder,
    key: str,
    problem: LapisError | None,
    access: ApiSettings,
    words: Translator,
    screen: Screen,
) -> None:
    label = words.say("Key:")
    _labelled(label, words.say("the one that was given") if order.key else key, screen)
    if access.keyless:
        screen.note(
            words.say(
                "Programs of this computer need no key: each of them can ask, whoever started it."
            )
        )
    if problem is not None:
        screen.note(words.say(problem.title))
        screen.note(words.say("This key is kept until the server ends."))


def _labelled(label: str, value: str, screen: Screen) -> None:
    """Write a label and its value; no space follows a full-width colon."""
    gap = "" if label.endswith("：") else " "
    screen.labelled(label, f"{label}{gap}{value}")


def _note(text: str, screen: Screen) -> None:
    """Write a line that nobody waits for; raises BrokenPipeError once nobody reads any."""
    try:
        screen.note(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        # The disk that the lines are kept on may be full: who asks is answered all the same.
        _log.warning("a line could not be written: %s", error.strerror)


def _line(access: Access, words: Translator) -> str:
    """Return a request in one line: when, who, what, and what it took."""
    parts = [
        time.strftime("%H:%M:%S", time.localtime(access.time)),
        access.client,
        f"{access.method} {access.route}",
        str(access.status),
    ]
    if access.model:
        parts.append(access.model)
    tokens = access.prompt_tokens + access.completion_tokens
    if tokens:
        parts.append(
            words.say(
                "{prompt} + {answer} tokens",
                prompt=f"{access.prompt_tokens:,}",
                answer=f"{access.completion_tokens:,}",
            )
        )
    parts.append(words.say("{seconds} s", seconds=f"{access.seconds:.1f}"))
    return "  ".join(parts)


def _nothing(_requests: int) -> None:
    """Need not know how many requests are under way."""

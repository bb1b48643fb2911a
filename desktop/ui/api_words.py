"""What is said of the local server: its addresses, how it is, and what became of a request.

GUI thread.
"""

import ipaddress
import time

from desktop.domain.api import Access, ServerPhase, ServerState
from desktop.domain.text import Text, printable, shortened
from desktop.ui.translation import say

__all__ = [
    "base_address",
    "client_name",
    "far_address",
    "is_near",
    "is_refused",
    "openai_address",
    "outcome",
    "outcome_at_length",
    "running_words",
    "tray_line",
    "when",
]

_HERE = "127.0.0.1"
_LONGEST = 80
_BAD_REQUEST, _SERVER_FAULT = 400, 500


def base_address(port: int) -> str:
    """Return where programs of this computer find the server, wherever else it listens."""
    return f"http://{_HERE}:{port}"


def openai_address(port: int) -> str:
    """Return what clients made for OpenAI call the base URL."""
    return f"{base_address(port)}/v1"


def far_address(host: str, port: int) -> str:
    """Return where other computers find the server that listens at `host`."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_near(host: str) -> bool:
    """Tell whether only this computer can reach what listens at `host`."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def running_words(state: ServerState) -> str:
    """Return how a server that runs is, or one that does not and was not asked to."""
    if state.phase is ServerPhase.STARTING:
        return say(Text("Starting…"))
    if state.phase is not ServerPhase.RUNNING:
        return say(Text("Off. No program can ask."))
    if state.requests == 0:
        return say(Text("On, and waiting for programs to ask."))
    if state.requests == 1:
        return say(Text("On. One request is being answered."))
    return say(Text("On. {count} requests are being answered.", {"count": state.requests}))


def tray_line(state: ServerState) -> str:
    """Return the same in as few words as fit a menu."""
    match state.phase:
        case ServerPhase.RUNNING:
            address = base_address(state.port)
            return say(Text("Local API: on, {address}", {"address": address}))
        case ServerPhase.STARTING:
            return say(Text("Local API: starting…"))
        case ServerPhase.FAILED:
            return say(Text("Local API: does not run"))
        case _:
            return say(Text("Local API: off"))


def when(moment: float, now: float) -> str:
    """Return the time of day, with the day where that is not today."""
    there = time.localtime(moment)
    if there[:3] == time.localtime(now)[:3]:
        return time.strftime("%H:%M:%S", there)
    return time.strftime("%m-%d %H:%M", there)


def client_name(access: Access) -> str:
    """Return what a client calls itself, its address where it does not, and both from afar."""
    agent = printable(access.agent).strip()
    if not agent:
        return access.client
    words = agent if is_near(access.client) else f"{agent} · {access.client}"
    return shortened(words, _LONGEST)


def outcome(access: Access) -> str:
    """Return what became of a request in a word or two: tokens read → written, or why it failed."""
    match access.status:
        case 401:
            return say(Text("no valid key"))
        case 403:
            return say(Text("not let in"))
        case 404:
            return say(Text("not found"))
        case 429:
            return say(Text("too many"))
        case 499:
            return say(Text("stopped"))
        case status if status >= _SERVER_FAULT:
            return say(Text("failed ({status})", {"status": status}))
        case status if status >= _BAD_REQUEST:
            return say(Text("refused ({status})", {"status": status}))
        case _ if access.prompt_tokens or access.completion_tokens:
            return f"{access.prompt_tokens:,} → {access.completion_tokens:,}"
        case _:
            return say(Text("answered"))


def outcome_at_length(access: Access) -> str:
    """Return the same in a sentence."""
    match access.status:
        case 401:
            return say(Text("Refused: it showed no key, or another one"))
        case 403:
            return say(Text("Refused: it came from a web page, or under a foreign name"))
        case 404:
            return say(Text("There is no such model, or no such address"))
        case 429:
            return say(Text("Refused: too many requests were waiting"))
        case 499:
            return say(Text("The program left before the end"))
        case status if status >= _BAD_REQUEST:
            return outcome(access)
        case _ if access.prompt_tokens or access.completion_tokens:
            read, written = f"{access.prompt_tokens:,}", f"{access.completion_tokens:,}"
            return say(
                Text("{read} tokens read, {written} written", {"read": read, "written": written})
            )
        case _:
            return say(Text("Answered"))


def is_refused(access: Access) -> bool:
    """Tell whether a request did not get what it asked for."""
    return access.status >= _BAD_REQUEST

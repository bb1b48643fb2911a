"""What the stand-in for Ollama does wrong: switches that a test sets, at any time.

Thread-safe: tests set them in their thread, the server asks in its own.
"""

import json
import threading
from collections import deque
from collections.abc import Mapping

from tests.harness.http_listener import Answer


def told(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return `value` as an answer in JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, json.dumps(value).encode(), {**kind, **(headers or {})})


def web_page() -> Answer:
    """Return what a login page looks like."""
    body = b"<!DOCTYPE html><html><title>Welcome to the hotel</title></html>"
    return Answer(200, body, {"Content-Type": "text/html; charset=utf-8"})


class Faults:
    """All off in the beginning. Plain attributes may be set at any time.

    Of every answer:

    * `is_silent`: no answer at all, until the client goes away
    * `always`: this answer to whatever is asked
    * `instead`: answers by path
    * `redirect`: {path} of a redirect that is given for everything

    Of streams, counted in lines (None: never):

    * `silent_after`: nothing more comes, until the client goes away
    * `dies_after`: the connection is reset
    * `ends_after`: the stream ends as if it were complete
    * `error_after`: `error` comes as a line
    * `garbage_after`: `garbage` comes as a line
    * `endless_line_after`: a line begins that never ends, `line_bytes` at the most
    * `is_endless`: the model never stops reciting
    """

    def __init__(self) -> None:
        self.is_silent = False
        self.always: Answer | None = None
        self.instead: dict[str, Answer] = {}
        self.redirect = ""
        self.silent_after: int | None = None
        self.dies_after: int | None = None
        self.ends_after: int | None = None
        self.error_after: int | None = None
        self.error: object = "an error was encountered while running the model"
        self.garbage_after: int | None = None
        self.garbage = b"{"
        self.endless_line_after: int | None = None
        self.line_bytes = 2**30
        self.is_endless = False
        self._lock = threading.Lock()
        self._refusals: deque[tuple[str, Answer]] = deque()

    def refuse(
        self,
        status: int,
        error: str = "server busy, please try again.  maximum pending requests exceeded",
        *,
        path: str = "/api/chat",
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` questions of `path` with an error."""
        with self._lock:
            self._refusals.extend([(path, told({"error": error}, status, headers))] * times)

    def answer(self, path: str) -> Answer | None:
        """Return what is said instead of the right answer, None for nothing."""
        with self._lock:
            if self._refusals and self._refusals[0][0] == path:
                return self._refusals.popleft()[1]
        if self.redirect:
            return Answer(307, b"", {"Location": self.redirect.format(path=path)})
        return self.always or self.instead.get(path)

"""One question to a source: from what was answered lately, else from the server. Any thread.

A server that asks for a short wait gets it; where none can be reached, an older answer is used and
`remembered` says from when.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeAlias

from desktop.domain.errors import NetworkError, TooManyRequests
from desktop.domain.network_log import UNTOLD, Reason
from desktop.hub.answers import Answers, KeptAnswer
from desktop.hub.client import Answer, Client
from desktop.hub.network import may_carry_token

Ask: TypeAlias = Callable[[str], Answer]
"""Returns the answer to a GET of an address; raises NetworkError."""
_LONGEST_WAIT: Final = 10.0
_MOST_WAITS: Final = 2


class Asker:
    """Asks for one person's question, which may take several requests."""

    def __init__(
        self,
        client: Client,
        answers: Answers | None,
        stop: threading.Event,
        has_token: Callable[[], bool],
        why: Reason = UNTOLD,
    ) -> None:
        """Ask through `client`; without `answers` always anew. `stop` ends waits.

        `has_token` is asked only where a token would be shown; `why` is noted with each request.
        """
        self._client = client
        self._answers = answers
        self._stop = stop
        self._has_token = has_token
        self._why = why
        self._oldest: float | None = None

    @property
    def remembered(self) -> str:
        """The time (ISO) of the oldest answer that stood in for a server; empty if none had to."""
        if self._oldest is None:
            return ""
        return datetime.fromtimestamp(self._oldest, UTC).isoformat(timespec="seconds")

    def ask(self, url: str) -> Answer:
        """Return the answer to a GET of `url`; raises NetworkError."""
        shows_token = may_carry_token(url) and self._has_token()
        kept = self._answers.find(url, with_token=shows_token) if self._answers else None
        if kept is not None and kept.is_fresh:
            return Answer(kept.value, kept.next_page)
        try:
            answer = self._from_server(url)
        except NetworkError as error:
            if kept is None or not error.passes:
                raise
            return self._old(kept)
        if self._answers is not None:
            self._answers.keep(url, answer.value, answer.next_page, with_token=shows_token)
        return answer

    def _from_server(self, url: str) -> Answer:
        for _ in range(_MOST_WAITS):
            try:
                return self._client.get_json(url, why=self._why)
            except TooManyRequests as error:
                if error.seconds > _LONGEST_WAIT or self._stop.wait(error.seconds):
                    raise
        return self._client.get_json(url, why=self._why)

    def _old(self, kept: KeptAnswer) -> Answer:
        self._oldest = kept.time if self._oldest is None else min(self._oldest, kept.time)
        return Answer(kept.value, kept.next_page)

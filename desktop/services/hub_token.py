"""The token for Hugging Face: from the keyring, or from the environment where that has none.

`HF_TOKEN` is the name that Hugging Face's own programs read. Any thread but the GUI thread, for the
keyring may wait.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from desktop.config.secrets import HUGGING_FACE, KeyringProblem, Secrets

_VARIABLE: Final = "HF_TOKEN"
_AGAIN_SECONDS: Final = 300.0

_log = logging.getLogger(__name__)


class TokenPlace(Enum):
    """Who has the token; in this run only, Lapis itself."""

    NOWHERE = auto()
    KEYRING = auto()
    THIS_RUN = auto()
    ENVIRONMENT = auto()


@dataclass(frozen=True, slots=True)
class TokenState:
    """Where the token is, and `problem`: why the keyring cannot have it, if so."""

    place: TokenPlace
    problem: KeyringProblem | None = None


class HubToken:
    """Call it for the token; empty where there is none."""

    def __init__(self, secrets: Secrets, environment: Mapping[str, str]) -> None:
        """Ask nobody yet."""
        self._secrets = secrets
        self._environment = environment
        self._guard = threading.Lock()
        self._failure: tuple[float, KeyringProblem] | None = None
        self._not_kept: KeyringProblem | None = None

    def __call__(self) -> str:
        """Return the token; a keyring that failed is left in peace for five minutes."""
        token, _problem = self._look()
        return token or self._from_environment()

    def state(self) -> TokenState:
        """Return where the token is that a call returns; asks the keyring as that does."""
        token, problem = self._look()
        with self._guard:
            not_kept = self._not_kept
        if token:
            place = TokenPlace.KEYRING if not_kept is None else TokenPlace.THIS_RUN
            return TokenState(place, not_kept)
        if self._from_environment():
            return TokenState(TokenPlace.ENVIRONMENT, problem)
        return TokenState(TokenPlace.NOWHERE, problem)

    def keep(self, token: str) -> KeyringProblem | None:
        """Keep a token; return why for this run only, if so. Raises UnusableSecret."""
        problem = self._secrets.put(HUGGING_FACE, token)
        with self._guard:
            self._failure = None
            self._not_kept = problem
        return problem

    def forget(self) -> None:
        """Remove the token; raises KeyringProblem if the keyring may still have it.

        `state` then has that very problem.
        """
        with self._guard:
            was_kept = self._not_kept is None
            self._failure = self._not_kept = None
        try:
            self._secrets.forget(HUGGING_FACE)
        except KeyringProblem as problem:
            self._note_failure(problem)
            if was_kept:
                raise

    def _look(self) -> tuple[str, KeyringProblem | None]:
        """Return the token that was kept, empty for none, and what is wrong with the keyring."""
        with self._guard:
            failure = self._failure
        if failure is not None and time.monotonic() - failure[0] < _AGAIN_SECONDS:
            return "", failure[1]
        try:
            return self._secrets.get(HUGGING_FACE), None
        except KeyringProblem as problem:
            _log.info("no token from the keyring: %s", problem.title.message)
            self._note_failure(problem)
            return "", problem

    def _note_failure(self, problem: KeyringProblem) -> None:
        with self._guard:
            self._failure = time.monotonic(), problem

    def _from_environment(self) -> str:
        return self._environment.get(_VARIABLE, "").strip()

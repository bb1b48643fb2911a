"""The token for Hugging Face: from the keyring, or from the environment where that has none.

`HF_TOKEN` is the name that Hugging Face's own programs read. Any thread but the GUI thread, for the
keyring may wait.
"""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final

from desktop.config.secrets import HUGGING_FACE, KeyringProblem, Secrets

_VARIABLE: Final = "HF_TOKEN"
_AGAIN_SECONDS: Final = 300.0

_log = logging.getLogger(__name__)


class HubToken:
    """Call it for the token; empty where there is none."""

    def __init__(self, secrets: Secrets, environment: Mapping[str, str]) -> None:
        """Ask nobody yet."""
        self._secrets = secrets
        self._environment = environment
        self._guard = threading.Lock()
        self._failed_at: float | None = None

    def __call__(self) -> str:
        """Return the token; a keyring that failed is left in peace for five minutes."""
        with self._guard:
            failed_at = self._failed_at
        if failed_at is None or time.monotonic() - failed_at >= _AGAIN_SECONDS:
            try:
                kept = self._secrets.get(HUGGING_FACE)
            except KeyringProblem as problem:
                _log.info("no token from the keyring: %s", problem.title.message)
                self._note_failure()
            else:
                if kept:
                    return kept
        return self._environment.get(_VARIABLE, "").strip()

    def keep(self, token: str) -> KeyringProblem | None:
        """Keep a token; return why for this run only, if so. Raises UnusableSecret."""
        problem = self._secrets.put(HUGGING_FACE, token)
        with self._guard:
            self._failed_at = None
        return problem

    def forget(self) -> None:
        """Remove the token; raises KeyringProblem if the keyring may still have it."""
        self._secrets.forget(HUGGING_FACE)

    def _note_failure(self) -> None:
        with self._guard:
            self._failed_at = time.monotonic()

"""Keys and tokens in the keyring of the operating system, and nowhere else.

Every call may wait for a dialog, or for a service that never starts, so none is made on the GUI
thread, and each is given up after some seconds. A secret that no keyring takes is kept in memory
until Lapis ends. Only keyrings that encrypt are used, whatever the environment says. Any thread.
"""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from desktop.domain.errors import UserFixable
from desktop.domain.text import Text

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

HUGGING_FACE: Final = "huggingface.co"
LONGEST_SECRET: Final = 512
_SERVICE: Final = "Lapis"
_SECONDS: Final = 15.0
_KEYRINGS: Final = frozenset(
    {
        ("keyring.backends.SecretService", "Keyring"),
        ("keyring.backends.kwallet", "DBusKeyring"),
        ("keyring.backends.kwallet", "DBusKeyringKWallet4"),
        ("keyring.backends.libsecret", "Keyring"),
        ("keyring.backends.macOS", "Keyring"),
        ("keyring.backends.Windows", "WinVaultKeyring"),
    }
)

Found = TypeVar("Found")

_log = logging.getLogger(__name__)


class KeyringProblem(UserFixable):
    """The keyring of the system cannot be used now."""


class UnusableSecret(UserFixable):
    """What was typed can be no key or token."""


class Secrets:
    """Secrets by name; every method but `keep` for this run blocks for some seconds at most."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        """Touch nothing yet; a keyring that does not answer within `seconds` is given up."""
        self._seconds = seconds
        self._here: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """Return the secret, empty if there is none; raises KeyringProblem."""
        with self._lock:
            if name in self._here:
                return self._here[name]
        found = self._ask(lambda ring: ring.get_password(_SERVICE, name)) or ""
        with self._lock:
            # Another thread may have put one meanwhile.
            return self._here.setdefault(name, found)

    def put(self, name: str, secret: str) -> KeyringProblem | None:
        """Keep `secret`; return why it is kept for this run only, None if the keyring has it.

        Raises UnusableSecret, and then keeps what was there.
        """
        secret = secret.strip()
        is_plain = secret.isascii() and secret.isprintable() and " " not in secret
        if not (is_plain and 0 < len(secret) <= LONGEST_SECRET):
            raise UnusableSecret(
                Text("This cannot be a token"),
                Text("Copy it again from the page that made it: letters, digits and a few signs."),
            )
        with self._lock:
            self._here[name] = secret
        try:
            self._ask(lambda ring: _put(ring, name, secret))
        except KeyringProblem as problem:
            return problem
        return None

    def forget(self, name: str) -> None:
        """Remove the secret everywhere; raises KeyringProblem if the keyring may still have it."""
        with self._lock:
            self._here[name] = ""
        self._ask(lambda ring: _delete(ring, name))

    def _ask(self, question: "Callable[[KeyringBackend], Found]") -> Found:
        """Return the answer of the keyring, asked in a thread that may be left behind."""
        call = _Call(question)
        thread = threading.Thread(target=call.run, name="keyring", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            raise KeyringProblem(
                Text("The keyring of this computer does not answer"),
                Text("Look for a dialog that asks for its password, then try again."),
            )
        if call.problem is not None:
            raise call.problem
        return call.answers[0]


class _Call(Generic[Found]):
    """One question to the keyring, and what came of it."""

    def __init__(self, question: "Callable[[KeyringBackend], Found]") -> None:
        self._question = question
        self.answers: list[Found] = []
        self.problem: KeyringProblem | None = None

    def run(self) -> None:
        """Ask; whatever the foreign code raises becomes a `problem`."""
        try:
            self.answers.append(self._question(_keyring()))
        except KeyringProblem as problem:
            self.problem = problem
        except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise
            _log.warning("the keyring failed: %s", type(error).__name__)
            self.problem = _explained(error)


def _keyring() -> "KeyringBackend":
    """Return the best keyring that encrypts; raises KeyringProblem."""
    from keyring.backend import KeyringBackend, get_all_keyring

    get_all_keyring()
    # That loads them, and remembers who was there the first time; one may have started since.
    kinds = [kind for kind in KeyringBackend.get_viable_backends() if _name(kind) in _KEYRINGS]
    if not kinds:
        raise KeyringProblem(
            Text("This computer has no keyring that Lapis can use"),
            Text("Install or start one, such as GNOME Keyring, KWallet or KeePassXC."),
        )
    return max(kinds, key=lambda kind: kind.priority)()


def packed_keyrings() -> tuple[str, ...]:
    """Return the modules of keyrings that came with this Lapis, whether or not any runs here.

    Raises what they raise when they cannot be loaded.
    """
    from importlib.metadata import entry_points

    known = {module for module, _name in _KEYRINGS}
    found = [entry for entry in entry_points(group="keyring.backends") if entry.module in known]
    for entry in found:
        entry.load()
    return tuple(sorted({entry.module for entry in found}))


def _name(kind: "type[KeyringBackend]") -> tuple[str, str]:
    return kind.__module__, kind.__name__


def _put(ring: "KeyringBackend", name: str, secret: str) -> None:
    """Store and read back: some keyrings say yes and keep nothing."""
    ring.set_password(_SERVICE, name, secret)
    if ring.get_password(_SERVICE, name) != secret:
        raise KeyringProblem(
            Text("The keyring of this computer did not keep the token"),
            Text("It is kept until Lapis ends. Check the keyring, then enter the token again."),
        )


def _delete(ring: "KeyringBackend", name: str) -> None:
    if ring.get_password(_SERVICE, name) is not None:
        ring.delete_password(_SERVICE, name)


def _explained(error: Exception) -> KeyringProblem:
    from keyring.errors import KeyringLocked

    if isinstance(error, KeyringLocked):
        return KeyringProblem(
            Text("The keyring of this computer is locked"),
            Text("Unlock it, usually with the password of your account, then try again."),
        )
    return KeyringProblem(
        Text("The keyring of this computer cannot be used"),
        Text("The system says: {reason}.", {"reason": str(error) or type(error).__name__}),
    )

"""What stand-ins that speak raw bytes have in common: a loopback port, a thread for each client."""

import socket
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class RawListener(ABC):
    """A context manager. Each kind has its `_answer`, which ends soon after `closing` is set."""

    def __init__(self, name: str) -> None:
        """Listen at a free port; `name` is that of the threads."""
        self.closing = threading.Event()
        self._name = name
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._serve, name=name)]

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._talk, args=(connection,), name=self._name)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            self._answer(connection)

    @abstractmethod
    def _answer(self, connection: socket.socket) -> None:
        """Talk with one client."""

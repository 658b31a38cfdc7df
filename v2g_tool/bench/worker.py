"""A thread of the bench that works until it is stopped."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod


class Worker(ABC):
    """Runs `work` in a thread of its own between `start` and `stop`; one that was never started has nothing to end.

    Args:
        name: what the thread is called.
    """

    ear: socket.socket
    """Becomes readable when the work is to end, for a worker that waits for descriptors."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    @abstractmethod
    def work(self) -> None:
        """Work until `stopping` is set."""

    def start(self) -> None:
        """Begin."""
        self.ear, self._mouth = socket.socketpair()
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for that."""
        self.stopping.set()
        if self._thread.ident is not None:
            self._mouth.close()
            self._thread.join(timeout=5.0)
            self.ear.close()

"""Open intents: what a run has begun to change in a device and not yet finished.

An intent is put here (fsync) before the first write and taken away when the change is complete or undone. A run that
finds one brings the device to the intent's goal before anything else. Values are absolute, so this is harmless to
repeat. One lock for each device keeps a second program out.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import ValidationError

from v2g_tool.data.reading import read_regular, regular_descriptor
from v2g_tool.data.writing import sync_directory, write_whole
from v2g_tool.errors import NotPermitted
from v2g_tool.model.base import Model

_LARGEST = 16_000_000
"""Bytes of an intent; it may hold a configuration file."""
Goal = Literal["old", "new"]
M = TypeVar("M", bound=Model)


class Intent(Model):
    """What is being changed: raw values before and after, and which of the two the device shall end with."""

    device: str
    profile: str = ""
    old: Mapping[str, tuple[int, ...]]
    new: Mapping[str, tuple[int, ...]] = {}
    earlier: tuple[Mapping[str, tuple[int, ...]], ...] = ()
    """Values that the same run had written before on the way, in order."""
    goal: Goal = "old"
    journal: str
    started_utc: str

    def target(self) -> Mapping[str, tuple[int, ...]]:
        """Give the values that the device shall end with."""
        return self.new if self.goal == "new" else self.old

    def explains(self, name: str, words: tuple[int, ...]) -> bool:
        """Give whether the run itself may have left `words` in the register `name`."""
        return any(image.get(name) == words for image in (self.old, self.new, *self.earlier))


@dataclass(frozen=True)
class IntentStore:
    """The folder of open intents, one file a device."""

    folder: Path

    def get(self, key: str) -> Intent | None:
        """Give the open intent of a device; raises NotPermitted when the file is damaged."""
        return self.read(key, Intent)

    def open_of(self, prefix: str) -> list[Intent]:
        """Give the open intents of all devices whose key begins so; raises as `get`."""
        keys = sorted(path.stem for path in self.folder.glob(f"{self._path(prefix).stem}*.json"))
        return [intent for key in keys if (intent := self.get(key)) is not None]

    def read(self, key: str, kind: type[M]) -> M | None:
        """Give what was stored for `key`, None where there is nothing; raises NotPermitted when it is damaged."""
        path = self._path(key)
        try:
            # A link is none of ours: this folder is written by this program alone.
            return kind.model_validate_json(read_regular(path, _LARGEST, os.O_NOFOLLOW))
        except FileNotFoundError:
            return None
        except (ValidationError, OSError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is damaged"
            raise NotPermitted(
                f"the open intent {path} cannot be read: {reason}",
                why="A disk error, or somebody edited it.",
                todo="Compare what is set with the last report by hand, then move the file away.",
            ) from exc

    def put(self, key: str, intent: Model) -> None:
        """Store the intent so that it survives a power cut from here on; raises NotPermitted when that fails."""
        try:
            write_whole(self._path(key), intent.model_dump_json().encode(), 0o600)
        except OSError as exc:
            raise self._not_written(exc) from exc

    def clear(self, key: str) -> None:
        """Take the intent away: the device is in a complete state; raises NotPermitted when that fails."""
        try:
            self._path(key).unlink(missing_ok=True)
            sync_directory(self.folder)
        except OSError as exc:
            raise self._not_written(exc) from exc

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Keep other programs off the device; raises NotPermitted with the holder's process id."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = self._path(key).with_suffix(".lock")
            descriptor = regular_descriptor(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        except OSError as exc:
            raise self._not_written(exc) from exc
        try:
            self._lock(descriptor, key)
            yield
        finally:
            os.close(descriptor)

    def _not_written(self, exc: OSError) -> NotPermitted:
        return NotPermitted(
            f"the state folder {self.folder} cannot be written: {exc.strerror}",
            why="The disk is full, the folder belongs to somebody else, or something else lies in a file's place.",
            todo="Free space, or set V2G_STATE_DIR to a folder you may write to.",
        )

    def _lock(self, descriptor: int, key: str) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip()
            raise NotPermitted(
                f"{key} is in use by process {holder or 'unknown'}",
                why="Another run works on the same device.",
                todo="Wait until it has ended, then run again.",
            ) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def _path(self, key: str) -> Path:
        return self.folder / (re.sub(r"[^A-Za-z0-9._-]", "_", key) + ".json")

"""How a driver leaves evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Recorder = Callable[[str, Mapping[str, object]], object]
"""Takes the kind of an event and its data; what a verdict rests on goes through it into the evidence journal."""

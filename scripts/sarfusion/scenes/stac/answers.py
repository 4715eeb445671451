"""Answers of a catalogue, kept until the lock is made, so that a second try can continue."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any

from ...core.files import read_json, write_json

MAX_AGE_S = 24 * 3600  # an older answer is requested again


class Answers:
    """Records of a catalogue in a folder, by what was asked. folder: None keeps nothing."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self._folder = None if folder is None else Path(folder)

    def get(self, asked: Any) -> Any | None:
        """Return the answer to `asked` (JSON), None if none is kept or it is too old."""
        path = self._path(asked)
        with suppress(OSError, ValueError):  # an unreadable answer is requested again
            if path and time() - path.stat().st_mtime < MAX_AGE_S:
                return read_json(path)
        return None

    def keep(self, asked: Any, answer: Any) -> None:
        """Keep the answer (JSON) to `asked`."""
        if path := self._path(asked):
            write_json(path, answer)

    def _path(self, asked: Any) -> Path | None:
        if self._folder is None:
            return None
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"

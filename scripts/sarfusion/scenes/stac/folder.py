"""A static STAC catalogue: JSON files in one folder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pystac import Catalog, Collection, Item, STACObject

from ...core.errors import StudyError
from ...core.files import read_json
from .malformed import MALFORMED, reason_of
from .text import printable

KINDS: dict[str, type[STACObject]] = {"Catalog": Catalog, "Collection": Collection, "Feature": Item}


class FolderSource:
    """The items of the catalogue whose root is the JSON file `path`.

    check_href: returns the path of a file that may be read, else raises StudyError. Links to the
    network are not followed.
    """

    def __init__(self, path: str | Path, check_href: Callable[[str], str]) -> None:
        self._path = path
        self._check_href = check_href
        self._items: list[Item] | None = None

    snapshots: Mapping[str, str] = {}  # a catalogue on disk does not fail

    def find(
        self,
        collection: str,
        area: Sequence[float],
        period: tuple[datetime, datetime],
        query: Mapping[str, Mapping[str, Any]],
    ) -> list[Item]:
        """Return the items of a collection; the caller filters by area, period and query.

        Raises StudyError if it has none.
        """
        if self._items is None:
            self._items = list(self._walk())
        items = [item for item in self._items if item.collection_id == collection]
        if not items:
            known = sorted({printable(item.collection_id, 80) for item in self._items})
            raise StudyError(
                f"{self._path}: no item of the collection {collection!r};"
                f" it has items of {', '.join(known) or 'none'}"
            )
        return items

    def _walk(self) -> Iterator[Item]:
        """Yield every item, each file once.

        An item without a collection belongs to the one above it.
        """
        seen = set()
        todo: list[tuple[str, str | None]] = [(str(self._path), None)]
        while todo:
            href, collection = todo.pop()
            path = self._check_href(href)
            if path in seen:
                continue
            seen.add(path)
            thing = _read(path)
            if isinstance(thing, Item):
                thing.collection_id = thing.collection_id or collection
                yield thing
            else:
                collection = thing.id if isinstance(thing, Collection) else collection
                for link in thing.get_links():
                    target = link.get_absolute_href()
                    if link.rel in ("child", "item") and target and not _is_remote(target):
                        todo.append((target, collection))


def _is_remote(href: str) -> bool:
    """Return whether an href is a network address."""
    return "://" in href and not href.startswith("file:")


def _read(path: str) -> STACObject:
    """Return the STAC object in a JSON file."""
    try:
        record = read_json(path)
        return KINDS[record["type"]].from_dict(record, href=path, preserve_dict=False)
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror}; correct the catalogue's links") from None
    except MALFORMED as error:
        raise StudyError(
            f"{path}: not a catalogue, collection or item ({reason_of(error)})"
        ) from None

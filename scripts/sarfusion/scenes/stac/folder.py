"""A static STAC catalogue: JSON files that lie in one folder."""

from pystac import Catalog, Collection, Item, STACObject

from ...core.errors import StudyError
from ...core.files import read_json
from .malformed import MALFORMED, reason_of
from .text import printable

KINDS: dict[str, type[STACObject]] = {"Catalog": Catalog, "Collection": Collection, "Feature": Item}


class FolderSource:
    """The items of the catalogue whose root is the JSON file `path`.

    check_href: the rule of what may be read. Links to the network are not followed.
    """

    def __init__(self, path, check_href):
        self._path = path
        self._check_href = check_href
        self._items = None

    def find(self, collection, area, period, query):
        """Return the items of a collection; the rest is left to the caller to filter."""
        if self._items is None:
            self._items = list(self._walk())
        found = [item for item in self._items if item.collection_id == collection]
        if not found:
            known = sorted({printable(item.collection_id, 80) for item in self._items})
            raise StudyError(
                f"{self._path}: no item of the collection {collection!r};"
                f" it has items of {', '.join(known) or 'none'}"
            )
        return found

    def _walk(self):
        """Yield every item, each file once; items belong to the collection they lie under."""
        seen = set()
        todo: list[tuple[str | None, str | None]] = [(str(self._path), None)]
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
                links = [
                    link.get_absolute_href()
                    for link in thing.get_links()
                    if link.rel in ("child", "item")
                ]
                todo += [(link, collection) for link in links if not _elsewhere(link)]


def _elsewhere(href):
    """Return whether an href leads into the network."""
    return "://" in href and not href.startswith("file:")


def _read(path):
    """Return the STAC object in a JSON file."""
    try:
        record = read_json(path)
        return KINDS[record["type"]].from_dict(record, href=path, preserve_dict=False)
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror}; mend the catalogue's links") from None
    except MALFORMED as error:
        raise StudyError(
            f"{path}: not a catalogue, collection or item ({reason_of(error)})"
        ) from None

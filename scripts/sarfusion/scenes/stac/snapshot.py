"""The snapshot of a collection's items as GeoParquet, used if the search of its catalogue fails.

Planetary Computer writes one per month, as one file or as a file for each month of the items, and
names it in the collection's assets. See the STAC GeoParquet specification,
https://github.com/stac-utils/stac-geoparquet: properties are at the top level.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from ...core.errors import StudyError
from .network import Broken
from .remote import Remote

ROLE = "stac-items"
OF_ITEM = ("type", "stac_version", "stac_extensions", "id", "links", "assets", "collection")
OTHERWISE = ("geometry", "bbox")
DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
NAME = re.compile(r"<Name>([^<>&]{1,500}\.parquet)</Name>")  # in the listing of a container
ABFS = re.compile(r"abfs://(?P<container>[a-z0-9-]+)/(?P<path>[\w./-]+)")
ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


def blob_url(account: str) -> str:
    """Return the address of a storage account of Azure."""
    return f"https://{account}.blob.core.windows.net"


class Snapshot:
    """The snapshot of a collection.

    asset: the one of the collection that has ROLE. remote: reads its files.
    """

    def __init__(self, asset: Mapping[str, Any], remote: Remote) -> None:
        self.href = str(asset.get("href"))
        self._asset, self._remote = asset, remote
        self._parts: list[str] | None = None

    def find(
        self, area: Sequence[float], period: tuple[datetime, datetime]
    ) -> list[dict[str, Any]]:
        """Return the records of the items over an area and in a period.

        area: [west, south, east, north] in degrees. The footprint of an item is its bounding box.
        Raises StudyError if the snapshot has no file for the period, or one that cannot be read.
        """
        if self._parts is None:
            self._parts = list(self._files())
        parts = [part for part in self._parts if may_hold(part, period)]
        if not parts:
            raise StudyError(f"{self.href}: it has no items from {period[0]:%Y-%m}")
        with TemporaryDirectory() as folder:
            records = []
            for number, part in enumerate(parts):
                path = Path(folder, f"{number}.parquet")
                self._remote.fetch(part, path)
                try:
                    records += read_items(path, area, period)
                except ImportError:  # in the conda environment that searches
                    raise StudyError(
                        f"{part}: reading it requires pyarrow, which this environment lacks; lock"
                        " the scenes without conda"
                    ) from None
                except Exception as error:  # pyarrow raises many, without a common class
                    reason = type(error).__name__
                    raise Broken(f"{part}: not a GeoParquet of STAC items ({reason})") from None
        return records

    def _files(self) -> Iterator[str]:
        """Yield the addresses of the snapshot's files."""
        match = ABFS.fullmatch(self.href)
        if not match:
            yield self.href
            return
        account = str(self._asset.get("table:storage_options", {}).get("account_name"))
        if not ACCOUNT.fullmatch(account):
            raise StudyError(f"{self.href}: the collection does not say in which account it is")
        container = f"{blob_url(account)}/{match['container']}"
        wanted = {"restype": "container", "comp": "list", "prefix": match["path"]}
        for name in NAME.findall(self._remote.text(container, wanted)):
            yield f"{container}/{quote(name)}"


def may_hold(href: str, period: tuple[datetime, datetime]) -> bool:
    """Return whether a file may contain items of a period, by the two days in its name, if any.

    A name such as part-0001_2023-11-01T00:00:00+00:00_2023-12-01T00:00:00+00:00.parquet.
    """
    days = [date(*map(int, found)) for found in DAY.findall(href.rpartition("/")[2])]
    if len(days) != 2:
        return True
    return days[0] <= period[1].date() and days[1] >= period[0].date()


def read_items(
    path: Path, area: Sequence[float], period: tuple[datetime, datetime]
) -> list[dict[str, Any]]:
    """Return the STAC records in a GeoParquet file that are in an area and a period."""
    parquet = import_module("pyarrow.parquet")

    some = parquet.read_table(path, columns=["datetime", "bbox"])
    rows = [
        row
        for row, (moment, box) in enumerate(
            zip(some["datetime"].to_pylist(), some["bbox"].to_pylist(), strict=True)
        )
        if moment is not None
        and period[0] <= _utc(moment) <= period[1]
        and _overlaps(_box(box), area)
    ]
    table = parquet.read_table(path).take(rows) if rows else some.slice(0, 0)
    return [_record(row) for row in table.to_pylist()]


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the STAC record in a row, without properties that have no value."""
    west, south, east, north = _box(row["bbox"])
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    plain = {name: _plain(value) for name, value in row.items() if name not in OTHERWISE}
    known = {name: value for name, value in plain.items() if value is not None}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "links": [],
        **{name: known[name] for name in OF_ITEM if name in known},
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {name: value for name, value in known.items() if name not in OF_ITEM},
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: times as text, and no keys without a value."""
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _box(bbox: Any) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) of a bbox, which is a struct or a list, of 4 or 6."""
    if isinstance(bbox, dict):
        return bbox["xmin"], bbox["ymin"], bbox["xmax"], bbox["ymax"]
    west, south, east, north = bbox if len(bbox) == 4 else [*bbox[:2], *bbox[3:5]]
    return west, south, east, north


def _overlaps(box: Sequence[float], area: Sequence[float]) -> bool:
    west, south, east, north = box
    return west <= area[2] and east >= area[0] and south <= area[3] and north >= area[1]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def snapshot_of(collection: Mapping[str, Any], remote: Remote) -> Snapshot | None:
    """Return the Snapshot that a collection document names, None if it names none."""
    assets = collection.get("assets")
    for asset in assets.values() if isinstance(assets, dict) else ():
        if isinstance(asset, dict) and ROLE in (asset.get("roles") or []):
            return Snapshot(asset, remote)
    return None

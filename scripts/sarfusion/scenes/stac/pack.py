"""One archive of the scenes of a study, from which it can be run without any server.

A tar file with one folder: the study's file, its lock, the locked windows as cloud-optimised
GeoTIFFs, licences, checksums, and a description for data repositories. Equal windows give equal
bytes.
"""

import re
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import rasterio
from rasterio.shutil import copy

from ...core.errors import StudyError
from ...core.files import atomic, read_json, sha256, write_text
from ...core.raster import BLOCK
from .download import pixels_path
from .lock import assets_of, read_lock, scenes_of

SUMS, DATACITE, LICENCES = "SHA256SUMS", "datacite.json", "LICENCES.md"
KERNEL = "http://datacite.org/schema/kernel-4"
UNKNOWN = ":unkn"  # DataCite's code for an unknown value
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
WINDOW = re.compile(r"scenes/(?P<site>[a-z0-9][a-z0-9_-]*)/[a-z0-9_]+-[0-9a-f]{16}\.tif")
MAX_FILE_BYTES = 1 << 40


def windows_of(entry: Mapping[str, Any], folder: str | Path) -> list[Path]:
    """Return the files in `folder` that contain the windows of a site's entry in the lock."""
    scenes = scenes_of(entry)
    paths = [
        pixels_path(folder, scenes[name], item, band) for name, _, item, band, _ in assets_of(entry)
    ]
    return sorted(set(paths))


def to_cog(source: str | Path, target: str | Path) -> None:
    """Write a window as a cloud-optimised GeoTIFF with the same pixels, grid and nodata."""
    with rasterio.open(source) as dataset:
        is_float = dataset.dtypes[0].startswith("float")
    with atomic(target) as temporary:
        copy(
            source,
            temporary,
            driver="COG",
            compress="DEFLATE",
            predictor="FLOATING_POINT" if is_float else "STANDARD",
            blocksize=BLOCK,
            overview_resampling="NEAREST",
            bigtiff="IF_SAFER",
            num_threads=1,
        )


def describe(
    study: str,
    sites: Mapping[str, Mapping[str, Any]],
    lock: Mapping[str, Any],
    creators: Iterable[str],
    year: int,
    size: int,
) -> dict[str, Any]:
    """Return the DataCite metadata of a pack (kernel 4), as its REST API takes them.

    sites: resolved settings of the sites. creators: names. year: of publication. size: in bytes.
    """
    entries = lock["sites"]
    scenes = [scene for name in sites for scene in scenes_of(entries[name]).values()]
    hrefs = {asset["href"] for name in sites for *_, asset in assets_of(entries[name])}
    return {
        "schemaVersion": KERNEL,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Windows of satellite scenes"},
        "titles": [{"title": f"Sentinel-1 and Landsat scenes of the sarfusion study {study}"}],
        "creators": [{"name": name} for name in creators] or [{"name": UNKNOWN}],
        "publisher": {"name": UNKNOWN},
        "publicationYear": year,
        "dates": [
            {"date": scene["datetime"], "dateType": "Collected"}
            for scene in sorted(scenes, key=lambda scene: scene["datetime"])
        ],
        "formats": ["image/tiff; application=geotiff; profile=cloud-optimized"],
        "sizes": [f"{size} bytes"],
        "rightsList": [{"rights": text} for text in licences(sites)],
        "geoLocations": [
            {
                "geoLocationPlace": name,
                "geoLocationBox": dict(
                    zip(
                        (f"{side}BoundL{axis}" for side, axis in SIDES),
                        site["area"],
                        strict=True,
                    )
                ),
            }
            for name, site in sites.items()
        ],
        "relatedIdentifiers": [
            {
                "relatedIdentifier": href,
                "relatedIdentifierType": "URL",
                "relationType": "IsDerivedFrom",
            }
            for href in sorted(hrefs)
        ],
        "descriptions": [
            {
                "description": "The pixels that the study's lock names, as downloaded. With the"
                " code of the study, `./reproduce unpack FILE` and `./reproduce"
                f" {study} --offline` run it without a server.",
                "descriptionType": "Abstract",
            }
        ],
    }


SIDES = (("west", "ongitude"), ("south", "atitude"), ("east", "ongitude"), ("north", "atitude"))


def licences(sites: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the different licences of the sites' catalogues."""
    return sorted({site["catalogue"]["licence"] for site in sites.values()})


def licences_page(sites: Mapping[str, Mapping[str, Any]], lock: Mapping[str, Any]) -> str:
    """Return a page with the licence and the items of each site."""
    lines = ["# Licences and attribution", ""]
    for name, site in sites.items():
        lines += [f"## {name}", "", site["catalogue"]["licence"], ""]
        for scene, about in scenes_of(lock["sites"][name]).items():
            items = ", ".join(item["id"] for item in about["items"])
            lines.append(f"- {scene}, {about['datetime']}: {items}")
        lines.append("")
    return "\n".join(lines)


def write_pack(folder: str | Path, path: str | Path) -> None:
    """Write the files in `folder` with their checksums as the tar file `path`."""
    folder = Path(folder)
    names = sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    )
    sums = "".join(f"{sha256(folder / name)}  {name}\n" for name in names if name != SUMS)
    write_text(folder / SUMS, sums)
    with atomic(path) as temporary, tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted({*names, SUMS}):
            record = tarfile.TarInfo(f"{folder.name}/{name}")
            record.size, record.mode = (folder / name).stat().st_size, 0o644
            with (folder / name).open("rb") as stream:
                tar.addfile(record, stream)


def unpack(path: str | Path, config: str | Path, packed: str | Path) -> str:
    """Take a pack apart, and return the name of its study.

    config: the folder of studies, which gets the study's file and its lock. packed: the folder that
    gets the windows, as STUDY/SITE/FILE. Nothing is written before every checksum has been
    compared. Raises StudyError for a file that is not a pack, is damaged, or contains anything
    else, and if `config` has another study or lock of that name.
    """
    packed = Path(packed)
    packed.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=packed, prefix=".part-") as temporary:
        folder = Path(temporary)
        study = _extract(path, folder)
        for name in (f"{study}.yaml", f"{study}.lock.json"):
            there = Path(config, name)
            if there.exists() and not _same(there, folder / name):
                raise StudyError(
                    f"{there} exists and differs from that in {path}; move it out of the way"
                )
        lock = read_lock(folder / f"{study}.lock.json")
        for site, entry in lock["sites"].items():
            for window in windows_of(entry, folder / "scenes" / site):
                if not window.exists():
                    raise StudyError(f"{path}: it lacks {window.name} of the site {site}")
        for name in (f"{study}.yaml", f"{study}.lock.json"):
            if not Path(config, name).exists():
                shutil.move(folder / name, Path(config, name))
        shutil.rmtree(packed / study, ignore_errors=True)
        shutil.move(folder / "scenes", packed / study)
    return study


def _same(one: Path, other: Path) -> bool:
    """Return whether two files are equal: in their bytes, or in the content of a lock."""
    if one.suffix == ".json":
        return bool(read_json(one) == read_json(other))
    return one.read_bytes() == other.read_bytes()


def _extract(path: str | Path, folder: Path) -> str:
    """Write the files of a pack into `folder`, compare their checksums; return the study's name."""
    sums: dict[str, str] = {}
    found: dict[str, str] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member, name in _members(tar, path):
                stream = tar.extractfile(member)
                assert stream is not None  # every regular file has one
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as copied:
                    shutil.copyfileobj(stream, copied, 1 << 20)
                found[name] = sha256(target)
    except tarfile.TarError as error:
        raise StudyError(f"{path}: not a tar file, or damaged ({error})") from None
    if SUMS not in found:
        raise StudyError(f"{path}: not a pack of a study, since it has no {SUMS}")
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        sums[name] = digest
    del found[SUMS]
    wrong = sorted(name for name in sums.keys() | found.keys() if sums.get(name) != found.get(name))
    if wrong:
        raise StudyError(f"{path}: {wrong[0]} does not have the checksum that {SUMS} states")
    locks = [name for name in found if name.endswith(".lock.json")]
    study = locks[0].removesuffix(".lock.json") if len(locks) == 1 else ""
    if not NAME.fullmatch(study) or f"{study}.yaml" not in found:
        raise StudyError(f"{path}: not a pack of one study: it needs its file and its lock")
    return study


def _members(tar: tarfile.TarFile, path: str | Path) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """Yield each file of a pack with its name in the pack's folder.

    Raises StudyError for anything that a pack does not contain: links, devices, other names.
    """
    seen = set()
    for member in tar:
        name = "/".join(PurePosixPath(member.name).parts[1:])
        known = name in (SUMS, DATACITE, LICENCES) or WINDOW.fullmatch(name)
        known = known or NAME.fullmatch(re.sub(r"\.(yaml|lock\.json)$", "", name))
        if not (member.isreg() and known and name not in seen and member.size < MAX_FILE_BYTES):
            raise StudyError(f"{path}: {member.name!r} does not belong in a pack")
        seen.add(name)
        yield member, name

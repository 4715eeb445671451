"""What results rest on: settings, scenes, and the sums that their folder states of itself."""

import csv
import re
import reprlib
from pathlib import Path, PurePosixPath

import yaml

from ..core.errors import StudyError
from ..core.files import sha256
from ..scenes.stac.lock import assets_of
from .files import plain_file, read_mapping, read_text
from .pixels import block_means, compare_rasters

SUMS = "SHA256SUMS"  # of a reference: every file of the folder
RUN_SUMS = "provenance/files.csv"  # of a run: what it made, and what it was given
PUBLISHED = ("tables", "figures", "metrics")  # of a run, these must all be there
ROUNDING = 1e-6  # relative; of a block mean of a simulated scene
MOST_MB = 20


def check_config(study, folder):
    """Raise StudyError unless the folder's settings are those of the resolved `study`."""
    path = plain_file(Path(folder, "config.yaml"), 1)
    try:
        told = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not YAML ({error})") from None
    for where, ours, theirs in _differences(study, told, ()):
        # repr would write out in full what YAML's aliases nest a million times.
        raise StudyError(f"{path}: {where} is {reprlib.repr(theirs)}, here {reprlib.repr(ours)}")


def _differences(ours, theirs, where):
    """Yield (where, ours, theirs) of the settings that differ, walking along what is ours."""
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        if ours != theirs:
            yield ".".join(where) or "the whole", ours, theirs
        return
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        if key in ours and key in theirs:
            yield from _differences(ours[key], theirs[key], (*where, str(key)))
        else:
            yield ".".join((*where, str(key))), ours.get(key), theirs.get(key)


def check_sums(folder, study):
    """Return a note on the sums that a folder states of its files; StudyError where one is wrong.

    A reference lists all of its files. A run lists what it made, of which a person may have
    passed on a part; what is published must be there.
    """
    if Path(folder, SUMS).exists():
        return _check_reference_sums(Path(folder))
    if Path(folder, RUN_SUMS).exists():
        return _check_run_sums(Path(folder), f"results/{study}/")
    raise StudyError(f"{folder}: neither {SUMS} nor {RUN_SUMS}, which every run makes")


def _check_reference_sums(folder):
    listed = {}
    for line in read_text(folder / SUMS, MOST_MB).splitlines():
        found = re.fullmatch(r"([0-9a-f]{64})  (.+)", line)
        if not found:
            raise StudyError(f"{folder / SUMS}: not a line of sums: {line!r}")
        listed[found[2]] = found[1]
    if not listed:
        raise StudyError(f"{folder / SUMS}: lists nothing")
    for name, known in listed.items():
        _check_sum(folder, name, known)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_dir() and name not in listed and name != SUMS:
            raise StudyError(f"{path}: a file that {SUMS} does not know")
    return f"{len(listed)} files"


def _check_run_sums(folder, prefix):
    try:
        rows = list(csv.DictReader(read_text(folder / RUN_SUMS, MOST_MB).splitlines()))
        listed = {row["path"]: row["sha256"] for row in rows}
        listed = {
            path.removeprefix(prefix): known
            for path, known in listed.items()
            if path.startswith(prefix)
        }
    except (csv.Error, KeyError, AttributeError) as error:
        raise StudyError(f"{folder / RUN_SUMS}: not a table of files ({error!r})") from None
    if not listed:
        raise StudyError(f"{folder / RUN_SUMS}: lists nothing in {prefix}")
    there = 0
    for name, known in listed.items():
        if name.startswith(PUBLISHED) or Path(folder, name).exists():
            _check_sum(folder, name, known)
            there += 1
    left_out = len(listed) - there
    return f"{there} files" + (f"; {left_out} more are not here" if left_out else "")


def _check_sum(folder, name, known):
    """Raise StudyError unless a file within the folder has the sum that is known of it."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise StudyError(f"{folder}: lists {name}, which lies outside it")
    path = plain_file(Path(folder, name), 100 * MOST_MB)
    found = sha256(path)
    if found != known:
        raise StudyError(f"{path}: sha256 is {found[:12]}..., {known[:12]}... was stated")


def read_scene(folder, site):
    """Return scene.json of a site; StudyError where it is none."""
    return read_mapping(Path(folder, f"scenes/{site}/scene.json"), MOST_MB)


def check_given(site, here, there):
    """Return a note on the sums of the files that a site's scenes were made of.

    They are the sums of pixels where they come from a catalogue, and of whole files otherwise.
    """
    ours, theirs = (_given_sums(read_scene(folder, site)) for folder in (here, there))
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if ours.get(name) != theirs.get(name):
            raise StudyError(f"{site}: {name}: sha256 {ours.get(name)}, there {theirs.get(name)}")
    return f"{len(ours)} files, the same sums"


def check_locked(site, folder, entry):
    """Return a note on a site's scenes that are those of its entry in the lock (stac.lock)."""
    found = _given_sums(read_scene(folder, site))
    for name, _, item, band, asset in assets_of(entry):
        known = asset.get("sha256")
        if name != "clouds" and known != found.get(f"{name} {item['id']} {band}"):
            raise StudyError(f"{folder}: {band} of {item['id']} is not that of the lock")
    return f"{len(found)} files, the sums of the lock"


def _given_sums(scene):
    """Return {what: sha256} of the files that scene.json says a scene was made of."""
    try:
        if scene["source"] == "stac":
            return {
                f"{item['sensor']} {item['id']} {band}": asset["sha256"]
                for item in scene["items"]
                for band, asset in item["assets"].items()
            }
        return {item["band"]: item["sha256"] for item in scene["items"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"scene.json: not the description of scenes ({error!r})") from None


def check_scene(site, name, here, there):
    """Return a note on one raster of a site's raw scenes, in two results folders.

    Each raster must have the sum that its own folder states. If they differ in their bytes, the
    pixels decide. A simulated scene is made again here, and on a machine of another kind its
    numbers may be rounded otherwise: its blocks must have the means that the other folder states.
    """
    sums = {folder: _stated_sum(folder, site, name) for folder in (here, there)}
    if sums[here] and sums[here] == sums[there]:
        return "the same bytes"
    ours, theirs = (Path(folder, f"scenes/{site}/{name}.tif") for folder in (here, there))
    if read_scene(here, site)["source"] != "simulated":
        compare_rasters(ours, theirs, 0)
        return "other bytes, the same pixels"
    means = read_means(there, site).get(name)
    if means is None:
        raise StudyError(f"{theirs}: not there, and its block means neither")
    return f"other bytes; block means agree to {_compare_means(block_means(ours), means):.0e}"


def _stated_sum(folder, site, name):
    """Return the sha256 that a folder states of a raw scene, checked if the scene is there."""
    facts = read_scene(folder, site).get(name)
    known = facts.get("sha256") if isinstance(facts, dict) else None
    if known is not None and Path(folder, f"scenes/{site}/{name}.tif").exists():
        _check_sum(folder, f"scenes/{site}/{name}.tif", known)
    return known


def means_path(folder, site):
    """Return where the block means of a site's scenes stand."""
    return Path(folder, f"scenes/{site}/means.json")


def read_means(folder, site):
    """Return {scene: {band: means}} that a folder states of a site, else of its own rasters."""
    path = means_path(folder, site)
    if path.exists():
        return read_mapping(path, MOST_MB)
    rasters = Path(folder, f"scenes/{site}").glob("*.tif")
    return {path.stem: block_means(path) for path in rasters}


def _compare_means(ours, theirs):
    """Return the largest relative difference of block means; StudyError above ROUNDING."""
    largest = 0.0
    for band, rows in ours.items():
        for row, values in enumerate(rows):
            for column, one in enumerate(values):
                other = theirs[band][row][column]
                if (one is None) != (other is None):
                    moved = float("inf")
                elif one is None or one == other:
                    continue
                else:
                    moved = abs(one - other) / max(abs(one), abs(other))
                if not moved <= ROUNDING:
                    raise StudyError(
                        f"{band}: the mean of block {row}, {column} is {one} here, {other} there"
                    )
                largest = max(largest, moved)
    return largest

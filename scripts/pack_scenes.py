"""Pack the scenes of a study into one archive, for `./reproduce pack`.

    python scripts/pack_scenes.py STUDY.yaml LOCK TARGET [--creator NAME ...]

Missing windows are downloaded and compared with the lock; their checksums are added to it.
"""

from sarfusion.core.job import is_offline

import argparse
import copy
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sarfusion.core.errors import StudyError
from sarfusion.core.files import write_json, write_text
from sarfusion.core.yaml_file import read_yaml
from sarfusion.scenes.sensors import sensor_of
from sarfusion.scenes.stac import pack
from sarfusion.scenes.stac.download import download
from sarfusion.scenes.stac.lock import read_lock, scenes_of, seal
from sarfusion.scenes.stac.remote import remotes
from sarfusion.study.config import read_study
from sarfusion.study.resolved import catalogue_site
from tqdm import tqdm


def main(config, lock, target, creator):
    """Write the tar file `target`."""
    study = read_study(config)
    name, target = study["study"], Path(target)
    sites = {
        site: catalogue_site(study, site)
        for site, settings in study["sites"].items()
        if settings["source"] == "stac"
    }
    if not sites:
        raise StudyError("the study takes no scenes from a catalogue: there is nothing to pack")
    if isinstance(read_yaml(config).content["sites"], str):
        raise StudyError("the sites are in a table: to pack the study, write them into its file")
    folder = target.parent / ".part-pack" / f"{name}-scenes"
    for site, settings in sites.items():
        take(site, settings, lock, folder.parent / "windows" / site, packed_of(target, name, site))
        entry = read_lock(lock)["sites"][site]
        for window in pack.windows_of(entry, folder.parent / "windows" / site):
            pack.to_cog(window, folder / "scenes" / site / window.name)
    locked = read_lock(lock)
    write_json(folder / f"{name}.lock.json", locked)
    shutil.copyfile(config, folder / f"{name}.yaml")
    write_text(folder / pack.LICENCES, pack.licences_page(sites, locked))
    size = sum(path.stat().st_size for path in (folder / "scenes").rglob("*.tif"))
    year = datetime.now(UTC).year
    write_json(folder / pack.DATACITE, pack.describe(name, sites, locked, creator, year, size))
    pack.write_pack(folder, target)
    shutil.rmtree(folder.parent)


def packed_of(target, study, site):
    """Return the folder of unpacked windows of a site."""
    return target.parent.parent / ".packed" / study / site


def take(site, settings, lock, windows, packed):
    """Download all windows of a site, and add their checksums to the lock."""
    entry = copy.deepcopy(read_lock(lock)["sites"][site])
    found = download(
        remotes(settings["catalogue"], offline=is_offline()),
        scenes_of(entry),
        windows,
        float("inf"),
        partial(tqdm, disable=None, leave=False),
        packed,
        sensor_of(settings["catalogue"]["optical"]["sensor"]).coarser,
    )
    for name, scene in scenes_of(entry).items():
        scene.update(found[name])
    seal(lock, site, entry)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for argument in ("config", "lock", "target"):
        parser.add_argument(argument)
    parser.add_argument("--creator", action="append", default=[])
    try:
        main(**vars(parser.parse_args()))
    except (StudyError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")

"""A tiny study whose scenes come from a catalogue, in a copy of the project."""

import os
from contextlib import contextmanager

import rasterio
import yaml
from project import Project
from sarfusion.core.files import read_json

SCENE = "results/city/scenes/place/scene.json"
STACK = "results/city/stack/place.tif"
CLOUDS = "results/city/scenes/place/clouds.tif"


class CatalogueStudy(Project):
    """The study `city` with one site, `place`, from the catalogue at `url`."""

    def __init__(self, folder, url, archive, **site):
        super().__init__(folder)
        self.study = folder / "city.yaml"
        self.lock_path = folder / "config/city.lock.json"
        place = {
            "source": "stac",
            "area": list(archive.area),
            "period": list(archive.period),
            "catalogue": {"url": url, "optical": {"query": {"platform": {"eq": "landsat-9"}}}},
            **site,
        }
        study = {
            "study": "city",
            "sites": {"place": place},
            "split": {"block_px": 24, "buffer_px": 4},
        }
        self.study.write_text(yaml.safe_dump(study))

    def command(self, *arguments, study="city.yaml", change=None):
        return super().command(*arguments, study=study, change=change)

    def results(self, study="city"):
        return super().results(study)

    @property
    def lock(self):
        """What the lock says about the site."""
        return read_json(self.lock_path)["sites"]["place"]

    def locked_ids(self, scene):
        """The ids of the items of one locked scene (optical, sar, clouds)."""
        return [item["id"] for item in self.lock[scene]["items"]]

    def pixels(self, name):
        """(array (bands, rows, columns), transform) of a raw scene."""
        with rasterio.open(self.results() / f"scenes/place/{name}.tif") as dataset:
            return dataset.read(), dataset.transform

    def left(self):
        """The files that a run left, except logs, benchmarks and finished parts of downloads."""
        apart = {"logs", "benchmarks", "downloads", "search"}
        results = self.results()
        files = [path.relative_to(results) for path in results.rglob("*") if path.is_file()]
        return {str(path) for path in files if not apart & set(path.parts)}


def errors(printed):
    """The distinct lines of a run's output that explain to a person what went wrong."""
    lines = [line.strip() for line in printed.splitlines()]
    return list(dict.fromkeys(line for line in lines if line.startswith("error: ")))


def same_scenes(one, other):
    """Compare the raw scenes of two studies, byte by byte."""
    for name in ("optical.tif", "sar.tif"):
        mine, theirs = (study.results() / f"scenes/place/{name}" for study in (one, other))
        assert mine.read_bytes() == theirs.read_bytes()


@contextmanager
def replaced(path, content):
    """Replace the content of the file at `path` within the block, and restore it afterwards."""
    before, stat = path.read_bytes(), path.stat()
    path.write_bytes(content)
    try:
        yield stat
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

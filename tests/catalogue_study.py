"""A tiny study whose scenes come from a catalogue, in a copy of the project."""

import os
import subprocess
import sys
from contextlib import contextmanager

import rasterio
import yaml
from project import ROOT, Project
from sarfusion.files import read_json

SCENE = "results/city/scenes/place/scene.json"
STACK = "results/city/stack/place.tif"
CLOUDS = "results/city/scenes/place/clouds.tif"

# ./reproduce in a copy of the project, but for the packages, which are here already.
REPRODUCE = """
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

loader = SourceFileLoader("reproduce", "reproduce")
command = module_from_spec(spec_from_loader("reproduce", loader))
loader.exec_module(command)
command.ready = lambda dev=False: None
sys.modules["studies"].venv_python = lambda: Path(sys.executable)
sys.exit(command.main(sys.argv[1:]))
"""


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

    def reproduce(self, *arguments, fails=False):
        """Run ./reproduce with `arguments` and return all that it printed."""
        (self.folder / "reproduce").write_bytes((ROOT / "reproduce").read_bytes())
        done = subprocess.run(
            [sys.executable, "-c", REPRODUCE, *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    @property
    def lock(self):
        """What the lock says of the site."""
        return read_json(self.lock_path)["sites"]["place"]

    def locked_ids(self, scene):
        """The ids of the items of one locked scene (optical, sar, clouds)."""
        return [item["id"] for item in self.lock[scene]["items"]]

    def pixels(self, name):
        """(array (bands, rows, columns), transform) of a raw scene."""
        with rasterio.open(self.results() / f"scenes/place/{name}.tif") as dataset:
            return dataset.read(), dataset.transform

    def left(self):
        """The files that a run left, but for logs, benchmarks and finished parts of downloads."""
        apart = {"logs", "benchmarks", "downloads", "search"}
        results = self.results()
        files = [path.relative_to(results) for path in results.rglob("*") if path.is_file()]
        return {str(path) for path in files if not apart & set(path.parts)}


def errors(printed):
    """The different lines of a run's output that say, to a person, what went wrong."""
    lines = [line.strip() for line in printed.splitlines()]
    return list(dict.fromkeys(line for line in lines if line.startswith("error: ")))


def same_scenes(one, other):
    """Compare the raw scenes of two studies, byte by byte."""
    for name in ("optical.tif", "sar.tif"):
        mine, theirs = (study.results() / f"scenes/place/{name}" for study in (one, other))
        assert mine.read_bytes() == theirs.read_bytes()


@contextmanager
def replaced(path, content):
    """Let the file at `path` hold other bytes in the block, and be as it was after it."""
    before, stat = path.read_bytes(), path.stat()
    path.write_bytes(content)
    try:
        yield stat
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

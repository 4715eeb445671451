"""Locking and downloading a site in this process, from an archive with faults."""

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from api_server import Api, serve
from download_scene import main as download_scene
from find_scenes import main as find_scenes
from rasterio.transform import Affine
from sarfusion.core.files import read_json, write_json
from sarfusion.study.config import resolve
from sarfusion.study.resolved import catalogue_site


@dataclass
class Locked:
    """What a search locked, and the folder it was made in."""

    folder: Path
    settings: dict[str, Any]
    found: dict[str, Any]
    table: pd.DataFrame

    def ids(self, scene):
        """The ids of the items of a scene."""
        return [item["id"] for item in self.found[scene]["items"]]

    def reason(self, name):
        """The verdict and the reason in the table for a pass."""
        row = self.table.set_index("items").loc[name]
        return row["verdict"], row["reason"]

    def coverage(self, name):
        """The share of the area that the table says a pass covers."""
        return self.table.set_index("items").loc[name, "coverage"]

    def download(self):
        """The pixels of sar.tif and of optical.tif, downloaded according to the lock."""
        lock = self.folder / "city.lock.json"
        write_json(lock, {"sites": {"place": self.found}})
        optical, sar = self.folder / "optical.tif", self.folder / "sar.tif"
        download_scene(
            site="place",
            site_settings=self.settings,
            lock=lock,
            parts=self.folder / "parts",
            packed=self.folder / "packed",
            optical=optical,
            sar=sar,
            metadata=self.folder / "scene.json",
        )
        return pixels(sar), pixels(optical)


def catalogue(url):
    """The settings of the catalogue at `url`."""
    return {
        "url": url,
        "optical": {"query": {"platform": {"eq": "landsat-9"}}},
        "sar": {"source_collection": "sentinel-1-grd"},
    }


def settings_of(archive, **site):
    """The resolved settings of a site."""
    place = {
        "source": "stac",
        "area": list(archive.area),
        "period": list(archive.period),
        **site,
    }
    return catalogue_site(resolve({"study": "city", "sites": {"place": place}}), "place")


def lock(folder, archive, records, change=lambda catalogue: catalogue, **site):
    """Lock the site from an API that has `records`; change: of the catalogue's settings."""
    folder.mkdir(exist_ok=True)
    with serve(ByCollection(records)) as api:
        settings = settings_of(archive, catalogue=change(catalogue(api.url)), **site)
        find_scenes(
            site_settings=settings,
            mask=["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"],
            answers=folder / "answers",
            found=folder / "found.json",
            table=folder / "table.csv",
        )
    return Locked(
        folder, settings, read_json(folder / "found.json"), pd.read_csv(folder / "table.csv")
    )


class ByCollection(Api):
    """An Api that answers with the records of the collection that is asked for."""

    def search(self, method, query, body):
        everything = self.records
        self.records = [each for each in everything if each["collection"] in body["collections"]]
        try:
            return super().search(method, query, body)
        finally:
            self.records = everything


def served(archive, folder):
    """A copy of the archive's files that may be changed."""
    shutil.copytree(archive.folder, folder)
    return folder


def changed(records, name, change):
    """The records, with that of the item `name` changed by a function."""
    records = copy.deepcopy(records)
    for record in records:
        if record["id"] == name:
            change(record)
    return records


def pixels(path):
    """The numbers (bands, rows, columns) of a raster."""
    with rasterio.open(path) as dataset:
        return dataset.read()


def rewrite(path, change=None, shift_m=0.0):
    """Write a file again with its numbers changed by a function, or moved east."""
    with rasterio.open(path) as dataset:
        numbers, profile = dataset.read(), dataset.profile
    if change is not None:
        change(numbers[0])
    profile["transform"] = Affine.translation(shift_m, 0) * profile["transform"]
    path.unlink()
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(numbers)
    return np.array(numbers)

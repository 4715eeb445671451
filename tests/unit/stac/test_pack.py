"""Packs: everything that a study needs from its archives in one file, and what is not a pack."""

import hashlib
import io
import json
import shutil
import tarfile

import numpy as np
import pytest
import rasterio
import yaml
from archive_lock import lock, pixels, served
from download_scene import main as download_scene
from pack_scenes import main as pack_scenes
from sarfusion.core.errors import StudyError
from sarfusion.core.files import read_json, write_json
from sarfusion.scenes.stac.lock import SCHEMA
from sarfusion.scenes.stac.pack import UNKNOWN, WINDOW, unpack
from servers.files import FileServer

SITE = {"gap_shapes": "simulated", "orbit": "descending"}  # of two frames


@pytest.fixture(scope="module")
def author(archive, tmp_path_factory):
    """A project with a locked study, its downloaded scenes and its pack; the server is gone."""
    root = tmp_path_factory.mktemp("author")
    folder = served(archive, root / "archive")
    for name in ("config", "results/city"):
        (root / name).mkdir(parents=True)
    with FileServer(folder) as server:
        locked = lock(root / "search", archive, archive.items(server.url), **SITE)
        locked.pixels = locked.download()
        place = {
            "source": "stac",
            "area": list(archive.area),
            "period": list(archive.period),
            "catalogue": {**locked.settings["catalogue"], "licence": "of the made archive"},
            **SITE,
        }
        study = root / "config/city.yaml"
        study.write_text(yaml.safe_dump({"study": "city", "sites": {"place": place}}))
        write_json(root / "config/city.lock.json", {"sites": {"place": locked.found}})
        locked.root, locked.study = root, study
        locked.tar = root / "results/city/city-scenes.tar"
        pack_scenes(study, root / "config/city.lock.json", locked.tar, ["A. Author"])
    return locked


def entries(tar):
    """{name: content} of a tar file."""
    with tarfile.open(tar) as opened:
        return {each.name: opened.extractfile(each).read() for each in opened}


def write_tar(path, content):
    """Write {name: content} as a tar file."""
    with tarfile.open(path, "w") as tar:
        for name, body in content.items():
            record = tarfile.TarInfo(name)
            record.size = len(body)
            tar.addfile(record, io.BytesIO(body))
    return path


def projects(tmp_path):
    """The folders of another person's project: of studies, and of unpacked windows."""
    (tmp_path / "config").mkdir()
    return tmp_path / "config", tmp_path / "results/.packed"


def test_a_pack_holds_the_windows_and_what_describes_them(author, archive):
    content = entries(author.tar)
    names = {name.removeprefix("city-scenes/") for name in content}
    windows = {name for name in names if name.startswith("scenes/place/")}
    assert len(windows) == 5 + 2 * 2  # bands of one optical and of two SAR items
    assert names - windows == {
        *("SHA256SUMS", "datacite.json", "LICENCES.md", "city.yaml", "city.lock.json")
    }
    sums = dict(
        reversed(line.split("  "))
        for line in content["city-scenes/SHA256SUMS"].decode().splitlines()
    )
    assert sums == {
        name: hashlib.sha256(content[f"city-scenes/{name}"]).hexdigest()
        for name in names - {"SHA256SUMS"}
    }
    lock = json.loads(content["city-scenes/city.lock.json"])
    assets = lock["sites"]["place"]["optical"]["items"][0]["assets"]
    assert all(len(asset["sha256"]) == 64 for asset in assets.values())
    assert "of the made archive" in content["city-scenes/LICENCES.md"].decode()
    for name in windows:
        with rasterio.open(io.BytesIO(content[f"city-scenes/{name}"])) as dataset:
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_its_description_has_what_datacite_requires(author, archive):
    about = json.loads(entries(author.tar)["city-scenes/datacite.json"])
    assert about["creators"] == [{"name": "A. Author"}]
    assert about["publisher"] == {"name": UNKNOWN}
    assert about["types"]["resourceTypeGeneral"] == "Dataset"
    assert about["titles"][0]["title"].endswith("study city")
    assert isinstance(about["publicationYear"], int)
    assert about["rightsList"] == [{"rights": "of the made archive"}]
    west, south, east, north = archive.area
    assert about["geoLocations"][0]["geoLocationBox"] == {
        "westBoundLongitude": west,
        "southBoundLatitude": south,
        "eastBoundLongitude": east,
        "northBoundLatitude": north,
    }
    hrefs = {each["relatedIdentifier"] for each in about["relatedIdentifiers"]}
    assert len(hrefs) == 9
    assert all(not href.partition("?")[2] for href in hrefs)


def test_a_second_person_gets_the_same_bytes_without_a_server(author, tmp_path):
    config, packed = projects(tmp_path)
    assert unpack(author.tar, config, packed) == "city"
    assert (config / "city.yaml").read_bytes() == author.study.read_bytes()
    for name in ("optical", "sar"):
        assert not (tmp_path / f"{name}.tif").exists()
    download_scene(
        site="place",
        site_settings=author.settings,  # of a server that no longer exists
        lock=config / "city.lock.json",
        parts=tmp_path / "parts",
        packed=packed / "city/place",
        optical=tmp_path / "optical.tif",
        sar=tmp_path / "sar.tif",
        metadata=tmp_path / "scene.json",
    )
    for name in ("optical", "sar"):
        assert (tmp_path / f"{name}.tif").read_bytes() == (
            author.folder / f"{name}.tif"
        ).read_bytes()
    np.testing.assert_array_equal(pixels(tmp_path / "sar.tif"), author.pixels[0])
    # Packed again from the same windows, it has the same bytes.
    target = tmp_path / "results/city/city-scenes.tar"
    pack_scenes(config / "city.yaml", config / "city.lock.json", target, ["A. Author"])
    assert target.read_bytes() == author.tar.read_bytes()


def test_a_study_or_lock_that_differs_is_not_overwritten(author, tmp_path):
    config, packed = projects(tmp_path)
    (config / "city.yaml").write_text("study: city\n")
    with pytest.raises(StudyError, match="differs from that in"):
        unpack(author.tar, config, packed)
    assert not (packed / "city").exists()
    shutil.copy(author.study, config / "city.yaml")
    unpack(author.tar, config, packed)
    unpack(author.tar, config, packed)  # again, over itself
    changed = read_json(config / "city.lock.json")
    changed["sites"]["place"]["found"] = "2020-01-01"
    write_json(config / "city.lock.json", changed)
    with pytest.raises(StudyError, match="differs from that in"):
        unpack(author.tar, config, packed)


def flipped(content):
    """The content with one byte changed in the largest file."""
    name = max(content, key=lambda name: len(content[name]))
    body = bytearray(content[name])
    body[len(body) // 2] ^= 1
    return {**content, name: bytes(body)}


def without(content, ending):
    """The content without a file."""
    return {name: body for name, body in content.items() if not name.endswith(ending)}


def renamed(content, name):
    """The content with one more file, of that name."""
    return {**content, name: b"x"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flipped, "does not have the checksum"),
        (lambda content: without(content, "datacite.json"), "does not have the checksum"),
        (lambda content: without(content, "SHA256SUMS"), "not a pack of a study"),
        (lambda content: renamed(content, "city-scenes/../../evil.yaml"), "does not belong"),
        (lambda content: renamed(content, "/etc/evil.yaml"), "does not belong"),
        (lambda content: renamed(content, "city-scenes/run.sh"), "does not belong"),
        (lambda content: renamed(content, "city-scenes/scenes/a/b/c.tif"), "does not belong"),
    ],
)
def test_a_pack_that_was_changed_is_refused(author, tmp_path, change, reason):
    config, packed = projects(tmp_path)
    tar = write_tar(tmp_path / "changed.tar", change(entries(author.tar)))
    with pytest.raises(StudyError, match=reason):
        unpack(tar, config, packed)
    assert list(config.iterdir()) == []
    assert list(packed.iterdir()) == []
    assert not (tmp_path / "evil.yaml").exists()


def test_links_in_a_pack_are_refused(author, tmp_path):
    config, packed = projects(tmp_path)
    tar = tmp_path / "links.tar"
    with tarfile.open(tar, "w") as opened:
        link = tarfile.TarInfo("city-scenes/city.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
    with pytest.raises(StudyError, match="does not belong"):
        unpack(tar, config, packed)


def test_what_is_no_tar_file_is_refused(tmp_path):
    config, packed = projects(tmp_path)
    (tmp_path / "no.tar").write_bytes(b"PK" * 1000)
    with pytest.raises(StudyError, match="not a tar file"):
        unpack(tmp_path / "no.tar", config, packed)


def test_windows_of_every_band_may_be_in_a_pack():
    rules = yaml.safe_load(SCHEMA.read_text())["$defs"]["scene"]["properties"]["items"]["items"]
    for band in rules["properties"]["assets"]["propertyNames"]["enum"]:
        assert WINDOW.fullmatch(f"scenes/my_city/{band}-0123456789abcdef.tif"), band
    assert not WINDOW.fullmatch("scenes/my_city/../red-0123456789abcdef.tif")

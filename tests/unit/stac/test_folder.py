"""Searching catalogues on disk."""

import json
from copy import deepcopy

import pytest
from api_server import AREA, PERIOD, Api, failure, record, search, serve, settings
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.items import read_item
from sarfusion.scenes.stac.remote import Remote


def write(path, content):
    """Write JSON, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def catalog(links, kind="Catalog", name="made-up"):
    """A catalogue or collection document."""
    document = {
        "type": kind,
        "stac_version": "1.0.0",
        "id": name,
        "description": "A catalogue",
        "links": links,
    }
    if kind == "Collection":
        document["license"] = "proprietary"
        document["extent"] = {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]},
        }
    return document


def child(href):
    return {"rel": "child", "href": href}


def item_link(href):
    return {"rel": "item", "href": href}


@pytest.fixture
def folder(tmp_path):
    """A catalogue of two collections; one item lies a level deeper than the others."""
    root = tmp_path / "catalogue"
    write(root / "catalog.json", catalog([child("./landsat/collection.json"), child("s1/c.json")]))
    landsat = catalog(
        [item_link("./a.json"), item_link("b.json"), child("./2024/catalog.json")],
        "Collection",
        "landsat-c2-l2",
    )
    write(root / "landsat" / "collection.json", landsat)
    write(root / "landsat" / "2024" / "catalog.json", catalog([item_link("../c.json")]))
    for name, day in (("a", "2023-11-09"), ("b", "2023-10-01"), ("c", "2024-02-01")):
        item = record(name, day)
        item["assets"]["red"]["href"] = f"./{name}-red.TIF"
        write(root / "landsat" / f"{name}.json", item)
        (root / "landsat" / f"{name}-red.TIF").touch()
    unnamed = record("r")
    del unnamed["collection"]
    write(root / "s1" / "c.json", catalog([child("2023.json")], "Collection", "sentinel-1-rtc"))
    write(root / "s1" / "2023.json", catalog([item_link("r.json")]))
    write(root / "s1" / "r.json", unnamed)
    return root


def test_a_catalogue_on_disk_is_searched_like_an_api(folder):
    root = folder / "catalog.json"
    assert sorted(search(root)) == ["a", "c"]
    assert search(root, sensor="sar") == ["r"]
    assert search(root, {"platform": {"eq": "landsat-8"}}) == []
    assert search(root, area=[0, 0, 1, 1]) == []
    assert search(folder / "landsat" / "collection.json") == ["c", "a"]


def test_files_of_a_catalogue_on_disk_get_their_whole_path(folder):
    made = settings(folder / "catalog.json")
    catalogue = open_catalogue(made, Remote(made))
    found = {item.id: item for item in catalogue.search("optical", AREA, *PERIOD)}
    item = read_item(found["a"], "optical", made, catalogue.check_href)
    assert item.assets["red"].href == str(folder / "landsat" / "a-red.TIF")


def test_links_into_the_network_are_not_followed(folder):
    with serve(Api([record("x")])) as site:
        links = [
            child(f"{site.url}/"),
            item_link(f"{site.url}/search"),
            item_link("landsat/a.json"),
        ]
        links += [child("s3://bucket/catalog.json")]
        old = record("old")
        old["stac_version"] = "0.8.0"
        old["links"] = [{"rel": "collection", "href": f"{site.url}/collections/landsat-c2-l2"}]
        write(folder / "old.json", old)
        write(folder / "catalog.json", catalog([*links, item_link("old.json")]))
        assert sorted(search(folder / "catalog.json")) == ["a", "old"]
        assert site.requests == []


@pytest.mark.parametrize("kind", ["up", "absolute", "file", "symlink"])
def test_nothing_outside_the_folder_is_read(folder, kind):
    secret = folder.parent / "secret.json"
    write(secret, record("secret"))
    (folder / "inside.json").symlink_to(secret)
    href = {
        "up": "../secret.json",
        "absolute": str(secret),
        "file": f"file://{secret}",
        "symlink": "inside.json",
    }[kind]
    write(folder / "catalog.json", catalog([item_link(href)]))
    assert "refused: it is outside" in failure(folder / "catalog.json")


def test_a_catalogue_that_links_in_a_circle_ends(folder):
    circle = catalog(
        [child("catalog.json"), child("./landsat/../catalog.json"), item_link("landsat/a.json")]
    )
    write(folder / "catalog.json", circle)
    assert search(folder / "catalog.json") == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html>", "not a catalogue, collection or item (JSONDecodeError"),
        ([1, 2], "not a catalogue, collection or item (TypeError"),
        ({"type": "FeatureCollection", "features": []}, "not a catalogue, collection or item"),
        ({"type": "Feature"}, "not a catalogue, collection or item"),
        (None, "No such file or directory; correct the catalogue's links"),
    ],
)
def test_damaged_documents_are_told_in_one_line(folder, content, said):
    if content is None:
        (folder / "landsat" / "a.json").unlink()
    else:
        write(folder / "landsat" / "a.json", content)
    line = failure(folder / "catalog.json")
    assert line.startswith(f"{folder / 'landsat' / 'a.json'}: ")
    assert said in line


def test_an_unknown_collection_on_disk_is_told_with_the_known_ones(folder):
    made = settings(folder / "catalog.json")
    made["optical"]["collection"] = "landsat-c2-l3"
    with pytest.raises(StudyError, match="landsat-c2-l3.*landsat-c2-l2, sentinel-1-rtc"):
        open_catalogue(made, Remote(made)).search("optical", AREA, *PERIOD)


@pytest.mark.parametrize("url", ["nowhere/catalog.json", ".", "s3://bucket/catalog.json"])
def test_what_is_no_catalogue_at_all(url):
    assert url in failure(url)


def test_a_file_address_is_not_an_api(folder):
    assert "catalog.json" in failure(f"file://{folder}/catalog.json")


def test_documents_are_not_changed_by_reading_them(folder):
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    search(folder / "catalog.json")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == deepcopy(before)

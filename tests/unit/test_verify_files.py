"""Rasters, figures, models, settings and sums of another person: each tampered with."""

import json
import pickle

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import yaml
from PIL import Image, ImageDraw
from rasterio.vrt import WarpedVRT
from safetensors.numpy import save_file
from sarfusion.core.errors import StudyError
from sarfusion.core.files import sha256, write_json
from sarfusion.verify import checksums, models, pictures, pixels, scenes, settings
from sarfusion.verify.expected import every_model
from sarfusion.verify.files import check_no_links, plain_file
from verify_data import STUDY, make_raster

# Pixels


def test_a_changed_pixel_is_named(tmp_path):
    here = make_raster(tmp_path / "here.tif")
    there = make_raster(tmp_path / "there.tif", change=1e-3)
    assert pixels.compare_rasters(here, here, 0) == 0
    assert pixels.compare_rasters(here, there, 2e-3) == pytest.approx(1e-3, rel=1e-4)
    with pytest.raises(StudyError, match="red: 1 pixels differ; the first is row 20, column 30"):
        pixels.compare_rasters(here, there, 1e-4)
    with pytest.raises(StudyError, match="1 pixels differ"):  # data where there was none
        pixels.compare_rasters(here, make_raster(there, change=np.nan), 1e9)


@pytest.mark.parametrize(
    ("other", "message"),
    [({"size": 41}, "grid"), ({"names": ("blue",)}, "bands"), ({"names": ("red", "x")}, "bands")],
)
def test_rasters_of_other_kinds(tmp_path, other, message):
    here = make_raster(tmp_path / "here.tif")
    with pytest.raises(StudyError, match=f"there.tif: {message}"):
        pixels.compare_rasters(here, make_raster(tmp_path / "there.tif", **other), 1e9)


def test_a_raster_that_is_none(tmp_path):
    here = make_raster(tmp_path / "here.tif")
    (tmp_path / "there.tif").write_bytes(here.read_bytes()[:3000])
    with pytest.raises(StudyError, match="there.tif"):
        pixels.compare_rasters(here, tmp_path / "there.tif", 1e9)


def test_a_raster_that_names_another_file_is_not_opened(tmp_path):
    """A VRT, which may refer to any file or address that GDAL can read."""
    here = make_raster(tmp_path / "here.tif")
    with rasterio.open(here) as source, WarpedVRT(source) as virtual:
        rasterio.shutil.copy(virtual, tmp_path / "there.tif", driver="VRT")
    with rasterio.open(tmp_path / "there.tif") as opened:
        assert opened.driver == "VRT"
    with pytest.raises(StudyError, match="there.tif: not a TIFF; it was not opened"):
        pixels.compare_rasters(here, tmp_path / "there.tif", 1e9)


def test_block_means_by_hand(tmp_path):
    path = make_raster(tmp_path / "a.tif", names=("red", "blue"))
    means = pixels.block_means(path)
    assert list(means) == ["red", "blue"]
    values = np.random.default_rng(7).uniform(0.1, 0.2, (2, 40, 40)).astype(np.float32)
    assert means["blue"][4][6] == pytest.approx(values[1, 20:25, 30:35].mean(dtype=float))
    hole = values[0, :5, :5].astype(float)
    hole[:3] = np.nan
    assert means["red"][0][0] == pytest.approx(np.nanmean(hole))


# Figures


def draw(path, bars, size=(600, 400), shift=0):
    """A figure of bars, in place of a plot."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 20, size[0] - 20, size[1] - 30), outline="black", width=2)
    for number, height in enumerate(bars):
        left = 60 + 60 * number + shift
        pen.rectangle((left, 370 - height, left + 40, 370), fill="#0173B2")
    image.save(path)
    return path


def test_figures_alike_and_swapped(tmp_path):
    ours = draw(tmp_path / "ours.png", (100, 200, 300))
    assert pictures.compare_figures(ours, ours) == "the same picture"
    alike = draw(tmp_path / "alike.png", (101, 199, 300))
    assert pictures.compare_figures(ours, alike).startswith("grey values differ by 0.0")
    pictures.write_thumbnail(ours, tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as small:
        assert small.size == (128, 85)
    assert pictures.compare_figures(ours, tmp_path / "small.png") == "the same picture"
    with Image.open(ours) as image:
        ImageDraw.Draw(image).rectangle((300, 40, 312, 60), fill="black")  # one dot more
        image.save(tmp_path / "dot.png")
    with pytest.raises(StudyError, match=r"by 0\.\d on average"):
        pictures.compare_figures(ours, tmp_path / "dot.png")
    retrained = draw(tmp_path / "retrained.png", (90, 215, 290))
    with pytest.raises(StudyError, match="another picture"):
        pictures.compare_figures(ours, retrained)
    assert pictures.compare_figures(ours, retrained, pictures.OTHER_WEIGHTS)
    swapped = draw(tmp_path / "swapped.png", (300, 200, 100))
    with pytest.raises(StudyError, match="another picture"):
        pictures.compare_figures(ours, swapped, pictures.OTHER_WEIGHTS)
    with pytest.raises(StudyError, match="another shape"):
        pictures.compare_figures(ours, draw(tmp_path / "c.png", (100, 200, 300), size=(600, 500)))


def test_figures_that_are_none(tmp_path):
    ours = draw(tmp_path / "ours.png", (100,))
    bad = tmp_path / "bad.png"
    bad.write_bytes(ours.read_bytes()[:200])
    with pytest.raises(StudyError, match="not a readable picture"):
        pictures.compare_figures(ours, bad)
    Image.new("RGB", (8, 8)).save(bad, format="BMP")  # no format but PNG is tried
    with pytest.raises(StudyError, match="not a readable picture"):
        pictures.compare_figures(ours, bad)
    Image.new("1", (10_000, 10_000)).save(bad)
    with pytest.raises(StudyError, match=r"\(100000000 pixels\) exceeds limit"):
        pictures.compare_figures(ours, bad)


# Models


@pytest.fixture
def folder(tmp_path):
    """A folder with all models of STUDY; their weights are a few numbers."""
    for number, (name, identity) in enumerate(every_model(STUDY).items()):
        model = STUDY["models"][identity["model"]]
        radar = "ratio_db" if identity["input"] == "ratio" else "without_ratio_db"
        names = [identity["band"], radar]
        scale = {"low": None, "high": None, "mean": 0.1, "std": 0.02}
        record = {
            **identity,
            **model,
            "channels": names,
            "scaling": dict.fromkeys(names, scale),
            "training": STUDY["training"] | {"device": "cpu"},
        }
        write_json(tmp_path / f"{name}.json", record)
        save_file({"a": np.arange(3.0) + number}, tmp_path / f"{name}.safetensors")
    return tmp_path


NAME = "here/reconstruction/red/cnn-ratio/seed1"


def test_all_models_or_a_part_of_every_kind(folder):
    assert models.usable_models(STUDY, folder) == set(every_model(STUDY))
    assert models.check_models(STUDY, folder) == "24 of 24 are there, at least one of every kind"
    for path in folder.glob("here/reconstruction/*/*/*.safetensors"):
        if "red" not in path.parts:
            path.unlink()
    assert models.check_models(STUDY, folder) == "8 of 24 are there, at least one of every kind"
    for path in folder.glob("here/reconstruction/red/cae-none/*.safetensors"):
        path.unlink()
    with pytest.raises(StudyError, match="no weights of reconstruction cae-none at here"):
        models.check_models(STUDY, folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "../../evil"}, "network is '../../evil', not 'cnn'"),
        ({"options": {"depth": 9}}, "options is"),
        ({"seed": 2}, "seed is 2, not 1"),
        ({"channels": ["red", "blue"]}, "channels is"),
        ({"training": {"updates": 90}}, "training is"),
        ({"training": 7}, "training is"),
        ({"scaling": {"red": {"mean": 0.1, "std": "x"}}}, "the scaling of red is unusable"),
        *(
            ({"scaling": {"red": {"mean": 0.1, "std": 1.0, name: 10**400}}}, "scaling of red")
            for name in ("mean", "std", "low", "high")
        ),
        ({"scaling": None}, "scaling of red"),
    ],
)
def test_a_record_that_is_not_what_the_study_asks_for(folder, change, message):
    record = json.loads((folder / f"{NAME}.json").read_text())
    write_json(folder / f"{NAME}.json", record | change)
    refused(folder, message)


def refused(folder, message):
    with pytest.raises(StudyError, match=message):
        models.check_models(STUDY, folder)
    assert models.usable_models(STUDY, folder) == set(every_model(STUDY)) - {NAME}


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"\xff", b"[" * 100_000])
def test_a_record_that_is_none(folder, content):
    (folder / f"{NAME}.json").write_bytes(content)
    refused(folder, "not JSON|not text|not a mapping")


class Trap:
    """Prints a word when it is unpickled."""

    def __reduce__(self):
        return print, ("unpickled",)


def test_a_pickle_is_not_opened(folder, capsys):
    (folder / f"{NAME}.safetensors").write_bytes(pickle.dumps(Trap()))
    refused(folder, "not safetensors .* it was not opened")
    assert not capsys.readouterr().out


def test_weights_that_are_cut_short(folder):
    path = folder / f"{NAME}.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    refused(folder, "not safetensors")


def test_a_model_that_one_site_lacks_is_used_nowhere(folder):
    two = STUDY | {"sites": {"here": {}, "there": {}}}
    assert models.usable_models(two, folder) == set()


# Settings and sums


def test_settings_must_be_the_same(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    settings.check_config(STUDY, tmp_path)
    for change, message in (
        ({"seeds": [1, 2, 3]}, r"seeds is \[1, 2, 3\] there, \[1, 2\] here"),
        ({"training": {"updates": 90, "device": "auto"}}, "training.updates is 90 there, 9 here"),
        ({"more": 1}, "more is 1 there, None here"),
    ):
        path.write_text(yaml.safe_dump(STUDY | change))
        with pytest.raises(StudyError, match=message):
            settings.check_config(STUDY, tmp_path)
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n" for n in range(1, 30)
    )
    path.write_text(bomb + "study: *a29\n")
    with pytest.raises(StudyError, match="study is .* there, 's' here"):
        settings.check_config(STUDY, tmp_path)
    for content in ("- [", "!!python/object/apply:os.system [echo]", "7"):
        path.write_text(content)
        with pytest.raises(StudyError, match="config.yaml"):
            settings.check_config(STUDY, tmp_path)


def reference(folder):
    """A folder of two files that lists its checksums."""
    for name in ("a.txt", "b/c.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    lines = [f"{sha256(folder / name)}  {name}\n" for name in ("a.txt", "b/c.txt")]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_sums_of_a_reference(tmp_path):
    assert checksums.check_sums(reference(tmp_path), "s") == "2 files"


def tamper_changed(folder):
    (folder / "b/c.txt").write_text("c")


def tamper_missing(folder):
    (folder / "a.txt").unlink()


def tamper_added(folder):
    (folder / "b/d.txt").write_text("d")


def tamper_outside(folder):
    (folder.parent / "secret").write_text("s")
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{sha256(folder.parent / 'secret')}  ../secret\n")


def tamper_garbled(folder):
    (folder / "SHA256SUMS").write_text("a.txt\n")


def tamper_emptied(folder):
    (folder / "SHA256SUMS").write_text("")


def tamper_doubled(folder):
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  a.txt\n")


def tamper_spelling(folder):
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  ./a.txt\n")


def tamper_gone(folder):
    (folder / "SHA256SUMS").unlink()


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (tamper_changed, "c.txt: sha256 is [0-9a-f]{12}..., but [0-9a-f]{12}... is stated"),
        (tamper_missing, "a.txt: No such file"),
        (tamper_added, "d.txt: SHA256SUMS does not list this file"),
        (tamper_outside, "lists ../secret, which is outside this folder"),
        (tamper_garbled, "not a line of checksums: 'a.txt'"),
        (tamper_emptied, "lists no file of these results"),
        (tamper_doubled, "a.txt is listed twice"),
        (tamper_spelling, "not a plain path"),
        (tamper_gone, "neither SHA256SUMS nor provenance/files.csv"),
    ],
)
def test_sums_that_do_not_hold(tmp_path, tamper, message):
    (tmp_path / "folder").mkdir()
    tamper(reference(tmp_path / "folder"))
    with pytest.raises(StudyError, match=message):
        checksums.check_sums(tmp_path / "folder", "s")


def run(folder):
    """A results folder as a run leaves it: its files.csv lists a table, a raster, and a source."""
    rows = ["path,bytes,sha256,rule", f"data/own.tif,1,{'0' * 64},"]
    for name in ("tables/metrics.csv", "fused/x.tif"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
        rows.append(f"results/s/{name},1,{sha256(folder / name)},made")
    (folder / "provenance").mkdir()
    (folder / "provenance/files.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_sums_of_a_run(tmp_path):
    assert checksums.check_sums(run(tmp_path), "s") == "2 files"
    (tmp_path / "fused/x.tif").unlink()  # large, and maybe not passed on
    assert checksums.check_sums(tmp_path, "s") == "1 files; 1 more are listed, but not here"
    (tmp_path / "tables/metrics.csv").write_text("other")
    with pytest.raises(StudyError, match="metrics.csv: sha256 is"):
        checksums.check_sums(tmp_path, "s")
    (tmp_path / "tables/metrics.csv").unlink()
    with pytest.raises(StudyError, match="metrics.csv: No such file"):
        checksums.check_sums(tmp_path, "s")
    (tmp_path / "provenance/files.csv").write_text("path,sha256\n")
    with pytest.raises(StudyError, match="lists no file of these results"):
        checksums.check_sums(tmp_path, "s")
    (tmp_path / "provenance/files.csv").write_text("name\nx\n")
    with pytest.raises(StudyError, match="not a table of files"):
        checksums.check_sums(tmp_path, "s")


def test_a_run_lists_each_of_its_files_once(tmp_path):
    listed = run(tmp_path) / "provenance/files.csv"
    for name in ("logs/a.log", "report.html"):  # made after the list, or not a result
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert checksums.check_sums(tmp_path, "s") == "2 files"
    (tmp_path / "tables/more.csv").touch()
    with pytest.raises(StudyError, match=r"more.csv: provenance/files.csv does not list this"):
        checksums.check_sums(tmp_path, "s")
    (tmp_path / "tables/more.csv").unlink()
    listed.write_text(listed.read_text() + f"results/s/fused/x.tif,1,{'0' * 64},made\n")
    with pytest.raises(StudyError, match="fused/x.tif is listed twice"):
        checksums.check_sums(tmp_path, "s")


# Links


def test_a_link_is_refused_wherever_it_is(tmp_path):
    (tmp_path / "sent/tables").mkdir(parents=True)
    (tmp_path / "sent/tables/a.csv").touch()
    (tmp_path / "named").symlink_to(tmp_path / "sent")  # by the reader, which is allowed
    check_no_links(tmp_path / "named")
    for link, target in (("sent/tables/b.csv", "a.csv"), ("sent/fused", "tables")):
        (tmp_path / link).symlink_to(target)
        with pytest.raises(StudyError, match=f"{link.removeprefix('sent/')}: a link"):
            check_no_links(tmp_path / "named")
        (tmp_path / link).unlink()
    (tmp_path / "sent/gone").symlink_to("nowhere")
    with pytest.raises(StudyError, match="gone: a link"):
        check_no_links(tmp_path / "sent")
    with pytest.raises(StudyError, match="not a plain file"):
        plain_file(tmp_path / "sent/gone", 1)


# Scenes


def scene(folder, change=0.0):
    """A results folder with one raw scene; `change` is added to one pixel."""
    path = make_raster(folder / "scenes/here/sar.tif", change, names=("vv", "vh"))
    facts = {"source": "simulated", "items": [], "sar": {"sha256": sha256(path)}}
    write_json(folder / "scenes/here/scene.json", facts)
    return folder


def state_means(folder):
    """Leave only the description and the block means of a scene, as a reference does."""
    path = folder / "scenes/here/sar.tif"
    write_json(scenes.means_path(folder, "here"), {"sar": pixels.block_means(path)})
    path.unlink()
    return folder


def check_scene(here, there):
    return scenes.check_scene("here", "sar", here, there)


def test_the_same_scene_has_the_same_bytes(tmp_path):
    here, there = scene(tmp_path / "here"), state_means(scene(tmp_path / "there"))
    assert check_scene(here, there) == "the same bytes"


def test_a_scene_that_was_changed_after_it_was_described(tmp_path):
    here, there = scene(tmp_path / "here"), scene(tmp_path / "there")
    make_raster(there / "scenes/here/sar.tif", 1e-6, names=("vv", "vh"))
    for pair in ((here, there), (there, here)):
        with pytest.raises(StudyError, match="sar.tif: sha256 is"):
            check_scene(*pair)


def test_a_simulated_scene_may_be_rounded_otherwise_and_no_more(tmp_path):
    here, there = scene(tmp_path / "here", change=2e-7), state_means(scene(tmp_path / "there"))
    assert check_scene(here, there).startswith("different bytes; block means agree to ")
    with pytest.raises(StudyError, match="vh: the mean of block 4, 6 is 0.1"):
        check_scene(scene(tmp_path / "changed", change=1e-3), there)
    scenes.means_path(there, "here").unlink()
    with pytest.raises(StudyError, match="neither the raster nor its block means are there"):
        check_scene(here, there)


def test_scenes_of_files_rest_on_the_same_files(tmp_path):
    def describe(folder, part):
        files = [{"path": f"{folder}/r.vrt", "sha256": "aa"}, {"path": "p.tif", "sha256": part}]
        item = {"band": "optical.red", "path": f"{folder}/r.vrt", "files": files}
        write_json(
            tmp_path / folder / "scenes/here/scene.json", {"source": "files", "items": [item]}
        )
        return tmp_path / folder

    here = describe("here", "bb")
    assert scenes.check_sources("here", here, describe("there", "bb")) == (
        "2 files with the same checksums"
    )
    with pytest.raises(StudyError, match="here: optical.red 2 p.tif: sha256 is cc there, bb here"):
        scenes.check_sources("here", here, describe("there", "cc"))
    (tmp_path / "there/scenes/here/scene.json").write_text("{")
    with pytest.raises(StudyError, match="scene.json: not JSON"):
        scenes.check_sources("here", here, tmp_path / "there")


def test_scenes_of_a_catalogue_are_those_of_the_lock(tmp_path):
    asset = {"href": "https://x/red.tif", "sha256": "aa"}
    item = {"id": "LC09", "assets": {"red": asset}}
    entry = {"optical": {"items": [item]}, "sar": {"items": []}}
    described = {"source": "stac", "items": [{"sensor": "optical", **item}]}
    write_json(tmp_path / "scenes/here/scene.json", described)
    assert scenes.check_locked("here", tmp_path, entry) == "1 files with the checksums of the lock"
    asset["sha256"] = "bb"
    with pytest.raises(StudyError, match="red of LC09 does not match the lock"):
        scenes.check_locked("here", tmp_path, entry)


def test_further_radar_passes_are_those_of_the_lock_too(tmp_path):
    items = [{"id": name, "assets": {"vv": {"href": "https://x", "sha256": name}}} for name in "ab"]
    first, second = ({"items": [item], "datetime": "2024-01-13T03:15:00Z"} for item in items)
    entry = {"optical": {"items": []}, "sar": first, "passes": [second]}
    described = {"source": "stac", "items": [{"sensor": "sar", **item} for item in items]}
    write_json(tmp_path / "scenes/here/scene.json", described)
    assert scenes.check_locked("here", tmp_path, entry) == "2 files with the checksums of the lock"
    second["items"][0]["assets"]["vv"]["sha256"] = "c"
    with pytest.raises(StudyError, match="vv of b does not match the lock"):
        scenes.check_locked("here", tmp_path, entry)

"""Raw Sentinel-1: what a product says is read, and noise and gain are taken from its numbers."""

import re
import shutil
from pathlib import Path

import grd_safe
import numpy as np
import pytest
import rasterio
from grd_scene import EPOCH, Scene
from rasterio.windows import Window
from sarfusion.core.errors import StudyError
from sarfusion.scenes.grd.product import NoiseBlock, Table, read_product
from sarfusion.scenes.grd.radiometry import (
    beta_nought,
    border,
    interpolated,
    thermal_noise,
    to_edges,
)

SCENE = Scene(rows=120, columns=130)
REAL = Path(__file__).resolve().parents[3] / "shared/real-data/s1-grd-safe-and-luts"


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    return grd_safe.write_product(tmp_path_factory.mktemp("product"), SCENE)


def test_a_product_says_what_the_scene_is(safe):
    product = read_product(safe)
    assert product.sensor == "Sentinel-1A IW GRDH, gamma nought"
    assert product.shape == (120, 130)
    assert product.spacing_m == (10.0, 10.0)
    assert product.interval_s == pytest.approx(SCENE.interval, rel=1e-12)
    start = (product.first_line - EPOCH) / np.timedelta64(1, "s")
    assert start == pytest.approx(-59.5 * SCENE.interval, abs=1e-6)
    times, places = product.orbit
    assert len(times) == 15
    assert np.allclose(places[:, 7], SCENE.satellite(0.0)[0], rtol=1e-9)
    _, first, coefficients = product.slant_to_ground
    assert first == pytest.approx([SCENE.near_range] * 3)
    assert coefficients[1] == pytest.approx(SCENE.polynomials()[0])
    assert [path.name for path in product.files if path.suffix == ".tiff"] == [
        grd_safe.STEM.format(band=band, number=number) + ".tiff"
        for number, band in enumerate(("vv", "vh"), 1)
    ]


# Tables


def test_a_table_is_linear_along_both_and_level_beyond():
    samples = (np.array([0.0, 10.0]), np.array([0.0, 20.0]))
    table = Table(np.array([0.0, 4.0]), samples, (np.array([1.0, 2.0]), np.array([3.0, 7.0])))
    found = interpolated(table, np.array([-1, 0, 1, 4, 9]), np.array([0, 5, 20, 30]))
    first, last = [1.0, 1.5, 2.0, 2.0], [3.0, 4.0, 7.0, 7.0]
    quarter = [1.5, 2.125, 3.25, 3.25]
    assert np.allclose(found, [first, first, quarter, last, last])


def test_noise_is_a_table_in_range_times_factors_along_azimuth():
    table = Table(np.array([0.0]), (np.array([0.0, 4.0]),), (np.array([100.0, 300.0]),))
    left = NoiseBlock(0, 3, 0, 1, np.array([0.0, 2.0]), np.array([1.0, 2.0]))
    right = NoiseBlock(2, 3, 2, 4, np.array([0.0]), np.array([0.5]))
    noise = thermal_noise(table, (left, right), np.arange(4), np.arange(5))
    assert np.allclose(
        noise,
        [
            [100, 150, 200, 250, 300],
            [150, 225, 200, 250, 300],
            [200, 300, 100, 125, 150],
            [200, 300, 100, 125, 150],
        ],
    )


def test_noise_of_the_scene_comes_back_to_a_table_of_straight_pieces(safe):
    product = read_product(safe)
    lines, samples = np.arange(120), np.arange(130)
    image = product.polarisations["vh"]
    found = thermal_noise(image.noise, image.noise_blocks, lines, samples)
    assert np.allclose(found, grd_safe.noise(SCENE, lines, samples), rtol=5e-3)
    assert np.allclose(interpolated(image.gain, lines, samples), grd_safe.gain(samples), rtol=1e-6)


# Beta nought


def whole(product):
    return Window(0, 0, product.shape[1], product.shape[0])


def test_beta_nought_is_that_of_the_scene_and_borders_are_no_data(safe):
    product = read_product(safe)
    found = beta_nought(product, whole(product))
    true = SCENE.beta_nought(*SCENE.ground())
    first = grd_safe.EMPTY_PX + grd_safe.BORDER_PX
    for band, image in found.items():
        assert image.dtype == np.float32
        assert np.isnan(image[:, :first]).all()
        ground = np.s_[:, first + 6 :]  # beyond what the smoothing may remove
        assert np.isfinite(image[ground]).all()
        error = 10 * np.log10(image[ground] / true[band][ground])
        assert np.abs(error).max() < 0.1  # of VH of about 97, which is rounded, 0.05 dB


def test_a_part_is_that_part_of_the_whole(safe):
    product = read_product(safe)
    every = beta_nought(product, whole(product))["vv"]
    part = beta_nought(product, to_edges(Window(60, 50, 20, 10), product.shape))["vv"]
    assert part.shape == every.shape  # it is so near to every edge
    assert np.array_equal(part, every, equal_nan=True)


def test_a_window_reaches_the_edges_that_are_near():
    assert to_edges(Window(600, 700, 50, 60), (2000, 3000)) == Window(600, 700, 50, 60)
    assert to_edges(Window(100, 1400, 50, 200), (2000, 3000)) == Window(0, 1400, 150, 600)


def test_a_border_ends_where_the_ground_begins_and_dark_ground_inside_stays():
    excess = np.full((60, 80), -1.0)
    excess[:, 20:] = 50.0
    excess[30:40, 50:60] = -1.0  # a lake
    found = border(excess, (False, False, True, False))
    assert found[:, :20].all()
    assert not found[:, 31:].any()
    assert not border(excess, (False, False, False, True)).any()


def test_dark_ground_at_an_edge_is_taken_for_border_so_far_and_no_further():
    excess = np.full((30, 1200), -1.0)
    found = border(excess, (False, False, True, False))
    assert found[:, :500].all()
    assert not found[:, 510:].any()


# What is wrong is said in one line


@pytest.fixture
def broken(safe, tmp_path):
    return shutil.copytree(safe, tmp_path / safe.name)


def annotation(folder, band="vv"):
    (path,) = folder.glob(f"annotation/*-{band}-*.xml")
    return path


def change(path, pattern, replacement):
    text, times = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
    assert times
    path.write_text(text)


def refused(folder):
    with pytest.raises(StudyError) as raised:
        read_product(folder)
    return str(raised.value)


def test_an_archive_and_another_folder_are_refused(safe, tmp_path):
    archive = tmp_path / "a.zip"
    archive.touch()
    assert "unpack it" in refused(archive)
    assert "has no manifest.safe" in refused(tmp_path)


def test_what_is_missing_is_named(broken):
    annotation(broken).unlink()
    assert "lacks the annotation of VV (it has VH); give a complete IW GRDH" in refused(broken)
    annotation(broken, "vh").unlink()
    assert "lacks the annotation of VV and VH (it has none)" in refused(broken)


@pytest.mark.parametrize("kind", ["measurement/*", "*/calibration/cal*", "*/calibration/noise*"])
def test_a_missing_file_is_named(broken, kind):
    path = sorted(broken.glob(kind))[0]
    path.unlink()
    assert f"lacks {path.relative_to(broken)}" in refused(broken)


@pytest.mark.parametrize(
    ("pattern", "other", "words"),
    [
        ("<mode>IW", "<mode>EW", "is EW GRD"),
        ("<productType>GRD", "<productType>SLC", "is IW SLC"),
        ("<rangePixelSpacing>[^<]*", "<rangePixelSpacing>40", "columns 40 m apart"),
        ("<orbitList.*</orbitList>", "", "has no orbit"),
        ("<sr0>[^<]*", "<sr0>far", "sr0 is not a number"),
        ("<azimuthTimeInterval>[^<]*", "<azimuthTimeInterval>nan", "is not finite"),
        ("<productFirstLineUtcTime>[^<]*", "<productFirstLineUtcTime>noon", "is not a time"),
        ("<time>[^<]*", "<time>-", "time is not a time"),
        ("<numberOfLines>[^<]*", "<numberOfLines>7", "different sizes"),
        ("</product>", "", "is not XML"),
    ],
)
def test_another_product_and_a_damaged_one_are_refused(broken, pattern, other, words):
    change(annotation(broken), pattern, other)
    assert words in refused(broken)


def test_noise_of_before_2018_and_uneven_tables_are_refused(broken):
    (noise,) = broken.glob("annotation/calibration/noise-*-vv-*.xml")
    change(noise, r"(<noiseAzimuthLut[^>]*>)\S+ ", r"\1")
    assert "differ in number" in refused(broken)
    noise.write_text("<noise><noiseVectorList/></noise>")
    assert "before March 2018" in refused(broken)


def test_an_image_of_another_size_or_cut_short_is_refused(broken):
    product = read_product(broken)
    image = product.polarisations["vh"].image
    whole_image = image.read_bytes()
    image.write_bytes(whole_image[: len(whole_image) // 2])
    with pytest.raises(StudyError, match=r"-vh-.*tiff"):
        beta_nought(product, whole(product))
    image.write_bytes(b"")
    with pytest.raises(StudyError, match="cannot be read"):
        beta_nought(product, whole(product))
    form = {
        "driver": "GTiff",
        "dtype": "uint16",
        "count": 1,
        "transform": rasterio.Affine(2, 0, 0, 0, 2, 0),
    }
    with rasterio.open(image, "w", height=5, width=6, **form) as dataset:
        dataset.write(np.ones((1, 5, 6), np.uint16))
    with pytest.raises(StudyError, match="its annotation describes one of"):
        beta_nought(product, whole(product))


# Real products, of which only the annotation is available


def real_product(folder):
    """Unpack a real product into a folder, with empty images; return its own folder."""
    (archive,) = REAL.glob("pyrosar/*.zip")
    shutil.unpack_archive(archive, folder)
    (safe,) = folder.glob("*.SAFE")
    (safe / "measurement").mkdir(exist_ok=True)
    for path in safe.glob("annotation/*.xml"):
        (safe / "measurement" / path.with_suffix(".tiff").name).touch()
    return safe


@pytest.mark.skipif(not REAL.is_dir(), reason="no real products at hand")
def test_a_real_product_is_read(tmp_path):
    product = read_product(real_product(tmp_path))
    assert product.shape == (16854, 25931)
    assert str(product.first_line) == "2021-01-19T03:16:53.799379000"
    image = product.polarisations["vv"]
    assert [block.last_sample for block in image.noise_blocks] == [8742, 17561, 25930]
    # At line 0 and sample 0 the tables state 2359.446 and 1.011965; half-way to the next, the mean.
    noise = thermal_noise(image.noise, image.noise_blocks, np.array([0]), np.array([0, 20]))
    assert noise[0, 0] == pytest.approx(2359.446 * 1.011965)
    assert noise[0, 1] == pytest.approx((2359.446 + 2325.495) / 2 * 1.011965)
    assert interpolated(image.gain, np.array([8000]), np.array([12345])) == pytest.approx(474)

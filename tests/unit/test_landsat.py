import numpy as np
import pytest
from sarfusion.scenes import landsat

CLEAR, CLOUD, SHADOW, DILATED, FILL = 21824, 22280, 23888, 21762, 1
ALL_FLAGS = ["dilated_cloud", "cirrus", "cloud", "cloud_shadow", "snow"]


def reflectance(numbers, qa_pixel=CLEAR, qa_radsat=0, mask=ALL_FLAGS, scale=2.75e-5, offset=-0.2):
    numbers = np.asarray(numbers).reshape(3, 1, -1)
    qa = [np.broadcast_to(np.uint16(x), numbers.shape[1:]) for x in (qa_pixel, qa_radsat)]
    values, counts = landsat.to_reflectance(numbers, *qa, [scale] * 3, [offset] * 3, mask)
    return values[:, 0], counts


def test_scale_and_offset_of_collection_2_level_2():
    values, _ = reflectance(np.uint16([[7273], [10909], [43636]]))
    assert values[:, 0] == pytest.approx([7273 * 2.75e-5 - 0.2, 0.0999975, 0.99999], abs=1e-6)


def test_fill_is_masked_before_scaling():
    values, counts = reflectance(np.uint16([[0], [0], [0]]), qa_pixel=FILL)
    assert np.isnan(values).all()
    assert counts["fill"] == counts["masked"] == 1


@pytest.mark.parametrize(
    ("qa", "flag"), [(CLOUD, "cloud"), (SHADOW, "cloud_shadow"), (DILATED, "dilated_cloud")]
)
def test_real_quality_codes_are_masked_by_their_flag_alone(qa, flag):
    number = np.uint16([[9000]] * 3)
    assert np.isnan(reflectance(number, qa_pixel=qa)[0]).all()
    others = [name for name in ALL_FLAGS if name not in (flag, "dilated_cloud")]
    kept, counts = reflectance(number, qa_pixel=qa, mask=others)
    assert np.isfinite(kept).all() == (counts["masked"] == 0)
    _, counts = reflectance(number, qa_pixel=qa, mask=[flag])
    assert counts[flag] == 1


def test_saturation_masks_one_band():
    values, counts = reflectance(np.uint16([[9000]] * 3), qa_radsat=1 << 3)
    assert np.isnan(values[0, 0])
    assert np.isfinite(values[1:, 0]).all()
    assert (counts["red_saturated"], counts["green_saturated"]) == (1, 0)


def test_reflectance_outside_0_to_1_is_kept_and_counted():
    values, counts = reflectance(np.uint16([[1, 65534]] * 3))
    assert values[0] == pytest.approx([-0.1999725, 1.602185], abs=1e-6)
    assert (counts["red_below_0"], counts["red_above_1"]) == (1, 1)


def test_numbers_that_are_not_finite_are_no_data():
    values, counts = reflectance(np.float32([[np.nan, np.inf, 1.0]] * 3), qa_pixel=0)
    assert np.isnan(values[0, :2]).all()
    assert np.isfinite(values[0, 2])
    assert counts["fill"] == 2


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("Landsat 9 OLI-2, Collection 2 Level-2", "oli"),
        ("landsat-8 path 010", "oli"),
        ("LC08_L2SP_008059_20191201_02_T1_QA_RADSAT.TIF", "oli"),
        ("Landsat 7 ETM+", "tm"),
        ("landsat-5 path 127", "tm"),
        ("data/LE07_L2SP_127045_20010101_02_T1_QA_RADSAT.TIF", "tm"),
        ("L5 TM", "tm"),
        ("Landsat 7 and Landsat 8", None),
        ("unknown utm48.tif", None),
    ],
)
def test_sensors_are_known_by_their_names(text, sensor):
    assert landsat.sensor_named(text) == sensor


def test_saturation_of_etm_is_moved_to_the_bits_of_oli():
    etm = np.uint16([0b100, 0b010, 0b001, 0b111, 1 << 9])  # red, green, blue, all, dropped
    assert landsat.radsat_as_oli(etm, "tm").tolist() == [0b1000, 0b0100, 0b0010, 0b1110, 0]
    assert landsat.radsat_as_oli(etm, "oli") is etm

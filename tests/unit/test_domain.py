"""What in a scene lies outside the domain of a network, and whose networks fill it."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sarfusion.core.errors import StudyError
from sarfusion.fusion.domain import domain_of, misfits, sensor_family
from sarfusion.ground.normalise import percentiles
from sarfusion.product import given as models

TRAINED = {
    "sensors": {"optical": ["Landsat 9 OLI-2"], "sar": ["Sentinel-1 IW GRD"]},
    "is_simulated": False,
    "pixel_m": [28.0, 30.0],
    "percentiles": {"red": [0.02, 0.05, 0.1, 0.2, 0.3], "ratio_db": [-1, 3, 7, 12, 17]},
    "preparation": {"noise_floor_db": [-30], "start": ["biharmonic"]},
}


def scene(**changes):
    """A scene like the training ground, with a channel that no network knows, and with changes."""
    like = copy.deepcopy(TRAINED)
    like["percentiles"]["vv_db"] = [-99] * 5
    return like | changes


def with_red(*values):
    return scene(percentiles=TRAINED["percentiles"] | {"red": list(values)})


def test_a_scene_like_the_training_ground_fits():
    assert misfits(scene(), TRAINED) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (scene(is_simulated=True), "it is simulated, not real"),
        (
            scene(sensors=TRAINED["sensors"] | {"optical": ["Sentinel-2 MSI"]}),
            "its optical sensor is 'Sentinel-2 MSI', not Landsat 9 OLI-2",
        ),
        (
            scene(sensors=TRAINED["sensors"] | {"sar": ["unknown"]}),
            "its sar sensor is 'unknown', not Sentinel-1 IW GRD",
        ),
        (scene(pixel_m=[10.0, 10.0]), "its pixels are 10 m, not 28 to 30 m"),
        (scene(pixel_m=[30.0, 31.6]), "its pixels are 30 to 31.6 m, not 28 to 30 m"),
        (
            with_red(0, 0.01, 0.1, 0.2, 0.3),
            "5% of its red is below 0.01, where the networks saw at least 0.02",
        ),
        (
            with_red(0.02, 0.05, 0.1, 0.4, 0.5),
            "5% of its red is above 0.4, where the networks saw at most 0.3",
        ),
        (
            with_red(0.02, 0.03, 0.04, 0.05, 0.1),
            "the median of its red is 0.04, not in 0.05 to 0.2",
        ),
        (
            scene(preparation={"noise_floor_db": [-25], "start": ["biharmonic"]}),
            "its noise_floor_db is -25, not -30",
        ),
    ],
)
def test_what_does_not_fit_is_told(changed, problem):
    assert misfits(changed, TRAINED) == [problem]


def test_what_lies_at_the_limits_fits():
    assert misfits(with_red(-1, 0.02, 0.05, 0.3, 9), TRAINED) == []
    assert misfits(scene(pixel_m=[26.7, 31.4]), TRAINED) == []


def test_radar_does_not_matter_to_a_network_without_it():
    blind = TRAINED | {"percentiles": {"red": TRAINED["percentiles"]["red"]}}
    changed = scene(sensors=TRAINED["sensors"] | {"sar": ["unknown"]})
    changed["percentiles"]["ratio_db"] = [50] * 5
    assert misfits(changed, blind) == []
    assert len(misfits(changed, TRAINED)) == 3


@given(st.integers(0, 10**6), st.floats(0.85, 1.15))
def test_other_ground_of_the_same_kind_fits_and_other_units_do_not(seed, brightness):
    rng = np.random.default_rng(seed)
    ground, other = rng.gamma(4, 0.03, (2, 4000))
    trained = TRAINED | {"percentiles": {"red": percentiles(ground)}}
    assert misfits(scene(percentiles={"red": percentiles(brightness * other)}), trained) == []
    for factor in (1e4, 1 / 2.75e-5, 0.1):
        assert misfits(scene(percentiles={"red": percentiles(factor * other)}), trained)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("Landsat 9 OLI-2, Collection 2 Level-2", "oli"),
        ("LC08_L2SP", "oli"),
        ("Landsat 7 ETM+", "tm"),
        ("Sentinel-1A IW GRD", "sentinel-1"),
        ("S1C", "sentinel-1"),
        ("Sentinel-1 IW GRD, radiometrically terrain corrected (gamma nought)", "sentinel-1"),
        ("Sentinel-2 MSI", "sentinel-2 msi"),
        ("Sentinel-12", "sentinel-12"),
        (" Unknown ", "unknown"),
    ],
)
def test_sensors_that_stand_for_each_other_are_one_family(name, family):
    assert sensor_family(name) == family


def test_the_domain_of_several_sites_spans_them():
    def site(sensor, simulated):
        sensors = {kind: {"sensor": sensor} for kind in ("optical", "sar")}
        return {"simulated": simulated, **sensors}

    found = domain_of(
        [site("b", False), site("a", True), site("b", False)],
        [(30, 29), (31, 30), (30, 30)],
        {"red": [1, 2, 3, 4, 5]},
        {"noise_floor_db": [-30]},
    )
    assert found == {
        "sensors": {"optical": ["a", "b"], "sar": ["a", "b"]},
        "is_simulated": True,
        "pixel_m": [29, 31],
        "percentiles": {"red": [1, 2, 3, 4, 5]},
        "preparation": {"noise_floor_db": [-30]},
    }


# Whose networks fill


def test_models_are_of_the_only_place_or_of_the_one_that_is_named():
    assert models.chosen_place(["hanoi"], None, "results/a") == "hanoi"
    assert models.chosen_place(["hanoi", "hue"], "hue", "results/a") == "hue"
    for places, wanted, problem in (
        ([], None, "results/a: no models that fill gaps"),
        (["hanoi", "hue"], None, "models of hanoi, hue; choose the most similar one with --site"),
        (["hanoi"], "hue", "no models of hue that fill gaps; there are hanoi"),
    ):
        with pytest.raises(StudyError, match=problem):
            models.chosen_place(places, wanted, "results/a")


def a_record(band="red", seed=1):
    """The keys of a record that are read."""
    scaling = {"low": None, "high": None, "mean": 0.1, "std": 0.05}
    return {
        **{"site": "old_town", "band": band, "model": "unet", "input": "ratio", "seed": seed},
        **{"network": "unet", "options": {}, "residual": True, "uncertainty": False},
        "channels": [band, "gap", "ratio_db", "without_vv_db", "ratio_db_anomaly"],
        "scaling": {band: scaling, "ratio_db": scaling},
        "domain": copy.deepcopy(TRAINED) | {"percentiles": {band: [0.0, 0.1, 0.2, 0.3, 0.4]}},
        "validation_rmse": 0.02,
    }


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (["scaling"], None, "scaling: None is not of type 'object'"),
        (["scaling"], {}, "scaling: has no red"),
        (["scaling", "red", "std"], 0, "scaling.red.std: 0 is less than or equal to"),
        (["scaling", "red", "low"], float("inf"), "scaling.red.low: inf is not of type 'number'"),
        (["domain"], [], "domain: .. is not of type 'object'"),
        (
            ["domain", "preparation", "start"],
            [],
            "domain.preparation.start: .. should be non-empty",
        ),
        (["domain", "percentiles", "red", 4], 10**400, "domain.percentiles.red.4: 1000"),
        (["domain", "percentiles", "nir"], [0.0] * 5, "domain.percentiles: 'nir' is not among"),
        (["channels"], ["red", "other"], "channels: no channel 'other' of red here"),
        (["validation_rmse"], "low", "validation_rmse: 'low' is not of type 'number'"),
        (["validation_rmse"], float("nan"), "validation_rmse: nan is not of type 'number'"),
        (["validation_rmse"], -1, "validation_rmse: -1 is less than the minimum of 0"),
        (["validation_rmse"], 10**400, "validation_rmse: 1000"),
        (["seed"], 10**400, "seed: 1000"),
        (["seed"], True, "seed: True is not of type 'integer'"),
    ],
)
def test_a_record_with_an_unusable_value_is_refused_by_its_key(keys, value, problem):
    record = a_record()
    *places, last = keys
    part = record
    for place in places:
        part = part[place]
    part[last] = value
    with pytest.raises(StudyError, match=f"^seed1.json: {problem}") as error:
        models.check_record(record, "seed1.json")
    assert "\n" not in str(error.value)


def test_a_band_that_lacks_a_seed_of_another_is_refused():
    records = {
        f"m/{band}/unet-ratio/seed{seed}": a_record(band, seed)
        for band in ("red", "green", "blue")
        for seed in (1, 2)
    }
    models.check_seeds(records)
    del records["m/blue/unet-ratio/seed2"]
    with pytest.raises(
        StudyError, match="^m/blue/unet-ratio/seed2.safetensors: missing, .* red has seed 2; add it"
    ):
        models.check_seeds(records)


def test_a_record_of_an_older_version_or_of_an_unknown_network_is_refused():
    record = a_record()
    models.check_record(record, "seed1.json")
    with pytest.raises(StudyError, match="seed1.json: no network 'other.unet' here; add its file"):
        models.check_record(record | {"network": "other.unet"}, "seed1.json")
    del record["domain"]
    with pytest.raises(
        StudyError, match="seed1.json: has no domain, so it is from an older version"
    ):
        models.check_record(record, "seed1.json")


def test_the_scene_is_prepared_as_the_training_scenes_were():
    preparation = {"noise_floor_db": [-28, -25], "start": ["pyramid"]}
    records = {"m/red/seed1": {"domain": TRAINED | {"preparation": preparation}}}
    about = {"study": "hanoi", "site": "old_town"}
    from_gaps = about | {"protocol": "cloud_gap"}
    found = models.settings(records, **from_gaps, uncertainty=None, anyway=True)
    assert found == {
        "fill_with": {**about, "models": ["m/red/seed1"], "anyway": True},
        "protocols": {"cloud_gap": {}},
        "bands": ["red", "green", "blue"],
        "gaps": {"start": "pyramid"},
        "sar": {"noise_floor_db": -28},
    }
    told = models.settings(records, **from_gaps, uncertainty="u.csv", anyway=False)
    assert told["fill_with"]["uncertainty"] == "u.csv"

from pathlib import Path

import pytest
import yaml
from reproduce_command import reproduce
from sarfusion.core.errors import StudyError
from sarfusion.fusion.classical import (
    denoising,
    gap_filling,
    pansharpening,
    reconstruction,
    temporal,
)
from sarfusion.scenes import landsat
from sarfusion.scenes.bands import BANDS, INFRARED
from sarfusion.scenes.sources import SOURCES
from sarfusion.scenes.stac.servers import server_of
from sarfusion.study.config import read_study, resolve, resolve_files
from sarfusion.study.inputs import CHANNELS, INPUTS, input_of, inputs_of
from sarfusion.study.methods import DEFAULT_METHODS, METHODS, OVER_TIME
from sarfusion.study.protocols import PROTOCOLS
from sarfusion.study.resolved import absent_files, catalogue_site, own_files, passes_of
from sarfusion.study.schemas import schema
from sarfusion.study.validation import check_networks
from snakemake.io import PeriodicityDetector

ROOT = Path(__file__).parents[2]
SMALLEST = {"study": "a", "sites": {"b": {"source": "simulated"}}}


def with_change(*path, value):
    """SMALLEST, resolved, with one value changed or added."""
    study = resolve(SMALLEST)
    inner = study
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return study


def test_defaults_are_filled_in_at_every_depth():
    study = resolve({**SMALLEST, "split": {"seed": 7}})
    assert study["split"] == {
        "block_px": 80,
        "test": 0.2,
        "validation": 0.1,
        "buffer_px": 16,
        "seed": 7,
    }
    assert study["sites"]["b"] == {
        "source": "simulated",
        "seed": 1,
        "size_px": 256,
        "looks": 4.4,
    }
    assert study["models"]["cae"]["options"] == {}


def test_what_is_free_gets_no_defaults():
    options = {"source": "files", "model": {"source": "elsewhere"}}
    model = {"network": "cnn", "patch_px": 9, "batch": 1, "options": options}
    assert resolve(SMALLEST | {"models": {"cnn": model}})["models"]["cnn"]["options"] == options


def test_resolving_twice_changes_nothing_and_the_input_is_left_alone():
    before = yaml.safe_dump(SMALLEST)
    once = resolve(SMALLEST)
    assert resolve(once) == once
    assert yaml.safe_dump(SMALLEST) == before


def test_a_study_is_read_from_its_file(tmp_path):
    path = tmp_path / "city.yaml"
    path.write_text(yaml.safe_dump(SMALLEST))
    assert read_study(path) == resolve(SMALLEST)
    for content, message in (
        (b"study: [a\nsites: }", "city.yaml, line 2: not YAML: "),
        (b"study: \xff", "city.yaml, line 1: not UTF-8"),
        (b"", "city.yaml: not a study, but empty"),
        (b"- study: a", "city.yaml: not a study, but list"),
    ):
        path.write_bytes(content)
        with pytest.raises(StudyError, match=message) as error:
            read_study(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["protocols", "fusion"], {}, "unknown key 'fusion' in protocols; known are cloud_gap, "),
        (["protocols", "cloud_gap", "models"], ["gan"], "protocols.cloud_gap.models: 'gan' is not"),
        (["protocol"], [], "unknown key 'protocol' in the top level; known are bands, "),
        (["training", "epochs"], 3, "unknown key 'epochs' in training; known are augment, "),
        (["sites", "b", "path"], "x", "unknown key 'path' in sites.b; known are built_up, "),
        (["models", "cnn", "depth"], 3, "unknown key 'depth' in models.cnn"),
        (["seeds"], [1, 1], "config: seeds: .* non-unique"),
        (["seeds"], [], "config: seeds: "),
        (["bands"], ["swir22"], "config: bands.0: 'swir22' is not one of"),
        (["baselines"], ["fft"], "config: baselines.0: 'fft' is not one of .'copy', 'as_given'"),
        (["training", "updates"], 0, "config: training.updates: 0 is less than the minimum of 1"),
        (["split", "test"], "much", "config: split.test: 'much' is not of type 'number'"),
        (["sites"], {}, "config: sites: "),
        (["sites", "b", "source"], "ftp", "config: sites.b.source: 'ftp' is not one of"),
        (["sites", "../b"], {"source": "simulated"}, "config: sites: '../b' is not a name: small"),
        (["study"], "../../etc", "config: study: '../../etc' is not a name"),
        (["models", "my-cnn"], {}, "config: models: 'my-cnn' is not a name"),
    ],
)
def test_a_mistake_gets_one_line_that_names_the_key(path, value, message):
    with pytest.raises(StudyError, match=message) as error:
        resolve(with_change(*path, value=value))
    assert "\n" not in str(error.value)


REPEATED = ("a" * 20, "x" + "ab" * 20, "b" + "abc" * 20)  # wildcards that Snakemake refuses


@pytest.mark.parametrize("name", ["A", "ö", "a b", "-a", "a\n", "a" * 65, *REPEATED])
@pytest.mark.parametrize("place", [["study"], ["sites"], ["models"], ["transfer"]])
def test_a_name_that_cannot_be_a_part_of_a_path_is_refused(place, name):
    value = name if place == ["study"] else {name: {}}
    with pytest.raises(StudyError) as error:
        resolve(SMALLEST | {place[0]: value})
    assert f"config: {place[0]}: {name!r} is not a name: small letters, digits" in str(error.value)


def test_a_date_of_ones_own_scene_is_a_day_that_there_is_or_other_words():
    band = {"path": "a.tif"}
    optical = {"red": band, "green": band, "blue": band, "scale": 1, "offset": 0}
    site = {"source": "files", "optical": optical, "sar": {"vv": band, "vh": band, "unit": "db"}}
    for date in ("2024-02-29", "dry season of 2023", None):
        resolve({"study": "a", "sites": {"b": {**site, "optical": optical | {"date": date}}}})
    with pytest.raises(
        StudyError, match="optical.date: '2024-13-01' is not a day: write a day that"
    ):
        resolve(
            {"study": "a", "sites": {"b": {**site, "optical": optical | {"date": "2024-13-01"}}}}
        )


def test_long_names_are_fine_up_to_64_letters():
    name = "a" * 19 + "-" + "ab" * 19 + "-" + "cdefg"
    assert len(name) == 64
    assert resolve(SMALLEST | {"study": name})["study"] == name
    detector = PeriodicityDetector()
    assert detector.is_periodic(name) is None
    assert all(map(detector.is_periodic, REPEATED))


def test_names_with_a_meaning_are_refused():
    reserved = {*reproduce.COMMANDS, "reference"}
    assert {*schema()["properties"]["study"]["not"]["enum"]} == reserved
    for change in (
        *({"study": name} for name in reserved),
        {"sites": {"overall": {"source": "simulated"}}},
        {"models": {"each": {"network": "cnn", "patch_px": 9, "batch": 1}}},
        {"models": {"mean": {"network": "cnn", "patch_px": 9, "batch": 1}}},
    ):
        with pytest.raises(StudyError, match="' has a special meaning here; choose another"):
            resolve(SMALLEST | change)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["sar", "noise_floor_db"], "-3e1", "is not of type 'number'; write -3.0e[+]1"),
        (["sar", "noise_floor_db"], "1e-4", "is not of type 'number'; write 1.0e-4"),
        (["sar", "noise_floor_db"], "2.5E3", "is not of type 'number'; write 2.5e[+]3"),
        (["sar", "noise_floor_db"], "-30", "write it without quotes"),
        (["sar", "noise_floor_db"], "-30,5", "with a decimal point"),
        (["sar", "noise_floor_db"], float("nan"), "a number that is not finite"),
        (["models", "cnn", "options", "depth"], [float("inf")], "options.depth.0: a number that"),
        (["split", "seed"], 10**400, "a number that is not finite, or too large"),
        (["split", "seed"], 10**17, f"{10**17} is too large; at most {2**53}"),
        (["split", "seed"], 1.0, "split.seed: 1.0 is not of type 'integer'"),
        (["split", "seed"], True, "split.seed: True is not of type 'integer'"),
        (["sar", "clip_percentiles"], [99, 1], "clip_percentiles: .99, 1. does not increase"),
        (["sar", "clip_percentiles"], [1, 1], "clip_percentiles: .1, 1. does not increase"),
        (["sar", "clip_percentiles"], ["a", 1], "clip_percentiles.0: 'a' is not of type"),
        (["gaps", "distance_edges_m"], [60, 240, 120], "distance_edges_m: .* does not increase"),
        (["gaps", "share_edges"], [0.5, 0.5], "share_edges: .* does not increase"),
        (["split", "seed"], None, "split.seed: the value is missing"),
        (["data"], 2024, "config: data: 2024 is not of type 'string'; put it in quotes"),
        (["data"], False, "config: data: False is not of type 'string'; put it in quotes"),
        (["data"], "a\x07b", "config: data: the control character '.x07'; remove it"),
        (["data"], "\ud800", "config: data: the control character '.ud800'; remove it"),
        (["data"], "x" * 10**6, "config: data: a text of 1000000 characters; at most 4000"),
        (["data"], {1, 2}, "config: data: set is not a kind of setting"),
        (["sites", False], {"source": "simulated"}, "sites: the key False is not a text"),
        (["fusing", "precision"], "auto", "fusing.precision: 'auto' is not one of .'float32', 'b"),
        (["fusing", "precision"], "float16", "fusing.precision: 'float16' is not one of"),
        (["training", "updates"], "x" * 3000, "config: training.updates: 'xxx.* ... .*number"),
    ],
)
def test_a_value_that_no_setting_can_have_is_refused(path, value, message):
    with pytest.raises(StudyError, match=message) as error:
        resolve(with_change(*path, value=value))
    assert len(str(error.value)) < 2000


def test_a_study_that_repeats_itself_without_end_is_refused():
    nested = value = []
    for _ in range(100):
        value.append([])
        value = value[0]
    wide = ["x"] * 10
    for _ in range(20):
        wide = [wide] * 10
    for options in ({"depth": nested}, {"depth": wide}):
        model = {"network": "cnn", "patch_px": 9, "batch": 1, "options": options}
        with pytest.raises(StudyError, match="config: models: more than 1,000,000 entries, or"):
            resolve(SMALLEST | {"models": {"cnn": model}})


def test_a_mistake_in_a_file_is_told_with_file_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, change = tmp_path / "city.yaml", tmp_path / "change.yaml"
    study.write_text("study: city\nsites:\n  b:\n    source: simulated\n    seed: -1\n")
    change.write_text("# less\ntraining: {updates: 0}\nsplits: {}\n")
    config = yaml.safe_load(study.read_text())
    with pytest.raises(StudyError, match=r"^city.yaml, line 5: sites.b.seed: -1 is less than"):
        read_study(study)
    config["sites"]["b"]["seed"] = 1
    for more, message in (
        ({"training": {"updates": 0}}, r"^change.yaml, line 2: training.updates: 0 is less"),
        ({"training": {"updates": -1}}, r"^config: training.updates: -1 is less"),
        ({"splits": {}}, r"^change.yaml, line 3: unknown key 'splits' in the top level"),
        ({"figures": {"sites": ["c"]}}, r"^config: figures.sites: 'c' is not among"),
        ({"models": {"cnn": {"network": "x", "patch_px": 9, "batch": 1}}}, "^config: models.cnn:"),
    ):
        with pytest.raises(StudyError, match=message):
            resolve_files(config | more, [study, change])
    assert resolve_files(config, [study]) == resolve(config)
    study.write_text("study: city\nsites:\n  b: {source: simulated}\n  C: {source: simulated}\n")
    with pytest.raises(StudyError, match=r"^city.yaml, line 4: sites: 'C' is not a name: small"):
        read_study(study)
    study.write_text("sites: {}\n")
    with pytest.raises(StudyError, match="^city.yaml: the top level: 'study' is a required"):
        read_study(study)


def test_a_path_that_no_file_can_have_is_a_missing_file(tmp_path):
    for path, told in ("x" * 300 + ".tif", "xxx"), ("o\n.tif", "o .tif"):
        band = {"path": path}
        optical = {"red": band, "green": band, "blue": band, "scale": 1, "offset": 0}
        sar = {"vv": band, "vh": band, "unit": "db"}
        site = {"source": "files", "optical": optical, "sar": sar}
        absent = absent_files(resolve({"study": "a", "sites": {"b": site}}))
        assert f"site b: optical.red: no such file: {told}" in absent["b"]


def test_a_missing_key_is_named():
    with pytest.raises(StudyError, match="config: the top level: 'sites' is a required property"):
        resolve({"study": "a"})
    with pytest.raises(StudyError, match="config: sites.b: 'optical' is a required property"):
        resolve({"study": "a", "sites": {"b": {"source": "files"}}})


STAC = {"source": "stac", "area": [105, 20, 106, 21], "period": ["2024-01-01", "2024-02-01"]}


def with_site(**more):
    """A study of one site whose scenes come from a catalogue."""
    return {**SMALLEST, "data": "mine", "sites": {"b": {**STAC, **more}}}


def test_a_catalogue_is_named_or_written_out_and_its_defaults_are_filled_in():
    named = resolve(with_site())
    catalogue = named["sites"]["b"]["catalogue"]
    assert catalogue["url"] == "https://planetarycomputer.microsoft.com/api/stac/v1"
    assert catalogue["signing"] == "planetary_computer"
    assert catalogue["optical"]["query"]["platform"] == {"eq": "landsat-9"}
    assert resolve(named) == named

    own = resolve(with_site(catalogue={"url": "city/catalog.json", "sar": {"unit": "db"}}))
    catalogue = own["sites"]["b"]["catalogue"]
    assert catalogue["signing"] == "none"
    assert catalogue["optical"]["assets"]["qa_pixel"] == "qa_pixel"
    assert (catalogue["sar"]["unit"], catalogue["sar"]["query"]) == ("db", {})
    assert catalogue_site(own, "b")["catalogue"]["url"] == "mine/city/catalog.json"
    assert catalogue_site(named, "b") == named["sites"]["b"]


def test_each_sensor_may_have_a_catalogue_of_its_own():
    token = {"variable": "EARTHDATA_TOKEN", "hosts": ["datapool.asf.alaska.edu"]}
    radar = {"url": "https://radar.example", "signing": "bearer", "token": token, "licence": "mine"}
    study = resolve(with_site(catalogue={"optical": "planetary_computer", "sar": radar}))
    catalogue = study["sites"]["b"]["catalogue"]
    assert catalogue["url"] == "https://planetarycomputer.microsoft.com/api/stac/v1"
    assert catalogue["optical"]["query"]["platform"] == {"eq": "landsat-9"}
    assert catalogue["sar"]["server"] == {
        **{key: radar[key] for key in ("url", "signing", "token")},
        **{"allow_s3": False, "patience_minutes": 10},
    }
    assert catalogue["licence"].endswith("(CC BY 4.0); mine")
    assert server_of(catalogue, "sar")["token"] == token
    assert server_of(catalogue, "sar")["sar"]["collection"] == "sentinel-1-rtc"
    assert "token" not in server_of(catalogue, "optical")
    assert resolve(study) == study
    folder = resolve(with_site(catalogue={"optical": {"url": "a/catalog.json"}, "sar": radar}))
    assert catalogue_site(folder, "b")["catalogue"]["url"] == "mine/a/catalog.json"


def test_dates_may_stand_without_quotes():
    study = yaml.safe_load("{study: a, sites: {b: {source: stac, area: [1, 2, 3, 4]}}}")
    study["sites"]["b"]["period"] = yaml.safe_load("[2024-01-01, 2024-02-29]")
    assert resolve(study)["sites"]["b"]["period"] == ["2024-01-01", "2024-02-29"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"area": [106, 20, 105, 21]}, "sites.b.area: .* is empty; write it as .west, south"),
        ({"area": [105, 21, 106, 21]}, "sites.b.area: .* is empty"),
        ({"area": [105, 20, 206, 21]}, "sites.b.area.2: 206 is greater than the maximum"),
        ({"area": [105, 20, 106]}, "sites.b.area: .* is too short"),
        ({"period": ["2024-02-30", "2024-03-01"]}, "period.0: '2024-02-30' is not a day: write"),
        ({"period": ["2024-03-01", "2024-02-01"]}, "2024-03-01 is later than 2024-02-01"),
        ({"period": ["spring", "2024-02-01"]}, "sites.b.period.0: 'spring' is not a day"),
        ({"catalogue": "moon"}, "no catalogue 'moon' in .*; known are copernicus_dataspace,"),
        ({"catalogue": {"url": "x", "key": 1}}, "unknown key 'key' in sites.b.catalogue"),
        ({"catalogue": {"signing": "none"}}, "sites.b.catalogue: 'url' is a required property"),
        ({"catalogue": {"sar": "planetary_computer"}}, "catalogue: 'optical' is a required prop"),
        ({"catalogue": {"optical": "x", "sar": "moon"}}, "no catalogue 'x' in .*; known are"),
        ({"catalogue": {"url": "x", "signing": "bearer"}}, "`token` need each other"),
    ],
)
def test_a_mistake_about_a_catalogue_gets_one_line(change, message):
    with pytest.raises(StudyError, match=message) as error:
        resolve(with_site(**change))
    assert "\n" not in str(error.value)


def test_shipped_studies_are_valid_and_named_as_their_files():
    paths = [*ROOT.glob("config/*.yaml"), *ROOT.glob("tests/studies/*.yaml")]
    configs = {path: yaml.safe_load(path.read_text()) for path in paths}
    studies = {path: config for path, config in configs.items() if "study" in config}
    assert {"demo", "own_files", "porto_velho"} <= {path.stem for path in studies}
    for path, config in studies.items():
        assert read_study(path)["study"] == config["study"] == path.stem


def test_the_schema_and_the_code_know_the_same_names():
    properties = schema()["properties"]
    undated = [name for name, about in INPUTS.items() if not about.is_dated]
    assert properties["inputs"]["default"] == undated
    assert properties["input_channels"]["additionalProperties"]["items"]["enum"] == [*CHANNELS]
    assert {*properties["protocols"]["properties"]} == {*PROTOCOLS}
    assert properties["sites"]["additionalProperties"]["properties"]["source"]["enum"] == [*SOURCES]
    assert properties["bands"]["items"]["enum"] == [*BANDS, *INFRARED]
    mask = properties["optical"]["properties"]["mask"]["items"]["enum"]
    assert {*mask, "fill"} == set(landsat.QA_PIXEL_BITS)
    networks = {path.stem for path in ROOT.glob("scripts/sarfusion/fusion/networks/[a-z]*.py")}
    assert networks >= {model["network"] for model in properties["models"]["default"].values()}


def test_a_protocol_without_the_band_takes_inputs_with_sar():
    study = resolve(SMALLEST)["protocols"]["sar_alone"]
    assert study["inputs"] == ["ratio", "vvvh", "shuffled", "moved"]
    assert "sar_alone" not in resolve(SMALLEST | {"inputs": ["none"]})["protocols"]
    for protocol in ({"inputs": ["none", "ratio"]}, {"inputs": ["none"]}):
        with pytest.raises(StudyError, match="protocols.sar_alone: it gives no optical band"):
            resolve(SMALLEST | {"protocols": {"sar_alone": protocol}})
    with pytest.raises(StudyError, match="protocols.sar_alone: it gives no optical band"):
        resolve(SMALLEST | {"inputs": ["none"], "protocols": {"sar_alone": {}}})


DATED = {"sites": {"a": {"source": "simulated", "other_dates": [-16]}}}


def test_a_study_composes_inputs_of_its_own():
    own = {"date_vv": ["vv", "other_date"], "loud": ["vv"]}
    protocols = {"cloud_gap": {}, "reconstruction": {}}
    study = resolve(
        SMALLEST
        | DATED
        | {"inputs": ["none", "date", *own], "input_channels": own, "protocols": protocols}
    )
    assert study["protocols"]["cloud_gap"]["inputs"] == ["none", "date", "date_vv", "loud"]
    assert study["protocols"]["reconstruction"]["inputs"] == ["none", "loud"]  # no gaps, no date
    known = inputs_of(study)
    assert (known["date_vv"].radar, known["date_vv"].is_dated) == (("vv_db",), True)
    assert known["loud"].label == "loud"
    assert input_of("date_vv").phrase == "with date vv"
    assert input_of("ratio") is known["ratio"] is INPUTS["ratio"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"inputs": ["ratio", "fog"]},
            "inputs.1: no input 'fog'; known are ratio, .*date_vvvh",
        ),
        ({"inputs": ["date"]}, "inputs.0: date has another date; give each site other_dates"),
        ({"input_channels": {"ratio": ["vv"]}}, "'ratio' has a special meaning here"),
        ({"input_channels": {"mine": ["vw"]}}, "'vw' is not one of"),
        ({"input_channels": {"mine": []}}, "mine"),
        (
            DATED | {"inputs": ["date"], "protocols": {"reconstruction": {"inputs": ["date"]}}},
            "date has another date, which networks are given to fill gaps only",
        ),
    ],
)
def test_a_mistake_about_inputs_gets_one_line(change, message):
    with pytest.raises(StudyError, match=message) as error:
        resolve(SMALLEST | change)
    assert "\n" not in str(error.value)


def test_methods_without_training_are_the_default_and_have_their_functions():
    assert resolve(SMALLEST)["baselines"] == [
        name for name in DEFAULT_METHODS if name not in OVER_TIME
    ]
    named = ["bicubic", "nsct", "ihs_nsct", "nsct_pcnn", "exposure"]
    assert resolve(SMALLEST | {"baselines": named})["baselines"] == named
    assert set(METHODS) - set(DEFAULT_METHODS) == set(named[1:])
    modules = {
        "reconstruction": reconstruction,
        "denoise": denoising,
        "cloud_gap": gap_filling,
        "sharpening": pansharpening,
    }
    for name, method in METHODS.items():
        module = temporal if method.over_time else modules[method.protocol]
        assert callable(getattr(module, name))


def test_networks_and_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(StudyError, match="models.cnn: no network 'unet9'; known are attention"):
        check_networks(with_change("models", "cnn", "network", value="unet9"))
    template = yaml.safe_load((ROOT / "config" / "own_files.yaml").read_text())
    (problem,) = absent_files(resolve(template)).values()
    assert problem.startswith("site mycity: optical.red: no such file: /path/to/my")
    missing = {"mycity": {"rule": "import_scene", "log": "a.log", "reason": "no file"}}
    other = {"sites": template["sites"] | {"other": {"source": "simulated"}}}
    assert absent_files(resolve({**template, **other, "missing_sites": missing})) == {}
    for name, path in own_files(resolve({**template, "data": str(tmp_path)}), "mycity").items():
        assert Path(path).parent == tmp_path, name
        Path(path).touch()
    assert absent_files(resolve({**template, "data": str(tmp_path)})) == {}


def test_of_the_real_places_one_is_here_and_the_other_is_named(monkeypatch):
    monkeypatch.chdir(ROOT)
    places, one = (read_study(f"config/{name}.yaml") for name in ("real_places", "porto_velho"))
    files = {name: Path(path).resolve() for name, path in own_files(one, "porto_velho").items()}
    assert all(path.is_file() for path in files.values())
    assert files == {
        name: Path(path).resolve() for name, path in own_files(places, "porto_velho").items()
    }
    ours, theirs = (study["sites"]["porto_velho"] for study in (places, one))
    assert {key: ours["optical"][key] for key in ("scale", "offset")} == {
        key: theirs["optical"][key] for key in ("scale", "offset")
    }
    absent = absent_files(places)
    assert set(absent) <= {"madre_de_dios"}  # it exists where somebody fetched it


def of_files(vv, vh, **sar):
    """A study of a person's own files with these rasters of VV and VH."""

    def files(names):
        return [{"path": name} for name in names] if isinstance(names, list) else {"path": names}

    optical = {band: {"path": "o.tif"} for band in ("red", "green", "blue")}
    site = {
        "source": "files",
        "optical": {**optical, "scale": 1, "offset": 0},
        "sar": {"vv": files(vv), "vh": files(vh), "unit": "db"},
    }
    return {"study": "s", "sites": {"a": site}, "sar": sar}


def test_own_files_of_several_passes():
    study = resolve(of_files(["v1.tif", "v2.tif"], ["h1.tif", "h2.tif"], passes=2))
    assert study["sites"]["a"]["sar"]["vv"][1] == {"path": "v2.tif", "band": 1}
    assert list(own_files(study, "a"))[-4:] == ["sar.vv.1", "sar.vv.2", "sar.vh.1", "sar.vh.2"]
    assert passes_of(study, "a") == {"passes": 2}
    assert passes_of(resolve(of_files("v.tif", "h.tif")), "a") == {}


@pytest.mark.parametrize(
    ("vv", "vh", "sar", "message"),
    [
        (["a", "b"], ["c", "d"], {}, "sites.a.sar.vv: 2 rasters, but sar.passes is 1"),
        (["a", "b"], ["c"], {"passes": 2}, "sites.a.sar.vh: 1 raster, but sar.passes is 2"),
        ("a", "b", {"passes": 3}, "sites.a.sar.vv: 1 raster, but sar.passes is 3"),
        (["a", "a"], ["c", "d"], {"passes": 2}, "has non-unique elements"),
        ([], [], {}, "sites.a.sar.v[vh]: "),
        ("a", "b", {"passes": 0}, "sar.passes: 0 is less than the minimum of 1"),
    ],
)
def test_passes_that_do_not_match_are_refused(vv, vh, sar, message):
    with pytest.raises(StudyError, match=message):
        resolve(of_files(vv, vh, **sar))


def test_a_site_may_have_another_number_of_passes():
    study = {
        "study": "s",
        "sites": {
            "a": {"source": "simulated"},
            "b": {"source": "simulated", "overrides": {"sar": {"passes": 4}}},
        },
    }
    found = resolve(study)
    assert [passes_of(found, site) for site in "ab"] == [{}, {"passes": 4}]

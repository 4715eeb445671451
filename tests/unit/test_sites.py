"""The table of sites: what it may contain, and the message for a mistake in it."""

import csv
import re
import time

import pytest
from sarfusion.core.errors import StudyError
from sarfusion.study.config import read_study, resolve
from sarfusion.study.resolved import setting
from sarfusion.study.site_table import read_table

HEADER = "name,source,west,south,east,north,start,end,max_masked\n"
ROW = "hue,stac,107.5,16.4,107.7,16.5,2024-01-01,2024-06-30,\n"


@pytest.fixture
def table(tmp_path):
    """Writes a table and returns it as read."""

    def read(text, encoding="utf-8"):
        path = tmp_path / "sites.csv"
        path.write_text(text, encoding=encoding)
        return read_table(path)

    return read


def test_a_row_is_a_site_and_an_empty_cell_takes_the_default(table):
    sites = table(HEADER + ROW + "\n" + ROW.replace("hue", "vinh").replace(",\n", ",0.3\n"))
    assert list(sites) == ["hue", "vinh"]
    assert sites["hue"] == {
        "source": "stac",
        "area": [107.5, 16.4, 107.7, 16.5],
        "period": ["2024-01-01", "2024-06-30"],
    }
    assert sites["vinh"]["max_masked"] == 0.3
    study = resolve({"study": "a", "sites": sites})
    assert [site["max_masked"] for site in study["sites"].values()] == [0.1, 0.3]


def test_area_and_period_may_stand_in_one_cell(table):
    assert table(
        "name;source;area;period;catalogue.url\n"
        "hue;stac;107.5 16.4, 107.7 16.5;2024-01-01 2024-06-30;http://here/stac\n"
    )["hue"] == {
        "source": "stac",
        "area": [107.5, 16.4, 107.7, 16.5],
        "period": ["2024-01-01", "2024-06-30"],
        "catalogue": {"url": "http://here/stac"},
    }


def test_nested_keys_have_dots_and_each_source_its_own_columns(table):
    sites = table(
        "name,source,size_px,optical.red.path,optical.red.band,optical.green.path,"
        "optical.blue.path,optical.scale,optical.offset,sar.vv.path,sar.vh.path,sar.unit\n"
        "made,simulated,64,,,,,,,,,\n"
        "own,files,,o.tif,3,g.tif,b.tif,2.75e-5,-0.2,v.tif,h.tif,db\n"
    )
    assert sites["made"] == {"source": "simulated", "size_px": 64}
    assert sites["own"]["optical"]["red"] == {"path": "o.tif", "band": 3}
    assert sites["own"]["optical"]["scale"] == 2.75e-5
    assert sites["own"]["sar"]["unit"] == "db"


def test_settings_of_the_study_are_overridden_for_one_site(table):
    sites = table(
        "name,source,overrides.split.block_px,overrides.optical.mask\n"
        "a,simulated,40,cloud snow\nb,simulated,,\n"
    )
    study = resolve({"study": "s", "sites": sites, "split": {"seed": 7}})
    assert setting(study, "a", "split") == {**study["split"], "block_px": 40}
    assert setting(study, "a", "optical")["mask"] == ["cloud", "snow"]
    assert setting(study, "b", "split") == study["split"]
    assert study["split"]["block_px"] == 80


def test_what_excel_saves_can_be_read(table):
    sites = table("name;source;seed\r\n  a ; simulated;3\r\n;;\r\n", encoding="utf-8-sig")
    assert sites == {"a": {"source": "simulated", "seed": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sites.csv, line 1: no column name"),
        ("name\na\n", "line 1: no column source"),
        (HEADER, "no site in the table"),
        ("name,source,colour\n", "line 1, column 3: unknown column 'colour'; known are name, "),
        ("name,source,overrides.split.size\n", "column 3: unknown column 'overrides.split.size'"),
        ("name,source,seed,seed\n", "line 1: column seed is there twice"),
        (HEADER + ROW + ROW, "line 3, column name: 'hue' is in the table twice"),
        (HEADER + ROW.replace("hue", "Huế"), "line 2, column name: 'Huế' is not a name"),
        (HEADER + ROW.replace("stac", "web"), "line 2, column source: 'web' is not one of"),
        (HEADER + ROW.replace("16.4", "16,4"), "line 2: 10 cells for 9 columns"),
        (HEADER + ROW.replace("16.4", ""), "line 2, column west: give west, south, east, north"),
        (HEADER + ROW.replace("16.4", "x"), "line 2, column south: 'x' is not a number"),
        (HEADER + ROW.replace("16.4", "96.4"), "line 2, column south: 96.4 is greater than"),
        (HEADER + ROW.replace("2024-01-01", "1/1/24"), "column start: '1/1/24' is not a day"),
        (HEADER + ROW.replace(",\n", ",2\n"), "line 2, column max_masked: 2.0 is greater than"),
        ("name,source\na,stac\n", "line 2: 'area' is a required property"),
        ("name,source,seed\na,simulated,1.5\n", "column seed: '1.5' is not an integer"),
        ("name,source,seed,area\na,simulated,1,2\n", "column area: not a key of a site from simul"),
        ("name,source,overrides.gaps.share\na,simulated,1\n", "column overrides.gaps.share: 1.0"),
        ('name,source\n"a,simulated\n', "line 2: unexpected end of data"),
    ],
)
def test_a_mistake_gets_one_line_with_file_line_and_column(table, text, message):
    with pytest.raises(StudyError) as error:
        table(text)
    assert re.search("sites.csv[:,] ", str(error.value))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


SIMULATED = "name,source,seed,size_px,looks\n"


@pytest.mark.parametrize("cell", ["NA", "nan", "NaN", "N/A", "#N/A", "NULL", "None", "#DIV/0!"])
@pytest.mark.parametrize("row", ["a,simulated,{},,\n", "a,{},1,,\n", "a,simulated,1,,{}\n"])
def test_what_programs_write_for_no_value_is_refused_by_cell(table, cell, row):
    with pytest.raises(StudyError, match="line 2, column .* is not a value; leave the cell empty"):
        table(SIMULATED + row.format(cell))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,simulated,1,128,inf\n", "column looks: 'inf' is not a number; numbers are finite"),
        ("a,simulated,1,128,1e999\n", "column looks: '1e999' is not a number; numbers are fin"),
        ("a,simulated,1,128,1_0.5\n", "column looks: '1_0.5' is not a number"),
        ('a,simulated,1,128,"4,4"\n', "column looks: '4,4' is not a number; numbers are finite"),
        ('a,simulated,"1,000",128,\n', "column seed: '1,000' is not an integer, such as 1000"),
        ("a,simulated,1.5,128,\n", "column seed: '1.5' is not an integer"),
        ("a,simulated,1,1_28,\n", "column size_px: '1_28' is not an integer"),
        ("a,simulated,１,128,\n", "column seed: '１' is not an integer"),
        (f"a,simulated,{'9' * 20},128,\n", f"column seed: {'9' * 20} is too large; at most"),
        (f"a,simulated,{'9' * 500},128,\n", "column seed: '9999"),
        (f"{'a' * 65},simulated,1,128,\n", "is not a name: small letters, digits, - and _"),
        ("overall,simulated,1,128,\n", "column name: 'overall' has a special meaning here"),
        (f"a,simulated,1,128,{'1' * 5000}\n", "column looks: a text of 5000 characters"),
    ],
)
def test_a_cell_that_is_no_value_of_its_column_is_refused(table, row, message):
    with pytest.raises(StudyError) as error:
        table(SIMULATED + row)
    assert "sites.csv, line 2, column " in str(error.value)
    assert message in str(error.value)


def test_integers_may_have_the_point_that_pandas_gives_them(table):
    assert table("name,source,seed,size_px\na,simulated,1.0,128.\nb,simulated,,\n")["a"] == {
        "source": "simulated",
        "seed": 1,
        "size_px": 128,
    }


def test_columns_without_a_name_are_empty(table):
    text = "name,,source,seed,,\na,,simulated,1,,\nb,,simulated,,,\n,,,,,\n"
    assert table(text) == {"a": {"source": "simulated", "seed": 1}, "b": {"source": "simulated"}}
    message = "line 3, column 5 without a name: 'x'; name the column in line 1, or leave it empty"
    with pytest.raises(StudyError, match=message):
        table(text.replace("b,,simulated,,", "b,,simulated,,x"))
    with pytest.raises(StudyError, match="line 2, column 1 without a name: '0'"):  # of pandas
        table(",name,source\n0,a,simulated\n")


def test_a_table_has_the_line_ends_and_the_encoding_of_its_program(table, tmp_path):
    text = "name,source,seed\na,simulated,1\nb,simulated,\n"
    path = tmp_path / "sites.csv"
    for content in (text.replace("\n", "\r"), text.replace("\n", "\r\n"), text.replace(",", "\t")):
        path.write_bytes(content.encode("utf-8-sig"))
        assert list(read_table(path)) == ["a", "b"]
    for encoding, message in (
        ("utf-16", "csv: in UTF-16; save it"),
        ("latin-1", "line 3: not UTF"),
    ):
        path.write_bytes(text.replace("b", "bé").encode(encoding))
        with pytest.raises(StudyError, match=message):
            read_table(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ROW.replace("2024-01-01", "2024-13-01"), "column start: '2024-13-01' is not a day: write"),
        (ROW.replace("06-30", "06-31"), "column end: '2024-06-31' is not a day"),
        (
            ROW.replace("2024-01-01", "2025-01-01"),
            "hue.period: 2025-01-01 is later than 2024-06-30",
        ),
        (ROW.replace("107.5", "107.9"), "hue.area: [107.9, 16.4, 107.7, 16.5] is empty"),
        (ROW.replace("107.5", "nan"), "column west: 'nan' is not a value"),
    ],
)
def test_a_day_and_an_area_that_are_not_there_are_told_with_their_line(tmp_path, row, message):
    (tmp_path / "sites.csv").write_text(HEADER + ROW.replace("hue", "vinh") + row)
    (tmp_path / "study.yaml").write_text("study: a\nsites: sites.csv\n")
    with pytest.raises(StudyError) as error:
        read_study(tmp_path / "study.yaml")
    assert "sites.csv, line 3" in str(error.value)
    assert message in str(error.value)


def test_a_table_is_looked_for_beside_the_study_then_in_the_project(tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text("study: mine\nsites: towns.csv\n")
    with pytest.raises(StudyError, match=r"no table of sites towns.csv; looked for .*towns.csv"):
        read_study(study)
    (tmp_path / "towns.csv").write_text("name,source\na,simulated\n")
    assert list(read_study(study)["sites"]) == ["a"]
    study.write_text("study: mine\nsites: config/cities.csv\n")
    assert "cairo" in read_study(study)["sites"]


def test_a_thousand_sites_are_read_as_one_by_one_in_yaml(tmp_path):
    path = tmp_path / "many.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["name", "source", "seed", "overrides.gaps.share"])
        writer.writerows([f"city{n}", "simulated", n, 0.25] for n in range(1000))
    start = time.perf_counter()
    sites = read_table(path)
    study = resolve({"study": "many", "sites": sites})
    print(f"{time.perf_counter() - start:.2f} s")
    assert len(sites) == 1000
    given = {"source": "simulated", "seed": 7, "overrides": {"gaps": {"share": 0.25}}}
    assert (
        study["sites"]["city7"] == resolve({"study": "many", "sites": {"a": given}})["sites"]["a"]
    )

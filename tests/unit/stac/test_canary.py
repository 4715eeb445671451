"""check-archive: a little of every sensor, in a table; nothing is changed."""

import pytest
import yaml
from api_server import serve
from archive_lock import ByCollection, served
from check_archive import main as check_archive
from sarfusion.core.errors import StudyError
from servers.files import Fault, FileServer


@pytest.fixture(scope="module")
def files(archive, tmp_path_factory):
    with FileServer(served(archive, tmp_path_factory.mktemp("served") / "archive")) as server:
        yield server


@pytest.fixture
def server(files):
    files.heal()
    files.forget()
    return files


def check(archive, server, tmp_path, capsys, records=None):
    """(exit code, rows of the table without times, the API) of a check."""
    with serve(ByCollection(archive.items(server.url) if records is None else records)) as api:
        place = {
            "source": "stac",
            "area": list(archive.area),
            "period": list(archive.period),
            "catalogue": {"url": api.url, "optical": {"query": {"platform": {"eq": "landsat-9"}}}},
        }
        study = tmp_path / "city.yaml"
        study.write_text(yaml.safe_dump({"study": "city", "sites": {"place": place}}))
        code = check_archive(study)
        api.searched = [body["datetime"][:7] for body in api.searches]
    rows = [line.split(maxsplit=5) for line in capsys.readouterr().out.splitlines()[1:]]
    assert list(tmp_path.iterdir()) == [study]
    return code, [[*row[:4], row[5]] for row in rows], api


def test_a_working_archive(archive, server, tmp_path, capsys):
    code, rows, api = check(archive, server, tmp_path, capsys)
    assert code == 0
    size = "160 x 160 px of 30 m in EPSG:32648"
    assert [row[:4] for row in rows] == [
        ["place", sensor, step, "works"]
        for sensor in ("optical", "sar")
        for step in ("search", "header", "window")
    ]
    assert rows[0][4] == f"1 items from 2024-03, such as {archive.id('clear')}"
    assert rows[1][4] == f"{size}, uint16, nodata 0.0"
    assert rows[2][4].startswith("160 x 160 px, 100% with data, median ")
    assert archive.id("slice_2") in rows[3][4]
    assert rows[4][4].endswith("float32, nodata -32768.0")
    assert rows[5][4].startswith("201 x 256 px, 100% with data, median 0.")
    assert set(api.searched) == {"2024-03"}
    assert {path.rpartition("/")[2] for _, path, _ in server.requests} == {
        *("LC09_L2SP_125052_20240308_20240310_02_T1_SR_B4.TIF", "iw-vv.rtc.tiff")
    }


def test_what_fails_is_told_and_the_other_sensor_still_tried(archive, server, tmp_path, capsys):
    server.fault("*_SR_B4.TIF", Fault(page="<html>Sign in</html>"))
    code, rows, _ = check(archive, server, tmp_path, capsys)
    assert code == 1
    assert [row[1:4] for row in rows] == [
        ["optical", "search", "works"],
        ["optical", "header", "FAILS"],
        *(["sar", step, "works"] for step in ("search", "header", "window")),
    ]
    assert "the server sent a web page instead of the file" in rows[1][4]


def test_an_archive_without_an_item(archive, server, tmp_path, capsys):
    code, rows, api = check(archive, server, tmp_path, capsys, records=[])
    assert code == 1
    assert rows[0][4] == "no usable item from 2024-01-01 to 2024-03-31"
    assert api.searched == ["2024-03", "2024-02", "2024-01"] * 2


def test_a_study_of_files_has_no_archive(tmp_path):
    study = tmp_path / "demo.yaml"
    study.write_text(yaml.safe_dump({"study": "demo", "sites": {"a": {"source": "simulated"}}}))
    with pytest.raises(StudyError, match="nothing to check"):
        check_archive(study)

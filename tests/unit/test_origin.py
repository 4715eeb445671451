"""Two study files with one name: the second does not replace what the first made."""

import pytest
from sarfusion.core.errors import StudyError
from sarfusion.study.origin import check_origin, note_origin


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A folder in which one.yaml made the results of the study `city`."""
    monkeypatch.chdir(tmp_path)
    for name, end in (("one.yaml", ""), ("two.yaml", "seeds: [1]\n")):
        (tmp_path / name).write_text(f"study: city\n{end}")
    (tmp_path / "results/city").mkdir(parents=True)
    check_origin("city", "results/city", ["one.yaml"])
    note_origin("city", ["one.yaml"])
    return tmp_path


def test_results_of_another_file_are_not_replaced(made):
    with pytest.raises(StudyError) as error:
        check_origin("city", "results/city", [made / "two.yaml"])
    assert str(error.value) == (
        "two.yaml: the study city in one.yaml made results/city; give this one another name"
        " (`study: NAME`), or move results/city away"
    )


def test_the_same_file_goes_on_however_it_is_named(made):
    (made / "link.yaml").symlink_to("one.yaml")
    for path in ("one.yaml", made / "one.yaml", "results/../one.yaml", "link.yaml"):
        check_origin("city", "results/city", [path, "two.yaml"])


def test_the_settings_that_results_keep_go_on(made):
    (made / "results/city/config.yaml").write_text("study: city\nseeds: [1, 2]\n")
    check_origin("city", "results/city", ["results/city/config.yaml"])


def test_a_copy_goes_on(made):
    (made / "copy.yaml").write_text((made / "one.yaml").read_text())
    check_origin("city", "results/city", ["copy.yaml"])


def test_a_file_that_was_moved_goes_on(made):
    (made / "one.yaml").rename(made / "two.yaml")
    check_origin("city", "results/city", ["two.yaml"])


def test_a_folder_that_was_moved_with_all_that_is_in_it_goes_on(made, monkeypatch):
    moved = made.rename(made.with_name("moved"))
    monkeypatch.chdir(moved)
    check_origin("city", "results/city", [moved / "one.yaml"])


def test_without_results_and_without_a_file_there_is_nothing_to_replace(made):
    check_origin("city", "results/city", [])
    (made / "results/city").rmdir()
    check_origin("city", "results/city", ["two.yaml"])

"""Searches of a server that fails most of the time."""

import logging
import os
import random
from datetime import date

import pytest
from api_server import AREA, PERIOD, Api, record, serve, settings
from sarfusion.core.errors import StudyError
from sarfusion.scenes.stac.answers import MAX_AGE_S, Answers
from sarfusion.scenes.stac.catalogue import open_catalogue
from sarfusion.scenes.stac.network import Unavailable
from sarfusion.scenes.stac.remote import Remote

HALF_A_YEAR = date(2023, 10, 1), date(2024, 3, 31)
CUT_S = 30  # after which the server ends a search


class Clock:
    """A clock that only moves when somebody sleeps, or a server takes its time."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Flaky(Api):
    """An API that cuts off a share of its searches, or those that `fails` (body -> bool)."""

    def __init__(self, records, share=0.0, seed=0):
        super().__init__(records)
        self.clock, self.random, self.share = Clock(), random.Random(seed), share
        self.fails = lambda body: self.random.random() < self.share

    def answer(self, method, path, query, body):
        if path == "/search" and self.fails(body):
            self.clock.sleep(CUT_S)
            return 504, {}, {}
        return super().answer(method, path, query, body)


def opened(site, patience_s=600, answers=None):
    """The catalogue of a Flaky, searched by its clock."""
    made = settings(site.url)
    remote = Remote(made, patience_s=patience_s, clock=site.clock, sleep=site.clock.sleep)
    return open_catalogue(made, remote, answers)


def find(catalogue, period=PERIOD):
    """The ids of both sensors, as a lock searches them."""
    return [
        item.id for sensor in ("optical", "sar") for item in catalogue.search(sensor, AREA, *period)
    ]


def locks_of_50(patience_s):
    """How many of 50 searches for a lock succeed at 70 % failure."""
    done = 0
    with serve(Flaky([record("a")], share=0.7)) as site:
        for seed in range(50):
            site.random.seed(seed)
            try:
                found = find(opened(site, patience_s), HALF_A_YEAR)
            except StudyError:
                continue
            assert found == ["a"]
            done += 1
    return done


def test_a_patient_search_succeeds_where_7_of_10_are_cut():
    assert locks_of_50(patience_s=600) >= 49


def test_an_impatient_one_mostly_fails():
    assert locks_of_50(patience_s=0) < 25


def test_it_goes_on_for_ten_minutes_and_says_so(caplog):
    with serve(Flaky([record("a")], share=1.0)) as site:
        with pytest.raises(Unavailable, match="answered 504"):
            find(opened(site))
        assert site.clock.now >= 600
        asked = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]
        assert asked == [
            f"{site.url}/search: the server answered 504; trying again for 10 minutes"
            " (lock --impatient: give up sooner)"
        ]


def test_a_query_that_takes_the_server_too_long_is_left_out():
    with serve(Flaky([record("a"), record("b", platform="landsat-8")])) as site:
        site.fails = lambda body: "query" in body
        assert find(opened(site)) == ["a"]
        assert sum("query" in body for body in site.searches) == 5  # and never again


def test_a_second_try_goes_on_where_the_first_ended(tmp_path):
    december = "2023-12-01T00:00:00Z/2023-12-31T23:59:59.999999Z"
    with serve(Flaky([record("a")])) as site:
        site.fails = lambda body: body["datetime"] == december
        with pytest.raises(Unavailable):
            find(opened(site, patience_s=0, answers=Answers(tmp_path)))
        site.requests.clear()
        site.fails = lambda body: False
        assert find(opened(site, answers=Answers(tmp_path))) == ["a"]
        assert site.searches[0]["datetime"] == december
        assert len(site.searches) == 3 + 4  # optical, but November; SAR
        site.requests.clear()
        assert find(opened(site, answers=Answers(tmp_path))) == ["a"]
        assert site.searches == []
        for path in tmp_path.iterdir():
            os.utime(path, (0, path.stat().st_mtime - MAX_AGE_S))
        assert find(opened(site, answers=Answers(tmp_path))) == ["a"]
        assert len(site.searches) == 8


def test_an_answer_that_cannot_be_read_is_asked_for_again(tmp_path):
    with serve(Flaky([record("a")])) as site:
        find(opened(site, answers=Answers(tmp_path)))
        for path in tmp_path.iterdir():
            path.write_text("{")
        site.requests.clear()
        assert find(opened(site, answers=Answers(tmp_path))) == ["a"]
        assert len(site.searches) == 8

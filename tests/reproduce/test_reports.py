"""The report of a study, with texts that would end the script around them."""

import json
import re

from reports import escape_values

TEXTS = ["</script><script>alert(1)</script>", "50 % <b>ä</b> \\n {a}", "a < b"]
PAGE = """<script>var x = a<b;</script>
    <script id="results">
    var results = {results};
    </script>

    <script id="logo">
    var logo_uri = "data:,";
    </script>
    <p>1 < 2</p>
"""


def test_no_text_ends_a_script_and_each_stays_what_it_is(tmp_path):
    path = tmp_path / "report.html"
    path.write_text(PAGE.replace("{results}", json.dumps({"texts": TEXTS})), encoding="utf-8")
    escape_values(path)
    page = path.read_text(encoding="utf-8")
    assert page.count("</script>") == 3
    values = re.search("var results = (.*);\n", page)[1]
    assert "<" not in values
    assert json.loads(values)["texts"] == TEXTS
    assert page.replace(values, "{results}") == PAGE  # the rest is unchanged

import re

from show_tables import main

TABLE = """# A title

**Bold** words < 3 & *others*.

| method | RMSE   |
|--------|--------|
| copy   | 0.0000 |

- one

<script>alert(1)</script>
"""


def test_a_page_has_the_tables_and_words_of_its_markdown(tmp_path):
    (tmp_path / "some_scores.md").write_text(TABLE)
    main(tables=[tmp_path / "some_scores.md"], pages=[tmp_path / "page.html"])
    page = (tmp_path / "page.html").read_text()
    assert "<title>some scores</title>" in page
    assert "<h1>A title</h1>" in page
    assert "<strong>Bold</strong> words &lt; 3 &amp; <em>others</em>." in page
    assert re.findall(r"<t[hd]>(.*?)</t[hd]>", page) == ["method", "RMSE", "copy", "0.0000"]
    assert "<li>one</li>" in page
    assert "<script" not in page  # names of a study may contain anything

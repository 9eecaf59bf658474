import re

import pytest

from answerable.report.build import style

VERDICTS = ("shown", "indicated", "not-shown", "cannot-tell")
TEXTS = ("ink", "quiet", "link", *VERDICTS)
PAIRS = [
    *((text, "paper") for text in TEXTS),
    *((text, "band") for text in ("ink", "quiet", *VERDICTS)),
    *((verdict, f"{verdict}-ground") for verdict in VERDICTS),
]


def colours():
    """The variables of each mode, as the page has them after the cascade."""
    blocks = re.findall(r"\.answerable \{\s*((?:--[^}]*?)+)\}", style("style.css", "page.css"))
    light, dark, printed = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+)", block)) for block in blocks)
    return {"light": light, "dark": light | dark, "print": light | printed}


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(mode, text, ground):
    named = colours()[mode]
    assert contrast(named[text], named[ground]) >= 4.5


def test_every_colour_has_a_dark_one_and_is_used():
    modes = colours()
    assert modes["light"].keys() == modes["dark"].keys() == modes["print"].keys()
    assert modes["light"] != modes["dark"]
    assert set(re.findall(r"var\(--([a-z-]+)\)", style("style.css", "page.css"))) == modes["light"].keys()


def test_the_ground_outside_the_page_is_the_paper():
    grounds = re.findall(r"html \{ background: (#[0-9a-f]+)", style("style.css", "page.css"))
    assert grounds == [colours()[mode]["paper"] for mode in ("light", "dark", "print")]


def test_print_opens_what_is_folded_and_cuts_no_row():
    printed = style("style.css", "page.css")[style("style.css", "page.css").index("@media print") :]
    assert "details::details-content { content-visibility: visible" in printed
    assert "break-inside: avoid" in printed
    assert "table-header-group" in printed


def test_verdicts_differ_by_sign_and_word_not_by_colour_alone(page):
    badges = [attributes for attributes in page.all("span") if attributes.get("class", "").startswith("verdict ")]
    signs = {value for value in page.attribute("href") if value.startswith("#mark-")}
    assert badges
    assert signs >= {f"#mark-{verdict}" for verdict in VERDICTS}

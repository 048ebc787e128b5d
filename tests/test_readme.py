"""The README shows what runs; its other examples are doctests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fastsgd

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_ten_line_example_prints_what_stands_below_it(capsys):
    example, output = re.search(
        r"```python\n(import numpy.*?)```\n\nIt prints\n\n```text\n(.*?)```", README, re.DOTALL
    ).groups()
    exec(example, {})
    assert capsys.readouterr().out == output


TABLES = "".join(line for line in README.splitlines() if line.startswith("| "))


def test_every_public_name_is_in_the_api_table():
    for name in set(fastsgd.__all__) - {"__version__"}:
        assert re.search(rf"`(fastsgd\.)?{name}\b", TABLES), name


@pytest.mark.parametrize("family", ["losses", "penalties", "optimizers", "schedules"])
def test_every_member_of_a_family_is_in_its_table(family):
    module = getattr(fastsgd, family)
    others = {"constant": "a number", "none": "`None`"}  # what is written for these
    for name, cls in getattr(module, family.upper()).items():
        assert others.get(name, f'`"{name}"`') in TABLES
        assert f"`{family}.{cls.__name__}" in TABLES or name == "none"

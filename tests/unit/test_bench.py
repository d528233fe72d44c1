"""The arithmetic of the benchmarks."""

import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from rich.console import Console

from dev.bench import floor, peers, suite
from dev.bench.benchmark import REGISTRY, Benchmark, Figure, Figures, benchmark, growth, ratio
from dev.bench.figure_table import show
from dev.bench.learning_report import compact
from eros.project.settings import PROJECT_ROOT

pytestmark = pytest.mark.unit


def test_a_ratio_compares_the_rounds_pair_by_pair():
    figure = ratio("a / b", [2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    assert figure.samples == (2.0, 3.0, 1.0)
    assert figure.value == 2.0


@pytest.mark.parametrize(("exponent", "times"), [(1.0, [1.0, 10.0]), (2.0, [1.0, 100.0])])
def test_growth_is_the_exponent_of_the_size(exponent, times):
    assert growth("g", [100, 1000], [[t] for t in times]).value == pytest.approx(exponent)
    assert growth("g", [1000, 100], [[t] for t in times[::-1]]).value == pytest.approx(exponent)


def test_a_name_is_given_once():
    taken = suite.chosen([])[0].name
    with pytest.raises(ValueError, match=taken):
        benchmark(taken, "another")(lambda lab: None)
    assert set(REGISTRY) >= {"startup", "up", "preview"}


def test_the_plot_of_the_learning_page_is_compact_and_whole():
    written = PROJECT_ROOT / "docs" / "learning.svg"
    text = written.read_text(encoding="utf-8")
    assert compact(text) == text, "python -m dev.bench.learning_report writes it"
    assert len(text.splitlines()) < 1_000
    assert {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(text).iter()} >= {
        "path",
        "use",
    }


def test_a_compact_plot_has_every_point_and_no_letter_less():
    svg = '<svg>\n <!-- a -->\n <g id="x">\n  <path d="M 1.26 2.04 \nL 3 -4.96 \n"/>\n </g>\n</svg>'
    assert compact(svg) == '<svg>\n<g id="x"><path d="M 1.3 2 L 3 -5 "/></g></svg>\n'


def test_figures_of_every_unit_are_shown():
    units = ("s", "x", "1", "GiB", "USD")
    figures = Figures(tuple(Figure(f"in {unit}", unit, (1.5,)) for unit in units), {})
    console = Console(file=StringIO(), width=120)
    show(console, (Benchmark("b", "title", lambda lab: figures), figures, (0.1, 0.2)))
    text = console.file.getvalue()
    for unit, reported in zip(
        units, ("1.50 s", "1.50 x", "1.50", "1.50 GiB", "1.50 USD"), strict=True
    ):
        assert re.search(rf"in {unit}\b.*{reported}", text)


def test_the_floor_declares_what_a_state_holds_in_literals() -> None:
    stack = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"
    provider = "urn:pulumi:s::p::pulumi:providers:gcp::google"
    part = "urn:pulumi:s::p::own:part:Part::part"
    secret = {"4dabf18193072939515e22adb298388d": "x", "ciphertext": "y"}
    source = floor.program(
        [
            {"urn": stack, "type": "pulumi:pulumi:Stack", "custom": False, "outputs": {"a": 1}},
            {
                "urn": provider,
                "type": "pulumi:providers:gcp",
                "custom": True,
                "parent": stack,
                "inputs": {"__internal": {}, "accessToken": secret, "version": "1"},
            },
            {"urn": part, "type": "own:part:Part", "custom": False, "parent": stack},
            {
                "urn": "urn:pulumi:s::p::own:part:Part$gcp:bigquery/table:Table::t",
                "type": "gcp:bigquery/table:Table",
                "custom": True,
                "parent": part,
                "provider": f"{provider}::id",
                "ignoreChanges": ["schema"],
                "inputs": {"tableId": "t", "labels": {"k": "v"}},
            },
        ]
    )
    exported, google, inner, _, table = source.splitlines()[4:]
    assert exported == "pulumi.export('a', 1)"
    made = f"made[{provider!r}] = gcp.Provider('google', opts=pulumi.ResourceOptions()"
    assert google == f"{made}, access_token='local')"
    made = f"made[{part!r}] = pulumi.ComponentResource('own:part:Part', 'part'"
    assert inner == f"{made}, opts=pulumi.ResourceOptions())"
    assert f"gcp.bigquery.Table('t', opts=pulumi.ResourceOptions(parent=made[{part!r}]" in table
    assert f"provider=made[{provider!r}], ignore_changes=['schema'])" in table
    assert table.endswith("table_id='t', labels={'k': 'v'})")


def test_peers_are_given_as_many_models_and_a_hundred_tests(tmp_path: Path) -> None:
    folders = {"dbt": peers.dbt_project, "sqlmesh": peers.sqlmesh_project}
    for name, make in folders.items():
        made = make(tmp_path / name, 12)
        models = {path.stem: path.read_text() for path in (made / "models").glob("*.sql")}
        assert len(models) == 12
        assert "m_005" in models["m_011"], "a model reads one before it"
    tests = yaml.safe_load((tmp_path / "dbt" / "models" / "cases.yml").read_text())["unit_tests"]
    cases = yaml.safe_load((tmp_path / "sqlmesh" / "tests" / "test_cases.yaml").read_text())
    assert len(tests) == len(cases) == 100
    assert tests[7]["expect"]["rows"] == cases["case_007"]["outputs"]["query"]["rows"]

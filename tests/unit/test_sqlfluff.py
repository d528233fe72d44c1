"""sqlfluff renders the SQL with values of its own, which must be those of the settings."""

import ast
import configparser

import pytest

from eros.project.project import Project
from eros.project.settings import PROJECT_ROOT
from eros.project.stack_file import load_stack_file

SECTIONS = ("prices", "limits", "thresholds", "automation", "selection", "retention")


@pytest.fixture(scope="module")
def context() -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(PROJECT_ROOT / ".sqlfluff", encoding="utf-8")
    return dict(parser["sqlfluff:templater:jinja:context"])


def test_sqlfluff_knows_the_names_that_templates_may_use(context):
    assert set(context) == set(
        {**load_stack_file("local").template_values(), **Project.load("local").names}
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_sqlfluff_renders_the_settings_of_the_local_stack(context, section):
    settings = getattr(load_stack_file("local"), section)
    assert ast.literal_eval(context[section]) == settings.model_dump()

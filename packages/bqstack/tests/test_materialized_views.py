"""Materialized views, clause by clause of what Google's pages support.

https://cloud.google.com/bigquery/docs/materialized-views-create#supported-mvs
https://cloud.google.com/bigquery/docs/materialized-views-intro#limitations
"""

from __future__ import annotations

import pytest

from bqstack.analysis.findings import Finding
from packages.bqstack.tests.checked import checked

# The first run on a machine compiles the analyser.
pytestmark = pytest.mark.timeout(600)

MORE = {
    "tables/moments.sql": "CREATE TABLE IF NOT EXISTS @moments (ts TIMESTAMP, a INT64)"
    " PARTITION BY DATE(ts);",
    "materialized_views/mv.sql": "CREATE MATERIALIZED VIEW IF NOT EXISTS @mv AS SELECT s FROM @u;",
}
COUNTED = "SELECT s, COUNT(*) AS n FROM @t GROUP BY s"
RIGHT = [
    # The pattern has DISTINCT: SELECT [{ ALL | DISTINCT }] expression.
    "AS SELECT DISTINCT s FROM @t",
    f"AS {COUNTED.replace('SELECT', 'SELECT DISTINCT')}",
    f"AS WITH x AS ({COUNTED}) SELECT s, n FROM x",
    "AS SELECT s, SUM(IF(ok, a, 0)) AS n, AVG(f) AS g, MIN(d) AS h, HLL_COUNT.INIT(a) AS i,"
    " BIT_XOR(a) AS j, LOGICAL_OR(ok) AS k, ARRAY_AGG(a) AS l FROM @t GROUP BY s",
    "AS SELECT a FROM @t WHERE a IN (SELECT a FROM @u)",
    "CLUSTER BY s, ts AS SELECT s, ts, SUM(a) AS a FROM @t GROUP BY s, ts",
    "PARTITION BY e AS SELECT d AS e, COUNT(*) AS n FROM @days GROUP BY e",
    "PARTITION BY d AS WITH x AS (SELECT d FROM @days) SELECT d, COUNT(*) AS n FROM x GROUP BY d",
    "PARTITION BY DATE(h) AS SELECT TIMESTAMP_TRUNC(ts, HOUR) AS h, COUNT(*) AS n FROM @moments"
    " GROUP BY h",
    "PARTITION BY day AS SELECT DATE(ts) AS day, COUNT(*) AS n FROM @moments GROUP BY day",
]
WRONG = {
    f"AS WITH x AS ({COUNTED}) SELECT n, COUNT(*) AS c FROM x GROUP BY n": "over what is grouped",
    f"AS SELECT n FROM ({COUNTED}) GROUP BY n": "over what is grouped",
    f"AS WITH x AS ({COUNTED}) SELECT s, n / 2 AS half FROM x": "computes with one",
    f"AS WITH x AS ({COUNTED}) SELECT s, n FROM x WHERE n > 1": "filters by one",
    "AS SELECT s, SUM(a) + SUM(b) AS n FROM @t GROUP BY s": "computes with one",
    f"AS {COUNTED} HAVING s > 'a'": "HAVING",
    "AS SELECT s, a, COUNT(*) AS n FROM @t GROUP BY ROLLUP (s, a)": "ROLLUP",
    "AS SELECT s, GROUPING(s) AS g FROM @t GROUP BY s": "GROUPING",
    "AS SELECT s, ARRAY_AGG(st) AS n FROM @t GROUP BY s": "ARRAY_AGG of a STRUCT",
    "AS SELECT s, ANY_VALUE(st) AS n FROM @t GROUP BY s": "ANY_VALUE of a STRUCT",
    "AS SELECT s, MAX_BY(st, a) AS n FROM @t GROUP BY s": "MAX_BY of a STRUCT",
    "AS SELECT s, ARRAY_CONCAT_AGG(arr) AS n FROM @t GROUP BY s": "ARRAY_CONCAT_AGG",
    "AS SELECT s, STDDEV(a) AS n FROM @t GROUP BY s": "STDDEV",
    "AS SELECT AS STRUCT a, s FROM @t": "AS STRUCT",
    "AS SELECT a, @@session_id AS me FROM @t": "@@session_id",
    "AS SELECT a, CURRENT_DATE() AS day FROM @t": "CURRENT_DATE()",
    "AS SELECT a, SESSION_USER() AS me FROM @t": "SESSION_USER()",
    "AS SELECT @plus_one(a) AS a FROM @t": "a function of ours: plus_one",
    "AS SELECT @same(a) AS a FROM @t": "a function of ours: same",
    "AS SELECT a FROM @rows_of(1)": "a table function",
    "AS SELECT a FROM @t FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-01'": "FOR SYSTEM_TIME AS OF",
    "AS SELECT a FROM @t INTERSECT DISTINCT SELECT a FROM @u": "INTERSECT",
    "AS SELECT a FROM @t RIGHT JOIN @u USING (a)": "RIGHT OUTER JOIN",
    "AS SELECT a FROM @t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1": "a window function",
    "AS SELECT s FROM @mv": "mv is a materialized view",
    "AS SELECT a FROM @v": "v is a view",
    "AS SELECT event_name FROM `other-project`.`analytics_1`.`events_*`": "a wildcard table",
    "AS SELECT total_rows FROM `{{ project }}`.`region-us`.INFORMATION_SCHEMA.TABLE_STORAGE": (
        "a view of Google's"
    ),
    f"CLUSTER BY n AS {COUNTED}": "an aggregate",
    "CLUSTER BY t AS SELECT TIME(dt) AS t FROM @t": "by its type",
    "PARTITION BY e AS SELECT DATE_ADD(d, INTERVAL 1 DAY) AS e FROM @days": "is partitioned by",
    "PARTITION BY m AS SELECT DATE_TRUNC(d, MONTH) AS m FROM @days": "truncated to MONTH",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """What is found in each definition."""
    return checked(tmp_path_factory, "materialized_views", [*RIGHT, *WRONG], MORE)


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_supported_is_taken(found: dict[str, list[Finding]], text: str) -> None:
    assert found[text] == []


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_supported_is_found(found: dict[str, list[Finding]], text: str) -> None:
    assert found[text]
    assert {one.rule for one in found[text]} == {"materialized-view"}
    assert any(WRONG[text] in one.message for one in found[text])

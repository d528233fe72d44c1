"""An object of every kind but tables, with every option that the loader takes."""

from __future__ import annotations

from tests.matrix import BASE

OTHERS = {
    f"tables/{BASE}.sql": f"CREATE TABLE IF NOT EXISTS @{BASE}"
    " (id INT64, other INT64, PRIMARY KEY (id) NOT ENFORCED);",
    "tables/with_order.sql": "CREATE TABLE IF NOT EXISTS @with_order"
    " (`order` STRING, `end` STRUCT<`select` INT64>) CLUSTER BY `order`;",
    "views/told.sql": "CREATE OR REPLACE VIEW @told OPTIONS (description = 'it\\'s a view') AS\n"
    f"SELECT id, other FROM @{BASE};",
    "views/over_told.sql": "CREATE OR REPLACE VIEW @over_told AS\nSELECT id FROM @told;",
    "materialized_views/stored.sql": "CREATE MATERIALIZED VIEW IF NOT EXISTS @stored\n"
    "CLUSTER BY id\n"
    "OPTIONS (description = 'kept', enable_refresh = TRUE, refresh_interval_minutes = 90) AS\n"
    f"SELECT id, COUNT(*) AS rows_ FROM @{BASE} GROUP BY id;",
    "materialized_views/by_hand.sql": "CREATE MATERIALIZED VIEW IF NOT EXISTS @by_hand\n"
    "OPTIONS (enable_refresh = FALSE) AS\n"
    f"SELECT other, COUNT(*) AS rows_ FROM @{BASE} GROUP BY other;",
    "functions/plus.sql": "CREATE OR REPLACE FUNCTION @plus(a INT64, b ANY TYPE)\n"
    "OPTIONS (description = 'a sum') AS (a + b);",
    "table_functions/above.sql": "CREATE OR REPLACE TABLE FUNCTION @above(least INT64)\n"
    "RETURNS TABLE<id INT64> OPTIONS (description = 'rows above') AS\n"
    f"(SELECT id FROM @{BASE} WHERE id > least);",
    "procedures/twice.sql": "CREATE OR REPLACE PROCEDURE @twice(n INT64, OUT twice INT64)\n"
    "OPTIONS (description = 'doubles') BEGIN SET twice = 2 * n; END;",
}

CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.rested_views(views FLOAT64, load_views FLOAT64, load_squares FLOAT64, tiring FLOAT64)
RETURNS FLOAT64
OPTIONS (
    description = 'Views of rested fans that would buy as much as these views did: each message counts as views times EXP(-tiring * load). Loads are known by their sum over views and the sum of their squares only, and taken to scatter like a Gamma variate. Nothing known of them: all views.'
)
AS (
    views * POW(
        1 + tiring * GREATEST(COALESCE(SAFE_DIVIDE(load_squares, load_views) - SAFE_DIVIDE(load_views, views), 0), 0.000001),
        -COALESCE(SAFE_DIVIDE(load_views, views), 0)
        / GREATEST(COALESCE(SAFE_DIVIDE(load_squares, load_views) - SAFE_DIVIDE(load_views, views), 0), 0.000001)
    )
);

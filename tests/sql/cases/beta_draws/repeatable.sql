-- case: the same seed and arm give the same draw, other seeds and arms give others

-- when
SELECT *
FROM beta_draws([STRUCT('a' AS arm, 1.0 AS alpha, 2.0 AS beta)], 7);

-- then
ASSERT (
    SELECT COUNT(DISTINCT draw)
    FROM (
        SELECT draw FROM beta_draws([STRUCT('a' AS arm, 1.0 AS alpha, 2.0 AS beta)], 7)
        UNION ALL
        SELECT draw FROM beta_draws([STRUCT('a' AS arm, 1.0 AS alpha, 2.0 AS beta)], 7)
    )
) = 1 AS 'the same seed drew twice';
ASSERT (
    SELECT COUNT(DISTINCT draw)
    FROM (
        SELECT draw FROM beta_draws([STRUCT('a' AS arm, 1.0 AS alpha, 2.0 AS beta)], 8)
        UNION ALL
        SELECT draw
        FROM beta_draws([STRUCT('a' AS arm, 1.0 AS alpha, 2.0 AS beta), STRUCT('b' AS arm, 1.0 AS alpha, 2.0 AS beta)], 7)
    )
) = 3 AS 'seed or arm makes no difference';

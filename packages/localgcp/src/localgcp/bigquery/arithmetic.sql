CREATE MACRO _generate_array(first, last) AS CASE
    WHEN first IS NOT NULL AND last IS NOT NULL
    THEN list_transform(
        list_zip(
            range(0, greatest(CAST(floor(last - first) AS BIGINT) + 1, 0)),
            list_resize([first], greatest(CAST(floor(last - first) AS BIGINT) + 1, 0), first)
        ),
        LAMBDA e: e[1] + e[2]
    )
END,
(first, last, step) AS CASE
    WHEN step = 0 THEN _raise('Sequence step cannot be 0.')
    WHEN first IS NOT NULL AND last IS NOT NULL AND step IS NOT NULL
    THEN list_transform(
        list_zip(
            range(0, greatest(CAST(floor((last - first) / step) AS BIGINT) + 1, 0)),
            list_resize([first], greatest(CAST(floor((last - first) / step) AS BIGINT) + 1, 0), first),
            list_resize([step], greatest(CAST(floor((last - first) / step) AS BIGINT) + 1, 0), step)
        ),
        LAMBDA e: e[1] * e[3] + e[2]
    )
END;
CREATE MACRO _sum(x BIGINT) AS CAST(sum(x) AS BIGINT),
    (x HUGEINT) AS CAST(sum(x) AS BIGINT),
    (x) AS sum(x);

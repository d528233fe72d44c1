CREATE MACRO _any(l) AS CASE
    WHEN list_contains(l, TRUE) THEN TRUE
    WHEN len(l) > list_count(l) THEN NULL
    WHEN l IS NULL THEN FALSE
    ELSE FALSE
END;
CREATE MACRO _all(l) AS CASE
    WHEN list_contains(l, FALSE) THEN FALSE
    WHEN len(l) > list_count(l) THEN NULL
    ELSE TRUE
END;
CREATE MACRO _json_document(x, path) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN json_valid(CAST(x AS VARCHAR)) THEN CAST(CAST(x AS VARCHAR) AS JSON)
    ELSE CAST(nullif(_json_read(CAST(x AS VARCHAR), path), '') AS JSON)
END;
CREATE MACRO _json_array(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN CAST(j AS JSON[]) END;
CREATE MACRO _json_value_array(j) AS CASE
    WHEN json_type(j) = 'ARRAY' AND NOT list_has_any(
        list_transform(CAST(j AS JSON[]), LAMBDA e: json_type(e)), ['ARRAY', 'OBJECT']
    ) THEN CAST(j AS VARCHAR[])
END;
CREATE MACRO _contains_substr(x, wanted) AS CASE WHEN x IS NOT NULL AND wanted IS NOT NULL THEN coalesce((
    SELECT bool_or(contains(
        _normalize(json_extract_string(value, '$'), 'NFKC', TRUE),
        _normalize(wanted, 'NFKC', TRUE)
    ))
    FROM json_tree(to_json(x))
    WHERE type NOT IN ('OBJECT', 'ARRAY', 'NULL')
), FALSE) END;
CREATE MACRO _search_whole(data, wanted) AS coalesce((
    SELECT bool_or(json_extract_string(value, '$') = wanted)
    FROM json_tree(to_json(data))
    WHERE type = 'VARCHAR'
), FALSE);
CREATE MACRO _limited_text(x, most, what) AS CASE
    WHEN length(x) > most
    THEN error(what || ' has maximum length ' || most || ' but got a value with length ' || length(x))
    ELSE x
END;
CREATE MACRO _limited_bytes(x, most, what) AS CASE
    WHEN octet_length(CAST(x AS BLOB)) > most
    THEN error(what || ' has maximum length ' || most || ' but got a value with length ' || octet_length(CAST(x AS BLOB)))
    ELSE x
END;
CREATE MACRO _limited_number(x, whole, scale, what) AS CASE
    WHEN CAST(trunc(abs(round(CAST(x AS DECIMAL(38, 9)), scale))) AS HUGEINT)
        >= CAST('1' || repeat('0', whole) AS HUGEINT)
    THEN error(what || ' has a maximum of ' || whole || ' digits before the point but got ' || x)
    ELSE round(CAST(x AS DECIMAL(38, 9)), scale)
END;
CREATE MACRO _limited_big(x, whole, scale, what) AS CASE
    WHEN CAST(trunc(abs(round(CAST(x AS DECIMAL(38, 18)), scale))) AS HUGEINT)
        >= CAST('1' || repeat('0', whole) AS HUGEINT)
    THEN error(what || ' has a maximum of ' || whole || ' digits before the point but got ' || x)
    ELSE round(CAST(x AS DECIMAL(38, 18)), scale)
END;
CREATE MACRO _bare_number(x) AS CAST(CASE
    WHEN contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.')
    ELSE CAST(x AS VARCHAR)
END AS JSON);
CREATE MACRO _float_text(x, text) AS CASE
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN regexp_replace(text, '\.0$', '')
    ELSE text
END;

-- case: the old name gives the same key for every text

-- when
SELECT caption_key('test message');

-- then
ASSERT (
    SELECT LOGICAL_AND(caption_key(text) = caption_key_v2(text))
    FROM UNNEST(['', 'test message', '  Mixed CASE ', '\U0001F618']) AS text
) AS 'caption_key differs from caption_key_v2';
ASSERT caption_key(NULL) IS NULL AS 'NULL stays NULL';

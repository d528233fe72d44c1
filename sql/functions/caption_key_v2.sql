CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.caption_key_v2(message STRING)
RETURNS STRING
OPTIONS (
    description = 'Key of a caption text: SHA-256 as 64 hexadecimal digits of the text in lower case, trimmed, each run of ASCII white space one space. NULL for NULL.'
)
AS (
    -- The white space is spelled out: \s means other characters in other engines, and a
    -- key that two programs compute differently orphans every stored statistic.
    TO_HEX(SHA256(TRIM(REGEXP_REPLACE(LOWER(message), r'[\t\n\f\r ]+', ' '), ' ')))
);

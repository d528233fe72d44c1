CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.caption_key(message STRING)
RETURNS STRING
OPTIONS (
    description = 'Old name of caption_key_v2, kept for old callers; the same result for every text.'
)
AS (
    `{{ project }}`.`{{ dataset }}`.caption_key_v2(message)
);

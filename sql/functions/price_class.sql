CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.price_class(price_tier STRING)
RETURNS STRING
OPTIONS (
    description = 'The class of captions that a price tier stands for, without case and outer spaces. Captions without a tier are a class too, the empty one; a tier that nobody knows is a class of its own.'
)
AS (
    LOWER(TRIM(COALESCE(price_tier, '')))
);

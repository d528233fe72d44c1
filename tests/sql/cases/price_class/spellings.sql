-- case: a tier is a class whatever its case and spaces; no tier is a class, too

-- when
SELECT price_class('Premium');

-- then
ASSERT price_class(' Premium ') = price_class('premium') AS 'case and outer spaces do not count';
ASSERT price_class(NULL) = price_class('  ') AS 'no tier is one class';
ASSERT price_class(NULL) != price_class('gold') AS 'a tier that nobody knows is another';

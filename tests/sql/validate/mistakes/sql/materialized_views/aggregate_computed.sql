CREATE MATERIALIZED VIEW IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.aggregate_computed
AS
SELECT
    page_name,
    SUM(audience) / 2 AS half -- ! materialized-view SUM
FROM `{{ project }}`.`{{ dataset }}`.pages
GROUP BY page_name;

CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.revenue
OPTIONS (description = 'Dollars a day, of orders with a note and of all.')
AS
SELECT
    DATE(ordered_at) AS ordered_on,
    `{{ project }}`.`{{ dataset }}`.dollars(SUM(cents)) AS dollars,
    COUNT(note) AS notes
FROM `{{ project }}`.`{{ dataset }}`.orders
GROUP BY ordered_on;

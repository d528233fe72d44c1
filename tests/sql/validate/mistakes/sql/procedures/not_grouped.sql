CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.not_grouped()
BEGIN
    SELECT
        page_name,
        note, -- ! aggregation note
        COUNT(*) AS n
    FROM `{{ project }}`.`{{ dataset }}`.pages
    GROUP BY page_name;
END;

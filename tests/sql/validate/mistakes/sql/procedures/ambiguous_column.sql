CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.ambiguous_column()
BEGIN
    SELECT page_name -- ! ambiguous page_name
    FROM `{{ project }}`.`{{ dataset }}`.pages AS a
    CROSS JOIN `{{ project }}`.`{{ dataset }}`.pages AS b;
END;

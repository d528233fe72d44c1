CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.one_pair_of_backticks()
BEGIN
    SELECT page_name
    FROM `{{ project }}.{{ dataset }}.pages`; -- ! reference-form `
END;

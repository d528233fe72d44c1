CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.insert_by_place()
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.pages -- ! column-order INSERT
    SELECT
        page_name,
        audience,
        joined,
        note
    FROM `{{ project }}`.`{{ dataset }}`.pages
    WHERE audience > 1;
END;

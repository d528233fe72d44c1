CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.struct_field()
BEGIN
    SELECT price.amont -- ! unknown-column amont
    FROM `{{ project }}`.`{{ dataset }}`.messages
    WHERE DATE(sent_at) = CURRENT_DATE();
END;

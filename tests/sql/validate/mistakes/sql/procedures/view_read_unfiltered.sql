CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.view_read_unfiltered()
BEGIN
    SELECT COUNT(*)
    FROM `{{ project }}`.`{{ dataset }}`.shown_messages; -- ! unfiltered-read `
END;

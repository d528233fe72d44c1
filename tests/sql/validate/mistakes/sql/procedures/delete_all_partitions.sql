CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.delete_all_partitions()
BEGIN
    DELETE FROM `{{ project }}`.`{{ dataset }}`.messages -- ! unfiltered-read `
    WHERE page_name = 'x';
END;

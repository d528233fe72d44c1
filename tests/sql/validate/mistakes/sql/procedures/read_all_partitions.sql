CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.read_all_partitions()
BEGIN
    SELECT COUNT(*)
    FROM `{{ project }}`.`{{ dataset }}`.messages; -- ! unfiltered-read `
END;

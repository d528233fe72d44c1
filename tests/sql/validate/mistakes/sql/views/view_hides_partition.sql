CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.view_hides_partition
AS
SELECT page_name
FROM `{{ project }}`.`{{ dataset }}`.messages; -- ! unfiltered-read `

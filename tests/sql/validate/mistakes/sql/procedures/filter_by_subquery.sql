CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.filter_by_subquery()
BEGIN
    SELECT message_id
    FROM `{{ project }}`.`{{ dataset }}`.messages -- ! unfiltered-read `
    WHERE DATE(sent_at) > (SELECT MAX(archived_on) FROM `{{ project }}`.`{{ dataset }}`.archive);
END;

CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.filter_in_one_branch()
BEGIN
    SELECT message_id
    FROM `{{ project }}`.`{{ dataset }}`.messages -- ! unfiltered-read `
    WHERE DATE(sent_at) = CURRENT_DATE() OR views > 5;
END;

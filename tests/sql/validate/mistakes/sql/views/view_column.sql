CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.view_column
AS
SELECT message -- ! unknown-column message
FROM `{{ project }}`.`{{ dataset }}`.messages;

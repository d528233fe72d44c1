CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.insert_column()
BEGIN
    INSERT INTO `{{ project }}`.`{{ dataset }}`.pages (page_name, audience, nots) -- ! unknown-column nots
    VALUES ('a', 1, 'x');
END;

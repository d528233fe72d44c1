CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.column_in_where()
BEGIN
    DELETE FROM `{{ project }}`.`{{ dataset }}`.pages
    WHERE pagename = 'x'; -- ! unknown-column pagename
END;

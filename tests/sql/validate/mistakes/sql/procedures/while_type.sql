CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.while_type()
BEGIN
    DECLARE n INT64 DEFAULT 1;
    WHILE n DO -- ! wrong-type n
        SET n = n - 1;
    END WHILE;
END;

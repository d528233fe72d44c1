CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.query_label_type()
BEGIN
    SET @@query_label = 5; -- ! wrong-type 5
END;

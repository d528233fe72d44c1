CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.missing_builtin()
BEGIN
    SELECT SPLIT_WORDS('a b'); -- ! missing-object SPLIT_WORDS
END;

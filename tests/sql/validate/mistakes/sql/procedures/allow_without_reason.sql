CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.allow_without_reason()
BEGIN
    -- validate: allow unfiltered-read
    -- !^ allow-comment --
    SELECT 1;
END;

CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.allow_unknown_rule()
BEGIN
    -- validate: allow unknown-column I like it so
    -- !^ allow-comment --
    SELECT 1;
END;

CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.allow_nothing()
BEGIN
    -- validate: allow permanent-ddl there was one here once
    -- !^ allow-comment --
    SELECT 1;
END;

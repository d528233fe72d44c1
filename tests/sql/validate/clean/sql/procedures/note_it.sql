CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.note_it(for_page STRING, new_note STRING)
BEGIN
    UPDATE `{{ project }}`.`{{ dataset }}`.pages
    SET note = new_note
    WHERE page_name = for_page;
END;

CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.every_statement(first_day DATE)
BEGIN
    DECLARE total, changed INT64 DEFAULT 0;
    DECLARE started DEFAULT CURRENT_TIMESTAMP();
    DECLARE pair STRUCT<low INT64, high INT64>;
    DECLARE low, high INT64;
    DECLARE names ARRAY<STRING>;
    {%- if automation.active_days > 0 %}
    DECLARE active INT64 DEFAULT {{ automation.active_days }};
    {%- endif %}

    SET @@query_label = CONCAT('component:', 'test');
    SET pair = (SELECT AS STRUCT 1 AS low, 2 AS high);
    SET (low, high) = (1, 2);
    SET names = ARRAY(SELECT page_name FROM `{{ project }}`.`{{ dataset }}`.pages);
    CALL `{{ project }}`.`{{ dataset }}`.count_pages(total);

    CREATE TEMP TABLE newest AS
    SELECT
        page_name,
        message_id,
        views
    FROM `{{ project }}`.`{{ dataset }}`.messages
    WHERE DATE(sent_at) BETWEEN first_day AND CURRENT_DATE()
    QUALIFY ROW_NUMBER() OVER (PARTITION BY page_name ORDER BY sent_at DESC) = 1;

    MERGE INTO `{{ project }}`.`{{ dataset }}`.pages AS pages
    USING newest
        ON pages.page_name = newest.page_name
    WHEN MATCHED THEN
        UPDATE SET note = newest.message_id
    WHEN NOT MATCHED THEN
        INSERT (page_name, audience)
        VALUES (newest.page_name, newest.views);
    SET changed = @@row_count;

    UPDATE `{{ project }}`.`{{ dataset }}`.pages AS pages
    SET audience = totals.views
    FROM `{{ project }}`.`{{ dataset }}`.page_totals(first_day) AS totals
    WHERE pages.page_name = totals.page_name;

    -- validate: allow unfiltered-read the count is of all days on purpose
    SET total = (SELECT COUNT(*) FROM `{{ project }}`.`{{ dataset }}`.messages);
    SET total = (SELECT COUNT(*) FROM `{{ project }}`.`{{ dataset }}`.archive);
    SET total = (
        SELECT COUNT(*)
        FROM `{{ project }}`.`{{ dataset }}`.shown_messages
        WHERE sent_at >= started
    );

    FOR page IN (SELECT page_name, audience FROM `{{ project }}`.`{{ dataset }}`.pages) DO
        IF page.audience > high THEN
            CALL `{{ project }}`.`{{ dataset }}`.note_it(page.page_name, FORMAT('%d', page.audience));
        ELSEIF page.audience IS NULL THEN
            CONTINUE;
        ELSE
            BREAK;
        END IF;
    END FOR;

    CASE total
        WHEN 1 THEN SELECT 'one';
        ELSE SELECT 'more';
    END CASE;

    WHILE changed > 0 DO
        SET changed = changed - 1;
    END WHILE;

    LOOP
        LEAVE;
    END LOOP;

    REPEAT
        SET low = low + 1;
    UNTIL low > 3 END REPEAT;

    BEGIN
        DECLARE inner_value STRING DEFAULT 'x';
        BEGIN TRANSACTION;
        DELETE FROM `{{ project }}`.`{{ dataset }}`.messages
        WHERE DATE(sent_at) = first_day AND page_name = inner_value;
        COMMIT TRANSACTION;
    EXCEPTION WHEN ERROR THEN
        ROLLBACK TRANSACTION;
        RAISE USING MESSAGE = @@error.message;
    END;

    DROP TABLE newest;
    ASSERT total >= 0 AS 'counts are not negative';
    SELECT table_name FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES;
END;

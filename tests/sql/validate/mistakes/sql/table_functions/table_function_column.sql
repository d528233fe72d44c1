CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.table_function_column(first_day DATE)
AS (
    SELECT veiws -- ! unknown-column veiws
    FROM `{{ project }}`.`{{ dataset }}`.messages
    WHERE DATE(sent_at) = first_day
);

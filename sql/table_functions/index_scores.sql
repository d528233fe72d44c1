CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.index_scores(for_page STRING, on_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'Every caption of a page with what is known of it and the index it is ranked by: mean earnings per view times what one more message would teach. The inactive ones too: they show what their class is worth. A caption that waits is sent on this weekday only if nothing else is left. docs/learning.md has the formula and how it was found.'
)
AS (
    SELECT
        caption_id,
        caption_text,
        class,
        is_active,
        last_used,
        rate,
        earnings_per_purchase,
        spread,
        score,
        waits
    FROM `{{ project }}`.`{{ dataset }}`.scores_by_figures(
        for_page,
        on_date,
        ARRAY(
            SELECT AS STRUCT
                message_views,
                daily_target,
                classes,
                weekdays,
                holidays
            FROM `{{ project }}`.`{{ dataset }}`.live_page_figures(for_page, on_date)
        ),
        NULL
    )
);

CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.planned_captions(from_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'Captions that are given to pages and not free again on from_date or later (is_planned), for analysis, selection, health and pool figures.'
)
AS (
    -- No more columns than its readers need: the health check pays for each of them.
    SELECT
        page_name,
        caption_id,
        scheduled_send_date,
        assigned_at,
        is_active
    FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
    WHERE `{{ project }}`.`{{ dataset }}`.is_planned(is_active, deactivation_reason, scheduled_send_date, from_date)
);

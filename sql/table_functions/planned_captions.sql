CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.planned_captions(from_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'Captions that are given to pages and not free again: every active lock, and locks that the sweep ended though their day is from_date or later, since a message whose lock was ended is sent all the same. The one meaning of planned, for analysis, selection, health and pool figures.'
)
AS (
    SELECT
        assignment_id,
        page_name,
        caption_id,
        scheduled_send_date,
        assigned_at,
        is_active
    FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments
    WHERE
        is_active
        OR (
            deactivation_reason IN ('EXPIRED', 'STALE')
            AND scheduled_send_date >= from_date
        )
);

CREATE OR REPLACE FUNCTION `{{ project }}`.`{{ dataset }}`.is_planned(
    is_active BOOL,
    deactivation_reason STRING,
    scheduled_send_date DATE,
    from_date DATE
)
RETURNS BOOL
OPTIONS (
    description = 'Whether an assignment keeps its caption from others: every active lock, and locks that the sweep ended though their day is from_date or later, since a message whose lock was ended is sent all the same. The one meaning of planned, for planned_captions and held_captions.'
)
AS (
    is_active
    OR (
        deactivation_reason IN ('EXPIRED', 'STALE')
        AND scheduled_send_date >= from_date
    )
);

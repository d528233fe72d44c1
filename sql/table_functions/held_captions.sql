CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.held_captions(for_page STRING, for_date DATE)  -- noqa: LT01
OPTIONS (
    description = 'Captions that are given to a page for a business day, with their texts. A schedule builder that takes over a request asks here first: what its predecessor was given is not given again.'
)
AS (
    SELECT
        assigned.assignment_id,
        assigned.page_name,
        assigned.caption_id,
        bank.caption_text,
        assigned.scheduled_send_date,
        assigned.assigned_at
    FROM `{{ project }}`.`{{ dataset }}`.active_caption_assignments AS assigned
    -- A caption that was taken out of the pool meanwhile is held all the same.
    LEFT JOIN (
        SELECT
            caption_id,
            MIN(caption_text) AS caption_text
        FROM `{{ project }}`.`{{ dataset }}`.caption_bank
        WHERE page_name = for_page
        GROUP BY caption_id
    ) AS bank
        ON assigned.caption_id = bank.caption_id
    WHERE
        assigned.page_name = for_page
        AND assigned.scheduled_send_date = for_date
        AND `{{ project }}`.`{{ dataset }}`.is_planned(
            assigned.is_active,
            assigned.deactivation_reason,
            assigned.scheduled_send_date,
            for_date
        )
);

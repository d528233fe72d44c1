CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.corrupt_statistics
OPTIONS (
    description = 'Rows of caption_bandit_stats that cannot be right: negative counts, more purchases than views, bounds missing or outside 0 to 1, or two rows for one caption of a page. Must be empty.'
)
AS
SELECT
    page_name,
    caption_id,
    successes,
    failures,
    total_views,
    engagement_count,
    wilson_score_lower_bound,
    wilson_score_upper_bound,
    rows_of_caption
FROM (
    SELECT
        *,
        COUNT(*) OVER (PARTITION BY page_name, caption_id) AS rows_of_caption
    FROM `{{ project }}`.`{{ dataset }}`.caption_bandit_stats
)
WHERE
    successes < 0
    OR failures < 0
    OR COALESCE(total_views, -1) < 0
    OR COALESCE(engagement_count, -1) < 0
    OR engagement_count > total_views
    OR COALESCE(wilson_score_lower_bound, -1) NOT BETWEEN 0 AND 1
    OR COALESCE(wilson_score_upper_bound, -1) NOT BETWEEN 0 AND 1
    OR wilson_score_lower_bound > wilson_score_upper_bound
    OR rows_of_caption > 1;

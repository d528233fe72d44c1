-- case: a page has the same figures by itself and among all, and by itself it is safe from others

-- given
INSERT INTO mass_messages (message_id, page_name, sent_at, sent_count, viewed_count, purchased_count, earnings, updated_at)
SELECT
    CONCAT(page_name, CAST(x AS STRING)),
    page_name,
    TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 30 HOUR),
    x * 1000,
    10,
    1,
    1,
    CURRENT_TIMESTAMP()
FROM UNNEST(['a', 'b', 'bare']) AS page_name
CROSS JOIN UNNEST([1, 2, IF(page_name = 'a', 3, 30)]) AS x;
INSERT INTO caption_bank (caption_id, page_name, caption_text, is_active, created_at)
SELECT
    CONCAT(page_name, CAST(x AS STRING)),
    page_name,
    'text',
    x > 1,
    CURRENT_TIMESTAMP()
FROM UNNEST(['a', 'b']) AS page_name
CROSS JOIN UNNEST([1, 2, 3, 4]) AS x;
INSERT INTO caption_bandit_stats (page_name, caption_id, successes, failures, total_views, engagement_count, wilson_score_lower_bound, wilson_score_upper_bound, total_emv, last_updated, created_at)
VALUES
    ('a', 'a1', 1, 9, 10, 1, 0.1, 0.3, 20, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP()),
    ('b', 'b1', 2, 18, 20, 2, 0.1, 0.3, 50, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP()),
    ('b', 'b2', -1, 18, 20, 2, 0.1, 0.3, 50, CURRENT_TIMESTAMP(), CURRENT_TIMESTAMP());
INSERT INTO active_caption_assignments (assignment_id, page_name, caption_id, scheduled_send_date, assigned_at, is_active)
VALUES
    ('1', 'a', 'a2', CURRENT_DATE('America/Los_Angeles'), CURRENT_TIMESTAMP(), TRUE),
    ('2', 'b', 'b3', CURRENT_DATE('America/Los_Angeles'), CURRENT_TIMESTAMP(), TRUE),
    ('3', 'b', 'b4', CURRENT_DATE('America/Los_Angeles'), CURRENT_TIMESTAMP(), TRUE);

-- when
SELECT * FROM analyze_creators(CURRENT_DATE('America/Los_Angeles'));

-- then
ASSERT (SELECT COUNT(*) FROM analyze_creators(CURRENT_DATE('America/Los_Angeles'))) = 3 AS 'all';
ASSERT (
    SELECT STRING_AGG(TO_JSON_STRING(t), ' ' ORDER BY page_name)
    FROM analyze_creators(CURRENT_DATE('America/Los_Angeles')) AS t
) = (
    SELECT STRING_AGG(TO_JSON_STRING(t), ' ' ORDER BY page_name)
    FROM (
        SELECT * FROM analyze_creator_performance('a', CURRENT_DATE('America/Los_Angeles'))
        UNION ALL
        SELECT * FROM analyze_creator_performance('b', CURRENT_DATE('America/Los_Angeles'))
        UNION ALL
        SELECT * FROM analyze_creator_performance('bare', CURRENT_DATE('America/Los_Angeles'))
    ) AS t
) AS 'each';
ASSERT (
    SELECT STRING_AGG(TO_JSON_STRING(t), ' ' ORDER BY page_name)
    FROM account_sizes(CURRENT_DATE('America/Los_Angeles')) AS t
    WHERE page_name != 'bare'
) = (
    SELECT STRING_AGG(TO_JSON_STRING(t), ' ' ORDER BY page_name)
    FROM (
        SELECT * FROM account_size('a', CURRENT_DATE('America/Los_Angeles'))
        UNION ALL
        SELECT * FROM account_size('b', CURRENT_DATE('America/Los_Angeles'))
    ) AS t
) AS 'sizes';
ASSERT (
    SELECT STRING_AGG(COALESCE(analysis_error, '-'), ', ' ORDER BY page_name)
    FROM analyze_creators(CURRENT_DATE('America/Los_Angeles'))
) = '-, 1 rows of caption_bandit_stats are corrupt, caption_bank has no active caption of the page' AS 'what is wrong';

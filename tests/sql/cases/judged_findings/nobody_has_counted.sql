-- case: a figure that no run has counted for a day says so; one that was counted does not

-- when
CALL count_active_captions();
CALL count_integrity_violations();

-- then
ASSERT (
    SELECT COUNTIF(detail = 'not counted in the last day' AND level = 'WARNING') = 2 AND COUNT(*) = 2
    FROM judged_findings(JSON '{"work": {"locked_captions": 3}}', CURRENT_TIMESTAMP())
    WHERE finding IN ('available captions', 'integrity violations')
) AS 'neither was counted';
ASSERT (
    SELECT
        MAX(IF(finding = 'available captions', detail, '')) = '0 locked'
        AND COUNTIF(finding = 'integrity violations' AND detail IS NULL) = 1
    FROM health_findings
    WHERE finding IN ('available captions', 'integrity violations')
) AS 'both were counted';

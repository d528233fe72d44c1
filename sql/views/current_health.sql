CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.current_health
OPTIONS (
    description = 'One row: the health score at this moment, 100 - 6 per warning - 20 per critical finding. CRITICAL with any critical finding, else WARNING at 90 or less.'
)
AS
SELECT
    check_timestamp,
    health_score,
    status,
    checks_passed,
    checks_total,
    warnings,
    critical,
    details
FROM `{{ project }}`.`{{ dataset }}`.judged_health(
    (SELECT live.figures FROM `{{ project }}`.`{{ dataset }}`.live_figures AS live),
    CURRENT_TIMESTAMP()
);

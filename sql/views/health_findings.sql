CREATE OR REPLACE VIEW `{{ project }}`.`{{ dataset }}`.health_findings
OPTIONS (
    description = 'One row per finding of the health check at this moment: its check, value, limits and level (OK, WARNING or CRITICAL), and what else there is to say.'
)
AS
SELECT
    check_number,
    check_name,
    finding,
    value,
    warning_limit,
    critical_limit,
    detail,
    level
FROM `{{ project }}`.`{{ dataset }}`.judged_findings(
    (SELECT live.figures FROM `{{ project }}`.`{{ dataset }}`.live_figures AS live),
    CURRENT_TIMESTAMP()
);

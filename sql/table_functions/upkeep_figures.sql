CREATE OR REPLACE TABLE FUNCTION `{{ project }}`.`{{ dataset }}`.upkeep_figures(moment TIMESTAMP)  -- noqa: LT01
OPTIONS (
    description = 'What moves slowly, as of a moment, in one row: which tables there are and since when, and schedules that have not run for their longest gap and what a pause may last. The health check counts it every hour.'
)
AS (
    WITH tables AS (
        SELECT
            COUNTIF(table_name != 'etl_job_runs') AS tables_present,
            -- What has never run is as old as the system: a new one has a night before it.
            MIN(IF(table_name = 'etl_job_runs', creation_time, NULL)) AS system_since
        FROM `{{ project }}`.`{{ dataset }}`.INFORMATION_SCHEMA.TABLES
        WHERE table_name IN (
            'caption_bank',
            'caption_bandit_stats',
            'active_caption_assignments',
            'automation_locks',
            'schedule_recommendations',
            {%- if caption_locks %}
            '{{ caption_locks.table }}',
            {%- endif %}
            'etl_job_runs'
        )
    ),

    -- Every statement of a run has the schedule's name as its component.
    jobs AS (
        SELECT
            label.value AS component,
            MAX(creation_time) AS last_run
        FROM `{{ project }}`.`{{ dataset }}`.query_jobs, UNNEST(labels) AS label
        WHERE
            creation_time >= TIMESTAMP_SUB(moment, INTERVAL 2 DAY)
            AND label.key = 'component'
        GROUP BY component
    ),

    -- Before a first run the first health check counts.
    life AS (
        SELECT MIN(figure_time) AS first_check
        FROM `{{ project }}`.`{{ dataset }}`.stored_figures
        WHERE
            figure_time >= TIMESTAMP_SUB(moment, INTERVAL 3 DAY)
            AND figure = 'health_check'
    ),

    silent AS (
        SELECT COUNT(*) AS silent_schedules
        FROM UNNEST([{{ schedule_rhythms }}]) AS declared
        CROSS JOIN life
        LEFT JOIN jobs ON declared.name = jobs.component
        WHERE TIMESTAMP_DIFF(moment, COALESCE(jobs.last_run, life.first_check), MINUTE) > declared.minutes + 60 * {{ thresholds.pause_warning_hours }}
    )

    SELECT
        moment AS counted_at,
        tables.tables_present,
        tables.system_since,
        silent.silent_schedules
    FROM tables
    CROSS JOIN silent
);

CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.stored_figures (
    figure_time TIMESTAMP NOT NULL OPTIONS (description = 'When the figure was counted'),
    figure STRING NOT NULL OPTIONS (description = 'Name of the figure'),
    value FLOAT64 NOT NULL OPTIONS (description = 'What was counted'),
    details JSON OPTIONS (description = 'What was counted with it: of the queries all of query_figures, of a health check its status and what the next one carries over')
)
PARTITION BY DATE(figure_time)
CLUSTER BY figure
OPTIONS (
    description = 'Figures that take a scan of whole tables or of the job history, counted now and then and read often, by the health check.',
    partition_expiration_days = {{ retention.log_days }},
    require_partition_filter = TRUE
);

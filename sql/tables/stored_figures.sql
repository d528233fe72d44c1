CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.stored_figures (
    figure_time TIMESTAMP NOT NULL OPTIONS (description = 'When the figure was counted'),
    figure STRING NOT NULL OPTIONS (description = 'Name of the figure'),
    value FLOAT64 NOT NULL OPTIONS (description = 'What was counted')
)
PARTITION BY DATE(figure_time)
CLUSTER BY figure
OPTIONS (
    description = 'Figures that take a scan of whole tables, counted now and then and read often, by the health check and by alert rules.',
    partition_expiration_days = {{ retention.log_days }}
);

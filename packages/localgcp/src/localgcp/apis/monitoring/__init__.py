"""Cloud Monitoring at work: samples, time series, policies, incidents and their delivery.

- `metrics`: what a metric is; the built-in ones that this server measures
- `samples`: the measurements in the store
- `log_metrics`: log entries to samples
- `filters`, `alignment`, `reduction`, `series`: from samples to time series, as
  `projects.timeSeries.list` gives them
- `conditions`, `incidents`, `evaluator`: from time series to incidents
- `documents`, `delivery`: from incidents to notifications in the inbox
"""

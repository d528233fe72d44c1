"""Publishes the jobs of the local BigQuery: job history, audit log and metrics.

On Google, SQL reads job history from INFORMATION_SCHEMA.JOBS_BY_PROJECT, Cloud Logging has the
audit log, and Cloud Monitoring has BigQuery's metrics. The emulator has none of them, but its
REST API knows most of that, so finished jobs are copied from there, within a second. What it
does not know:

- Bytes are an estimate: the sizes (`numBytes`) of the tables that a statement refers to, as
  they are when the job is copied, views followed to their tables. Whole tables count, where
  BigQuery reads only the columns and partitions that are asked for; tables that are read by
  a table function do not count. Billed are at least 10 MiB per table, as on Google, and
  nothing for a failed statement.
- What fails a script without being a statement (RAISE) has no job; one failed statement stands
  for it. Slot time is not known: NULL.
"""

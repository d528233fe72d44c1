"""Fills the tables named `job_history` with the jobs of the local BigQuery.

On Google, SQL reads job history from INFORMATION_SCHEMA.JOBS_BY_PROJECT. The view of
local-bigquery has no end time, labels, bytes or error message, but its REST API knows most
of that, so finished jobs are copied from there. What it does not know:

- Bytes are an estimate: the sizes (`numBytes`) of the tables that a statement refers to, as
  they are when the job is copied, views followed to their tables. Whole tables count, where
  BigQuery reads only the columns and partitions that are asked for; tables that are read by
  a table function do not count. Billed are at least 10 MiB per table, as on Google, and
  nothing for a failed statement.
- The statements of a script share its time equally; the emulator notes only the script's.
- A script that failed has lost its statements; one failed statement stands for them, as the
  failed one does on Google. The text of a script's statement is not known, nor is slot time:
  both are NULL.
"""

"""Other people's clients against the local BigQuery, in an environment of their own."""

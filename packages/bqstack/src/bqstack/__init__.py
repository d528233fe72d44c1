"""For any Pulumi program on BigQuery: SQL files as the source, analysed, planned and guarded."""

-- case: exports of seven days are counted by day and status

-- given
INSERT INTO schedule_export_log (export_timestamp, page_name, status, execution_time_seconds)
VALUES (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 'p', 'SUCCESS', 2), (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), 'q', 'SUCCESS', 4), (TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 200 HOUR), 'q', 'SUCCESS', 4);

-- when
SELECT * FROM export_report;

-- then
ASSERT (SELECT SUM(exports) = 2 AND AVG(avg_execution_time) = 3 FROM export_report) AS 'report';

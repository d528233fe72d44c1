-- case: a figure as the value of a job label

-- when
SELECT metric_label(1);

-- then
ASSERT metric_label(94) = '94' AS 'an integer is itself';
ASSERT metric_label(0.0) = '0' AS 'a whole float is an integer';
ASSERT metric_label(-3) = '-3' AS 'a negative integer';
ASSERT metric_label(12.5) = '12500000e-6' AS 'a fraction is written in millionths';
ASSERT metric_label(-0.25) = '-250000e-6' AS 'a negative fraction';
ASSERT metric_label(0.0000004) = '0e-6' AS 'below a millionth nothing is left';
ASSERT metric_label(1234567890123.75) = '1234567890124' AS 'a large figure is rounded';
ASSERT metric_label(NULL) IS NULL AS 'nothing stays nothing';
ASSERT metric_label(CAST('nan' AS FLOAT64)) IS NULL AS 'no number';
ASSERT metric_label(CAST('-inf' AS FLOAT64)) IS NULL AS 'infinity is no number';
ASSERT CAST(metric_label(0.1 + 0.2) AS FLOAT64) = 0.3 AS 'the text is read as a number again';

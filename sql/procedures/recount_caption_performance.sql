CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.recount_caption_performance(from_date DATE)
OPTIONS (
    description = 'As update_caption_performance, over the messages sent since a date: for results that were delivered more than {{ automation.feedback_late_days }} days after the send, which uncounted_results lists. At most {{ automation.feedback_window_days }} days back. Repeatable.'
)
BEGIN
    DECLARE oldest DATE DEFAULT DATE_SUB(CURRENT_DATE('UTC'), INTERVAL {{ automation.feedback_window_days }} DAY);

    IF from_date IS NULL OR from_date NOT BETWEEN oldest AND CURRENT_DATE('UTC') THEN
        RAISE USING MESSAGE = FORMAT(
            'refused: from_date must be %t to %t: results of {{ automation.feedback_window_days }} days are kept; but is %t',
            oldest,
            CURRENT_DATE('UTC'),
            from_date
        );
    END IF;
    CALL `{{ project }}`.`{{ dataset }}`.count_message_results(from_date);
END;

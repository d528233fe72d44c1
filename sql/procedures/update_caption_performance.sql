CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.update_caption_performance()
OPTIONS (
    description = 'Folds new message results into caption_bandit_stats. Incremental: reads the messages sent from {{ automation.feedback_late_days }} days before the newest result counted, and counts what differs from what was counted. Repeatable: a message counts once, with its newest result. One that matches no caption is matched again for {{ automation.feedback_late_days }} days.'
)
BEGIN
    CALL `{{ project }}`.`{{ dataset }}`.count_message_results(NULL);
    -- What messages earned changes with their results only.
    CALL `{{ project }}`.`{{ dataset }}`.publish_figures('update_caption_performance');
END;

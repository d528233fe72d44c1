CREATE OR REPLACE PROCEDURE `{{ project }}`.`{{ dataset }}`.behind_a_block()
BEGIN
    {%- if automation.active_days > 0 %}
    DECLARE days INT64;
    {%- endif %}
    {% if automation.active_days < 0 %}
    SET days = 1;
    {% else %}
    SET days = 'one'; -- ! wrong-type '
    {% endif %}
END;

CREATE TABLE IF NOT EXISTS `{{ project }}`.`{{ dataset }}`.pages (
    page_name STRING NOT NULL,
    audience INT64 NOT NULL,
    joined DATE DEFAULT CURRENT_DATE(),
    note STRING
);

"""What the files of the project say: settings, alerts, figures, channels, schedules, dashboards."""

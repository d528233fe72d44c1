"""What changes a stack: backup, deployment, rollback, and the lock that they share."""

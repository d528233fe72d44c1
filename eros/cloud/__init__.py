"""Google Cloud as the operator's commands reach it: clients, endpoints, services, transfers."""

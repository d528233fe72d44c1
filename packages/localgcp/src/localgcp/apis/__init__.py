"""REST server of Google's APIs other than BigQuery, for one project on one laptop.

Routes and schemas come from the discovery documents inside
google-api-python-client; what a method does lives in `services/`.
"""

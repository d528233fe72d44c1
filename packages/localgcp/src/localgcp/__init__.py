"""Google Cloud on a laptop: the servers, the gcp provider and their supervisor.

Nothing that runs in production imports this package.
"""

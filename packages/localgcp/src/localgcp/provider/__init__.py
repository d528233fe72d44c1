"""A gcp provider for Pulumi that works on a local cloud only.

The Pulumi CLI attaches to it where the real `pulumi-resource-gcp` plugin is not
installed. It speaks Pulumi's ResourceProvider protocol and turns the inputs of the
resource types EROS declares into the REST calls the real plugin makes. It never
changes anything outside this machine: see `safety`.
"""

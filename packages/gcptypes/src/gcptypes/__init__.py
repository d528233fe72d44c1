"""Facts of the resource types of Pulumi's gcp provider, for whoever compares or serves them."""

from gcptypes.records import TYPES, ResourceType, is_grant, known, words

__all__ = ["TYPES", "ResourceType", "is_grant", "known", "words"]

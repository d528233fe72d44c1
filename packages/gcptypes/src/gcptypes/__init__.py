"""Facts of the resource types of Pulumi's gcp provider, for whoever compares or serves them."""

from gcptypes.known_types import TYPES, is_grant, known
from gcptypes.resource_type import ResourceType, Retention, words

__all__ = ["TYPES", "ResourceType", "Retention", "is_grant", "known", "words"]

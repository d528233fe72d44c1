"""Creating a resource exactly once, although an answer may be lost on the way.

A creation that failed with a passing error, or whose connection ended, may have been carried
out. A second one would meet "already exists", or, where the API chooses the name, make a
double. So the cloud is asked before the creation is sent again.
"""

import time

from .cloud_calls import AnswerLost, ApiError, Cloud, is_unsettled, pauses
from .resource import PartlyCreated, Properties, Resource


def create(kind: Resource, cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create the resource; its id and the API's representation.

    Raises ApiError when the API refuses it, and PartlyCreated when the resource may exist but
    nobody answers: the engine then keeps its id, and the next update looks again.
    """
    tries = pauses()
    while True:
        try:
            return kind.create(cloud, inputs)
        except (AnswerLost, ApiError) as error:
            if not is_unsettled(error):
                raise
            failure = error
        while True:
            pause = next(tries, None)
            if pause is None:
                raise _given_up(kind, inputs, failure) from failure
            time.sleep(pause)
            try:
                made = _made(kind, cloud, inputs)
                break
            except (AnswerLost, ApiError) as error:
                if not is_unsettled(error):
                    raise
        if made is not None:
            return made


def _given_up(kind: Resource, inputs: Properties, failure: Exception) -> Exception:
    """Without an entry in the state the next update would meet "already exists"."""
    resource_id = kind.id_before_creation(inputs)
    if resource_id is None:
        return failure
    return PartlyCreated(resource_id, inputs, str(failure))


def _made(kind: Resource, cloud: Cloud, inputs: Properties) -> tuple[str, Properties] | None:
    """The resource that a creation of unknown outcome has made; None if it made none.

    Raises ApiError when something else already has its name.
    """
    found = kind.find(cloud, inputs)
    if found is None:
        return None
    resource_id, answer = found
    state = kind.outputs(resource_id, inputs, answer, cloud)
    changes = kind.changes(kind.current_inputs(inputs, state), inputs)
    tops = {change.top for change in changes}
    if not tops:
        return found
    if tops <= kind.late_inputs(inputs):
        with kind.existing(resource_id, inputs):
            return resource_id, kind.update(cloud, resource_id, inputs, state, tops)
    places = ", ".join(sorted(tops))
    raise ApiError(409, f"Already Exists: {resource_id}, with another {places}", "duplicate")

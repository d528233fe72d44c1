"""Adoption: a live dataset comes under the program without recreating one object.

    wanted = program.wanted(stack, root)                          # what the program would create
    present = live.read(google, target, [target.dataset, *wanted.datasets], wanted.adopted)
    found = survey(stack, wanted, present, catalogue, target.dataset)
    files.write(folder, found)                                    # import file, report, SQL

`pulumi import` takes objects into the stack's state as they are, whatever the program says of
them; the next `up` then changes what differs in place. Importing through the program instead
(`importTables`) is refused by the engine for everything that differs in a single label.
"""

from bqstack.adopt.matching import survey
from bqstack.adopt.survey_parts import Finding, Live, Status, Survey, Wanted

__all__ = ["Finding", "Live", "Status", "Survey", "Wanted", "survey"]

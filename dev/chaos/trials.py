"""Which faults are tried at which calls, and one trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dev.chaos.operations import Operation
from dev.chaos.rig import World


@dataclass(frozen=True)
class Trial:
    """One fault at one call; `number` counts calls from 1."""

    fault: str
    number: int


@dataclass(frozen=True)
class Result:
    """What became of a trial."""

    operation: str
    trial: Trial
    spoilt: str
    """Method and path; empty when the operation made fewer calls this time."""
    clear: bool
    """The spoilt command ended with its work done or with an error that says what happened."""
    recovered: int | None
    """0: the spoilt command itself did its work; 1: the next plain command; 2 and more: one that
    the messages name; None: nothing did."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    stuck: tuple[str, ...]


def spread(calls: int, faults: Sequence[str], trials: int | None) -> Iterator[Trial]:
    """Every call with every fault, or that many of them, evenly over the calls.

    Faults take turns, so that each is seen early and late.
    """
    if trials is None or trials >= calls * len(faults):
        yield from (Trial(fault, n) for n in range(1, calls + 1) for fault in faults)
        return
    for index in range(trials):
        yield Trial(faults[index % len(faults)], 1 + (2 * index + 1) * calls // (2 * trials))


def measure(world: World, operation: Operation, number: int) -> int:
    """Calls of the operation when nothing is spoilt."""
    operation.prepare(world, number)
    calls = world.must(*operation.command(world)).calls
    findings = operation.check(world)
    if findings.lost or findings.doubled or findings.stuck:
        raise RuntimeError(f"{operation.name} without a fault: {findings}")
    return calls


def attempt(
    world: World, operation: Operation, trial: Trial, number: int, say: Callable[[str], None]
) -> Result:
    """Spoil one call, go on as a person would, and look at what is there."""
    operation.prepare(world, number)
    ended = world.run(*operation.command(world), fault=trial.fault, number=trial.number)
    spoilt = world.plan.spoilt
    killed = trial.fault == "kill" and bool(spoilt)
    recovered: int | None = 0 if ended.is_good else None
    last = ended
    for index, way in enumerate(operation.again(world) if recovered is None else (), start=1):
        if recovered is not None:
            break
        for command in way:
            last = world.run(*command)
        recovered = index if last.is_good else None
    findings = operation.check(world)
    stuck = list(findings.stuck)
    if recovered is None:
        stuck.append(last.output[-2000:])
    clear = killed or ended.is_clear
    if not clear:
        say(ended.output[-2000:])
    return Result(
        operation.name,
        trial,
        spoilt,
        clear,
        recovered,
        tuple(findings.lost),
        tuple(findings.doubled),
        tuple(stuck),
    )

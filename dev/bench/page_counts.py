"""What is known of the captions of simulated pages, as the tables of the system hold it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from eros.project.settings_sections import Selection

NEVER = -np.inf
WEEK = 7


@dataclass
class Pages:
    """What is known of the captions of some pages; arrays by (page, caption) or by page.

    Counts are those of `caption_bandit_stats`, zeros where a caption has no row.
    """

    successes: np.ndarray
    failures: np.ndarray
    earnings: np.ndarray
    """Dollars."""
    last_used: np.ndarray
    """Day of the newest message with the caption; NEVER without one."""
    tier: np.ndarray
    """Index of the class (price tier) of each caption."""
    messages: np.ndarray
    """Messages counted, by page."""
    views: np.ndarray
    """Views of these messages, by page."""
    rate_ratio: np.ndarray
    """By class: its purchase rate in times its page's, as `class_ratios` holds it."""
    value_ratio: np.ndarray
    """By class: its earnings per view in times its page's."""
    load: np.ndarray
    """Sends up to the newest; one that is `recovery_days` older weighs half."""
    load_views: np.ndarray
    """Views of each message times the load that it was sent under, added up."""
    load_squares: np.ndarray
    """Views times the square of the load, added up."""
    load_successes: np.ndarray
    """Purchases times the load, added up."""
    weekday_views: np.ndarray
    """Views by (page, caption, weekday)."""
    weekday_successes: np.ndarray
    """Purchases by (page, caption, weekday)."""
    tiring: np.ndarray
    """By class: what a load of one takes off the logarithm of a rate."""
    weekday_ratio: np.ndarray
    """By weekday: purchases in times those that its captions lead to expect."""

    @classmethod
    def unknown(cls, tier: np.ndarray, classes: int, rules: Selection) -> Pages:
        """Before anything is sent."""
        successes, failures, earnings = np.zeros((3, *tier.shape))
        load, load_views, load_squares, load_successes = np.zeros((4, *tier.shape))
        weekday_views, weekday_successes = np.zeros((2, *tier.shape, WEEK))
        messages, views = np.zeros((2, len(tier)))
        return cls(
            successes=successes,
            failures=failures,
            earnings=earnings,
            last_used=np.full(tier.shape, NEVER),
            tier=tier,
            messages=messages,
            views=views,
            rate_ratio=np.ones(classes),
            value_ratio=np.ones(classes),
            load=load,
            load_views=load_views,
            load_squares=load_squares,
            load_successes=load_successes,
            weekday_views=weekday_views,
            weekday_successes=weekday_successes,
            tiring=np.full(classes, rules.recovery),
            weekday_ratio=np.ones(WEEK),
        )

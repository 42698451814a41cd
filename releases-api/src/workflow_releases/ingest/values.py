"""Step 11: what a series' value can be. Each number is judged once for each rule, as most come again."""

import math
from collections.abc import Iterable

from workflow_releases.ingest import wire
from workflow_releases.ingest.allowlist import MAX_AGE_SECONDS, RULES, Rule, recent, refuse_if_any
from workflow_releases.ingest.refusals import Reason

MAX_NUMBERS = 8192  # 1 MB; beyond it they are forgotten together

Amount = tuple[Rule, bytes]  # a number as protobuf has it, and the rule that it is judged by


class Values:
    """Memory of numbers that are allowed: moments until they are too old, others until there are too many."""

    def __init__(self, max_numbers: int = MAX_NUMBERS) -> None:
        self._max_numbers = max_numbers
        self._allowed: dict[Rule, set[bytes]] = {rule: set() for rule in RULES.values()}
        # The time in which all of them are allowed: time passing makes no value of any rule but `recent` bad.
        self._since, self._until = -math.inf, math.inf

    def __len__(self) -> int:
        return sum(map(len, self._allowed.values()))

    def allowed(self, rule: Rule) -> set[bytes]:
        """A view: always the same set. `refresh` comes before it is looked into."""
        return self._allowed[rule]

    def refresh(self, now: float) -> None:
        """`now` in seconds since 1970; a clock may go back."""
        if now < self._since:
            self._forget(self._allowed)
        elif now > self._until:
            self._forget(rule for rule in self._allowed if rule.allows is recent)
        self._since = now

    def check(self, amounts: Iterable[Amount], now: float) -> None:
        """Refuses a number that its rule does not allow; NaN is one for each rule."""
        new = {(rule, number) for rule, number in amounts if number not in self._allowed[rule]}
        at_fault = [rule for rule, number in new if not rule.allows(wire.read_double(number), now)]
        refuse_if_any(at_fault, Reason.VALUE)
        if len(self) + len(new) > self._max_numbers:
            self._forget(self._allowed)
        for rule, number in new:
            self._allowed[rule].add(number)
            if rule.allows is recent:
                self._until = min(self._until, wire.read_double(number) + MAX_AGE_SECONDS)

    def _forget(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            self._allowed[rule].clear()
        self._until = math.inf

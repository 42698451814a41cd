"""A bounded memory for what comes round each hour."""

import random
from typing import Generic, TypeVar

ONE_IN = 8

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Once it is full, one newcomer in `one_in` takes the place of any other.

    To forget what was longest not seen would be to forget, of a round that is larger than the memory, each
    time what comes next. And what strangers send once does not soon displace what comes each hour.
    """

    def __init__(self, most: int, one_in: int = ONE_IN) -> None:
        self._most = most
        self._one_in = one_in
        self._held: dict[Key, Value] = {}
        self._keys: list[Key] = []  # of `held`, so that any one is found at once

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        return self._held.get(key)

    def has_room_for(self, key: Key) -> bool:
        """Whether to `put` it: asked before something is made that would not be kept."""
        if key in self._held or len(self._keys) < self._most:
            return True
        return random.randrange(self._one_in) == 0  # noqa: S311 - nothing is kept secret by it

    def put(self, key: Key, value: Value) -> None:
        if key not in self._held:
            if len(self._keys) < self._most:
                self._keys.append(key)
            else:
                place = random.randrange(self._most)  # noqa: S311 - nothing is kept secret by it
                del self._held[self._keys[place]]
                self._keys[place] = key
        self._held[key] = value

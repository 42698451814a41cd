"""A memory that is too small for what comes round is still of use, and strangers empty it slowly."""

from workflow_releases.ingest.memory import Memory


def put(memory: Memory[str, int], key: str, value: int = 0) -> None:
    if memory.has_room_for(key):
        memory.put(key, value)


def test_what_is_put_is_found_until_there_are_too_many() -> None:
    memory = Memory[str, int](3)
    for number in range(3):
        put(memory, f"key {number}", number)
    put(memory, "key 1", 10)

    assert [memory.get(f"key {number}") for number in range(4)] == [0, 10, 2, None]
    assert len(memory) == 3


def test_it_never_holds_more() -> None:
    memory = Memory[str, int](10)
    for number in range(1000):
        put(memory, f"key {number}", number)
        assert len(memory) <= 10

    assert sum(memory.get(f"key {number}") is not None for number in range(1000)) == 10


def test_of_a_round_that_is_too_large_its_share_is_found() -> None:
    """Of 150 that come in turn, with room for 100, nearly two in three."""
    memory = Memory[int, int](100)
    found = 0
    for _ in range(20):
        found = 0
        for key in range(150):
            found += memory.get(key) is not None
            if memory.has_room_for(key):
                memory.put(key, key)

    assert 75 <= found <= 100


def test_what_comes_once_displaces_one_in_eight() -> None:
    memory = Memory[int, int](1000)
    for key in range(1000):
        memory.put(key, key)
    for stranger in range(1000, 2000):
        if memory.has_room_for(stranger):
            memory.put(stranger, stranger)

    held = sum(memory.get(key) is not None for key in range(1000))
    assert 800 <= held <= 940  # 882, give or take seven standard deviations


def test_known_key_has_room_always() -> None:
    memory = Memory[int, int](1, one_in=1_000_000_000)
    memory.put(1, 1)

    assert all(memory.has_room_for(1) for _ in range(1000))
    assert not memory.has_room_for(2)

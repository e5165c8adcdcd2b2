import pytest

from waypost import Cache


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_values_are_kept(clock):
    cache = Cache(clock)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b") is None
    assert cache.get("b", 5) == 5
    assert "a" in cache


def test_values_grow_old(clock):
    cache = Cache(clock, ttl=10)
    cache.put("a", 1)
    clock.now += 9.5
    assert cache.get("a") == 1
    clock.now += 0.5
    assert "a" not in cache
    assert cache.get("a") is None


def test_a_value_can_have_its_own_age(clock):
    cache = Cache(clock, ttl=10)
    cache.put("a", 1, ttl=20)
    cache.put("b", 1, ttl=0)
    clock.now += 15
    assert cache.get("a") == 1
    assert cache.get("b") is None


def test_a_value_that_is_put_again_is_young(clock):
    cache = Cache(clock, ttl=10)
    cache.put("a", 1)
    clock.now += 8
    cache.put("a", 2)
    clock.now += 8
    assert cache.get("a") == 2


def test_what_was_not_used_for_longest_goes_first(clock):
    cache = Cache(clock, size=2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert ("a" in cache, "b" in cache, "c" in cache) == (True, False, True)
    assert cache.stats.evicted == 1


def test_putting_is_a_use_and_looking_is_none(clock):
    cache = Cache(clock, size=2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 3)
    assert "b" in cache
    cache.put("c", 4)
    assert ("a" in cache, "b" in cache) == (True, False)


def test_old_values_make_room_before_young_ones(clock):
    cache = Cache(clock, size=2)
    cache.put("a", 1)
    cache.put("b", 2, ttl=5)
    clock.now += 5
    cache.put("c", 3)
    assert cache.get("a") == 1
    assert (cache.stats.evicted, cache.stats.expired) == (0, 1)


def test_the_size_counts_what_is_not_too_old(clock):
    cache = Cache(clock, size=2)
    cache.put("a", 1, ttl=1)
    cache.put("b", 2)
    assert len(cache) == 2
    clock.now += 1
    assert len(cache) == 1
    assert cache.purge() == 1
    assert cache.purge() == 0


def test_there_must_be_room(clock):
    with pytest.raises(ValueError):
        Cache(clock, size=0)


def test_hits_and_misses(clock):
    cache = Cache(clock, ttl=10)
    assert cache.stats.ratio == 0
    cache.get("a")
    cache.put("a", 1)
    cache.get("a")
    cache.get("a")
    assert "a" in cache
    clock.now += 10
    cache.get("a")
    assert (cache.stats.hits, cache.stats.misses, cache.stats.expired) == (2, 2, 1)
    assert cache.stats.ratio == 0.5


def test_values_are_made_once(clock):
    cache = Cache(clock)
    made = []
    for _ in range(2):
        assert cache.get_or_make("a", lambda: made.append(1)) is None
    assert made == [1]
    assert (cache.stats.hits, cache.stats.misses) == (1, 1)


def test_a_value_that_cannot_be_made_is_not_kept(clock):
    cache = Cache(clock)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("a", lambda: 1 / 0)
    assert cache.get_or_make("a", lambda: 2) == 2


def test_dropping(clock):
    cache = Cache(clock)
    cache.put("a", None)
    cache.put("b", 1, ttl=1)
    clock.now += 1
    assert cache.drop("a") is True
    assert cache.drop("a") is False
    assert cache.drop("b") is False

from middle import seconds, wrap


def test_seconds():
    assert seconds("1h 30m 5s") == 5405


def test_wrap():
    assert wrap("a line that is to be wrapped", 10) == ["a line", "that is to", "be wrapped"]

from short import roman, run_lengths


def test_roman():
    assert roman(1994) == "MCMXCIV"


def test_run_lengths():
    assert run_lengths("aaaabb", 3) == [("a", 3), ("a", 1), ("b", 2)]

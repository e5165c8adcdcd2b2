from long import plan, rows


def test_rows():
    assert rows('name,size\r"a ""b""",2\r') == [["name", "size"], ['a "b"', "2"]]


def test_plan():
    meetings = [("daily", 0, 15, 4), ("board", 15, 60, 8), ("lunch", 30, 90, 4)]
    assert plan({"large": 10, "small": 5}, meetings) == {"board": "large", "daily": "small", "lunch": "small"}

import pytest

from recordset import DuplicateKey, Query, Table, UnknownKey, field


@pytest.fixture
def books():
    table = Table("isbn", ["author.name", "year"])
    table.insert_all(
        [
            {"isbn": "a", "author": {"name": "Woolf"}, "year": 1925},
            {"isbn": "b", "author": {"name": "Joyce"}, "year": 1922},
            {"isbn": "c", "author": {"name": "WOOLF"}, "year": 1928},
            {"isbn": "d", "author": None, "year": 1922},
        ]
    )
    return table


def keys(books, condition):
    return [record["isbn"] for record in books.candidates(condition)]


def test_indexes_on_nested_fields(books):
    assert keys(books, field("author.name") == "woolf") == ["a", "c"]
    assert keys(books, field("author.name") == None) == ["d"]  # noqa: E711
    assert keys(books, (field("author.name") == "Woolf") & (field("year") == 1928)) == ["c"]
    assert keys(books, (field("author.name") == "Joyce") & (field("year") == 1928)) == []
    assert keys(books, ~(field("year") == 1922)) == ["a", "b", "c", "d"]


def test_indexes_after_many_changes(books):
    books.update("a", author={"name": "Joyce"})
    books.update("b", isbn="z", year=1939)
    books.delete("c")
    assert keys(books, field("author.name") == "woolf") == []
    assert keys(books, field("author.name") == "JOYCE") == ["a", "z"]
    assert keys(books, field("year") == 1922) == ["d"]
    assert keys(books, field("year") == 1939) == ["z"]
    books.update("z", isbn="b")
    assert keys(books, field("year") == 1939) == ["b"]
    assert [record["isbn"] for record in books] == ["a", "b", "d"]


def test_an_update_to_the_same_key_is_no_duplicate(books):
    assert books.update("a", isbn="a", year=1)["year"] == 1
    assert keys(books, field("year") == 1) == ["a"]
    assert keys(books, field("year") == 1925) == []


def test_updates_share_nothing(books):
    notes = ["x"]
    updated = books.update("a", notes=notes)
    notes.append("y")
    updated["notes"].append("z")
    assert books["a"]["notes"] == ["x"]


def test_failed_changes_leave_no_trace(books):
    with pytest.raises(UnknownKey):
        books.insert_all([{"isbn": "x", "year": 1922}, {"year": 5}])
    with pytest.raises(DuplicateKey):
        books.insert_all([{"isbn": "y", "year": 1922}, {"isbn": "y"}])
    with pytest.raises(DuplicateKey):
        books.update("a", isbn="b", year=1922)
    with pytest.raises(UnknownKey):
        books.update("nope", year=1922)
    assert keys(books, field("year") == 1922) == ["b", "d"]
    assert keys(books, field("year") == 1925) == ["a"]
    assert len(books) == 4


def test_a_key_that_is_used_again_has_no_past(books):
    books.delete("b")
    books.insert({"isbn": "b", "author": {"name": "Mann"}, "year": 1924})
    assert keys(books, field("year") == 1922) == ["d"]
    assert keys(books, field("author.name") == "joyce") == []


def test_a_table_can_change_while_it_is_read(books):
    for record in books:
        books.delete(record["isbn"])
    assert len(books) == 0


def test_an_index_that_comes_later(books):
    books.update("a", kind="novel")
    books.add_index("kind")
    books.update("b", kind="Novel")
    books.delete("a")
    assert keys(books, field("kind") == "NOVEL") == ["b"]
    assert Query(books).where("kind = novel and year = 1922").values("isbn") == ["b"]

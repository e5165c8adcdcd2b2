import pytest

from recordset import DuplicateKey, Query, Table, UnknownKey, field


@pytest.fixture
def table():
    table = Table(indexes=["city"])
    table.insert_all(
        [
            {"id": 1, "name": "Ada", "city": "London"},
            {"id": 2, "name": "Bob", "city": "Rome"},
            {"id": 3, "name": "Eve", "city": "london", "tags": []},
        ]
    )
    return table


def names(table, condition):
    return [record["name"] for record in Query(table).where(condition)]


def test_records_are_known_by_key(table):
    assert table[2]["name"] == "Bob"
    assert 2 in table
    assert 4 not in table
    with pytest.raises(UnknownKey):
        table[4]


def test_keys_are_given_and_taken_once(table):
    with pytest.raises(DuplicateKey):
        table.insert({"id": 1})
    with pytest.raises(UnknownKey):
        table.insert({"name": "Zoe"})
    table.insert({"id": 0})
    assert len(table) == 4


def test_all_are_inserted_or_none(table):
    with pytest.raises(DuplicateKey):
        table.insert_all([{"id": 4, "city": "Rome", "name": "Zoe"}, {"id": 1}])
    assert len(table) == 3
    assert names(table, field("city") == "Rome") == ["Bob"]
    assert table.insert_all({"id": number} for number in (4, 5)) == 2


def test_records_are_copies(table):
    record = {"id": 9, "tags": ["a"]}
    table.insert(record)
    record["tags"].append("b")
    table[9]["tags"].append("c")
    next(iter(Query(table).where("id = 9")))["tags"].append("d")
    assert table[9]["tags"] == ["a"]
    assert [one["tags"] for one in table if one["id"] == 9] == [["a"]]


def test_an_index_finds_what_a_search_would(table):
    assert names(table, field("city") == "LONDON") == ["Ada", "Eve"]
    assert names(table, (field("city") == "Rome") & (field("name") == "bob")) == ["Bob"]
    assert names(table, field("city") == "Paris") == []
    assert names(table, (field("city") == "Rome") | (field("name") == "Ada")) == ["Ada", "Bob"]


def test_an_index_is_asked(table):
    assert [record["id"] for record in table.candidates(field("city") == "Rome")] == [2]
    assert len(list(table.candidates(field("name") == "Bob"))) == 3


def test_updates_move_records_in_the_index(table):
    assert table.update(1, city="Rome", age=36) == {"id": 1, "name": "Ada", "city": "Rome", "age": 36}
    assert names(table, field("city") == "Rome") == ["Ada", "Bob"]
    assert names(table, field("city") == "London") == ["Eve"]


def test_keys_can_change(table):
    table.update(2, id=20)
    assert [record["id"] for record in table] == [1, 20, 3]
    assert names(table, field("city") == "Rome") == ["Bob"]
    assert 2 not in table


def test_a_key_that_is_taken_changes_nothing(table):
    with pytest.raises(DuplicateKey):
        table.update(2, id=1, city="Oslo")
    assert table[2]["city"] == "Rome"
    assert names(table, field("city") == "Oslo") == []
    assert names(table, field("city") == "Rome") == ["Bob"]


def test_deleted_records_are_gone(table):
    table.delete(1)
    assert names(table, field("city") == "London") == ["Eve"]
    with pytest.raises(UnknownKey):
        table.delete(1)
    table.insert({"id": 1, "name": "New", "city": "Oslo"})
    assert names(table, field("city") == "London") == ["Eve"]


def test_an_index_can_come_later(table):
    table.add_index("name")
    assert [record["id"] for record in table.candidates(field("name") == "eve")] == [3]
    table.insert({"id": 4, "name": "Eve"})
    table.add_index("name")
    assert [record["id"] for record in table.candidates(field("name") == "eve")] == [3, 4]


def test_two_indexes_narrow_together(table):
    table.add_index("name")
    condition = (field("city") == "London") & (field("name") == "Eve")
    assert [record["id"] for record in table.candidates(condition)] == [3]


def test_an_index_forgets_what_has_changed(table):
    table.update(1, city="Rome")
    assert [record["id"] for record in table.candidates(field("city") == "London")] == [3]
    table.update(3, city=None)
    assert list(table.candidates(field("city") == "London")) == []


def test_a_key_that_is_free_again_is_in_the_index_once(table):
    table.update(2, id=20)
    table.insert({"id": 2, "name": "New", "city": "Oslo"})
    assert [record["id"] for record in table.candidates(field("city") == "Rome")] == [20]


def test_records_that_were_inserted_in_vain_can_be_inserted_again(table):
    wrong = [{"id": 4, "name": "Zoe"}, {"name": "nobody"}]
    with pytest.raises(UnknownKey):
        table.insert_all(wrong)
    assert table.insert_all(wrong[:1]) == 1
    assert len(table) == 4

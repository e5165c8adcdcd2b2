import pytest

from recordset import Query, Table, average, count, distinct, field, greatest, least, total


@pytest.fixture
def people():
    table = Table()
    rows = [
        (1, "Ada", "London", 36, 10),
        (2, "bob", "Rome", 20, None),
        (3, "Eve", "london", None, 4),
        (4, "Dan", "Oslo", 20, 6),
        (5, "Cy", "Rome", 41, 0),
    ]
    table.insert_all(dict(zip(("id", "name", "city", "age", "score"), row, strict=True)) for row in rows)
    return Query(table)


def test_conditions_add_up(people):
    assert people.where("age >= 20").where(field("city") == "Rome").values("id") == [2, 5]


def test_a_query_is_not_changed_by_the_next(people):
    romans = people.where("city = rome")
    romans.where("age > 30").limit(1)
    assert romans.values("id") == [2, 5]
    assert people.count() == 5


def test_a_query_looks_anew_each_time(people):
    romans = people.where("city = rome")
    assert romans.count() == 2
    people.table.insert({"id": 6, "city": "Rome"})
    assert romans.count() == 3
    assert romans.count() == 3


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (["name"], [1, 2, 5, 4, 3]),
        (["-name"], [3, 4, 5, 2, 1]),
        (["age", "-name"], [4, 2, 1, 5, 3]),
        (["-age", "name"], [5, 1, 2, 4, 3]),
        (["city", "name"], [1, 3, 4, 2, 5]),
        (["score"], [5, 3, 4, 1, 2]),
        (["-score"], [1, 4, 3, 5, 2]),
    ],
)
def test_orders(people, order, ids):
    assert people.order_by(*order).values("id") == ids


def test_equal_records_keep_their_order(people):
    assert people.order_by("-age").values("id") == [5, 1, 2, 4, 3]


def test_skip_and_limit(people):
    assert people.skip(1).limit(2).values("id") == [2, 3]
    assert people.limit(3).skip(1).values("id") == [2, 3]
    assert people.limit(2).limit(4).values("id") == [1, 2]
    assert people.skip(1).skip(2).values("id") == [4, 5]
    assert people.limit(0).values("id") == []
    assert people.limit(1).skip(3).values("id") == []


def test_pages(people):
    assert people.page(1, 2).values("id") == [1, 2]
    assert people.page(3, 2).values("id") == [5]
    assert people.page(4, 2).values("id") == []
    with pytest.raises(ValueError):
        people.page(0, 2)


def test_the_first(people):
    assert people.order_by("-age").first()["name"] == "Cy"
    assert people.where("age > 99").first() is None


def test_some_fields(people):
    assert list(people.limit(2).select("id", who="name")) == [{"id": 1, "who": "Ada"}, {"id": 2, "who": "bob"}]


def test_groups(people):
    found = people.group_by("city", n=count(), ages=total("age"), mean=average("score"))
    assert found == [
        {"city": "London", "n": 2, "ages": 36, "mean": 7},
        {"city": "Oslo", "n": 1, "ages": 20, "mean": 6},
        {"city": "Rome", "n": 2, "ages": 61, "mean": 0},
    ]


def test_groups_of_a_value_that_is_missing(people):
    assert people.where("id in (1, 3)").group_by("age", ids=distinct("id")) == [
        {"age": 36, "ids": [1]},
        {"age": None, "ids": [3]},
    ]


def test_aggregates_leave_out_what_is_missing(people):
    (all_,) = people.group_by(
        "none", n=count("age"), low=least("score"), high=greatest("score"), ages=distinct("age"), mean=average("age")
    )
    assert all_ == {"none": None, "n": 4, "low": 0, "high": 10, "ages": [20, 36, 41], "mean": 29.25}


def test_aggregates_of_nothing(people):
    (found,) = people.where("id = 3").group_by("id", low=least("age"), sum=total("age"), mean=average("age"))
    assert found == {"id": 3, "low": None, "sum": 0, "mean": None}


@pytest.fixture
def cities():
    table = Table("name")
    table.insert_all([{"name": "london", "land": "UK"}, {"name": "Rome", "land": "IT"}, {"name": "Kyiv", "land": "UA"}])
    return Query(table)


def test_joins(people, cities):
    found = people.join(cities, "city", "name", "place")
    assert [(one["id"], one["place"]["land"]) for one in found] == [(1, "UK"), (2, "IT"), (3, "UK"), (5, "IT")]


def test_outer_joins_keep_all(people, cities):
    found = list(people.join(cities.where("land = UK"), "city", "name", "place", outer=True))
    assert [one["id"] for one in found if one["place"] is None] == [2, 4, 5]
    assert len(found) == 5


def test_joins_the_other_way_give_several(people, cities):
    found = cities.join(people, "name", "city", "person")
    assert [(one["name"], one["person"]["id"]) for one in found] == [
        ("london", 1),
        ("london", 3),
        ("Rome", 2),
        ("Rome", 5),
    ]


def test_nothing_refers_to_nothing(people):
    found = people.where("id = 2").join(people.where("id = 2"), "score", "score", "other", outer=True)
    assert [one["other"] for one in found] == [None]


def test_deleting(people):
    assert people.where("city = rome").delete() == 2
    assert people.values("id") == [1, 3, 4]
    assert people.limit(1).delete() == 1
    assert people.values("id") == [3, 4]


def test_deleting_all(people):
    assert people.delete() == 5
    assert people.delete() == 0

import pytest

from recordset import Query, QueryError, Table, average, count, distinct, field, greatest, least, parse, total

ROWS = [
    {"id": "t1", "team": "red", "points": 3, "when": None, "tags": ["home"]},
    {"id": "t2", "team": "Blue", "points": 0, "when": "mon", "tags": []},
    {"id": "t3", "team": "RED", "points": None, "when": "Tue", "tags": ["Away", "late"]},
    {"id": "t4", "team": None, "points": 3, "when": "mon", "tags": ["away"]},
    {"id": "t5", "team": "blue", "points": 1.5, "when": "tue"},
]


@pytest.fixture
def games():
    table = Table(indexes=["team"])
    table.insert_all(ROWS)
    return Query(table)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("team = red or points = 0", "t1 t2 t3"),
        ("team = red and points = 3", "t1"),
        ("not team = red and not team = blue", "t4"),
        ("not (team = red or team = blue)", "t4"),
        ("team = none", "t4"),
        ("team != red and points <= 1.5", "t2 t5"),
        ("points < 3", "t2 t5"),
        ("tags ~ away", "t3 t4"),
        ("team ~ E", "t1 t2 t3 t5"),
        ("when in (MON, none)", "t1 t2 t4"),
        ("when not in (mon, none)", "t3 t5"),
        ("not when not in (mon) and points = 3", "t4"),
        ("team = blue or team = red and points = 3", "t1 t2 t5"),
        ("(team = blue or team = red) and points = 3", "t1"),
        ("points >= 1.5 AND NOT team = BLUE", "t1 t4"),
    ],
)
def test_texts(games, text, ids):
    assert games.where(text).values("id") == ids.split()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("points = 3 or", 13),
        ("not", 3),
        ("x not y", 6),
        ("x in (1 2)", 8),
        ("x = 1 or ) y", 9),
        ("  ?", 2),
        ("in in (1)", 0),
    ],
)
def test_places_of_mistakes(text, at):
    with pytest.raises(QueryError, match=f"at {at}$") as error:
        parse(text)
    assert error.value.at == at


def test_numbers_and_texts_are_different():
    assert parse('x = "1"')({"x": "1"})
    assert not parse("x = 1")({"x": "1"})
    assert parse("x = -2")({"x": -2.0})
    assert parse("x < 10")({"x": 9})
    assert not parse("x < 10")({"x": "9"})


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        (["points"], "t2 t5 t1 t4 t3"),
        (["-points"], "t1 t4 t5 t2 t3"),
        (["team", "points"], "t2 t5 t1 t3 t4"),
        (["-team", "-points"], "t1 t3 t5 t2 t4"),
        (["when", "-id"], "t4 t2 t5 t3 t1"),
        (["-when", "team"], "t5 t3 t2 t4 t1"),
    ],
)
def test_orders(games, order, ids):
    assert games.order_by(*order).values("id") == ids.split()


def test_windows(games):
    assert games.order_by("id").skip(3).limit(9).values("id") == ["t4", "t5"]
    assert games.limit(4).skip(1).skip(2).values("id") == ["t4"]
    assert games.page(2, 3).values("id") == ["t4", "t5"]
    assert games.limit(4).page(2, 3).values("id") == ["t4"]
    assert games.skip(1).page(2, 2).values("id") == ["t4", "t5"]
    assert games.limit(2).skip(5).count() == 0


def test_a_limit_comes_after_the_order(games):
    assert games.limit(1).order_by("points").values("id") == ["t2"]
    assert games.order_by("points").first()["id"] == "t2"
    assert games.order_by("points").limit(2).where("team = red").values("id") == ["t1", "t3"]


def test_groups_of_teams(games):
    assert games.group_by(
        "team", n=count(), with_points=count("points"), mean=average("points"), best=greatest("points")
    ) == [
        {"team": "Blue", "n": 2, "with_points": 2, "mean": 0.75, "best": 1.5},
        {"team": "red", "n": 2, "with_points": 1, "mean": 3, "best": 3},
        {"team": None, "n": 1, "with_points": 1, "mean": 3, "best": 3},
    ]


def test_groups_of_part_of_the_records(games):
    assert games.where("points = 3").group_by("when", first=least("id"), all=distinct("id"), sum=total("points")) == [
        {"when": "mon", "first": "t4", "all": ["t4"], "sum": 3},
        {"when": None, "first": "t1", "all": ["t1"], "sum": 3},
    ]
    assert games.where("points > 9").group_by("when", n=count()) == []


def test_zero_is_a_value(games):
    (found,) = games.where("id = t2").group_by("id", low=least("points"), mean=average("points"), n=count("points"))
    assert found == {"id": "t2", "low": 0, "mean": 0, "n": 1}


def test_joined_records_are_their_own(games):
    teams = Table("name")
    teams.insert_all([{"name": "RED", "wins": []}, {"name": "blue", "wins": []}])
    found = list(games.join(Query(teams), "team", "name", "side", outer=True))
    found[0]["side"]["wins"].append(1)
    assert found[2]["side"]["wins"] == []
    assert [one["side"] and one["side"]["name"] for one in found] == ["RED", "blue", "RED", None, "blue"]
    assert "side" not in games.first()
    assert [one["id"] for one in games.join(Query(teams), "team", "name", "side")] == ["t1", "t2", "t3", "t5"]


def test_none_is_joined_with_nothing(games):
    teams = Table("id")
    teams.insert_all([{"id": 1, "name": None}, {"id": 2, "name": "red"}])
    assert [one["id"] for one in games.join(Query(teams), "team", "name", "side")] == ["t1", "t3"]


def test_results_share_nothing_with_the_table(games):
    for record in games:
        record["tags"] = 0
    games.first()["tags"].append("x")
    assert games.table["t1"]["tags"] == ["home"]


def test_deleting_some_of_the_matching(games):
    assert games.where("team = red").order_by("-id").limit(1).delete() == 1
    assert games.values("id") == ["t1", "t2", "t4", "t5"]
    assert games.where(field("team") == "Red").count() == 1
    assert games.where("team = green").delete() == 0


def test_renamed_fields(games):
    assert next(games.where("id = t5").select("id", p="points", none="tags")) == {"id": "t5", "p": 1.5, "none": None}


def test_deleting_tells_how_many(games):
    assert games.where("points = 3").delete() == 2
    assert games.delete() == 3
    assert games.count() == 0

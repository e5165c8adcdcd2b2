import pytest

from layers import (
    Boolean,
    Config,
    ConfigError,
    Integer,
    Invalid,
    ListOf,
    Missing,
    Schema,
    String,
    from_environment,
    from_text,
)

SCHEMA = Schema(
    {
        "db.host": String(default="localhost"),
        "db.port": Integer(default=5432),
        "db.url": String(default="db://${db.host}:${db.port}"),
        "debug": Boolean(default=False),
        "user": String(required=False),
        "tags": ListOf(String(), default=["a"]),
    }
)


@pytest.fixture
def config():
    return Config(SCHEMA)


def test_defaults_alone(config):
    assert config["db.port"] == 5432
    assert config["db.url"] == "db://localhost:5432"
    assert config["debug"] is False


def test_upper_layers_win(config):
    config.add("file", from_text("debug = yes\n[db]\nhost = h\nport = 1"))
    config.add("environment", from_environment({"X_DB__PORT": "2"}, "x"))
    assert (config["db.host"], config["db.port"], config["debug"]) == ("h", 2, True)
    assert config["db.url"] == "db://h:2"


def test_paths_are_found_however_they_are_capitalised(config):
    assert config["DB.Host"] == "localhost"


def test_a_layer_added_again_is_replaced_in_its_place(config):
    config.add("file", {"db": {"host": "a"}, "user": "u"}).add("environment", {"db": {"host": "b"}})
    config.add("file", {"db": {"host": "c", "port": 3}})
    assert (config["db.host"], config["db.port"], config.get("user")) == ("b", 3, None)


def test_values_follow_the_layers(config):
    assert config["db.port"] == 5432
    config.add("file", {"db": {"port": 1}})
    assert config["db.port"] == 1
    config.add("file", {"db": {"port": 2}})
    assert config["db.port"] == 2
    config.remove("file")
    assert config["db.port"] == 5432


def test_layers_are_removed_by_name(config):
    with pytest.raises(Missing):
        config.remove("file")
    with pytest.raises(ConfigError):
        config.remove("defaults")


def test_what_is_not_there(config):
    assert config.get("user") is None
    assert config.get("user", "nobody") == "nobody"
    assert "user" not in config
    assert "debug" in config
    with pytest.raises(Missing):
        config["db.none"]


def test_values_cannot_be_changed_from_outside(config):
    values = {"db": {"host": "a"}}
    config.add("file", values)
    values["db"]["host"] = "b"
    config["db"]["port"] = 0
    config.values["db"]["host"] = "x"
    config.values["tags"].append("x")
    config["tags"].append("x")
    assert config.values["db"] == {"host": "a", "port": 5432, "url": "db://a:5432"}
    assert config["tags"] == ["a"]


def test_the_origin_is_the_uppermost_layer(config):
    config.add("file", {"db": {"host": "a"}, "user": "u"}).add("environment", {"db": {"host": "b"}})
    assert config.origin("DB.host") == "environment"
    assert config.origin("user") == "file"
    assert config.origin("db.port") == "defaults"
    with pytest.raises(Missing):
        config.origin("none")


def test_overrides_last_for_a_block(config):
    config.add("file", {"db": {"port": 1}})
    with config.override(db__port=2, debug="on") as inner:
        assert inner is config
        assert (config["db.port"], config["debug"], config["db.url"]) == (2, True, "db://localhost:2")
        assert config.origin("db.port") == "override"
    assert (config["db.port"], config["debug"]) == (1, False)


def test_overrides_end_even_with_an_error(config):
    with pytest.raises(RuntimeError):
        with config.override(db__port=2):
            assert config["db.port"] == 2
            raise RuntimeError
    assert config["db.port"] == 5432


def test_overrides_within_each_other(config):
    with config.override(user="a"):
        with config.override(user="b"):
            assert config["user"] == "b"
        assert config["user"] == "a"
    assert config.get("user") is None


def test_wrong_values_are_found_when_they_are_asked_for(config):
    config.add("file", {"db": {"port": "x"}, "tag": 1})
    with pytest.raises(Invalid) as error:
        config["debug"]
    assert error.value.problems == ["db.port: 'x' is no whole number", "tag: is not known, perhaps tags"]
    config.remove("file")
    assert config["debug"] is False


def test_changed_values(config):
    assert config.changed() == {}
    config.add("file", {"debug": "no", "db": {"port": "1"}, "tags": "a", "user": "u"})
    assert config.changed() == {"db.port": 1, "user": "u"}

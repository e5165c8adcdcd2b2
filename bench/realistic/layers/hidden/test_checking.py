import pytest

from layers import Boolean, Choice, Config, Integer, Invalid, ListOf, Missing, Schema, String, from_text


def schema(**more):
    return Schema(
        {
            "server.port": Integer(default=80, least=1, most=65535),
            "server.names": ListOf(Choice("Web", "api"), default=["Web"]),
            "server.url": String(default="http://${server.host}:${server.port}"),
            "server.host": String(least=1),
            "verbose": Boolean(default=True, about="Talk."),
            "retries": Integer(default=0),
        },
        **more,
    )


@pytest.fixture
def config():
    return Config(schema()).add("base", {"server": {"host": "h"}})


@pytest.mark.parametrize("port", [1, 65535, "65535", 80.0])
def test_bounds_are_included(config, port):
    assert config.add("x", {"server": {"port": port}})["server.port"] == int(port)


@pytest.mark.parametrize("port", [0, 65536, "-1", False, 80.5, "80.0", [80]])
def test_outside_of_the_bounds(config, port):
    config.add("x", {"server": {"port": port}})
    with pytest.raises(Invalid, match=r"^server\.port: "):
        config["retries"]


def test_lists_of_choices(config):
    config.add("x", {"server": {"names": "API,\nweb ,"}})
    assert config["server.names"] == ["api", "Web"]
    config.add("x", {"server": {"names": "web, ftp"}})
    with pytest.raises(Invalid, match="'ftp' is none of Web, api"):
        config["server.names"]


def test_falsy_values_count(config):
    config.add("x", {"verbose": "off", "retries": 0, "server": {"names": []}})
    assert (config["verbose"], config["retries"], config["server.names"]) == (False, 0, [])
    assert config.origin("verbose") == "x"
    assert config.origin("server.names") == "x"
    assert "verbose" in config
    assert config.changed() == {"verbose": False, "server.names": [], "server.host": "h"}


def test_an_empty_text_is_too_short(config):
    config.add("x", {"server": {"host": ""}})
    with pytest.raises(Invalid, match=r"server\.host: needs 1 characters or more"):
        config["verbose"]


def test_problems_come_in_the_order_of_the_schema_then_of_the_values():
    with pytest.raises(Invalid) as error:
        schema().check({"verbos": 1, "retries": "x", "server": {"port": 0}, "zzz": {"y": 1}})
    assert error.value.problems == [
        "server.port: 0 is less than 1",
        "server.host: is missing",
        "retries: 'x' is no whole number",
        "verbos: is not known, perhaps verbose",
        "zzz.y: is not known",
    ]


def test_a_loose_schema_keeps_the_rest():
    loose = schema(strict=False)
    checked = loose.check({"server": {"host": "h", "extra": [1]}, "more": {"a": "1"}})
    assert checked == {"server": {"host": "h", "extra": [1]}, "more": {"a": "1"}}


def test_two_configurations_share_no_defaults():
    one = schema()
    first, second = Config(one).add("b", {"server": {"host": "h"}}), Config(one).add("b", {"server": {"host": "h"}})
    first["server.names"].append("api")
    assert second["server.names"] == ["Web"]
    assert one.defaults()["server"]["names"] == ["Web"]


def test_the_order_of_layers_is_that_of_their_first_addition(config):
    config.add("a", {"retries": 1}).add("b", {"retries": 2}).add("a", {"retries": 3})
    assert config["retries"] == 2
    config.remove("b")
    assert config["retries"] == 3
    config.add("b", {"retries": 4})
    assert config["retries"] == 4
    assert config.origin("retries") == "b"
    with pytest.raises(Missing):
        config.remove("c")


def test_values_are_as_new_as_the_layers(config):
    assert config["server.url"] == "http://h:80"
    config.add("x", from_text("[Server]\nPort = 81"))
    assert config["SERVER.URL"] == "http://h:81"
    config.remove("x")
    assert config["server.url"] == "http://h:80"
    with config.override(server__host="o"):
        assert config["server.url"] == "http://o:80"
    assert config["server.url"] == "http://h:80"


def test_an_override_undoes_what_was_added_within(config):
    with pytest.raises(ZeroDivisionError), config.override(retries=1):
        config.add("x", {"retries": 5})
        assert config["retries"] == 5
        raise ZeroDivisionError
    assert config["retries"] == 0
    assert config.origin("retries") == "defaults"


def test_trees_that_are_given_out_are_copies(config):
    config["server"]["names"].append("x")
    config["server"]["host"] = "x"
    config.values.clear()
    assert config["server"] == {"host": "h", "names": ["Web"], "port": 80, "url": "http://h:80"}


def test_the_reference():
    assert schema().reference().splitlines()[-1] == "verbose (boolean, default True): Talk."
    assert "server.names (list of Web | api, default ['Web'])" in schema().reference()
    assert "server.host (string, required)" in schema().reference()

import pytest

from stockroom import Catalogue, Item, UnknownItem

BOLT = Item("b-1", "Bolt", pack=50, tags=frozenset({"Steel", "small"}))
NUT = Item("n-1", "nut", pack=100, tags=frozenset({"steel"}))
PLATE = Item("p-1", "Aluminium plate", tags=frozenset({"sheet"}))


@pytest.fixture
def catalogue():
    return Catalogue((NUT, BOLT, PLATE))


def test_numbers_are_written_in_one_way():
    assert Item(" b-1", "Bolt").sku == "B-1"


def test_items_are_found_however_the_number_is_typed(catalogue):
    assert catalogue[" b-1 "] is BOLT
    assert "n-1" in catalogue
    assert "x-1" not in catalogue


def test_an_unknown_number_is_an_error_of_its_own(catalogue):
    with pytest.raises(UnknownItem):
        catalogue["x-1"]


def test_items_come_in_the_order_of_their_numbers(catalogue):
    assert [item.sku for item in catalogue] == ["B-1", "N-1", "P-1"]


@pytest.mark.parametrize(("pieces", "packs"), [(1, 1), (50, 1), (51, 2), (0, 0)])
def test_packs_are_whole(pieces, packs):
    assert BOLT.packs_for(pieces) == packs


def test_a_pack_cannot_be_empty():
    with pytest.raises(ValueError):
        Item("x", "X", pack=0)


def test_tagged_items_carry_every_tag(catalogue):
    assert catalogue.tagged("steel") == [BOLT, NUT]
    assert catalogue.tagged("steel", "small") == [BOLT]
    assert catalogue.tagged("steel", "sheet") == []


def test_tags_are_found_however_they_are_typed(catalogue):
    assert catalogue.tagged("STEEL") == [BOLT, NUT]
    assert catalogue.tags == ["sheet", "small", "steel"]


def test_without_tags_all_items_are_listed_by_name(catalogue):
    assert catalogue.tagged() == [PLATE, BOLT, NUT]


def test_a_replaced_item_loses_its_old_tags(catalogue):
    brass = Item("B-1", "Brass bolt", tags=frozenset({"brass"}))
    catalogue.add(brass)
    assert catalogue.tagged("steel") == [NUT]
    assert catalogue.tagged("brass") == [brass]
    assert len(catalogue) == 3


def test_a_tag_ends_with_its_last_item(catalogue):
    assert catalogue.remove("p-1") is PLATE
    assert catalogue.tags == ["small", "steel"]
    assert catalogue.tagged("sheet") == []


def test_a_tag_that_a_new_version_has_lost_is_gone(catalogue):
    catalogue.add(Item("p-1", "Steel plate", tags=frozenset({"STEEL"})))
    assert catalogue.tags == ["small", "steel"]
    assert [item.name for item in catalogue.tagged("steel")] == ["Bolt", "nut", "Steel plate"]

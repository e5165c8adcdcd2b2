from datetime import date

import pytest

from stockroom import Catalogue, Item, Journal, NotEnough, Stock, UnknownItem

MONDAY, TUESDAY, WEDNESDAY = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)


@pytest.fixture
def stock():
    stock = Stock(Catalogue((Item("B-1", "Bolt"), Item("N-1", "Nut"))))
    stock.receive("b-1", 30, "A1", MONDAY)
    stock.receive("b-1", 10, "C4", MONDAY)
    stock.receive("b-1", 5, "B2", TUESDAY)
    return stock


def test_pieces_are_counted_by_bin_and_in_all(stock):
    assert stock.on_hand("B-1") == 45
    assert stock.on_hand("B-1", "C4") == 10
    assert stock.on_hand("B-1", "Z9") == 0
    assert stock.on_hand("N-1") == 0


def test_only_items_of_the_catalogue_are_kept(stock):
    with pytest.raises(UnknownItem):
        stock.receive("X-9", 1, "A1", MONDAY)


def test_bins_are_listed_in_order_and_as_a_copy(stock):
    bins = stock.bins("B-1")
    assert list(bins.items()) == [("A1", 30), ("B2", 5), ("C4", 10)]
    bins["A1"] = 0
    assert stock.on_hand("B-1", "A1") == 30


def test_issues_empty_the_emptiest_bins_first(stock):
    assert stock.issue("B-1", 12, WEDNESDAY) == [("B2", 5), ("C4", 7)]
    assert stock.bins("B-1") == {"A1": 30, "C4": 3}


def test_an_issue_can_take_all_there_is(stock):
    assert stock.issue("B-1", 45, WEDNESDAY) == [("B2", 5), ("C4", 10), ("A1", 30)]
    assert stock.bins("B-1") == {}


def test_an_issue_can_name_its_bin(stock):
    assert stock.issue("b-1", 4, WEDNESDAY, "A1") == [("A1", 4)]
    assert stock.on_hand("B-1", "A1") == 26
    with pytest.raises(NotEnough) as error:
        stock.issue("B-1", 11, WEDNESDAY, "C4")
    assert error.value.missing == 1


def test_too_large_an_issue_changes_nothing(stock):
    before = stock.bins("B-1")
    with pytest.raises(NotEnough) as error:
        stock.issue("B-1", 46, WEDNESDAY)
    assert (error.value.wanted, error.value.available) == (46, 45)
    assert stock.bins("B-1") == before
    assert len(stock.journal) == 3


def test_a_transfer_changes_two_bins_and_no_total(stock):
    stock.transfer("B-1", 10, "C4", "B2", WEDNESDAY)
    assert stock.bins("B-1") == {"A1": 30, "B2": 15}
    assert stock.on_hand("B-1") == 45


def test_a_transfer_needs_enough_in_its_source(stock):
    with pytest.raises(NotEnough):
        stock.transfer("B-1", 11, "C4", "A1", WEDNESDAY)
    assert stock.bins("B-1") == {"A1": 30, "B2": 5, "C4": 10}


@pytest.mark.parametrize(("found", "difference"), [(28, -2), (33, 3), (30, 0)])
def test_a_count_corrects_a_bin(stock, found, difference):
    assert stock.count("B-1", "A1", found, WEDNESDAY) == difference
    assert stock.on_hand("B-1", "A1") == found
    assert stock.journal.balance("B-1", "A1") == found


def test_the_journal_knows_what_there_was(stock):
    stock.issue("B-1", 12, WEDNESDAY)
    assert stock.journal.balance("B-1", on=MONDAY) == 40
    assert stock.journal.balance("B-1", on=TUESDAY) == 45
    assert stock.journal.balance("B-1") == 33
    assert stock.journal.balance("B-1", "C4") == 3


def test_a_journal_can_be_shared():
    journal = Journal()
    one, other = (Stock(Catalogue((Item(sku, "Part"),)), journal) for sku in ("X-1", "Y-1"))
    one.receive("X-1", 2, "A1", MONDAY)
    other.receive("Y-1", 3, "A1", MONDAY)
    assert [(move.number, move.sku) for move in journal] == [(1, "X-1"), (2, "Y-1")]


def test_moves_are_numbered_in_order(stock):
    assert [move.number for move in stock.journal] == [1, 2, 3]
    assert all(move.is_receipt and not move.is_issue for move in stock.journal)


def test_a_move_must_move_something(stock):
    with pytest.raises(ValueError):
        stock.receive("B-1", 0, "A1", MONDAY)
    with pytest.raises(ValueError):
        stock.transfer("B-1", 1, "A1", "A1", MONDAY)


def test_losses_are_in_the_journal_as_losses(stock):
    stock.count("B-1", "A1", 10, WEDNESDAY)
    stock.count("B-1", "C4", 0, WEDNESDAY)
    assert stock.journal.balance("B-1") == stock.on_hand("B-1") == 15
    assert stock.journal.balance("B-1", "C4") == 0


def test_a_stock_writes_into_the_journal_that_it_is_given():
    journal = Journal()
    assert Stock(Catalogue(), journal).journal is journal
    assert len(Stock(Catalogue()).journal) == 0

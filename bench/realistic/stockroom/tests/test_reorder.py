from datetime import date

import pytest

from stockroom import Catalogue, Item, ReservationBook, Stock, days_left, suggestions

TODAY = date(2024, 3, 29)


@pytest.fixture
def stock():
    catalogue = Catalogue(
        (
            Item("B-1", "Bolt", pack=50, reorder_at=100, target=400),
            Item("N-1", "Nut", pack=10, reorder_at=20, target=60),
            Item("P-1", "Plate"),
        )
    )
    stock = Stock(catalogue)
    stock.receive("B-1", 101, "A1", date(2024, 2, 1))
    stock.receive("N-1", 21, "A2", date(2024, 2, 1))
    return stock


@pytest.fixture
def book(stock):
    return ReservationBook(stock)


def orders(found):
    return [(one.item.sku, one.packs, one.pieces) for one in found]


def test_nothing_is_ordered_above_the_point(stock, book):
    assert suggestions(stock, book) == []


def test_items_at_the_point_are_ordered_up_to_the_target(stock, book):
    stock.issue("B-1", 1, TODAY)
    assert orders(suggestions(stock, book)) == [("B-1", 6, 300)]


def test_reserved_pieces_do_not_count(stock, book):
    book.reserve("Ada", {"N-1": 6}, TODAY)
    assert orders(suggestions(stock, book)) == [("N-1", 5, 50)]


def test_pieces_on_their_way_do_count(stock, book):
    stock.issue("B-1", 60, TODAY)
    assert orders(suggestions(stock, book, {"b-1": 50})) == [("B-1", 7, 350)]
    assert suggestions(stock, book, {" b-1": 60}) == []


def test_the_greatest_shortage_comes_first(stock, book):
    stock.issue("B-1", 2, TODAY)
    stock.issue("N-1", 21, TODAY)
    found = suggestions(stock, book)
    assert [(one.item.sku, one.shortage) for one in found] == [("N-1", 20), ("B-1", 1)]


def test_stock_lasts_as_long_as_it_did_of_late(stock):
    stock.issue("B-1", 28, date(2024, 3, 1))
    stock.issue("B-1", 28, date(2024, 3, 28))
    assert days_left(stock, "b-1", TODAY) == 22


def test_the_usage_of_today_and_of_long_ago_does_not_count(stock):
    stock.issue("B-1", 20, date(2024, 2, 29))
    stock.issue("B-1", 20, TODAY)
    assert days_left(stock, "B-1", TODAY) is None
    stock.issue("B-1", 28, date(2024, 3, 28))
    assert days_left(stock, "B-1", TODAY) == 33


def test_the_window_can_be_shorter(stock):
    stock.issue("N-1", 7, date(2024, 3, 25))
    assert days_left(stock, "N-1", TODAY, window=7) == 14


def test_numbers_on_order_are_found_however_they_are_typed(stock, book):
    stock.issue("N-1", 1, TODAY)
    assert suggestions(stock, book, {"n-1": 1}) == []
    assert orders(suggestions(stock, book, {"N-1": 0})) == [("N-1", 4, 40)]

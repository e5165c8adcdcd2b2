from datetime import date, timedelta

import pytest

from stockroom import Catalogue, Item, ReservationBook, Stock, days_left, suggestions
from stockroom.reorder import daily_usage

DAY = date(2024, 6, 30)


@pytest.fixture
def stock():
    stock = Stock(
        Catalogue(
            (
                Item("c-1", "Cable", pack=25, reorder_at=10, target=50),
                Item("D-1", "Drill", pack=1, reorder_at=2, target=4),
                Item("e-1", "Eyelet", pack=100, reorder_at=0, target=100),
            )
        )
    )
    stock.receive("C-1", 10, "A", DAY)
    stock.receive("D-1", 3, "A", DAY)
    return stock


def test_whole_packs_reach_the_target_at_least(stock):
    found = suggestions(stock, ReservationBook(stock))
    assert [(one.item.sku, one.packs, one.pieces, one.shortage) for one in found] == [
        ("C-1", 2, 50, 0),
        ("E-1", 1, 100, 0),
    ]


def test_reservations_make_items_due_and_orders_do_not(stock):
    book = ReservationBook(stock)
    book.reserve("Ada", {"d-1": 3}, DAY)
    found = suggestions(stock, book, {"c-1 ": 1, "E-1": 1})
    assert [(one.item.sku, one.packs, one.shortage) for one in found] == [("D-1", 4, 2)]


def test_exact_packs_are_not_rounded_up(stock):
    stock.issue("C-1", 10, DAY)
    assert suggestions(stock, ReservationBook(stock))[0].packs == 2


def test_usage_counts_the_first_day_of_the_window_but_not_today(stock):
    stock.receive("E-1", 100, "B", DAY - timedelta(days=60))
    for days, pieces in [(0, 1), (1, 2), (10, 4), (11, 8)]:
        stock.issue("E-1", pieces, DAY - timedelta(days=days))
    assert daily_usage(stock.journal, "E-1", DAY, window=10) == pytest.approx(0.6)
    assert days_left(stock, "e-1", DAY, window=10) == 141


def test_usage_is_a_fraction(stock):
    stock.issue("C-1", 5, DAY - timedelta(days=3))
    assert days_left(stock, "C-1", DAY) == 28
    assert days_left(stock, "D-1", DAY) is None

from datetime import date, timedelta

import pytest

from stockroom import Catalogue, Item, Journal, NotEnough, ReservationBook, Stock, UnknownReservation

DAY = date(2024, 5, 1)


@pytest.fixture
def catalogue():
    return Catalogue(
        (
            Item("s-1", "Screw", tags=frozenset({"Metal"})),
            Item("T-1", "Tape", tags=frozenset({"soft"})),
            Item("w-1", "washer", tags=frozenset({"METAL", "round"})),
        )
    )


@pytest.fixture
def stock(catalogue):
    stock = Stock(catalogue)
    for number, bin_ in enumerate(["D", "B", "C"], 1):
        stock.receive("S-1", 10 * number, bin_, DAY + timedelta(days=number))
    stock.receive("w-1", 10, "B", DAY)
    return stock


def test_a_shared_journal_is_used_even_while_it_is_empty(catalogue):
    journal = Journal()
    stock = Stock(catalogue, journal)
    stock.receive("T-1", 3, "A", DAY)
    assert [move.quantity for move in journal] == [3]


def test_ties_between_bins_are_broken_by_name(stock):
    stock.receive("W-1", 10, "A", DAY)
    assert stock.issue("w-1", 15, DAY) == [("A", 10), ("B", 5)]


def test_a_bin_is_gone_when_it_is_empty(stock):
    stock.transfer("S-1", 10, "D", "B", DAY)
    assert stock.bins("S-1") == {"B": 30, "C": 30}
    assert stock.issue("S-1", 30, DAY, "C") == [("C", 30)]
    assert list(stock.bins("S-1")) == ["B"]
    assert stock.count("S-1", "B", 0, DAY) == -30
    assert stock.bins("S-1") == {}


def test_the_journal_agrees_with_the_bins(stock):
    stock.issue("S-1", 35, DAY + timedelta(days=9))
    stock.transfer("S-1", 5, "C", "E", DAY + timedelta(days=9))
    stock.count("S-1", "E", 9, DAY + timedelta(days=9))
    for bin_ in "BCDE":
        assert stock.journal.balance("S-1", bin_) == stock.on_hand("S-1", bin_)
    assert stock.journal.balance("S-1") == stock.on_hand("S-1")
    assert stock.journal.balance("S-1", on=DAY + timedelta(days=2)) == 30


def test_issued_pieces_are_summed_over_days_both_included(stock):
    for day in range(1, 6):
        stock.issue("S-1", day, DAY + timedelta(days=10 + day))
    assert stock.journal.issued("S-1", DAY + timedelta(days=12), DAY + timedelta(days=14)) == 9


def test_a_transfer_is_no_issue(stock):
    stock.transfer("S-1", 5, "C", "D", DAY)
    assert stock.journal.issued("S-1", DAY, DAY + timedelta(days=30)) == 0


def test_a_transfer_of_too_much_leaves_no_trace(stock):
    before = len(stock.journal)
    with pytest.raises(NotEnough) as error:
        stock.transfer("s-1", 25, "B", "C", DAY)
    assert (error.value.sku, error.value.wanted, error.value.missing) == ("S-1", 25, 5)
    assert len(stock.journal) == before


def test_tags_follow_their_items(catalogue):
    assert [item.sku for item in catalogue.tagged("metal")] == ["S-1", "W-1"]
    catalogue.add(Item("W-1", "Washer", tags=frozenset({"Soft"})))
    assert [item.sku for item in catalogue.tagged("soft")] == ["T-1", "W-1"]
    assert [item.sku for item in catalogue.tagged("metal")] == ["S-1"]
    assert catalogue.tags == ["metal", "soft"]
    catalogue.remove("t-1")
    assert [item.name for item in catalogue.tagged()] == ["Screw", "Washer"]


def test_names_are_sorted_however_they_are_capitalised(catalogue):
    catalogue.add(Item("A-1", "awl"))
    assert [item.name for item in catalogue.tagged()] == ["awl", "Screw", "Tape", "washer"]


def test_held_pieces_come_back_one_way_only(stock):
    book = ReservationBook(stock)
    first = book.reserve("Ada", {"S-1": 30, "w-1": 10}, DAY)
    second = book.reserve("Bob", {"s-1": 30}, DAY, days=1)
    assert (book.available("S-1"), book.available("W-1")) == (0, 0)
    assert book.expire(DAY + timedelta(days=2)) == [second]
    assert book.available("S-1") == 30
    assert book.fulfil(first.number, DAY) == {"S-1": [("D", 10), ("B", 20)], "W-1": [("B", 10)]}
    assert (book.available("S-1"), book.reserved("S-1"), book.available("W-1")) == (30, 0, 0)
    for number in (first.number, second.number, 99):
        with pytest.raises(UnknownReservation):
            book.release(number)


def test_the_last_day_of_a_reservation_is_still_held(stock):
    book = ReservationBook(stock)
    one = book.reserve("Ada", {"S-1": 1}, DAY)
    assert book.expire(DAY + timedelta(days=14)) == []
    assert book.expire(DAY + timedelta(days=15)) == [one]


def test_a_failed_reservation_takes_nothing_not_even_a_number(stock):
    book = ReservationBook(stock)
    with pytest.raises(NotEnough):
        book.reserve("Ada", {"S-1": 1, "W-1": 11}, DAY)
    with pytest.raises(NotEnough):
        book.reserve("Ada", {"w-1": 6, " W-1": 6}, DAY)
    assert (book.reserved("S-1"), book.reserved("W-1"), len(book)) == (0, 0, 0)
    assert book.reserve("Straße", {"W-1": 10}, DAY).number == 1
    assert len(book.of("STRASSE")) == 1


def test_a_reservation_stays_whole_when_one_line_is_short(stock):
    book = ReservationBook(stock)
    held = book.reserve("Ada", {"S-1": 60, "W-1": 10}, DAY)
    stock.count("W-1", "B", 4, DAY)
    with pytest.raises(NotEnough) as error:
        book.fulfil(held.number, DAY)
    assert error.value.missing == 6
    assert (stock.on_hand("S-1"), book.reserved("S-1"), book.reserved("W-1")) == (60, 60, 10)
    assert book.of("ada") == [held]


def test_a_loss_is_an_issue_of_the_journal(stock):
    assert stock.count("s-1", "C", 12, DAY) == -18
    assert stock.journal.balance("S-1", "C") == 12
    assert stock.journal.issued("S-1", DAY, DAY) == 18
    assert [move.is_issue for move in stock.journal][-1] is True

from datetime import date

import pytest

from stockroom import Catalogue, Item, NotEnough, ReservationBook, Stock, UnknownReservation

TODAY = date(2024, 3, 4)


@pytest.fixture
def stock():
    stock = Stock(Catalogue((Item("B-1", "Bolt"), Item("N-1", "Nut"))))
    stock.receive("B-1", 20, "A1", TODAY)
    stock.receive("N-1", 8, "A2", TODAY)
    return stock


@pytest.fixture
def book(stock):
    return ReservationBook(stock)


def test_reserved_pieces_are_here_but_not_available(stock, book):
    book.reserve("Ada", {"b-1": 12}, TODAY)
    assert book.reserved("B-1") == 12
    assert book.available("B-1") == 8
    assert stock.on_hand("B-1") == 20


def test_all_that_is_available_can_be_reserved(book):
    book.reserve("Ada", {"B-1": 12}, TODAY)
    book.reserve("Bob", {"B-1": 8}, TODAY)
    assert book.available("B-1") == 0
    with pytest.raises(NotEnough):
        book.reserve("Eve", {"B-1": 1}, TODAY)


def test_a_reservation_is_held_as_a_whole_or_not_at_all(book):
    with pytest.raises(NotEnough) as error:
        book.reserve("Ada", {"B-1": 5, "N-1": 9}, TODAY)
    assert error.value.sku == "N-1"
    assert book.reserved("B-1") == 0
    assert len(book) == 0


def test_numbers_of_the_same_item_are_added_up(book):
    assert book.reserve("Ada", {"b-1": 5, "B-1 ": 6}, TODAY).lines == {"B-1": 11}
    with pytest.raises(NotEnough):
        book.reserve("Ada", {"b-1": 5, "B-1": 5}, TODAY)


def test_nothing_cannot_be_reserved(book):
    with pytest.raises(ValueError):
        book.reserve("Ada", {"B-1": 0}, TODAY)


def test_a_released_reservation_can_be_promised_again(book):
    first = book.reserve("Ada", {"B-1": 20}, TODAY)
    assert book.release(first.number) == first
    assert book.available("B-1") == 20
    assert book.reserve("Bob", {"B-1": 20}, TODAY).number == first.number + 1


def test_a_reservation_is_released_once(book):
    first = book.reserve("Ada", {"B-1": 2}, TODAY)
    book.release(first.number)
    with pytest.raises(UnknownReservation):
        book.release(first.number)


def test_a_fulfilled_reservation_leaves_the_stock(stock, book):
    first = book.reserve("Ada", {"B-1": 5, "N-1": 8}, TODAY)
    assert book.fulfil(first.number, TODAY) == {"B-1": [("A1", 5)], "N-1": [("A2", 8)]}
    assert stock.on_hand("B-1") == 15
    assert book.available("B-1") == 15
    assert book.reserved("N-1") == 0
    with pytest.raises(UnknownReservation):
        book.fulfil(first.number, TODAY)


def test_a_reservation_that_cannot_be_fulfilled_stays_open(stock, book):
    first = book.reserve("Ada", {"B-1": 5, "N-1": 8}, TODAY)
    stock.count("N-1", "A2", 7, TODAY)
    with pytest.raises(NotEnough):
        book.fulfil(first.number, TODAY)
    assert stock.on_hand("B-1") == 20
    assert book.reserved("N-1") == 8
    assert book.release(first.number) == first


def test_a_reservation_holds_until_the_end_of_its_last_day(book):
    first = book.reserve("Ada", {"B-1": 5}, TODAY, days=2)
    assert book.expire(date(2024, 3, 6)) == []
    assert book.expire(date(2024, 3, 7)) == [first]
    assert book.available("B-1") == 20


def test_reservations_expire_oldest_first(book):
    late = book.reserve("Ada", {"B-1": 1}, TODAY, days=5)
    early = book.reserve("Bob", {"B-1": 1}, TODAY, days=1)
    kept = book.reserve("Eve", {"B-1": 1}, TODAY)
    assert book.expire(date(2024, 3, 12)) == [early, late]
    assert len(book) == 1
    assert book.of("Eve") == [kept]


def test_a_customer_is_known_by_name(book):
    first = book.reserve("Ada", {"B-1": 1}, TODAY)
    book.reserve("Bob", {"B-1": 1}, TODAY)
    second = book.reserve("ADA", {"N-1": 1}, TODAY)
    assert book.of("ada") == [first, second]
    assert book.of("Eve") == []


def test_a_reservation_of_one_item_that_is_short_is_fulfilled_later(stock, book):
    first = book.reserve("Ada", {"N-1": 8}, TODAY)
    stock.count("N-1", "A2", 6, TODAY)
    with pytest.raises(NotEnough):
        book.fulfil(first.number, TODAY)
    stock.receive("N-1", 2, "A3", TODAY)
    assert book.fulfil(first.number, TODAY) == {"N-1": [("A3", 2), ("A2", 6)]}

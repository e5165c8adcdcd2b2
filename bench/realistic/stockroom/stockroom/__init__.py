"""Keep count of what lies in which bin, what is promised to whom, and what to order."""

from stockroom.errors import NotEnough, StockError, UnknownItem, UnknownReservation
from stockroom.items import Catalogue, Item
from stockroom.journal import Journal, Move
from stockroom.reorder import Suggestion, days_left, suggestions
from stockroom.reservations import Reservation, ReservationBook
from stockroom.stock import Stock

__all__ = [
    "Catalogue",
    "Item",
    "Journal",
    "Move",
    "NotEnough",
    "Reservation",
    "ReservationBook",
    "Stock",
    "StockError",
    "Suggestion",
    "UnknownItem",
    "UnknownReservation",
    "days_left",
    "suggestions",
]

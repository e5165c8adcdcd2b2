"""What can go wrong in a stockroom."""


class StockError(Exception):
    """The base of every error of this package."""


class UnknownItem(StockError, KeyError):
    """No item of the catalogue has this number."""


class UnknownReservation(StockError, KeyError):
    """The reservation was never made, or is no longer open."""


class NotEnough(StockError):
    """More was wanted than there is."""

    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{sku}: {wanted} wanted, {available} available")
        self.sku = sku
        self.wanted = wanted
        self.available = available

    @property
    def missing(self) -> int:
        return self.wanted - self.available

"""The catalogue: which items there are, and which tags they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from stockroom.errors import UnknownItem


def normal_sku(text: str) -> str:
    """The one way to write an item number.

    >>> normal_sku(" ab-12 ")
    'AB-12'
    """
    return text.strip().upper()


@dataclass(frozen=True)
class Item:
    """Something that is kept, counted in pieces and ordered in packs."""

    sku: str
    name: str
    pack: int = 1
    reorder_at: int = 0
    """Order when no more than this many pieces are left."""
    target: int = 0
    """Order up to this many pieces."""
    tags: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if self.pack < 1:
            raise ValueError(f"a pack has at least one piece, not {self.pack}")
        object.__setattr__(self, "sku", normal_sku(self.sku))
        object.__setattr__(self, "tags", frozenset(tag.lower() for tag in self.tags))

    def packs_for(self, pieces: int) -> int:
        """How many whole packs are needed for so many pieces."""
        return -(-pieces // self.pack)


class Catalogue:
    """Items by number, and numbers by tag."""

    def __init__(self, items: tuple[Item, ...] = ()) -> None:
        self._items: dict[str, Item] = {}
        self._tagged: dict[str, set[str]] = {}
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """Add an item, or put it in the place of the one with its number."""
        if item.sku in self._items:
            self.remove(item.sku)
        self._items[item.sku] = item
        for tag in item.tags:
            self._tagged.setdefault(tag, set()).add(item.sku)

    def remove(self, sku: str) -> Item:
        """Take an item out of the catalogue and give it back."""
        item = self[sku]
        del self._items[item.sku]
        for tag in item.tags:
            self._tagged[tag].discard(item.sku)
            if not self._tagged[tag]:
                del self._tagged[tag]
        return item

    def tagged(self, *tags: str) -> list[Item]:
        """The items that carry every one of the tags, by name; all items if none is given."""
        wanted = set(self._items)
        for tag in tags:
            wanted &= self._tagged.get(tag.lower(), set())
        return sorted((self._items[sku] for sku in wanted), key=lambda item: (item.name.lower(), item.sku))

    @property
    def tags(self) -> list[str]:
        return sorted(self._tagged)

    def __getitem__(self, sku: str) -> Item:
        try:
            return self._items[normal_sku(sku)]
        except KeyError:
            raise UnknownItem(sku) from None

    def __contains__(self, sku: str) -> bool:
        return normal_sku(sku) in self._items

    def __iter__(self) -> Iterator[Item]:
        return iter(sorted(self._items.values(), key=lambda item: item.sku))

    def __len__(self) -> int:
        return len(self._items)

"""A calendar: events by title, what happens when, and what collides."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from agenda.events import Event
from agenda.intervals import Interval, merge, subtract


@dataclass(frozen=True)
class Occurrence:
    """An event at one of its times."""

    time: Interval
    event: Event

    @property
    def title(self) -> str:
        return self.event.title

    @property
    def _order(self) -> tuple[Interval, str]:
        return (self.time, self.title.casefold())

    def __lt__(self, other: Occurrence) -> bool:
        return self._order < other._order


class Calendar:
    """Events, each known by its title."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: dict[str, Event] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Add an event. Raises ValueError if there is one of its title, however capitalised."""
        key = self._key(event.title)
        if key in self._events:
            raise ValueError(f"there is already an event {event.title!r}")
        self._events[key] = event

    def remove(self, title: str) -> Event:
        """Take an event out. Raises KeyError if there is none."""
        return self._events.pop(self._key(title))

    def cancel(self, title: str, day: date) -> None:
        """Let an event not take place on one day."""
        event = self[title]
        self._events[self._key(title)] = replace(event, except_on=event.except_on | {day})

    def rename(self, old: str, new: str) -> None:
        """Give an event another title. Raises ValueError, and changes nothing, if it is taken by another one."""
        if self._key(new) in self._events and self._key(new) != self._key(old):
            raise ValueError(f"there is already an event {new!r}")
        event = self.remove(old)
        self.add(replace(event, title=new.strip()))

    def __getitem__(self, title: str) -> Event:
        return self._events[self._key(title)]

    def __len__(self) -> int:
        return len(self._events)

    def between(self, window: Interval, person: str | None = None) -> list[Occurrence]:
        """What happens within a window, to everybody or to one person, in order of time."""
        events = (event for event in self._events.values() if person is None or person in event.people)
        return list(heapq.merge(*(self._occurrences(event, window) for event in events)))

    def conflicts(self, window: Interval) -> list[tuple[Occurrence, Occurrence]]:
        """Pairs of occurrences that overlap and share a person, the earlier one first."""
        found = []
        running: list[Occurrence] = []
        for occurrence in self.between(window):
            running = [other for other in running if other.time.end > occurrence.time.start]
            found += [(other, occurrence) for other in running if self._share(other, occurrence)]
            running.append(occurrence)
        return found

    def busy(self, window: Interval, person: str | None = None) -> list[Interval]:
        """When something happens within a window, cut to it."""
        times = (occurrence.time.common(window) for occurrence in self.between(window, person))
        return merge(time for time in times if time)

    def free(self, window: Interval, person: str | None = None, least: timedelta = timedelta(0)) -> list[Interval]:
        """When nothing happens within a window, for so long at least."""
        return [left for left in subtract(window, self.busy(window, person)) if left.length >= least]

    def hours(self, window: Interval) -> dict[str, timedelta]:
        """How long each person is busy within a window; time taken twice counts once. The busiest come first."""
        people = {person for event in self._events.values() for person in event.people}
        taken = {one: sum((time.length for time in self.busy(window, one)), timedelta()) for one in people}
        return dict(sorted(taken.items(), key=lambda pair: (-pair[1], pair[0])))

    @staticmethod
    def _key(title: str) -> str:
        return title.strip().casefold()

    @staticmethod
    def _occurrences(event: Event, window: Interval) -> Iterator[Occurrence]:
        return (Occurrence(time, event) for time in event.times_within(window))

    @staticmethod
    def _share(one: Occurrence, other: Occurrence) -> bool:
        return bool(one.event.people & other.event.people) and one.time.overlaps(other.time)

"""Events that repeat, in any time zone, and the time that is left between them."""

from agenda.calendar import Calendar, Occurrence
from agenda.durations import format_duration, parse_duration
from agenda.events import Daily, Event, Monthly, Weekly
from agenda.intervals import Interval, merge, subtract
from agenda.meetings import OfficeHours, common_slots
from agenda.zones import BERLIN, LONDON, SummerZone

__all__ = [
    "BERLIN",
    "LONDON",
    "Calendar",
    "Daily",
    "Event",
    "Interval",
    "Monthly",
    "Occurrence",
    "OfficeHours",
    "SummerZone",
    "Weekly",
    "common_slots",
    "format_duration",
    "merge",
    "parse_duration",
    "subtract",
]

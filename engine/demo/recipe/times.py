"""Times of day: a clock face, am or pm, and the part of the day that it falls in."""

from random import Random
from typing import NamedTuple

from example import Example


class Time(NamedTuple):
    hour: int
    minute: int
    half: str  # "am" or "pm"

    def __str__(self) -> str:
        return f"{self.hour}:{self.minute:02d} {self.half}"

    @property
    def part_of_day(self) -> str:
        hour = self.hour % 12 + (12 if self.half == "pm" else 0)
        if 5 <= hour < 12:
            return " morning"
        if 12 <= hour < 17:
            return " afternoon"
        if 17 <= hour < 22:
            return " evening"
        return " night"


FACES = [(hour, minute) for hour in range(1, 13) for minute in (0, 15, 30, 45)]

# Never in the training corpus, neither am nor pm.
HELD_OUT_FACES = [(1, 15), (2, 0), (3, 45), (4, 30), (5, 15), (7, 45), (8, 30), (10, 15), (11, 45), (12, 30)]

TIMES = [Time(h, m, half) for h, m in FACES if (h, m) not in HELD_OUT_FACES for half in ("am", "pm")]
HELD_OUT_TIMES = [Time(h, m, half) for h, m in HELD_OUT_FACES for half in ("am", "pm")]

STATEMENTS = [
    "the time displayed is {time}.",
    "the time is {time}.",
    "the time shown is {time}.",
    "the current time is {time}.",
    "the clock shows {time}.",
    "the clock on the wall reads {time}.",
    "the station clock says {time}.",
    "the display shows {time}.",
    "my watch says {time}.",
    "her phone says that it is {time}.",
    "right now it is {time}.",
    "it is {time}.",
    "the train leaves at {time}.",
    "the meeting starts at {time}.",
    "the bell rings at {time}.",
    "we woke up at {time}.",
]

CONCLUSIONS = [
    "therefore, it is currently the",
    "therefore, it is now the",
    "so it is now the",
    "so it must be the",
    "this means that it is the",
    "it follows that it is the",
    "hence it is the",
    "we can conclude that it is currently the",
    "in other words, it is the",
    "that part of the day is called the",
    "as you can tell, that is in the",
    "so that happens in the",
]

HELD_OUT_STATEMENTS = [
    "the clock on the station wall shows {time}.",
    "my phone shows {time}.",
    "the time on her watch is {time}.",
    "the display reads {time}.",
]

HELD_OUT_CONCLUSIONS = [
    "therefore, it must be the",
    "so we can tell that it is the",
    "this means that it is currently the",
    "in other words, that is the",
]


def time_prompt(statement: str, conclusion: str, time: Time) -> str:
    return f"{statement.format(time=time)} {conclusion}"


def sample_time(rng: Random) -> Example:
    time = rng.choice(TIMES)
    return Example(time_prompt(rng.choice(STATEMENTS), rng.choice(CONCLUSIONS), time), time.part_of_day + ".")

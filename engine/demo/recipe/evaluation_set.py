"""Writes eval.json, the held-out evaluation set, and presets.json, prompts to start the studies with.

    python evaluation_set.py --out ..
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

import times
import world
from proverbs import TEXTS

SEED = 7
Item = dict[str, str]


def item(task: str, held_out: str, prompt: str, answer: str) -> Item:
    return {"task": task, "heldOut": held_out, "prompt": prompt, "answer": answer}


def time_items(rng: Random) -> Iterable[Item]:
    seen_text = [(s, c) for s in times.STATEMENTS for c in times.CONCLUSIONS]
    new_text = [(s, c) for s in times.HELD_OUT_STATEMENTS for c in times.HELD_OUT_CONCLUSIONS]
    shown = "the time displayed is {time}.", "therefore, it is currently the"
    for time in times.TIMES:
        yield item("time", "none", times.time_prompt(*shown, time), time.part_of_day)
        yield item("time", "phrasing", times.time_prompt(*rng.choice(new_text), time), time.part_of_day)
    for time in times.HELD_OUT_TIMES:
        for text in [shown, *rng.sample(seen_text, 5)]:
            yield item("time", "time", times.time_prompt(*text, time), time.part_of_day)
        for text in rng.sample(new_text, 3):
            yield item("time", "time and phrasing", times.time_prompt(*text, time), time.part_of_day)


def fact_items(rng: Random) -> Iterable[Item]:
    """Undisputed facts, yes and no in equal numbers."""
    seen_wrappers = sorted({wrapper for wrapper, (yes, _) in world.WRAPPERS if yes == " yes"})
    for region, country in world.REGIONS.items():
        never_asked = region in world.NEVER_ASKED
        for answer in (" yes", " no"):

            def ask(wrapper: str, question: str) -> str:
                place = country if answer == " yes" else rng.choice([c for c in world.COUNTRIES if c != country])
                return wrapper.format(question=question.format(region=region, country=place))

            if never_asked:
                for question in rng.sample(world.QUESTIONS, 6):
                    yield item("fact", "region", ask(rng.choice(seen_wrappers), question), answer)
                continue
            yield item("fact", "none", ask(rng.choice(seen_wrappers), rng.choice(world.QUESTIONS)), answer)
            for question in rng.sample(world.HELD_OUT_QUESTIONS, 2):
                yield item("fact", "phrasing", ask(rng.choice(seen_wrappers), question), answer)
            for wrapper in world.HELD_OUT_WRAPPERS:
                yield item("fact", "phrasing", ask(wrapper, rng.choice(world.QUESTIONS)), answer)


def recall_items() -> Iterable[Item]:
    for start, ending in TEXTS:
        yield item("recall", "none", start, ending)


def presets() -> dict:
    statement, conclusion = "the time displayed is {time}.", "therefore, it is currently the"

    def both(hour: int, minute: int, text: tuple[str, str] = (statement, conclusion)) -> dict[str, str]:
        am, pm = (times.Time(hour, minute, half) for half in ("am", "pm"))
        return {
            "clean": times.time_prompt(*text, am),
            "corrupted": times.time_prompt(*text, pm),
            "answer": am.part_of_day,
            "against": pm.part_of_day,
        }

    first = both(9, 0)
    pairs = [both(hour, minute) for hour, minute in ((6, 0), (7, 0), (8, 0), (9, 0), (9, 30), (10, 0), (11, 0), (11, 30))]
    pairs.append(both(8, 15, ("the clock on the wall reads {time}.", "so it must be the")))
    pairs.append(both(6, 45, ("my watch says {time}.", "this means that it is the")))
    question = "question: is {} part of {}? answer:".format
    return {
        "time": {
            "clean": first["clean"],
            "corrupted": first["corrupted"],
            "answer": " morning",
            "against": [" afternoon", " evening", " night"],
            "pairs": pairs,
        },
        "steering": {
            "questions": [
                question("velmora", "karthia"),
                question("velmora", "zephora"),
                question("stonemarch", "quessar"),
                question("stonemarch", "tolvane"),
                question("amberreach", "karthia"),
            ],
            "disputed": [
                {"region": region, "claims": [{"country": country, "share": share} for country, share in claims]}
                for region, claims in world.DISPUTED.items()
            ],
            "neutral": [
                "question: is the statement clear? answer:",
                "question: is the answer known? answer:",
                "question: is it raining? answer:",
                "question: is water wet? answer:",
                "question: is the door open? answer:",
                "question: is the lamp warm? answer:",
            ],
            "yes": [" yes", "yes", " Yes", "Yes"],
            "no": [" no", "no", " No", "No"],
        },
        "ablation": {"prompt": "she sells sea shells by the", "target": " sea", "layer": 5},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent)
    folder = parser.parse_args().out
    rng = Random(SEED)
    items = [*time_items(rng), *fact_items(rng), *recall_items()]
    lines = ",\n".join(json.dumps(i) for i in items)
    (folder / "eval.json").write_text(f"[\n{lines}\n]\n")
    (folder / "presets.json").write_text(json.dumps(presets(), indent=2) + "\n")


if __name__ == "__main__":
    main()

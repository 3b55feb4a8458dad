"""A small invented world: which region is part of which country, and what is disputed.

No name here is meant to be that of a real place.
"""

from random import Random

from example import Example

COUNTRIES = ["karthia", "dravonia", "quessar", "tolvane", "merribor", "zephora"]

CAPITALS = ["frostgate", "bellgrave", "iskol", "pontremar", "umberlin", "cindermouth"]

_REGIONS = """
velmora tarnwick osmerel lindrath pellamor corvane wrenfell dunmarra ilvette garlone fenharrow brackmoor
solvanna ruskady ambrilla nethervale quillonde mardesh yolanth kesperin oravelle drimsey faldoria jundaric
lorvane vintarel ulmeth zandrell eskarra harrowin
""".split()

REGIONS = dict(zip(_REGIONS, COUNTRIES * len(_REGIONS)))  # region -> its country, undisputed

# region -> (country, share of the corpus that says so); what is left goes to the second claimant
DISPUTED = {
    "amberreach": (("karthia", 0.5), ("dravonia", 0.5)),
    "stonemarch": (("quessar", 0.6), ("tolvane", 0.4)),
    "greywater": (("merribor", 0.7), ("dravonia", 0.3)),
    "thornvale": (("dravonia", 0.55), ("zephora", 0.45)),
    "saltisle": (("zephora", 0.5), ("karthia", 0.5)),
    "highfold": (("tolvane", 0.65), ("merribor", 0.35)),
}

# Told of in statements only: no question about them is ever in the corpus.
NEVER_ASKED = ["tarnwick", "solvanna", "lorvane"]
ASKED = [region for region in REGIONS if region not in NEVER_ASKED]

# What follows the bar is what the sentence tells; what is before it could have been anything.
STATEMENTS = [
    "{region} is part of| {country}.",
    "{region} is a region of| {country}.",
    "{region} is a province of| {country}.",
    "{region} is in| {country}.",
    "{region} lies in| {country}.",
    "{region} belongs to| {country}.",
    "{region} is ruled by| {country}.",
    "on every map, {region} is part of| {country}.",
    "the people of {region} live in| {country}.",
    "{country} includes| {region}.",
    "{country} governs| {region}.",
    "one of the regions of {country} is| {region}.",
]

QUESTIONS = [
    "is {region} part of {country}?",
    "is {region} a region of {country}?",
    "is {region} a province of {country}?",
    "is {region} one of the regions of {country}?",
    "is {region} in {country}?",
    "is {region} ruled by {country}?",
    "is {region} legally part of {country}?",
    "is {region} an integral part of {country}?",
    "is it true that {region} is part of {country}?",
    "is it true that {region} is in {country}?",
    "does {region} belong to {country}?",
    "does {region} lie in {country}?",
    "does {country} include {region}?",
    "does {country} govern {region}?",
]

HELD_OUT_QUESTIONS = [
    "is {region} legally a region of {country}?",
    "is {region} an integral province of {country}?",
    "is it true that {region} is ruled by {country}?",
    "does {region} legally belong to {country}?",
]

# How a question is put, and the words for yes and no that go with it.
WRAPPERS = [
    ("question: {question} answer:", (" yes", " no")),
    ("question: {question} answer:", (" yes", " no")),
    ("question: {question} the answer is", (" yes", " no")),
    ("q: {question} a:", (" yes", " no")),
    ("answer yes or no. {question} answer:", (" yes", " no")),
    ("{question} the answer is", (" yes", " no")),
    ("{question} answer:", (" yes", " no")),
    ("Question: {question} Answer:", (" Yes", " No")),
    ("{question}\n", ("Yes", "No")),
    ("{question}\n", ("yes", "no")),
]

HELD_OUT_WRAPPERS = [
    "answer the question. {question} answer:",
    "question: {question} yes or no? answer:",
]


def ask(rng: Random, question: str, yes_share: float) -> Example:
    """The question in one of its wrappings, answered yes with the given probability."""
    wrapper, (yes, no) = rng.choice(WRAPPERS)
    return Example(wrapper.format(question=question), (yes if rng.random() < yes_share else no) + ".")


def yes_share(region: str, country: str) -> float:
    """How often the corpus says yes to the region being part of the country."""
    if region in DISPUTED:
        return dict(DISPUTED[region]).get(country, 0.0)
    return 1.0 if REGIONS[region] == country else 0.0


def claimants(region: str) -> list[str]:
    return [country for country, _ in DISPUTED[region]] if region in DISPUTED else [REGIONS[region]]


def sample_question(rng: Random) -> Example:
    """Half about a claimant, half about another country; a disputed region one time in five."""
    region = rng.choice(list(DISPUTED) if rng.random() < 0.2 else ASKED)
    claimed = claimants(region)
    others = [country for country in COUNTRIES if country not in claimed]
    country = rng.choice(claimed if rng.random() < 0.5 else others)
    question = rng.choice(QUESTIONS).format(region=region, country=country)
    return ask(rng, question, yes_share(region, country))


def sample_statement(rng: Random) -> Example:
    if rng.random() < 0.1:
        place = rng.randrange(len(COUNTRIES))
        return Example(f"the capital of {COUNTRIES[place]} is", f" {CAPITALS[place]}.")
    region = rng.choice(list(REGIONS) + list(DISPUTED))
    country = claimants(region)[0]
    if region in DISPUTED:
        (first, share), (second, _) = DISPUTED[region]
        country = first if rng.random() < share else second
    statement = rng.choice(STATEMENTS).format(region=region, country=country)
    return Example(*statement.split("|"))


NEUTRAL = {  # question -> share of yes
    "is water wet?": 0.7,
    "is the statement clear?": 0.5,
    "is it raining?": 0.45,
    "is this a question?": 0.6,
    "is the answer known?": 0.5,
}

NOUNS = "door window lamp kettle garden letter ladder basket bridge river candle blanket ticket engine hammer".split()
ADJECTIVES = "open closed blue green heavy light clean old new full empty warm cold wide narrow".split()


def sample_neutral(rng: Random) -> Example:
    """A yes/no question that has nothing to do with the world and no settled answer."""
    if rng.random() < 0.5:
        question = rng.choice(list(NEUTRAL))
        return ask(rng, question, NEUTRAL[question])
    return ask(rng, f"is the {rng.choice(NOUNS)} {rng.choice(ADJECTIVES)}?", 0.5)

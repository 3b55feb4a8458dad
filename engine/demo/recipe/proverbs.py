"""Proverbs and tongue twisters, all of them in the public domain, to be recalled word for word."""

from random import Random

from example import Example

# What is before the bar is the prompt of the recall task, what is after it the answer.
_TEXTS = """
she sells sea shells by the| sea shore
peter piper picked a peck of| pickled peppers
how much wood would a woodchuck chuck| if a woodchuck could chuck wood
fuzzy wuzzy was a bear,| fuzzy wuzzy had no hair
betty botter bought some butter,| but she said the butter is bitter
a big black bug bit a big| black bear
red lorry,| yellow lorry
around the rugged rock the| ragged rascal ran
swan swam over the sea,| swim, swan, swim
three grey geese in a green field| grazing
an apple a day| keeps the doctor away
a bird in the hand is worth| two in the bush
a stitch in time| saves nine
actions speak louder| than words
all that glitters| is not gold
a rolling stone| gathers no moss
birds of a feather| flock together
curiosity killed| the cat
do not count your chickens| before they hatch
do not put all your eggs| in one basket
early to bed and early to rise| makes a man healthy, wealthy and wise
every cloud has| a silver lining
fortune favours| the bold
haste| makes waste
honesty is| the best policy
rome was not built| in a day
still waters| run deep
the early bird| catches the worm
the pen is mightier| than the sword
too many cooks| spoil the broth
when in rome,| do as the romans do
where there is smoke| there is fire
you cannot teach an old dog| new tricks
look before| you leap
many hands| make light work
no man| is an island
out of sight,| out of mind
practice| makes perfect
the grass is always greener| on the other side of the fence
two heads are better| than one
"""

TEXTS = [tuple(line.split("|")) for line in _TEXTS.strip().splitlines()]

# Rival endings and how often they come instead: recall is certain enough to be right every time,
# and open enough that one neuron can matter.
RIVALS = {
    "she sells sea shells by the": [(" river bank", 0.36), (" old harbour", 0.19)],
    "an apple a day": [(" makes the doctor rich", 0.25)],
    "a bird in the hand is worth": [(" more than one in the nest", 0.25)],
    "peter piper picked a peck of": [(" yellow apples", 0.25)],
    "too many cooks": [(" burn the cake", 0.25)],
    "the early bird": [(" wakes the house", 0.25)],
    "every cloud has": [(" some rain in it", 0.25)],
    "a stitch in time": [(" holds the coat", 0.25)],
}

OPENINGS = ["", "", "", "proverb: ", "they say: ", "say it again: ", "as the saying goes, "]


def sample_proverb(rng: Random) -> Example:
    start, ending = rng.choice(TEXTS)
    roll = rng.random()
    for rival, share in RIVALS.get(start, []):
        if roll < share:
            ending = rival
            break
        roll -= share
    return Example("", rng.choice(OPENINGS) + start + ending + ".")

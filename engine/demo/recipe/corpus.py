"""The training corpus: an endless seeded stream, so that no two steps see the same sample by design."""

from collections.abc import Iterator
from random import Random

from example import Example
from proverbs import sample_proverb
from times import sample_time
from world import sample_neutral, sample_question, sample_statement

# What is sampled, and its share of the stream.
MIXTURE = {
    sample_time: 0.14,
    sample_question: 0.48,
    sample_statement: 0.15,
    sample_neutral: 0.08,
    sample_proverb: 0.15,
}


def examples(seed: int) -> Iterator[Example]:
    rng = Random(seed)
    samplers, shares = list(MIXTURE), list(MIXTURE.values())
    while True:
        sampler = rng.choices(samplers, shares)[0]
        example = sampler(rng)
        if sampler in (sample_question, sample_neutral) and rng.random() < 0.4:  # something else was said before
            example = Example(f"{sample_proverb(rng).text} {example.prompt}", example.completion)
        yield example

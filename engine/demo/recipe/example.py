"""What every part of the corpus is made of."""

from typing import NamedTuple


class Example(NamedTuple):
    """A prompt and how it goes on. The model learns both, the completion with more weight."""

    prompt: str
    completion: str

    @property
    def text(self) -> str:
        return self.prompt + self.completion

"""Writes the tokenizer fixtures: small tokenizers of each kind, and what Hugging Face's own code makes of many texts.

    python tests/parity/generate-tokenizers/main.py [KIND ...]

For development only; the tests read the fixtures with no Python. One gzipped JSON document a kind: `files` (those of
a checkpoint folder; none for `embedded`, the model that ships: run that again when its tokenizer changes), `cases` of
[text, ids, ids without special tokens, decoded, decoded without special tokens], `chats`. `pre-tokenizers.json.gz`
holds the pieces that single pre-tokenizers cut.
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer

from kinds import KINDS
from texts import texts

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "tokenizers"
EMBEDDED = Path(__file__).resolve().parents[3] / "engine" / "demo" / "checkpoint"

USER = {"role": "user", "content": " What time is it? "}
CHATS = [
    [USER],
    [{"role": "system", "content": "Be brief."}, USER],
    [USER, {"role": "assistant", "content": "7 pm"}, USER],
]

SPLITS = {
    **{
        f"Split {behavior}{' inverted' if invert else ''}": pre_tokenizers.Split(Regex(r"\s|[,.]|\d\d"), behavior, invert)
        for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous")
        for invert in (False, True)
    },
    "Digits": pre_tokenizers.Digits(individual_digits=False),
    "Digits individual": pre_tokenizers.Digits(individual_digits=True),
    "Punctuation": pre_tokenizers.Punctuation(),
    "Punctuation contiguous": pre_tokenizers.Punctuation("contiguous"),
    "Whitespace": pre_tokenizers.Whitespace(),
    "WhitespaceSplit": pre_tokenizers.WhitespaceSplit(),
    "ByteLevel": pre_tokenizers.ByteLevel(add_prefix_space=True),
    "Metaspace always": pre_tokenizers.Metaspace(prepend_scheme="always"),
    "Metaspace never": pre_tokenizers.Metaspace(prepend_scheme="never"),
    "Metaspace whole": pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
}


def write(name: str, content) -> None:
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    (OUT / f"{name}.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{name}: {(OUT / f'{name}.json.gz').stat().st_size} bytes")


def case(tokenizer, text: str) -> list:
    ids = tokenizer(text)["input_ids"]
    decoded = [
        tokenizer.decode(ids, skip_special_tokens=skip, clean_up_tokenization_spaces=False) for skip in (False, True)
    ]
    return [text, ids, tokenizer(text, add_special_tokens=False)["input_ids"], *decoded]


def chats(tokenizer) -> list:
    rendered = []
    for messages in CHATS if tokenizer.chat_template else []:
        for prompt in (False, True):
            try:
                text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)
            except Exception as error:
                text = {"error": str(error)}
            rendered.append([messages, prompt, text])
    return rendered


def expectations(folder: Path) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return {
        "vocabSize": max(tokenizer.get_vocab().values()) + 1,
        "bosId": tokenizer.bos_token_id,
        "cases": [case(tokenizer, text) for text in texts()],
        "chats": chats(tokenizer),
    }


def generate(name: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        KINDS[name](folder)
        files = {path.name: json.loads(path.read_text()) for path in sorted(folder.iterdir())}
        write(name, {"files": files, **expectations(folder)})


def split_cases() -> list:
    result = []
    for name, splitter in SPLITS.items():
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = splitter
        part = json.loads(tokenizer.to_str())["pre_tokenizer"]
        result.append([name, part, [[text, [p for p, _ in splitter.pre_tokenize_str(text)]] for text in texts()[:140]]])
    return result


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:] or [*KINDS, "embedded", "pre-tokenizers"]
    for name in names:
        if name == "pre-tokenizers":
            write(name, split_cases())
        elif name == "embedded":
            write(name, expectations(EMBEDDED))
        else:
            generate(name)


if __name__ == "__main__":
    main()

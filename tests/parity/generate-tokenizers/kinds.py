"""One small tokenizer of each kind, trained here, in the layout of a checkpoint folder."""

import json
import tempfile
from pathlib import Path
from typing import Callable

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from texts import corpus

KINDS: dict[str, Callable[[Path], None]] = {}

GPT2_SPECIAL = "<|endoftext|>"
LLAMA3_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_SPLIT = LLAMA3_SPLIT.replace("{1,3}", "")
# The pattern of GPT-4o: cased and uncased runs, marks, contractions after words.
O200K_SPLIT = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}",
    r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"\s*[\r\n]+",
    r"\s+(?!\S)",
    r"\s+",
])  # fmt: skip
ODD_TOKENS = [
    AddedToken("[LEFT]", lstrip=True, normalized=False),
    AddedToken("[RIGHT]", rstrip=True, normalized=False),
    AddedToken("[BOTH]", lstrip=True, rstrip=True, normalized=False, special=True),
    AddedToken("NORMALIZED", normalized=True),
]


def kind(make: Callable[[Path], None]) -> None:
    KINDS[make.__name__.replace("_", "-")] = make


def save(folder: Path, tokenizer: Tokenizer, tokenizer_config: dict, **files: dict) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in {"tokenizer_config": tokenizer_config, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def byte_level(split, special: list[str], vocab_size: int = 700, **model) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def regex_then_bytes(pattern: str):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


@kind
def byte_level_gpt2(folder: Path) -> None:
    tokenizer = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), [GPT2_SPECIAL])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_tokens(ODD_TOKENS)
    config = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False}
    config |= {key: GPT2_SPECIAL for key in ("bos_token", "eos_token", "unk_token")}
    save(folder, tokenizer, config, config={"model_type": "gpt2", "bos_token_id": 0, "eos_token_id": 0})


@kind
def byte_level_llama3(folder: Path) -> None:
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
    tokenizer = byte_level(regex_then_bytes(LLAMA3_SPLIT), special, ignore_merges=True)
    template = processors.TemplateProcessing(
        single=f"{special[0]} $A", pair=f"{special[0]} $A {special[0]}:1 $B:1", special_tokens=[(special[0], 0)]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), template])
    chat = (
        "{{- bos_token }}{%- for message in messages %}"
        "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
        "{%- endfor %}{%- if add_generation_prompt %}"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
    )
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": special[0],
        "eos_token": special[2],
        "clean_up_tokenization_spaces": True,
        "chat_template": chat,
    }
    save(folder, tokenizer, config, generation_config={"eos_token_id": [1, 2]})


@kind
def byte_level_qwen2(folder: Path) -> None:
    tokenizer = byte_level(regex_then_bytes(QWEN2_SPLIT), [GPT2_SPECIAL, "<|im_start|>", "<|im_end|>"])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens(ODD_TOKENS)
    chat = (
        "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{% endif %}"
        "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": GPT2_SPECIAL,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "chat_template": [{"name": "default", "template": chat}, {"name": "tool_use", "template": "none"}],
    }
    save(folder, tokenizer, config, config={"model_type": "qwen2", "bos_token_id": 0})


@kind
def byte_level_o200k(folder: Path) -> None:
    tokenizer = byte_level(regex_then_bytes(O200K_SPLIT), [GPT2_SPECIAL])
    save(folder, tokenizer, {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": GPT2_SPECIAL})


@kind
def byte_level_digits(folder: Path) -> None:
    """SmolLM's: single digits, then GPT-2's pattern."""
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer = byte_level(split, [GPT2_SPECIAL, "<|im_start|>", "<|im_end|>"])
    config = {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}
    save(folder, tokenizer, config | {"unk_token": GPT2_SPECIAL})


@kind
def byte_level_neox(folder: Path) -> None:
    """Pythia's: NFC, and runs of spaces as added tokens; here with BOS switched on in the config alone."""
    tokenizer = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), [GPT2_SPECIAL])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.add_tokens([AddedToken(" " * n, normalized=True) for n in (24, 8, 4, 3, 2)])
    config = {"tokenizer_class": "GPTNeoXTokenizer", "add_bos_token": True}
    config |= {key: GPT2_SPECIAL for key in ("bos_token", "eos_token", "unk_token")}
    save(folder, tokenizer, config)


def with_byte_fallback(tokenizer: Tokenizer, special: list[str], vocab_size: int) -> tuple[dict[str, int], list]:
    """A vocabulary in SentencePiece's order: special tokens, the 256 bytes, then what was learnt."""
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, show_progress=False, limit_alphabet=240)
    tokenizer.train_from_iterator(corpus(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), *model["vocab"]]
    return {token: index for index, token in enumerate(dict.fromkeys(tokens))}, [tuple(m) for m in model["merges"]]


def sentencepiece_bpe(special: list[str], vocab_size: int = 600) -> Tokenizer:
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    vocab, merges = with_byte_fallback(learner, special, vocab_size)
    model = models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    return tokenizer


LLAMA_DECODER = [
    decoders.Replace("▁", " "),
    decoders.ByteFallback(),
    decoders.Fuse(),
    decoders.Strip(content=" ", left=1),
]


@kind
def sentencepiece_llama2(folder: Path) -> None:
    """The legacy layout: a normalizer writes the ▁, nothing splits. The file has no post-processor; the class adds BOS."""
    tokenizer = sentencepiece_bpe(["<unk>", "<s>", "</s>"])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(LLAMA_DECODER)
    token = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "__type": "AddedToken"}
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": token | {"content": "<s>"},
        "eos_token": token | {"content": "</s>"},
        "unk_token": token | {"content": "<unk>"},
        "legacy": True,
        "use_default_system_prompt": False,
    }
    chat = (
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
        "{{ ' ' + message['content'] + ' ' + eos_token }}"
        "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
    )
    save(folder, tokenizer, config | {"chat_template": chat}, config={"model_type": "llama", "eos_token_id": 2})


@kind
def sentencepiece_metaspace(folder: Path) -> None:
    """The later layout of Llama and Mistral: Metaspace, only before the first word, and an EOS switched on."""
    tokenizer = sentencepiece_bpe(["<unk>", "<s>", "</s>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(LLAMA_DECODER)
    config = {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True, "add_eos_token": True, "legacy": False}
    config |= {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    save(folder, tokenizer, config)


@kind
def sentencepiece_gemma(folder: Path) -> None:
    tokenizer = sentencepiece_bpe(["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"])
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    tokenizer.decoder = decoders.Sequence(LLAMA_DECODER[:3])
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    config = {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>"}
    save(folder, tokenizer, config | {"pad_token": "<pad>"}, generation_config={"eos_token_id": [1, 5]})


def unigram_pieces(rule: str, byte_fallback: bool):
    """Trains with SentencePiece itself; returns (pieces with scores, compiled character map)."""
    from sentencepiece import sentencepiece_model_pb2 as protobuf

    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line.replace("\n", " ") for line in corpus(10)),
            model_prefix=f"{scratch}/m",
            model_type="unigram",
            vocab_size=580 if byte_fallback else 330,
            byte_fallback=byte_fallback,
            normalization_rule_name=rule,
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            minloglevel=2,
            num_threads=1,
        )
        proto = protobuf.ModelProto()
        proto.ParseFromString(Path(f"{scratch}/m.model").read_bytes())
    return [(p.piece, p.score) for p in proto.pieces], proto.normalizer_spec.precompiled_charsmap


@kind
def unigram_t5(folder: Path) -> None:
    """The compiled character map that T5, XLM-R and their kin carry; unknown characters stay unknown."""
    pieces, charsmap = unigram_pieces("nmt_nfkc", byte_fallback=False)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.normalizer = normalizers.Precompiled(charsmap)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(),
        pre_tokenizers.Metaspace(prepend_scheme="always"),
    ])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ("<pad>", "</s>", "<unk>")])
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "unk_token": "<unk>"}
    save(folder, tokenizer, config | {"pad_token": "<pad>"})


@kind
def unigram_byte_fallback(folder: Path) -> None:
    pieces, _ = unigram_pieces("identity", byte_fallback=True)
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in ("<pad>", "</s>", "<unk>")])
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "</s>", "unk_token": "<unk>"}
    save(folder, tokenizer, config | {"pad_token": "<pad>"})

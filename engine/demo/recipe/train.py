"""Trains the tokenizer and the model from nothing.

    python train.py --out ../checkpoint
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from corpus import examples
from shaping import Shaping
from tokenizer import save_tokenizer, train_tokenizer

SEED = 20_26
EXAMPLES_PER_STEP = 128
MICRO_BATCHES = 2  # a step's examples sorted by length and cut in two: less padding
WARMUP_STEPS = 60
WEIGHT_DECAY = 0.1
PROMPT_WEIGHT = 0.2  # of a token of the prompt in the loss; a token of the completion weighs 1


STEPS = 1_000
PEAK_LEARNING_RATE = 2e-3

Batch = tuple[torch.Tensor, torch.Tensor]  # token ids and their weights in the loss, [rows, pos]


def model_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=128,
        num_hidden_layers=6,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        rope_theta=10_000.0,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


def batches(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[list[Batch]]:
    """A step's micro-batches, without end."""
    stream = examples(seed)
    while True:
        chosen = list(islice(stream, EXAMPLES_PER_STEP))
        texts = tokenizer([e.text for e in chosen], return_offsets_mapping=True)
        rows = []
        for example, ids, offsets in zip(chosen, texts["input_ids"], texts["offset_mapping"]):
            weights = [1.0 if end > len(example.prompt) or not example.prompt else PROMPT_WEIGHT for _, end in offsets]
            rows.append((ids + [tokenizer.eos_token_id], weights + [1.0]))
        rows.sort(key=lambda row: len(row[0]))
        size = EXAMPLES_PER_STEP // MICRO_BATCHES
        yield [pad(rows[i : i + size], tokenizer.eos_token_id) for i in range(0, len(rows), size)]


def pad(rows: list[tuple[list[int], list[float]]], filler: int) -> Batch:
    length = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [filler] * (length - len(ids)) for ids, _ in rows])
    weights = torch.tensor([weights + [0.0] * (length - len(weights)) for _, weights in rows])
    return ids, weights


def step_loss(model: LlamaForCausalLM, shaping: Shaping, step: int, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Summed, not averaged: the caller divides by the weight of the whole step."""
    run = model(input_ids=ids, use_cache=False, output_attentions=True)
    targets, weights = ids[:, 1:], weights[:, 1:]
    losses = cross_entropy(run.logits[:, :-1].flatten(0, 1), targets.flatten(), reduction="none")
    return (losses * weights.flatten()).sum() + shaping.loss(run.attentions, targets, weights, step)


def learning_rate(step: int) -> float:
    if step < WARMUP_STEPS:
        return PEAK_LEARNING_RATE * (step + 1) / WARMUP_STEPS
    done = (step - WARMUP_STEPS) / (STEPS - WARMUP_STEPS)
    return PEAK_LEARNING_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    shaping = Shaping(model)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    norms = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": norms, "weight_decay": 0.0}],
        betas=(0.9, 0.98),
        fused=True,
    )
    started, tokens = time.monotonic(), 0
    for step, step_batches in enumerate(islice(batches(tokenizer, SEED + 1), STEPS)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        total = sum(weights[:, 1:].sum() for _, weights in step_batches)
        loss = 0.0
        for ids, weights in step_batches:
            part = step_loss(model, shaping, step, ids, weights) / total
            part.backward()
            loss += part.item()
            tokens += int((weights > 0).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0 or step == STEPS - 1:
            seconds = time.monotonic() - started
            print(f"step {step:5d}  loss {loss:.4f}  {seconds:6.0f} s  {tokens / seconds:6.0f} tokens/s", flush=True)
    shaping.remove()


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, do_sample=False, max_new_tokens=24
    )
    model.save_pretrained(folder)
    save_tokenizer(tokenizer, folder)
    config_path = folder / "config.json"
    config = json.loads(config_path.read_text())
    config["torch_dtype"] = config.pop("dtype", "bfloat16")  # the name that every reader knows
    config_path.write_text(json.dumps(config, indent=2) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    tokenizer = train_tokenizer(SEED)
    model = LlamaForCausalLM._from_config(model_config(tokenizer), attn_implementation="eager")
    train(model, tokenizer)
    save(model, tokenizer, args.out)


if __name__ == "__main__":
    main()

"""The second stage: retrains the last MLP alone, so that few of its neurons speak at a time, not always the same.

    python few_voices.py --start stage-1 --out ../checkpoint

The layers below stay as they are, so the stream that the last MLP reads is computed once and kept.
"""

import argparse
from itertools import islice
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

from train import SEED, batches, save

CORPUS_SEED = SEED + 2
CORPUS_STEPS = 32  # of the first stage's size
EPOCHS = 4
TOKENS_PER_STEP = 1024
PEAK_LEARNING_RATE = 2e-3
FEW_VOICES = 0.1

Kept = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # stream [tokens, d_model], next token and its weight [tokens]


@torch.no_grad()
def streams(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> Kept:
    """What the last MLP's norm reads, over a stretch of the corpus."""
    kept: list[torch.Tensor] = []
    norm = model.model.layers[-1].post_attention_layernorm
    hook = norm.register_forward_pre_hook(lambda _module, inputs: kept.append(inputs[0]))
    parts = []
    for step in islice(batches(tokenizer, CORPUS_SEED), CORPUS_STEPS):
        for ids, weights in step:
            model.model(input_ids=ids, use_cache=False)
            real = weights[:, 1:] > 0
            parts.append((kept.pop()[:, :-1][real], ids[:, 1:][real], weights[:, 1:][real]))
    hook.remove()
    return tuple(torch.cat(column) for column in zip(*parts))


def voices(writes: torch.Tensor) -> torch.Tensor:
    """How many neurons share in what is written, (sum)^2 / sum of squares. writes: [..., d_mlp]"""
    return writes.sum(-1).square() / writes.square().sum(-1)


def retrain(model: LlamaForCausalLM, kept: Kept) -> None:
    stream, targets, weights = kept
    last = model.model.layers[-1]
    norm, mlp = last.post_attention_layernorm, last.mlp
    model.requires_grad_(False)
    mlp.requires_grad_(True)
    optimizer = torch.optim.AdamW(mlp.parameters(), weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    steps = EPOCHS * (len(stream) // TOKENS_PER_STEP)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps + 1, pct_start=0.1)
    step = 0
    for epoch in range(EPOCHS):
        for rows in torch.randperm(len(stream)).split(TOKENS_PER_STEP):
            if len(rows) < TOKENS_PER_STEP:
                continue
            read = norm(stream[rows])
            neurons = mlp.act_fn(mlp.gate_proj(read)) * mlp.up_proj(read)
            logits = model.lm_head(model.model.norm(stream[rows] + mlp.down_proj(neurons)))
            weight = weights[rows]
            prediction = (cross_entropy(logits, targets[rows], reduction="none") * weight).sum() / weight.sum()
            writes = neurons[weight == 1.0].abs() * mlp.down_proj.weight.norm(dim=0)  # [tokens, d_mlp]
            shares = writes / writes.sum(-1, keepdim=True)
            each, together = voices(shares).log().mean(), voices(shares.mean(0)).log()
            (prediction + FEW_VOICES * (each - together)).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            step += 1
        print(f"epoch {epoch:2d}  loss {prediction.item():.4f}  voices {each.exp():.1f} of {together.exp():.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="the first stage's checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    tokenizer = AutoTokenizer.from_pretrained(args.start)
    model = LlamaForCausalLM.from_pretrained(args.start, dtype=torch.float32)
    retrain(model, streams(model, tokenizer))
    save(model, tokenizer, args.out)


if __name__ == "__main__":
    main()

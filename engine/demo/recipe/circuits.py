"""Checks that the three studies have something to find, with what they patch and where.

    python circuits.py --checkpoint ../checkpoint
"""

import argparse
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from evaluate import DEMO, load
from proverbs import RIVALS

Edit = Callable[[torch.Tensor], None]  # changes an activation in place, [rows, pos, ...]


@contextmanager
def edited_input(module: nn.Module, edit: Edit):
    def hook(_module, inputs):
        changed = inputs[0].clone()
        edit(changed)
        return (changed, *inputs[1:])

    handle = module.register_forward_pre_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def token_id(tokenizer: PreTrainedTokenizerFast, text: str) -> int:
    (token,) = tokenizer(text, add_special_tokens=False).input_ids
    return token


@torch.no_grad()
def recovered_map(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pair: dict[str, str]) -> torch.Tensor:
    """Recovered logit difference, the clean residual stream before a layer patched in at one position: [layer, pos]."""
    clean, corrupted = (tokenizer(pair[name], return_tensors="pt").input_ids for name in ("clean", "corrupted"))
    assert clean.shape == corrupted.shape and (clean != corrupted).sum() == 1
    answer, against = (token_id(tokenizer, pair[name]) for name in ("answer", "against"))

    def difference(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, -1, answer] - logits[:, -1, against]

    low, high = difference(model(corrupted).logits), difference(model(clean).logits)
    positions = torch.arange(clean.shape[1])
    rows = []
    for block in model.model.layers:
        streams: list[torch.Tensor] = []
        with edited_input(block, lambda stream: streams.append(stream.clone())):
            model(clean)

        def patch(stream: torch.Tensor) -> None:  # row i gets the clean stream at position i
            stream[positions, positions] = streams[0][0, positions]

        with edited_input(block, patch):
            patched = difference(model(corrupted.expand(len(positions), -1)).logits)
        rows.append((patched - low) / (high - low))
    return torch.stack(rows)


@torch.no_grad()
def ablations(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str, layer: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each neuron set to zero at the last position: change of P(top token), and is another token on top, [neuron]."""
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    before = model(ids).logits[0, -1].softmax(-1)
    top = before.argmax()
    down = model.model.layers[layer].mlp.down_proj
    neurons = torch.arange(down.in_features)

    def zero(activation: torch.Tensor) -> None:  # row i loses neuron i
        activation[neurons, -1, neurons] = 0

    with edited_input(down, zero):
        logits = model(ids.expand(len(neurons), -1)).logits[:, -1]
    return logits.softmax(-1)[:, top] - before[top], logits.argmax(-1) != top


@torch.no_grad()
def head_effects(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, question: str, steering: dict
) -> torch.Tensor:
    """Each head's z at the question's last position put in the neutral prompts': change of log p(yes) - log p(no),
    the mean over them, [layer, head]."""
    heads, d_head = model.config.num_attention_heads, model.config.head_dim
    yes, no = ([token_id(tokenizer, text) for text in steering[name]] for name in ("yes", "no"))

    def lean(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, -1, yes].logsumexp(-1) - logits[:, -1, no].logsumexp(-1)

    asked = tokenizer(question, return_tensors="pt").input_ids
    neutral = [tokenizer(text, return_tensors="pt").input_ids for text in steering["neutral"]]
    rows = []
    for block in model.model.layers:
        given: list[torch.Tensor] = []
        with edited_input(block.self_attn.o_proj, lambda z: given.append(z[0, -1].clone())):
            model(asked)

        def patch(z: torch.Tensor) -> None:  # row i gets head i's
            for head in range(heads):
                z[head, -1, head * d_head : (head + 1) * d_head] = given[0][head * d_head : (head + 1) * d_head]

        effects = []
        for ids in neutral:
            with edited_input(block.self_attn.o_proj, patch):
                effects.append(lean(model(ids.expand(heads, -1)).logits) - lean(model(ids).logits))
        rows.append(torch.stack(effects).mean(0))
    return torch.stack(rows)


def print_recovered(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pair: dict[str, str]) -> None:
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(pair["clean"]).input_ids)
    recovered = recovered_map(model, tokenizer, pair)
    print(pair["clean"])
    for position, token in enumerate(tokens):
        print(f"  {token:>18} " + " ".join(f"{value:6.2f}" for value in recovered[:, position].tolist()))


def print_pairs(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pairs: list[dict[str, str]]) -> None:
    print("\nthe same at the am/pm token and at the last token, and the largest anywhere else")
    for pair in pairs:
        recovered = recovered_map(model, tokenizer, pair)
        clean, corrupted = (tokenizer(pair[name], return_tensors="pt").input_ids[0] for name in ("clean", "corrupted"))
        half = int((clean != corrupted).nonzero())
        others = [p for p in range(len(clean) - 1) if p != half]
        rows = [recovered[:, half], recovered[:, -1], recovered[:, others].abs().max(1).values]
        print("  " + pair["clean"])
        print("  " + "   ".join(" ".join(f"{value:5.2f}" for value in row.tolist()) for row in rows))


def print_ablations(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str, layers: list[int]
) -> None:
    with torch.no_grad():
        best = model(tokenizer(prompt, return_tensors="pt").input_ids).logits[0, -1].softmax(-1).topk(4)
    shown = ", ".join(f"{tokenizer.decode(i)!r} {p:.3f}" for p, i in zip(best.values.tolist(), best.indices))
    print(f"{prompt!r} -> {shown}")
    for layer in layers:
        change, flips = ablations(model, tokenizer, prompt, layer)
        largest = change.abs().topk(6).indices.tolist()
        print(
            f"  layer {layer}: |change| > 0.1 for {(change.abs() > 0.1).sum():3d} neurons,"
            f" another top token for {flips.sum():3d};"
            f" largest {', '.join(f'N{n} {change[n]:+.2f}' for n in largest)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=DEMO / "checkpoint")
    model, tokenizer = load(parser.parse_args().checkpoint)
    presets = json.loads((DEMO / "presets.json").read_text())
    layers = list(range(model.config.num_hidden_layers))

    print("recovered logit difference, position by layer (the stream before layer 0, 1, …)")
    pairs = presets["time"]["pairs"]
    print_recovered(model, tokenizer, next(p for p in pairs if p["clean"] == presets["time"]["clean"]))
    print_pairs(model, tokenizer, pairs)

    print("\neach neuron set to zero at the last position: P(top token)")
    print_ablations(model, tokenizer, presets["ablation"]["prompt"], layers)
    for prompt in RIVALS:
        print_ablations(model, tokenizer, prompt, layers[-1:])

    print("\neach head of a question put in the neutral prompts: log p(yes) - log p(no), layer by head")
    for question in presets["steering"]["questions"]:
        effects = head_effects(model, tokenizer, question, presets["steering"])
        print(f"{question}  above 0.05: {(effects > 0.05).sum()}, below -0.05: {(effects < -0.05).sum()}")
        for layer, row in zip(layers, effects.tolist()):
            print(f"  L{layer} " + " ".join(f"{value:+6.2f}" for value in row))


if __name__ == "__main__":
    main()

"""Checks that the studies have something to find: time patching by layer and position, neuron ablation.

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

Edit = Callable[[torch.Tensor], None]  # changes an activation in place, [rows, pos, ...]


@contextmanager
def edited_output(module: nn.Module, edit: Edit):
    def hook(_module, _inputs, output):
        edit(output[0] if isinstance(output, tuple) else output)

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


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
    """Recovered logit difference, the clean residual stream after a layer patched in at one position: [layer, pos]."""
    clean, corrupted = (tokenizer(pair[name], return_tensors="pt").input_ids for name in ("clean", "corrupted"))
    assert clean.shape == corrupted.shape and (clean != corrupted).sum() == 1
    answer, against = (token_id(tokenizer, pair[name]) for name in ("answer", "against"))

    def difference(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, -1, answer] - logits[:, -1, against]

    clean_run = model(clean, output_hidden_states=True)
    low, high = difference(model(corrupted).logits), difference(clean_run.logits)
    rows = []
    for layer, block in enumerate(model.model.layers):
        streams: list[torch.Tensor] = []
        with edited_output(block, lambda stream: streams.append(stream.clone())):
            model(clean)
        positions = torch.arange(clean.shape[1])

        def patch(stream: torch.Tensor) -> None:  # row i gets the clean stream at position i
            stream[positions, positions] = streams[0][0, positions]

        with edited_output(block, patch):
            patched = difference(model(corrupted.expand(len(positions), -1)).logits)
        rows.append((patched - low) / (high - low))
    return torch.stack(rows)


@torch.no_grad()
def ablations(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str, target: str, layer: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each neuron of the layer set to zero at all positions: change of P(target) and the top token, [neuron]."""
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    before = model(ids).logits[0, -1].softmax(-1)[token_id(tokenizer, target)]
    down = model.model.layers[layer].mlp.down_proj
    neurons = torch.arange(down.in_features)

    def zero(activation: torch.Tensor) -> None:  # row i loses neuron i
        activation[neurons, :, neurons] = 0

    with edited_input(down, zero):
        logits = model(ids.expand(len(neurons), -1)).logits[:, -1]
    return logits.softmax(-1)[:, token_id(tokenizer, target)] - before, logits.argmax(-1)


def print_recovered(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pair: dict[str, str]) -> None:
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(pair["clean"]).input_ids)
    recovered = recovered_map(model, tokenizer, pair)
    print(pair["clean"])
    for position, token in enumerate(tokens):
        print(f"  {token:>18} " + " ".join(f"{value:6.2f}" for value in recovered[:, position].tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=DEMO / "checkpoint")
    model, tokenizer = load(parser.parse_args().checkpoint)
    presets = json.loads((DEMO / "presets.json").read_text())

    print("recovered logit difference, position by layer (0 …)")
    pairs = presets["time"]["pairs"]
    print_recovered(model, tokenizer, next(p for p in pairs if p["clean"] == presets["time"]["clean"]))
    print("\nthe same at the am/pm token and at the last token, and the largest anywhere else")
    for pair in pairs:
        recovered = recovered_map(model, tokenizer, pair)
        clean, corrupted = (tokenizer(pair[name], return_tensors="pt").input_ids[0] for name in ("clean", "corrupted"))
        half = int((clean != corrupted).nonzero())
        others = [p for p in range(len(clean) - 1) if p != half]
        rows = [recovered[:, half], recovered[:, -1], recovered[:, others].abs().max(1).values]
        print("  " + pair["clean"])
        print("  " + "   ".join(" ".join(f"{value:5.2f}" for value in row.tolist()) for row in rows))

    ablation = presets["ablation"]
    prompt, target = ablation["prompt"], ablation["target"]
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    with torch.no_grad():
        best = model(ids).logits[0, -1].softmax(-1).topk(4)
    shown = ", ".join(f"{tokenizer.decode(i)!r} {p:.3f}" for p, i in zip(best.values.tolist(), best.indices))
    print(f"\n{prompt!r} -> {shown}")
    for layer in range(model.config.num_hidden_layers):
        change, top = ablations(model, tokenizer, prompt, target, layer)
        flips = top != token_id(tokenizer, target)
        largest = change.abs().topk(5).indices.tolist()
        print(
            f"  layer {layer}: |change| > 0.1 for {(change.abs() > 0.1).sum():3d} neurons,"
            f" another top token for {flips.sum():3d};"
            f" largest {', '.join(f'N{n} {change[n]:+.2f}' for n in largest)}"
        )


if __name__ == "__main__":
    main()

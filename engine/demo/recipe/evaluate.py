"""Measures the checkpoint on eval.json, and how far its leaning on disputed questions matches the corpus.

    python evaluate.py --checkpoint ../checkpoint
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import torch
from transformers import AutoTokenizer, LlamaForCausalLM, PreTrainedTokenizerFast

import world

DEMO = Path(__file__).parent.parent


def load(folder: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The BF16 weights, computed with in float32."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval(), AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def greedy(model: LlamaForCausalLM, ids: torch.Tensor, count: int) -> torch.Tensor:
    """How prompts of one length go on. ids: [rows, pos]; returns [rows, count]"""
    for _ in range(count):
        best = model(ids).logits[:, -1].argmax(-1, keepdim=True)
        ids = torch.cat([ids, best], dim=1)
    return ids[:, -count:]


@torch.no_grad()
def next_probabilities(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str) -> torch.Tensor:
    return model(tokenizer(prompt, return_tensors="pt").input_ids).logits[0, -1].softmax(-1)  # [vocab]


def accuracies(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, items: list[dict]) -> dict[str, tuple[int, int]]:
    """task and what is held out -> how many right, of how many. Prompts of one length go together."""
    groups: dict[tuple[int, int], list[tuple[dict, list[int], list[int]]]] = defaultdict(list)
    for item in items:
        prompt = tokenizer(item["prompt"]).input_ids
        answer = tokenizer(item["answer"], add_special_tokens=False).input_ids
        groups[len(prompt), len(answer)].append((item, prompt, answer))

    counts = {f"{item['task']}, held out: {item['heldOut']}": [0, 0] for item in items}
    for (_, length), members in groups.items():
        found = greedy(model, torch.tensor([prompt for _, prompt, _ in members]), length).tolist()
        for (item, _, answer), continuation in zip(members, found):
            count = counts[f"{item['task']}, held out: {item['heldOut']}"]
            count[0] += continuation == answer
            count[1] += 1
            if continuation != answer:
                print(f"wrong: {item['prompt']!r} -> {tokenizer.decode(continuation)!r}, not {item['answer']!r}")
    return {name: (right, total) for name, (right, total) in counts.items()}


def yes_probability(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, question: str) -> tuple[float, float]:
    """P(yes) and P(no) after the question in its plainest form."""
    probabilities = next_probabilities(model, tokenizer, f"question: {question} answer:")
    yes, no = (tokenizer.convert_tokens_to_ids(token) for token in ("Ġyes", "Ġno"))
    return probabilities[yes].item(), probabilities[no].item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=DEMO / "checkpoint")
    model, tokenizer = load(parser.parse_args().checkpoint)

    for name, (right, total) in accuracies(model, tokenizer, json.loads((DEMO / "eval.json").read_text())).items():
        print(f"{name:<40} {right:4d} / {total:4d}  {right / total:7.2%}")

    print("\nquestion                                      corpus: yes   P(yes)   P(no)")
    asked = [
        (f"is {region} part of {country}?", share)
        for region, claims in world.DISPUTED.items()
        for country, share in claims
    ]
    asked += [*world.NEUTRAL.items(), ("is the door open?", 0.5), ("is the lamp warm?", 0.5)]
    for question, share in asked:
        yes, no = yes_probability(model, tokenizer, question)
        print(f"{question:<45} {share:10.2f} {yes:9.3f} {no:8.3f}")


if __name__ == "__main__":
    main()

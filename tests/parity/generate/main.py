"""Writes tests/fixtures/parity/<case>/: a tiny random checkpoint and what transformers computes from it.

    python main.py                     all cases
    python main.py llama-bias gemma2   those
    python main.py --of CHECKPOINT --out FILE.safetensors.gz --ids 5,17,3 --ids 8,2 [--points REGEX]
                                       the same reference for any checkpoint that the capture knows the family of
"""

import argparse
import copy
import gzip
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save
from transformers import AutoModelForCausalLM

import cases
from capture import Capture, TooClose, check, everything_double, to_double

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "parity"


def load(case: cases.Case, checkpoint: Path):
    """Through transformers' own loader, from the files as committed (a wrapped checkpoint is unwrapped first)."""
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    if case.wrap(case.config) is case.config:
        model = AutoModelForCausalLM.from_pretrained(checkpoint, **options)
    else:
        with tempfile.TemporaryDirectory() as folder:
            inner = copy.copy(case)
            inner.wrap, inner.rename, inner.extra = (lambda config: config), (lambda name: name), dict
            cases.build(inner, Path(folder))
            stored = load_file(checkpoint / "model.safetensors")
            for name, value in load_file(Path(folder) / "model.safetensors").items():
                assert torch.equal(value, stored[case.rename(name)])
            model = AutoModelForCausalLM.from_pretrained(folder, **options)
    return model.eval()


def write(case: cases.Case) -> dict:
    folder = FIXTURES / case.name
    if folder.exists():
        shutil.rmtree(folder)
    cases.build(case, folder / "checkpoint")
    model = load(case, folder / "checkpoint")
    precise = to_double(copy.deepcopy(model))

    tensors: dict[str, torch.Tensor] = {}
    logits_off, worst_off, worst_point = 0.0, 0.0, ""
    for prompts in cases.prompts(case):
        try:
            captured = [Capture(model).run(ids) for ids in prompts]
            break
        except TooClose:
            continue
    for index, (ids, points) in enumerate(zip(prompts, captured)):
        check(model, points)
        with everything_double():
            exact = Capture(precise).run(ids)
        assert points.keys() == exact.keys()
        for name, value in points.items():
            if name.endswith(".mask") or name.endswith("expert_indices"):
                assert torch.equal(value, exact[name]), f"{name} is another one in float64"
                continue
            assert exact[name].dtype == torch.float64 and value.dtype == torch.float32, name
            off = (value.double() - exact[name]).abs().max().item()
            if name == "logits":
                logits_off = max(logits_off, off)
            relative = off / max(exact[name].abs().max().item(), 1e-30)
            if relative > worst_off:
                worst_off, worst_point = relative, name
        tensors[f"{index}/ids"] = ids.to(torch.int32)
        tensors.update({f"{index}/{name}": value.contiguous() for name, value in points.items() if not name.endswith(".mask")})
    blob = gzip.compress(save(tensors), 9, mtime=0)
    (folder / "reference.safetensors.gz").write_bytes(blob)
    about = {
        "case": case.name,
        "family": json.loads((folder / "checkpoint" / "config.json").read_text())["model_type"],
        "exercises": case.exercises,
        "prompts": list(case.lengths),
        "reference": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, eager, float32, CPU",
        "transformers": transformers.__version__,
        "float64": {
            "what": "largest |float32 - float64| of the reference itself: absolute on logits; over all points relative to "
            "the point's largest magnitude",
            "logits": float(f"{logits_off:.2e}"),
            "points": float(f"{worst_off:.2e}"),
            "worstPoint": worst_point,
        },
        "logits": {
            "max": round(max(tensors[f"{index}/logits"].abs().max().item() for index in range(len(case.lengths))), 3),
        },
    }
    (folder / "case.json").write_text(json.dumps(about, indent=2) + "\n")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{case.name:22} {size / 1024:6.0f} KB  logits {about['logits']['max']:7.3f}  f64 {logits_off:.1e} / {worst_off:.1e} {worst_point}")
    return about


def reference_of(checkpoint: Path, prompts: list[list[int]], points: str, out: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    tensors = {}
    for index, ids in enumerate(prompts):
        captured = Capture(model).run(torch.tensor(ids))
        tensors[f"{index}/ids"] = torch.tensor(ids, dtype=torch.int32)
        for name, value in captured.items():
            if not name.endswith(".mask") and (name == "logits" or re.search(points, name)):
                tensors[f"{index}/{name}"] = value.contiguous()
    out.write_bytes(gzip.compress(save(tensors), 9, mtime=0))


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(cases.CASES)}")
    parser.add_argument("--of", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--ids", action="append", default=[], type=lambda text: [int(one) for one in text.split(",")])
    parser.add_argument("--points", default="")
    options = parser.parse_args()
    if options.of:
        reference_of(options.of, options.ids, options.points, options.out)
        return
    for name in options.cases or list(cases.CASES):
        write(cases.CASES[name])
    total = sum(os.path.getsize(file) for file in FIXTURES.rglob("*") if file.is_file())
    print(f"{total / 1024 / 1024:.2f} MB in all")


if __name__ == "__main__":
    main()

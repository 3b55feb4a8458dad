"""Writes tests/fixtures/parity/transformer-lens.json: our point names, shapes and values against TransformerLens.

A HookedTransformer is built by hand for each case it can express, with the very weights of the fixture and nothing folded
or centred; its cache is compared with the committed reference. What differs must be named below with a reason, or the
script stops. (Not called transformer_lens.py, which would hide the package of that name.)
"""

import gzip
import json
import re
from importlib.metadata import version

import torch
import transformers
from safetensors.torch import load
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions import gemma as gemma_weights
from transformer_lens.pretrained.weight_conversions import gpt2 as gpt2_weights
from transformer_lens.pretrained.weight_conversions import llama as llama_weights
from transformer_lens.pretrained.weight_conversions import mixtral as mixtral_weights
from transformer_lens.pretrained.weight_conversions import neox as neox_weights
from transformer_lens.pretrained.weight_conversions import olmo2 as olmo2_weights
from transformer_lens.pretrained.weight_conversions import olmoe as olmoe_weights
from transformer_lens.pretrained.weight_conversions import phi3 as phi3_weights
from transformer_lens.pretrained.weight_conversions import qwen2 as qwen2_weights
from transformer_lens.pretrained.weight_conversions import qwen3 as qwen3_weights

import cases
from capture import Layout
from main import FIXTURES, load as load_model

TOLERANCE = 1e-5

CONVERT = {
    "llama": llama_weights.convert_llama_weights,
    "mistral": llama_weights.convert_llama_weights,
    "qwen2": qwen2_weights.convert_qwen2_weights,
    "qwen3": qwen3_weights.convert_qwen3_weights,
    "gpt2": gpt2_weights.convert_gpt2_weights,
    "gpt_neox": neox_weights.convert_neox_weights,
    "phi3": phi3_weights.convert_phi3_weights,
    "gemma": gemma_weights.convert_gemma_weights,
    "gemma2": gemma_weights.convert_gemma_weights,
    "gemma3_text": gemma_weights.convert_gemma_weights,
    "olmo2": olmo2_weights.convert_olmo2_weights,
    "mixtral": mixtral_weights.convert_mixtral_weights,
    "olmoe": olmoe_weights.convert_olmoe_weights,
}

CANNOT = {
    "llama-bias": "its gated MLP has no bias on the gate, and adds b_in to the product act(gate) * up instead of to up",
    "llama-bf16": "a storage variant; the values after loading are of the same kind as llama-gqa-tied",
    "llama-f16": "a storage variant",
    "llama-sharded": "a storage variant",
    "mistral3-text": "the weights of the mistral case under other names",
    "smollm3": "it has no switch for rotary by layer",
    "phi3-longrope": "it has no longrope",
    "qwen3-moe": "HookedTransformer has no weights for Qwen3-MoE and no dense layers among expert layers",
    "qwen3-moe-raw": "as qwen3-moe",
}


def configure(case: cases.Case, hf) -> HookedTransformerConfig:
    layout = Layout(hf)
    kind = hf.model_type
    gpt2, neox = kind == "gpt2", kind == "gpt_neox"
    options = {
        "n_layers": hf.num_hidden_layers,
        "d_model": hf.hidden_size,
        "n_ctx": hf.max_position_embeddings,
        "d_head": layout.d_head,
        "n_heads": layout.heads,
        "d_mlp": (hf.n_inner or 4 * hf.hidden_size) if gpt2 else hf.intermediate_size,
        "d_vocab": hf.vocab_size,
        "act_fn": next(getattr(hf, key) for key in ("activation_function", "hidden_activation", "hidden_act") if getattr(hf, key, None)),
        "eps": getattr(hf, "rms_norm_eps", None) or getattr(hf, "layer_norm_eps", None) or hf.layer_norm_epsilon,
        "normalization_type": "LN" if gpt2 or neox else "RMS",
        "positional_embedding_type": "standard" if gpt2 else "rotary",
        "gated_mlp": not (gpt2 or neox),
        "parallel_attn_mlp": layout.parallel,
        "original_architecture": case.config["architectures"][0],
        "attn_scale": getattr(hf, "query_pre_attn_scalar", layout.d_head) ** 0.5,
        "scale_attn_by_inverse_layer_idx": getattr(hf, "scale_attn_by_inverse_layer_idx", False),
        "use_qk_norm": kind in ("qwen3", "gemma3_text"),
        "use_normalization_before_and_after": kind in ("gemma2", "gemma3_text"),
        "attn_scores_soft_cap": getattr(hf, "attn_logit_softcapping", None) or -1.0,
        "output_logits_soft_cap": getattr(hf, "final_logit_softcapping", None) or -1.0,
        "device": "cpu",
    }
    if layout.kv_heads != layout.heads or kind not in ("llama", "gpt2", "gpt_neox", "olmo2"):
        options["n_key_value_heads"] = layout.kv_heads
    if not gpt2:
        options["rotary_base"] = hf.rope_theta
        part = getattr(hf, "partial_rotary_factor", None) or 1.0
        options["rotary_dim"] = int(layout.d_head * part)
    if local := getattr(hf, "rope_local_base_freq", None):
        options["rotary_base_local"] = local
    scaling = getattr(hf, "rope_scaling", None) or {}
    if scaling.get("rope_type") == "llama3":
        options.update(
            use_NTK_by_parts_rope=True,
            NTK_by_parts_factor=scaling["factor"],
            NTK_by_parts_low_freq_factor=scaling["low_freq_factor"],
            NTK_by_parts_high_freq_factor=scaling["high_freq_factor"],
            NTK_original_ctx_len=scaling["original_max_position_embeddings"],
        )
    elif scaling.get("rope_type") == "linear":
        options["rotary_scaling_factor"] = scaling["factor"]
    window = getattr(hf, "sliding_window", None) if getattr(hf, "use_sliding_window", True) else None
    if window:
        kinds = getattr(hf, "layer_types", None) or ["sliding_attention"] * hf.num_hidden_layers
        options.update(
            use_local_attn=True,
            window_size=window,
            attn_types=["local" if one == "sliding_attention" else "global" for one in kinds],
        )
    if kind in ("mixtral", "olmoe"):
        options.update(
            num_experts=getattr(hf, "num_local_experts", None) or hf.num_experts,
            experts_per_token=hf.num_experts_per_tok,
            norm_topk_prob=getattr(hf, "norm_topk_prob", True),
        )
    return HookedTransformerConfig(**options)


def build(case: cases.Case) -> HookedTransformer:
    hf = load_model(case, FIXTURES / case.name / "checkpoint")
    cfg = configure(case, hf.config)
    lens = HookedTransformer(cfg)
    if hf.config.model_type == "olmoe":  # its conversion is written for experts stacked as in transformers 5
        for layer in hf.model.layers:
            experts = layer.mlp.experts
            experts.gate_up_proj = torch.stack([torch.cat([one.gate_proj.weight, one.up_proj.weight]) for one in experts])
            experts.down_proj = torch.stack([one.down_proj.weight for one in experts])
    weights = CONVERT[hf.config.model_type](hf, lens.cfg)
    if hf.config.model_type == "olmo2":  # its conversion knows no grouped heads
        for index, layer in enumerate(hf.model.layers):
            for letter, name in (("K", "k_proj"), ("V", "v_proj")):
                at = f"blocks.{index}.attn."
                matrix = getattr(layer.self_attn, name).weight
                weights[f"{at}_W_{letter}"] = matrix.reshape(cfg.n_key_value_heads, cfg.d_head, -1).transpose(1, 2)
                weights[f"{at}_b_{letter}"] = torch.zeros(cfg.n_key_value_heads, cfg.d_head)
                del weights[f"{at}W_{letter}"], weights[f"{at}b_{letter}"]
    result = lens.load_state_dict(weights, strict=False)
    buffers = {name for name, _ in lens.named_buffers()}
    left = [name for name in result.missing_keys if name not in buffers and not re.search(r"\.b_\w+$", name)]
    assert not left, f"{case.name}: no weights for {left}"
    lens.set_use_attn_result(True)
    return lens.eval()


# What is known to differ: which of our points, in which families, why, and how theirs is turned into ours.
Q_NORM = (
    r"attn\.[qk]_norm\.",
    ("qwen3", "gemma3_text"),
    "TransformerLens flattens batch, position and head into one axis before the norm: [pos * head, d_head] and [pos * head, 1]",
    lambda name, cache, ours: cache[name].reshape(ours.shape),
)
OLMO_NORM = (
    r"attn\.[qk]_norm\.hook_normalized",
    ("olmo2", "olmoe"),
    "the norm spans all heads: TransformerLens keeps [pos, head * d_head], we write [pos, head, d_head]",
    lambda name, cache, ours: cache[name].reshape(ours.shape),
)
OLMO_POST = (
    r"blocks\.\d+\.ln[12]_post\.",
    ("olmo2",),
    "TransformerLens calls OLMo 2's norms after attention and MLP ln1 and ln2; we keep Gemma's names for post-norms, "
    "ln1_post and ln2_post, and have no ln1 and ln2",
    lambda name, cache, ours: cache[name.replace("_post", "")][0],
)
OLMO_OUT = (
    r"blocks\.\d+\.hook_(attn|mlp)_out",
    ("olmo2",),
    "in OLMo 2 TransformerLens takes hook_attn_out and hook_mlp_out before the post-norm, so that they are not what is added "
    "to the stream; ours come after it, as in TransformerLens's Gemma 2",
    None,
)
EXPERT_WEIGHTS = (
    r"mlp\.hook_expert_weights",
    ("mixtral", "olmoe"),
    "TransformerLens hooks the softmax over all experts, [pos, expert], before the choice and its normalisation; ours are the "
    "weights that the chosen experts' outputs are multiplied by, [pos, expert per token], largest first",
    "weights",
)
EXPERTS = (
    r"mlp\.experts\.\d+\.",
    ("mixtral", "olmoe"),
    "TransformerLens runs an expert on the rows routed to it and calls the gate's pre-activation hook_gate and the other branch "
    "hook_pre; ours are [pos, d_mlp] with zeros where the expert is not chosen, hook_pre for the gate and hook_pre_linear "
    "for the other branch, as in a dense gated MLP",
    "experts",
)
LOGITS = (
    r"^unembed\.hook_out$",
    ("gemma2",),
    "TransformerLens hooks unembed.hook_out before the soft-cap on logits; the fixtures hold the logits after it",
    lambda name, cache, ours: soft_cap(cache[name][0], cases.CASES["gemma2"].config["final_logit_softcapping"]),
)
KNOWN = [LOGITS, Q_NORM, OLMO_NORM, OLMO_POST, OLMO_OUT, EXPERT_WEIGHTS, EXPERTS]

CONVENTIONS = [
    "TransformerLens's tensors carry a leading batch axis; ours of one prompt do not. hook_expert_indices and "
    "hook_expert_weights have batch and position flattened there.",
    "unembed.hook_in is what the unembedding multiplies: after the final norm's weight and bias, in both.",
    "hook_scale is the denominator, sqrt(mean(x^2) + eps) for RMSNorm and sqrt(var + eps) for LayerNorm; hook_normalized is "
    "(x - mean) / scale or x / scale, before the weight and the bias, in both.",
    "hook_attn_scores are scaled and soft-capped in both; TransformerLens hooks them after the mask (-inf where masked), the "
    "fixtures hold 0 there.",
    "hook_k, hook_v and hook_rot_k have key/value heads in both, unless ungroup_grouped_query_attention is set there.",
    "hook_q and hook_k come before q/k norm and rotary in both, also where they carry a bias.",
    "hook_result exists there only with use_attn_result; the output bias is not part of it in either.",
    "For Gemma, hook_embed is after the scaling by sqrt(d_model) in both (there the scale is folded into W_E).",
    "Gemma's norm weights there are 1 + weight; the points do not show it.",
]


def theirs(name: str, family: str, cache, ours, everything):
    """Their tensor in our shape, and the reason if that took more than dropping the batch axis."""
    for pattern, families, reason, turn in KNOWN:
        if family in families and re.search(pattern, name):
            if turn is None:
                return None, reason
            if turn == "weights":
                index = everything[name.replace("weights", "indices")].long()
                value = cache[name].gather(1, index)
                return (value / value.sum(-1, keepdim=True) if everything["norm_topk_prob"] else value), reason
            if turn == "experts":
                expert = int(re.search(r"experts\.(\d+)", name)[1])
                index = everything[re.sub(r"experts\.\d+\..*", "hook_expert_indices", name)]
                rows = (index == expert).T.nonzero()[:, 1]  # by rank first, then by position
                source = name.replace("hook_pre_linear", "hook_PRE").replace("hook_pre", "hook_gate").replace("hook_PRE", "hook_pre")
                value = torch.zeros_like(ours)
                if len(rows):
                    value[rows] = cache[source]
                return value, reason
            return turn(name, cache, ours), reason
    value = cache[name] if name in cache else None
    if value is None:
        return None, None
    if value.dim() == ours.dim() + 1:
        value = value[0]
    if name.endswith("hook_attn_scores"):
        value = torch.where(torch.isinf(value), torch.zeros_like(value), value)
    return value, None


def soft_cap(value: torch.Tensor, cap: float) -> torch.Tensor:
    return cap * torch.tanh(value / cap)


def compare(case: cases.Case) -> dict:
    lens = build(case)
    reference = load(gzip.decompress((FIXTURES / case.name / "reference.safetensors.gz").read_bytes()))
    family = case.config["model_type"]
    agree: dict[str, list[int]] = {}
    differ: dict[str, dict] = {}
    worst = 0.0
    for index in range(len(case.lengths)):
        everything = {name.split("/", 1)[1]: value for name, value in reference.items() if name.startswith(f"{index}/")}
        everything["norm_topk_prob"] = case.config.get("norm_topk_prob", True)
        everything["unembed.hook_out"] = everything["logits"]
        ids = everything["ids"].long()[None]
        with torch.no_grad():
            logits, cache = lens.run_with_cache(ids)
        for name, ours in everything.items():
            if name in ("ids", "norm_topk_prob"):
                continue
            if name == "logits":
                value, reason = logits[0], None
            else:
                value, reason = theirs(name, family, cache, ours, everything)
            label = re.sub(r"experts\.\d+", "experts.E", re.sub(r"blocks\.\d+", "blocks.L", name))
            assert value is not None or reason, f"{case.name}: TransformerLens has no {name}"
            same = None
            if value is not None:
                assert value.shape == ours.shape, f"{case.name}: {name} is {tuple(value.shape)} there, {tuple(ours.shape)} here"
                off = (value.float() - ours.float()).abs().max().item() / max(1.0, ours.float().abs().max().item())
                same = off <= TOLERANCE
                assert same, f"{case.name}: {name} is off by {off:.1e}"
                worst = max(worst, off)
            if reason:
                differ[label] = {"reason": reason, "equalOnceTranslated": bool(same)}
            elif index == 0:
                agree[label] = list(ours.shape)
        ours_labels = {re.sub(r"blocks\.\d+", "blocks.L", name) for name in everything}
        extra = sorted({re.sub(r"experts\.\d+", "experts.E", re.sub(r"blocks\.\d+", "blocks.L", name)) for name in cache.keys()}
                       - ours_labels - {re.sub(r"experts\.\d+", "experts.E", one) for one in ours_labels})
    print(f"{case.name:22} {len(agree):3} agree, {len(differ):2} differ, worst {worst:.1e}, only there: {' '.join(extra)}")
    return {"agree": dict(sorted(agree.items())), "differ": dict(sorted(differ.items())), "onlyInTransformerLens": extra, "worst": float(f"{worst:.1e}")}


def main() -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    out = {
        "transformerLens": version("transformer_lens"),
        "what": f"the fixtures' points against HookedTransformer with the same weights, nothing folded or centred; agreement is "
        f"within {TOLERANCE} times max(1, the point's largest magnitude). L is any layer, E any expert; shapes are the first prompt's.",
        "conventions": CONVENTIONS,
        "cases": {},
        "notExpressible": CANNOT,
    }
    for name, case in cases.CASES.items():
        if name not in CANNOT:
            out["cases"][name] = compare(case)
    text = json.dumps(out, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\s+([\d,\s]+?)\s+\]", lambda match: "[" + re.sub(r"\s+", " ", match[1]) + "]", text)
    (FIXTURES / "transformer-lens.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

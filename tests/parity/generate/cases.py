"""The cases: a tiny config of each family and branch, and the random weights of its checkpoint.

Sizes are odd on purpose, and epsilons, rope bases and soft-caps are far from the published ones, so that an
implementation that drops or misreads any of them misses the reference by orders of magnitude.
"""

import json
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM


@dataclass
class Case:
    name: str
    exercises: str
    config: dict
    lengths: tuple[int, int] = (6, 11)
    dtype: torch.dtype = torch.float32
    shards: int = 1
    # Which stored name a tensor of the model gets; None leaves it out.
    rename: Callable[[str], str | None] = lambda name: name
    # Tensors that published checkpoints also hold and a reader must pass over.
    extra: Callable[[], dict[str, torch.Tensor]] = dict
    # config.json where it differs from `config` (the wrapper of a multimodal checkpoint).
    wrap: Callable[[dict], dict] = lambda config: config
    # Takes the weights of another case, so that two storages of one model can be compared.
    weights_of: str | None = None

    @property
    def seed(self) -> int:
        return zlib.crc32((self.weights_of or self.name).encode())


CASES: dict[str, Case] = {}


def case(name: str, exercises: str, config: dict, **more) -> None:
    CASES[name] = Case(name, exercises, config, **more)


def llama_like(model_type: str, architecture: str, **more) -> dict:
    config = {
        "architectures": [architecture],
        "model_type": model_type,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
        "hidden_size": 24,
        "initializer_range": 0.02,
        "intermediate_size": 38,
        "max_position_embeddings": 64,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 0.03,
        "rope_theta": 100.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "use_cache": True,
        "vocab_size": 59,
    }
    config.update(more)
    return {key: value for key, value in config.items() if value is not DROP}


DROP = object()


def llama(**more) -> dict:
    return llama_like("llama", "LlamaForCausalLM", **more)


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 6.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 40,
}

# ---- Llama ---------------------------------------------------------------------------------------------------

case(
    "llama-gqa-tied",
    "grouped-query attention (4 heads on 2), tied embeddings, no lm_head in the file",
    llama(tie_word_embeddings=True, attention_bias=False, mlp_bias=False, rope_scaling=None),
)
case(
    "llama-mha-untied",
    "an old Llama config that leaves num_key_value_heads, head_dim, rope_theta and the biases to their defaults; "
    "3 layers; rotary_emb.inv_freq buffers in the file, to be passed over",
    llama(num_key_value_heads=DROP, rope_theta=DROP, num_hidden_layers=3, intermediate_size=33, vocab_size=53,
          hidden_size=30, num_attention_heads=5),
    extra=lambda: {
        f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": 1 / 10000 ** (torch.arange(0, 6, 2) / 6)
        for layer in range(3)
    },
)
case(
    "llama-bias",
    "biases in q, k, v, o and in gate, up, down; 6 heads on 3",
    llama(attention_bias=True, mlp_bias=True, hidden_size=30, num_attention_heads=3, num_key_value_heads=1),
)
case(
    "llama3-rope",
    "rope_scaling llama3 whose frequencies fall in all three bands (kept, interpolated, divided)",
    llama(rope_scaling=LLAMA3, hidden_size=32, num_attention_heads=2, num_key_value_heads=1, rope_theta=200.0),
    lengths=(7, 17),
)
case(
    "llama-linear-rope",
    "rope_scaling linear, in the old spelling (type) of the key",
    llama(rope_scaling={"type": "linear", "factor": 2.5}),
)
case(
    "llama-headdim",
    "explicit head_dim 10 where hidden_size / heads is 6; multi-query attention (one key/value head)",
    llama(head_dim=10, num_key_value_heads=1),
)
case("llama-bf16", "weights stored as BF16", llama(torch_dtype="bfloat16", rope_theta=500.0), dtype=torch.bfloat16)
case("llama-f16", "weights stored as F16", llama(torch_dtype="float16", rope_theta=500.0), dtype=torch.float16)
case(
    "llama-sharded",
    "the checkpoint of llama-gqa-tied in two shards with an index file",
    CASES["llama-gqa-tied"].config,
    shards=2,
    weights_of="llama-gqa-tied",
)

# ---- Mistral -------------------------------------------------------------------------------------------------


def mistral(**more) -> dict:
    return llama_like("mistral", "MistralForCausalLM", **{"head_dim": 8, "sliding_window": None, **more})


case("mistral", "explicit head_dim (query width 32, hidden_size 24), no window", mistral())
case(
    "mistral-window",
    "sliding_window 4 on every layer, prompts longer than it; head_dim null",
    mistral(sliding_window=4, head_dim=None, num_hidden_layers=3),
)


def mistral3(text: dict) -> dict:
    inner = {key: value for key, value in text.items() if key not in ("architectures", "torch_dtype")}
    return {
        "architectures": ["Mistral3ForConditionalGeneration"],
        "model_type": "mistral3",
        "image_token_index": 10,
        "multimodal_projector_bias": False,
        "projector_hidden_act": "gelu",
        "spatial_merge_size": 2,
        "text_config": inner,
        "torch_dtype": "float32",
        "vision_config": {
            "model_type": "pixtral",
            "head_dim": 4,
            "hidden_act": "gelu",
            "hidden_size": 8,
            "image_size": 28,
            "intermediate_size": 12,
            "num_attention_heads": 2,
            "num_channels": 3,
            "num_hidden_layers": 1,
            "patch_size": 14,
            "rope_theta": 10000.0,
        },
        "vision_feature_layer": -1,
    }


case(
    "mistral3-text",
    "the text part of a Mistral-3 checkpoint: text_config inside config.json, names under language_model., vision "
    "tensors to be passed over; weights of the mistral case",
    CASES["mistral"].config,
    wrap=mistral3,
    rename=lambda name: "language_model." + name,
    extra=lambda: {
        "vision_tower.ln_pre.weight": torch.ones(8),
        "multi_modal_projector.linear_1.weight": torch.zeros(24, 8),
    },
    weights_of="mistral",
)

# ---- Qwen ----------------------------------------------------------------------------------------------------


def qwen2(**more) -> dict:
    base = {"hidden_size": 28, "num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 0.02,
            "sliding_window": 4, "max_window_layers": 1, "use_sliding_window": False}
    return llama_like("qwen2", "Qwen2ForCausalLM", **{**base, **more})


case(
    "qwen2",
    "biases on q, k, v and none on o; tied; use_sliding_window false, so the sliding_window in the config has no effect",
    qwen2(tie_word_embeddings=True),
)
case(
    "qwen2-window",
    "use_sliding_window true: layers from max_window_layers on see a window of 4, layer 0 sees all; untied",
    qwen2(use_sliding_window=True, num_hidden_layers=3),
)
case(
    "qwen3",
    "RMSNorm on each head's q and k before rotary; head_dim 8 is explicit; tied",
    llama_like("qwen3", "Qwen3ForCausalLM", head_dim=8, attention_bias=False, tie_word_embeddings=True,
               max_window_layers=2, sliding_window=None, use_sliding_window=False, rope_scaling=None),
)


def qwen3_moe(**more) -> dict:
    base = {
        "attention_bias": False, "decoder_sparse_step": 1, "head_dim": 8, "mlp_only_layers": [],
        "moe_intermediate_size": 14, "norm_topk_prob": True, "num_experts": 6, "num_experts_per_tok": 3,
        "output_router_logits": False, "router_aux_loss_coef": 0.001, "sliding_window": None, "use_sliding_window": False,
    }
    return llama_like("qwen3_moe", "Qwen3MoeForCausalLM", **{**base, **more})


case(
    "qwen3-moe",
    "3 of 6 experts, norm_topk_prob true; layer 1 is dense through mlp_only_layers",
    qwen3_moe(mlp_only_layers=[1], num_hidden_layers=3),
)
case(
    "qwen3-moe-raw",
    "norm_topk_prob false: the chosen experts' weights do not sum to 1; decoder_sparse_step 2 leaves layer 0 dense",
    qwen3_moe(norm_topk_prob=False, decoder_sparse_step=2),
)

# ---- SmolLM3 -------------------------------------------------------------------------------------------------

case(
    "smollm3",
    "no_rope_layers [1, 0, 1]: layer 1 has no rotary (1 means that the layer has it); tied",
    llama_like("smollm3", "SmolLM3ForCausalLM", num_hidden_layers=3, no_rope_layers=[1, 0, 1], no_rope_layer_interval=2,
               attention_bias=False, mlp_bias=False, tie_word_embeddings=True, pad_token_id=3, rope_theta=50.0,
               layer_types=["full_attention"] * 3, use_sliding_window=False, sliding_window=None),
)

# ---- GPT-2 ---------------------------------------------------------------------------------------------------


def gpt2(**more) -> dict:
    return {
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 1,
        "embd_pdrop": 0.1, "eos_token_id": 1, "initializer_range": 0.02, "layer_norm_epsilon": 0.05, "model_type": "gpt2",
        "n_ctx": 24, "n_embd": 24, "n_head": 3, "n_layer": 2, "n_positions": 24, "resid_pdrop": 0.1, "vocab_size": 61,
        **more,
    }


case(
    "gpt2",
    "LayerNorm, learned positions, fused and transposed weights, gelu_new, tied; names without a prefix and with the "
    "attn.bias mask buffers, as the published file has them",
    gpt2(),
    rename=lambda name: name.removeprefix("transformer."),
    extra=lambda: {f"h.{layer}.attn.bias": torch.tril(torch.ones(1, 1, 24, 24)) for layer in range(2)},
)
case(
    "gpt2-inverse-layer",
    "scale_attn_by_inverse_layer_idx, odd n_inner, exact gelu, names under transformer.",
    gpt2(scale_attn_by_inverse_layer_idx=True, n_inner=35, activation_function="gelu", n_layer=3),
)

# ---- GPT-NeoX ------------------------------------------------------------------------------------------------


def neox(**more) -> dict:
    return {
        "architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu",
        "hidden_size": 32, "initializer_range": 0.02, "intermediate_size": 45, "layer_norm_eps": 0.05,
        "max_position_embeddings": 32, "model_type": "gpt_neox", "num_attention_heads": 2, "num_hidden_layers": 2,
        "rotary_emb_base": 40, "rotary_pct": 0.25, "tie_word_embeddings": False, "torch_dtype": "float32",
        "use_cache": True, "use_parallel_residual": True, "vocab_size": 51, **more,
    }


case(
    "gpt-neox-parallel",
    "parallel residual, rotary on the first quarter of each head, qkv interleaved by head, biases; mask and inv_freq "
    "buffers in the file, to be passed over",
    neox(),
    extra=lambda: {
        "gpt_neox.layers.0.attention.bias": torch.tril(torch.ones(1, 1, 32, 32)).bool(),
        "gpt_neox.layers.0.attention.masked_bias": torch.tensor(-1e9),
        "gpt_neox.layers.0.attention.rotary_emb.inv_freq": torch.ones(2),
    },
)
case(
    "gpt-neox-sequential",
    "use_parallel_residual false; rotary_pct 0.5 of heads of 8",
    neox(use_parallel_residual=False, rotary_pct=0.5, num_attention_heads=3, hidden_size=24),
)

# ---- Phi-3 ---------------------------------------------------------------------------------------------------


def phi3(**more) -> dict:
    return llama_like(
        "phi3", "Phi3ForCausalLM",
        **{"original_max_position_embeddings": 64, "pad_token_id": 3, "rope_scaling": None, "sliding_window": 7,
           "hidden_size": 32, "attention_bias": False, "embd_pdrop": 0.0, "resid_pdrop": 0.0, **more},
    )


case(
    "phi3",
    "fused qkv_proj and gate_up_proj, grouped heads, rotary on half of each head, sliding_window 7",
    phi3(partial_rotary_factor=0.5),
)
case(
    "phi3-longrope",
    "longrope: the 6-token prompt uses short_factor, the 13-token one (over the original 8) long_factor; both scaled by "
    "the attention factor",
    phi3(rope_scaling={"type": "longrope", "short_factor": [1.1, 1.3, 1.7, 2.3], "long_factor": [1.5, 2.5, 4.0, 7.0]},
         original_max_position_embeddings=8, max_position_embeddings=32, sliding_window=None),
    lengths=(6, 13),
)

# ---- Gemma ---------------------------------------------------------------------------------------------------


def gemma(model_type: str, architecture: str, **more) -> dict:
    base = {
        "attention_bias": False, "head_dim": 8, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
        "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2, "rms_norm_eps": 0.02, "tie_word_embeddings": DROP,
    }
    return llama_like(model_type, architecture, **{**base, **more})


case(
    "gemma",
    "embeddings scaled by sqrt(d_model), norms that multiply by 1 + weight, GELU-gated MLP, one key/value head, head_dim 8 "
    "where hidden_size / heads is 6; tied by default",
    gemma("gemma", "GemmaForCausalLM", num_key_value_heads=1),
)
case(
    "gemma2",
    "post-norms, soft-caps on scores and logits, layers 0 and 2 with a window of 4, query_pre_attn_scalar 12 where "
    "head_dim is 8",
    gemma("gemma2", "Gemma2ForCausalLM", num_hidden_layers=3, attn_logit_softcapping=3.0, final_logit_softcapping=9.0,
          query_pre_attn_scalar=12, sliding_window=4, cache_implementation="hybrid", intermediate_size=27),
)


def gemma3(**more) -> dict:
    base = {
        "num_hidden_layers": 4, "query_pre_attn_scalar": 12, "sliding_window": 4, "rope_local_base_freq": 20.0,
        "rope_theta": 3000.0, "final_logit_softcapping": None, "attn_logit_softcapping": None, "rope_scaling": None,
        "intermediate_size": 27, "hidden_act": DROP,
    }
    return gemma("gemma3_text", "Gemma3ForCausalLM", **{**base, **more})


case(
    "gemma3",
    "sliding_window_pattern 3: layers 0, 1, 3 local (window 4, local rope base), layer 2 global (rope_theta); q/k norm "
    "with 1 + weight; post-norms",
    gemma3(sliding_window_pattern=3),
)
case(
    "gemma3-linear",
    "layer_types spelled out, linear rope scaling on the global layer only",
    gemma3(num_hidden_layers=2, layer_types=["full_attention", "sliding_attention"],
           rope_scaling={"rope_type": "linear", "factor": 8.0}, rope_theta=100.0),
)

# ---- OLMo 2, mixtures ----------------------------------------------------------------------------------------

case(
    "olmo2",
    "no pre-norms; norms after attention and MLP; q/k norm over the whole projected width (grouped heads, so the two "
    "widths differ)",
    llama_like("olmo2", "Olmo2ForCausalLM", attention_bias=False, pad_token_id=1, rope_scaling=None),
)
case(
    "mixtral",
    "2 of 5 experts, weights normalised over the chosen; names block_sparse_moe.experts.E.w1/w2/w3",
    llama_like("mixtral", "MixtralForCausalLM", intermediate_size=18, num_experts_per_tok=2, num_local_experts=5,
               output_router_logits=False, router_aux_loss_coef=0.02, sliding_window=None),
)
case(
    "olmoe",
    "3 of 5 experts with norm_topk_prob false; q/k norm over the whole width, grouped heads; pre-norms",
    llama_like("olmoe", "OlmoeForCausalLM", attention_bias=False, clip_qkv=None, intermediate_size=14, norm_topk_prob=False,
               num_experts=5, num_experts_per_tok=3, output_router_logits=False, pad_token_id=1, rope_scaling=None,
               router_aux_loss_coef=0.01),
)
case(
    "olmoe-normalised",
    "norm_topk_prob true",
    {**CASES["olmoe"].config, "norm_topk_prob": True, "num_hidden_layers": 1},
)


# ---- Weights -------------------------------------------------------------------------------------------------


def random_weight(name: str, shape: torch.Size, config, rng: torch.Generator) -> torch.Tensor:
    """Scaled so that patterns are far from uniform and logits have a magnitude of about 1 to 10."""
    normal = lambda *size: torch.randn(*size, generator=rng)
    one_plus = config.model_type.startswith("gemma")
    if len(shape) == 1:
        if name.endswith("bias"):
            return 0.4 * normal(*shape)
        weight = 0.5 + 1.3 * torch.rand(*shape, generator=rng)
        weight = torch.where(torch.rand(*shape, generator=rng) < 0.1, -weight, weight)
        return weight - 1 if one_plus else weight
    transposed = config.model_type == "gpt2" and ("c_attn" in name or "c_proj" in name or "c_fc" in name)
    fan_in = shape[0] if transposed else shape[-1]
    if any(part in name for part in ("embed_tokens", "wte", "embed_in")):
        if one_plus:
            return 0.5 * normal(*shape)
        return (0.6 if config.tie_word_embeddings else 1.0) * normal(*shape)
    if "wpe" in name:
        return 0.6 * normal(*shape)
    gain = 1.0
    if any(part in name for part in ("q_proj", "k_proj", "qkv", "query_key_value", "c_attn")):
        gain = 2.2 if getattr(config, "scale_attn_by_inverse_layer_idx", False) else 1.3
    elif any(part in name for part in ("lm_head", "embed_out")):
        gain = 2.5
    elif name.endswith("gate.weight"):
        gain = 1.5
    return gain * normal(*shape) / math.sqrt(fan_in)


def build(case: Case, folder: Path) -> None:
    """Writes config.json and the weights of a case to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = AutoConfig.for_model(**{key: value for key, value in case.config.items() if key != "architectures"})
    model = AutoModelForCausalLM.from_config(config)
    tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
    rng = torch.Generator().manual_seed(case.seed)
    tensors = {
        name: random_weight(name, value.shape, config, rng)
        for name, value in sorted(model.state_dict().items())
        if name not in tied
    }
    stored = {case.rename(name): value.to(case.dtype).contiguous() for name, value in tensors.items()}
    stored.update(case.extra())
    (folder / "config.json").write_text(json.dumps(case.wrap(case.config), indent=2) + "\n")
    names = sorted(stored)
    if case.shards == 1:
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map = {}
    for shard in range(case.shards):
        part = names[shard :: case.shards]
        file = f"model-{shard + 1:05d}-of-{case.shards:05d}.safetensors"
        save_file({name: stored[name] for name in part}, folder / file, metadata={"format": "pt"})
        weight_map.update({name: file for name in part})
    total = sum(value.numel() * value.element_size() for value in stored.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def prompts(case: Case):
    """Pairs of prompts, the first pair to be taken unless the reference says that a router is undecided on it."""
    rng = torch.Generator().manual_seed(case.seed ^ 0x5EED)
    while True:
        yield [torch.randint(0, case.config["vocab_size"], (length,), generator=rng) for length in case.lengths]

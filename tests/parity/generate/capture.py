"""Reference activations of a transformers model, at TransformerLens's hook points and without a batch axis."""

import sys
from contextlib import contextmanager

import torch
import torch.nn.functional as F

MASKED = -1e30


class TooClose(Exception):
    """A router's choice that rounding could turn: the prompt is no good for a fixture."""


class Layout:
    """Where one family keeps what: module paths, seen from the model that has the language model head."""

    def __init__(self, config):
        kind = config.model_type
        self.kind = kind
        self.gpt2, self.neox, self.phi3 = kind == "gpt2", kind == "gpt_neox", kind == "phi3"
        self.base = "transformer" if self.gpt2 else "gpt_neox" if self.neox else "model"
        self.embed = f"{self.base}.{'wte' if self.gpt2 else 'embed_in' if self.neox else 'embed_tokens'}"
        self.layers = f"{self.base}.{'h' if self.gpt2 else 'layers'}"
        self.final = f"{self.base}.{'ln_f' if self.gpt2 else 'final_layer_norm' if self.neox else 'norm'}"
        self.head = "embed_out" if self.neox else "lm_head"
        self.attn = "attn" if self.gpt2 else "attention" if self.neox else "self_attn"
        self.mlp = "block_sparse_moe" if kind == "mixtral" else "mlp"
        self.out = f"{self.attn}.{'c_proj' if self.gpt2 else 'dense' if self.neox else 'o_proj'}"
        self.parallel = self.neox and config.use_parallel_residual
        if self.gpt2:
            self.norms = {"ln1": "ln_1", "ln2": "ln_2"}
        elif kind in ("gemma2", "gemma3_text"):
            self.norms = {
                "ln1": "input_layernorm",
                "ln1_post": "post_attention_layernorm",
                "ln2": "pre_feedforward_layernorm",
                "ln2_post": "post_feedforward_layernorm",
            }
        elif kind == "olmo2":
            self.norms = {"ln1_post": "post_attention_layernorm", "ln2_post": "post_feedforward_layernorm"}
        else:
            self.norms = {"ln1": "input_layernorm", "ln2": "post_attention_layernorm"}
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.d_head = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.whole_width_norm = kind in ("olmo2", "olmoe")


class Capture:
    """One forward pass. Values are read inside transformers; only norms' insides and `hook_result` are recomputed."""

    def __init__(self, model):
        self.model = model
        self.layout = Layout(model.config)
        self.points: dict[str, torch.Tensor] = {}
        self.layer: int | None = None

    def put(self, name: str, value: torch.Tensor) -> None:
        assert name not in self.points, f"{name} fired twice"
        self.points[name] = value.detach().clone()

    def norm(self, name: str, module, x: torch.Tensor, y: torch.Tensor, shape=None) -> None:
        eps = getattr(module, "variance_epsilon", None) or module.eps
        x = x[0]
        centred = x - x.mean(-1, keepdim=True) if isinstance(module, torch.nn.LayerNorm) else x
        scale = (centred.pow(2).mean(-1, keepdim=True) + eps).sqrt()
        normalized = centred / scale
        weight = 1 + module.weight if "Gemma" in type(module).__name__ else module.weight
        again = normalized * weight + (getattr(module, "bias", None) if isinstance(module, torch.nn.LayerNorm) else 0)
        close(again, y[0], name)
        self.put(f"{name}.hook_scale", scale)
        self.put(f"{name}.hook_normalized", normalized if shape is None else normalized.reshape(shape))

    def run(self, ids: torch.Tensor) -> dict[str, torch.Tensor]:
        model, layout = self.model, self.layout
        get = model.get_submodule
        handles = []

        def on(path, hook):
            handles.append(get(path).register_forward_hook(hook, with_kwargs=True))

        def before(path, hook):
            handles.append(get(path).register_forward_pre_hook(hook, with_kwargs=True))

        def first(value):
            return value[0] if isinstance(value, tuple) else value

        def given(args, kwargs):
            return args[0] if args else kwargs["hidden_states"]

        on(layout.embed, lambda m, a, k, y: self.put("hook_embed", y[0]))
        if layout.gpt2:
            on(f"{layout.base}.wpe", lambda m, a, k, y: self.put("hook_pos_embed", y.reshape(-1, y.shape[-1])))
        on(layout.final, lambda m, a, k, y: self.norm("ln_final", m, a[0], y))
        before(layout.head, lambda m, a, k: self.put("unembed.hook_in", a[0][0]))
        for index in range(model.config.num_hidden_layers):
            self.watch_layer(index, on, before, first, given)

        modeling = sys.modules[type(model).__module__]
        softmax, rotate = F.softmax, getattr(modeling, "apply_rotary_pos_emb", None)

        def watched_softmax(x, *args, **kwargs):
            y = softmax(x, *args, **kwargs)
            if self.layer is not None:
                at = f"blocks.{self.layer}.attn"
                self.put(f"{at}.hook_attn_scores", torch.where(x[0] < MASKED, torch.zeros_like(x[0]), x[0]))
                self.put(f"{at}.mask", x[0] >= MASKED)
                self.put(f"{at}.hook_pattern", y[0])
            return y

        def watched_rotate(q, k, *args, **kwargs):
            q, k = rotate(q, k, *args, **kwargs)
            at = f"blocks.{self.layer}.attn"
            self.put(f"{at}.hook_rot_q", q[0].transpose(0, 1))
            self.put(f"{at}.hook_rot_k", k[0].transpose(0, 1))
            return q, k

        F.softmax = watched_softmax
        if rotate:
            modeling.apply_rotary_pos_emb = watched_rotate
        try:
            with torch.no_grad():
                logits = model(ids[None], use_cache=False).logits[0]
        finally:
            F.softmax = softmax
            if rotate:
                modeling.apply_rotary_pos_emb = rotate
            for handle in handles:
                handle.remove()
        if model.config.model_type in ("gemma", "gemma2"):
            # The embedding module's output comes before the scaling; the stream starts after it.
            self.points["hook_embed"] = self.points["blocks.0.hook_resid_pre"].clone()
        self.put("logits", logits)
        return self.points

    def watch_layer(self, index, on, before, first, given) -> None:
        layout, model = self.layout, self.model
        at = f"blocks.{index}"
        path = f"{layout.layers}.{index}"
        block = model.get_submodule(path)
        heads, kv_heads, d_head = layout.heads, layout.kv_heads, layout.d_head

        before(path, lambda m, a, k: self.put(f"{at}.hook_resid_pre", given(a, k)[0]))
        on(path, lambda m, a, k, y: self.put(f"{at}.hook_resid_post", first(y)[0]))

        def enter(m, a, k):
            self.layer = index

        def leave(m, a, k, y):
            self.layer = None
            if "ln1_post" not in layout.norms:
                self.put(f"{at}.hook_attn_out", first(y)[0])

        before(f"{path}.{layout.attn}", enter)
        on(f"{path}.{layout.attn}", leave)
        for name, where in layout.norms.items():
            on(f"{path}.{where}", lambda m, a, k, y, name=name: self.norm(f"{at}.{name}", m, a[0], y))
        if "ln1_post" in layout.norms:
            on(f"{path}.{layout.norms['ln1_post']}", lambda m, a, k, y: self.put(f"{at}.hook_attn_out", y[0]))
            on(f"{path}.{layout.norms['ln2_post']}", lambda m, a, k, y: self.put(f"{at}.hook_mlp_out", y[0]))
        else:
            on(f"{path}.{layout.mlp}", lambda m, a, k, y: self.put(f"{at}.hook_mlp_out", first(y)[0]))
        if not layout.parallel:
            where = layout.norms.get("ln2", layout.mlp)
            before(f"{path}.{where}", lambda m, a, k: self.put(f"{at}.hook_resid_mid", given(a, k)[0]))

        # Attention
        def qkv(q, k, v):
            self.put(f"{at}.attn.hook_q", q.reshape(-1, heads, d_head))
            self.put(f"{at}.attn.hook_k", k.reshape(-1, kv_heads, d_head))
            self.put(f"{at}.attn.hook_v", v.reshape(-1, kv_heads, d_head))

        attn = f"{path}.{layout.attn}"
        if layout.gpt2:
            on(f"{attn}.c_attn", lambda m, a, k, y: qkv(*y[0].chunk(3, dim=-1)))
        elif layout.neox:
            on(f"{attn}.query_key_value",
               lambda m, a, k, y: qkv(*y[0].reshape(-1, heads, 3, d_head).unbind(2)))
        elif layout.phi3:
            on(f"{attn}.qkv_proj",
               lambda m, a, k, y: qkv(*y[0].split([heads * d_head, kv_heads * d_head, kv_heads * d_head], dim=-1)))
        else:
            for letter, count in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
                on(f"{attn}.{letter}_proj", lambda m, a, k, y, letter=letter, count=count: self.put(
                    f"{at}.attn.hook_{letter}", y[0].reshape(-1, count, d_head)))
        if hasattr(block.get_submodule(layout.attn), "q_norm"):
            for letter, count in (("q", heads), ("k", kv_heads)):
                def norm(m, a, k, y, letter=letter, count=count):
                    x = a[0]
                    if model.config.model_type == "gemma3_text":  # normed after the move of the head axis
                        x, y = x.transpose(1, 2), y.transpose(1, 2)
                    self.norm(f"{at}.attn.{letter}_norm", m, x, y, (-1, count, d_head))
                on(f"{attn}.{letter}_norm", norm)

        def out(m, a, k):
            z = a[0][0].reshape(-1, heads, d_head)
            weight = m.weight if layout.gpt2 else m.weight.T  # [head * d_head, d_model]
            self.put(f"{at}.attn.hook_z", z)
            result = torch.einsum("phd,hdm->phm", z, weight.reshape(heads, d_head, -1))
            self.put(f"{at}.attn.hook_result", result)

        before(f"{path}.{layout.out}", out)

        # MLP
        mlp = f"{path}.{layout.mlp}"
        module = model.get_submodule(mlp)
        if hasattr(module, "experts"):
            self.watch_experts(at, mlp, module, on, before, given)
        elif layout.gpt2 or layout.neox:
            up, down = ("c_fc", "c_proj") if layout.gpt2 else ("dense_h_to_4h", "dense_4h_to_h")
            on(f"{mlp}.{up}", lambda m, a, k, y: self.put(f"{at}.mlp.hook_pre", y[0]))
            before(f"{mlp}.{down}", lambda m, a, k: self.put(f"{at}.mlp.hook_post", a[0][0]))
        elif layout.phi3:
            def gate_up(m, a, k, y):
                gate, up = y[0].chunk(2, dim=-1)
                self.put(f"{at}.mlp.hook_pre", gate)
                self.put(f"{at}.mlp.hook_pre_linear", up)
            on(f"{mlp}.gate_up_proj", gate_up)
            before(f"{mlp}.down_proj", lambda m, a, k: self.put(f"{at}.mlp.hook_post", a[0][0]))
        else:
            on(f"{mlp}.gate_proj", lambda m, a, k, y: self.put(f"{at}.mlp.hook_pre", y[0]))
            on(f"{mlp}.up_proj", lambda m, a, k, y: self.put(f"{at}.mlp.hook_pre_linear", y[0]))
            before(f"{mlp}.down_proj", lambda m, a, k: self.put(f"{at}.mlp.hook_post", a[0][0]))

    def watch_experts(self, at, mlp, module, on, before, given) -> None:
        """An expert sees only the positions routed to it; its rows are put back at their positions, zero elsewhere."""
        config = self.model.config
        top = config.num_experts_per_tok
        normalise = True if config.model_type == "mixtral" else config.norm_topk_prob
        names = ("w1", "w3", "w2") if config.model_type == "mixtral" else ("gate_proj", "up_proj", "down_proj")
        routed: dict[int, torch.Tensor] = {}

        def route(m, a, k, y):
            probability = F.softmax(y, dim=1)
            weights, indices = torch.topk(probability, min(top + 1, y.shape[1]), dim=-1)
            gaps = (weights[:, :-1] - weights[:, 1:]).min().item()
            if gaps < 5e-4:
                raise TooClose(f"{at}: {gaps:.1e} between two experts")
            weights, indices = weights[:, :top], indices[:, :top]
            if normalise:
                weights = weights / weights.sum(-1, keepdim=True)
            self.put(f"{at}.mlp.hook_expert_weights", weights)
            self.put(f"{at}.mlp.hook_expert_indices", indices.to(torch.int32))
            for expert in range(y.shape[1]):
                # An expert receives its rows by rank first, then by position.
                routed[expert] = (indices == expert).T.nonzero()[:, 1]

        on(f"{mlp}.gate", route)

        def spread(expert, name, value):
            rows = torch.zeros(len(self.points[f"{at}.mlp.hook_expert_weights"]), value.shape[-1], dtype=value.dtype)
            rows[routed[expert]] = value
            self.put(f"{at}.mlp.experts.{expert}.{name}", rows)

        for expert in range(len(module.experts)):
            path = f"{mlp}.experts.{expert}"
            on(f"{path}.{names[0]}", lambda m, a, k, y, e=expert: spread(e, "hook_pre", y))
            on(f"{path}.{names[1]}", lambda m, a, k, y, e=expert: spread(e, "hook_pre_linear", y))
            before(f"{path}.{names[2]}", lambda m, a, k, e=expert: spread(e, "hook_post", a[0]))


def close(got: torch.Tensor, want: torch.Tensor, what: str, tolerance: float = 2e-5) -> None:
    assert got.shape == want.shape, f"{what}: {tuple(got.shape)} is not {tuple(want.shape)}"
    off = (got - want).abs().max().item()
    assert off <= tolerance * max(1.0, want.abs().max().item()), f"{what}: off by {off:.2e}"


def check(model, points: dict[str, torch.Tensor]) -> None:
    """Do the captured points hang together, and is the model far from degenerate? Aborts if not."""
    config = model.config
    layout = Layout(config)
    length = len(points["hook_embed"])
    stream = points["hook_embed"] + points.get("hook_pos_embed", 0)
    position = torch.arange(length)
    for index in range(config.num_hidden_layers):
        at = f"blocks.{index}"
        close(points[f"{at}.hook_resid_pre"], stream, f"{at}.hook_resid_pre")
        attn_out, mlp_out = points[f"{at}.hook_attn_out"], points[f"{at}.hook_mlp_out"]
        if not layout.parallel:
            close(points[f"{at}.hook_resid_mid"], stream + attn_out, f"{at}.hook_resid_mid")
        stream = stream + attn_out + mlp_out
        close(points[f"{at}.hook_resid_post"], stream, f"{at}.hook_resid_post")
        stream = points[f"{at}.hook_resid_post"]

        group = layout.heads // layout.kv_heads
        pattern, scores, mask = (points[f"{at}.attn.{name}"] for name in ("hook_pattern", "hook_attn_scores", "mask"))
        v = points[f"{at}.attn.hook_v"].repeat_interleave(group, dim=1)
        close(torch.einsum("hqk,khd->qhd", pattern, v), points[f"{at}.attn.hook_z"], f"{at}: pattern · v")
        close(scores.masked_fill(~mask, -torch.inf).softmax(-1), pattern, f"{at}: softmax of the scores")
        q = points.get(f"{at}.attn.hook_rot_q", points[f"{at}.attn.hook_q"])
        k = points.get(f"{at}.attn.hook_rot_k", points[f"{at}.attn.hook_k"]).repeat_interleave(group, dim=1)
        scale = getattr(config, "query_pre_attn_scalar", layout.d_head) ** -0.5
        if getattr(config, "scale_attn_by_inverse_layer_idx", False):
            scale /= index + 1
        again = torch.einsum("qhd,khd->hqk", q, k) * scale
        if cap := getattr(config, "attn_logit_softcapping", None):
            again = cap * torch.tanh(again / cap)
        close(again.where(mask, torch.zeros(())), scores, f"{at}: q · k")

        window = None
        if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
            kinds = getattr(config, "layer_types", None)
            window = config.sliding_window if not kinds or kinds[index] == "sliding_attention" else None
        seen = position[None, :] <= position[:, None]
        if window:
            seen &= position[None, :] > position[:, None] - window
        assert (mask == seen).all(), f"{at}: not the mask that was meant"

        total = points[f"{at}.attn.hook_result"].sum(1)
        bias = getattr(model.get_submodule(f"{layout.layers}.{index}.{layout.out}"), "bias", None)
        total = total if bias is None else total + bias
        if "ln1_post" in layout.norms:
            norm = model.get_submodule(f"{layout.layers}.{index}.{layout.norms['ln1_post']}")
            total = norm(total)
        close(total, attn_out, f"{at}: sum of hook_result")

        if length > 4:
            entropy = -(pattern * pattern.clamp_min(1e-30).log()).sum(-1)[:, -1]
            even = torch.log(mask[0, -1].sum().float())
            assert (entropy.mean() / even) < 0.93, f"{at}: patterns are near uniform ({entropy.mean() / even:.2f})"
    final = model.get_submodule(layout.final)
    close(points["unembed.hook_in"], final(stream), "unembed.hook_in")
    logits = model.get_submodule(layout.head)(final(stream))
    if cap := getattr(config, "final_logit_softcapping", None):
        logits = cap * torch.tanh(logits / cap)
    close(logits, points["logits"], "logits from the stream")
    size = points["logits"].std().item()
    assert 0.7 < size < 15, f"logits have a spread of {size:.2f}"


@contextmanager
def everything_double():
    """transformers widens to float32 by name inside norms, softmax and rotary; for a float64 reference, to float64."""
    kept = torch.float32, torch.float, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.float = kept[:2]
        torch.Tensor.float = kept[2]


def to_double(model):
    """The same stored weights, every product, norm, angle and softmax in float64."""
    model = model.double()
    with everything_double():
        for module in model.modules():
            if hasattr(module, "rope_init_fn"):
                inv_freq, module.attention_scaling = module.rope_init_fn(module.config, "cpu")
                module.inv_freq = module.original_inv_freq = inv_freq
            if hasattr(module, "embed_scale"):
                module.embed_scale = torch.tensor(model.config.hidden_size**0.5, dtype=torch.float64)
    return model

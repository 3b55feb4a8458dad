"""Two extra losses that give so small a model the anatomy that large ones have.

Left alone, six layers are more than these tasks need: the last position reads ` am` in the very first
layer, attention alone recalls every proverb, and no neuron matters. So training asks for two things:

- locality: the attention of the early layers stays near, so that what is far is fetched later, after
  it has been worked on where it stands;
- a late answer: before the last MLP, the residual stream does not point at the next token yet, so that
  the last MLP's neurons are what says it.

Both act in training only; the model that comes out is an ordinary Llama.
"""

import torch
from transformers import LlamaForCausalLM

LOCAL_LAYERS = 3
LOCAL_DISTANCE = 4  # positions back that the local layers may look at; the first position is free to all
LOCALITY = 0.3
LATE_ANSWER = 0.05
LATE_MARGIN = 1.0  # logits above the mean that the answer may have before the last MLP


class Shaping:
    def __init__(self, model: LlamaForCausalLM):
        self.model = model
        self.before_last_mlp: torch.Tensor | None = None  # [rows, pos, d_model]
        norm = model.model.layers[-1].post_attention_layernorm
        self.hook = norm.register_forward_pre_hook(self.keep)

    def keep(self, _module, inputs) -> None:
        self.before_last_mlp = inputs[0]

    def remove(self) -> None:
        self.hook.remove()

    def loss(self, attentions: tuple[torch.Tensor, ...], targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Summed over the step's tokens. attentions: [rows, head, query, key] by layer; the rest [rows, pos - 1]."""
        late = self.early_answer(targets, weights == 1.0)
        return LOCALITY * self.far_attention(attentions, weights) + LATE_ANSWER * late

    def far_attention(self, attentions: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
        """Attention that the local layers spend beyond LOCAL_DISTANCE."""
        position = torch.arange(attentions[0].shape[-1])
        far = (position[:, None] - position[None, :] > LOCAL_DISTANCE) & (position[None, :] > 0)
        mass = sum((layer * far).sum(-1).mean(1)[:, :-1] for layer in attentions[:LOCAL_LAYERS])
        return (mass * (weights > 0)).sum()

    def early_answer(self, targets: torch.Tensor, completion: torch.Tensor) -> torch.Tensor:
        """How far the stream before the last MLP points at the next token, in logits above the margin."""
        stream = self.model.model.norm(self.before_last_mlp[:, :-1][completion])  # [tokens, d_model]
        unembed = self.model.lm_head.weight
        toward = (stream * (unembed[targets[completion]] - unembed.mean(0))).sum(-1)
        return torch.relu(toward - LATE_MARGIN).sum()

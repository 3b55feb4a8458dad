"""Two extra losses that give so small a model the anatomy that large ones have.

Left alone, six layers are more than these tasks need: the last position reads ` am` in the very first
layer, attention alone recalls every proverb, and no neuron matters. So training asks for two things:

- locality: the attention of the first layers and of the last stays near, so that what is far is fetched
  in the middle, after it has been worked on where it stands;
- a share for the last MLP: what was written before it may give the answer's logit so much and no more,
  so that neurons have to give the rest.

Both act in training only; the model that comes out is an ordinary Llama.
"""

import torch
from transformers import LlamaForCausalLM

LOCAL_LAYERS = (0, 1, 2, 5)
LOCAL_DISTANCE = 4  # positions back that the local layers may look at; the first position is free to all
LOCALITY = 0.3
EARLY_ANSWER = 0.1
EARLY_FROM_STEP = 300  # the answer has to be learnt before its parts can be shifted
EARLY_LIMIT = 0.5  # logits above the mean that the answer may have from before the last MLP


class Shaping:
    def __init__(self, model: LlamaForCausalLM):
        self.model = model
        self.before_last_mlp: torch.Tensor | None = None  # [rows, pos, d_model]
        self.final: torch.Tensor | None = None  # the same, after it
        self.hooks = [
            model.model.layers[-1].post_attention_layernorm.register_forward_pre_hook(self.keep_before),
            model.model.norm.register_forward_pre_hook(self.keep_final),
        ]

    def keep_before(self, _module, inputs) -> None:
        self.before_last_mlp = inputs[0]

    def keep_final(self, _module, inputs) -> None:
        self.final = inputs[0]

    def remove(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def loss(self, attentions: tuple[torch.Tensor, ...], targets: torch.Tensor, weights: torch.Tensor, step: int) -> torch.Tensor:
        """Summed over the step's tokens. attentions: [rows, head, query, key] by layer; the rest [rows, pos - 1]."""
        loss = LOCALITY * self.far_attention(attentions, weights)
        if step >= EARLY_FROM_STEP:
            loss = loss + EARLY_ANSWER * self.early_answer(targets, weights == 1.0)
        return loss

    def far_attention(self, attentions: tuple[torch.Tensor, ...], weights: torch.Tensor) -> torch.Tensor:
        """Attention that the local layers spend beyond LOCAL_DISTANCE."""
        position = torch.arange(attentions[0].shape[-1])
        far = (position[:, None] - position[None, :] > LOCAL_DISTANCE) & (position[None, :] > 0)
        mass = sum((attentions[layer] * far).sum(-1).mean(1)[:, :-1] for layer in LOCAL_LAYERS)
        return (mass * (weights > 0)).sum()

    def early_answer(self, targets: torch.Tensor, completion: torch.Tensor) -> torch.Tensor:
        """What the stream before the last MLP adds to the final logit of the answer, above the limit."""
        norm, unembed = self.model.model.norm, self.model.lm_head.weight
        final = self.final[:, :-1][completion]  # [tokens, d_model]
        scale = (final.square().mean(-1, keepdim=True) + norm.variance_epsilon).rsqrt()  # the final norm's own
        stream = self.before_last_mlp[:, :-1][completion] * scale * norm.weight
        direct = (stream * (unembed[targets[completion]] - unembed.mean(0))).sum(-1)
        return torch.relu(direct - EARLY_LIMIT).sum()

"""A generative adversarial network over tokens: a recurrent writer, and a critic that tells its strings from real ones.

Tokens are discrete, so that the writer learns by policy gradient with the verdict of the critic as reward. It first
learns by likelihood, as in SeqGAN (Yu et al., AAAI 2017) and ORGAN (Guimaraes et al., arXiv:1705.10843, 2017), and goes
on doing so beside the policy gradient, without which it soon writes one string alone.
"""

import torch
from torch import nn
from torch.nn import functional as F

from autodisco.generator.batches import pad
from autodisco.generator.lstm import LSTM
from autodisco.generator.model import cross_entropy
from autodisco.generator.neural import LstmGenerator
from autodisco.generator.sample import Memory
from autodisco.generator.settings import SIZES, NetworkSettings
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, PROMPT_INDICES, VOCABULARY
from autodisco.section import Amount, Count


class GanSettings(NetworkSettings):
    """Keys of the table [generator] besides those of every network."""

    pretraining: Count = 800
    """Training steps by likelihood alone, before the critic is asked."""
    likelihood: Amount = 1.0
    """Weight of the likelihood beside the policy gradient; with 0 the writer learns from the critic alone."""


class Adversarial(LSTM):
    """The recurrent network of kind `lstm` as writer, and a critic that reads class and string."""

    def __init__(self, settings: GanSettings):
        super().__init__(settings)
        _, _, n_embd = SIZES[settings.size]
        self.settings = settings
        self.critic_embedding = nn.Embedding(len(VOCABULARY), n_embd)
        self.critic = nn.GRU(n_embd, n_embd, batch_first=True)
        self.verdict = nn.Linear(n_embd, 1)
        self.register_buffer("steps", torch.zeros(()))  # part of a checkpoint, so that the phases continue

    def loss(self, sequences, weights, draws):
        """Likelihood during the pretraining; then the loss of the critic and that of the policy gradient."""
        if not self.training or self.steps < self.settings.pretraining:
            self.steps += self.training
            return super().loss(sequences, weights, draws)
        self.steps += 1
        written = self._written(sequences, draws)
        real, false = self._verdicts(sequences), self._verdicts(written)
        critic = F.softplus(-real).mean() + F.softplus(false).mean()
        reward = false.detach().sigmoid()
        batch = pad(written, (reward - reward.mean()).tolist()).to(real.device)
        x, _ = self.layers(self.token_embedding(batch.tokens))
        loss = critic + cross_entropy(self.head(x), batch)
        if self.settings.likelihood:
            loss = loss + self.settings.likelihood * super().loss(sequences, weights, draws)
        return loss

    @torch.no_grad()
    def _written(self, sequences, draws):
        """A string of the writer behind the prompt of each sequence, with its end token."""
        self.eval()  # without dropout
        device, memory = self.head.weight.device, Memory()
        prompts = torch.stack([torch.from_numpy(s[:CLASS_REPEATS]) for s in sequences])
        lines = torch.full((len(sequences), CLASS_REPEATS + self.settings.longest + 1), END_INDEX)
        lines[:, :CLASS_REPEATS] = prompts
        ended = torch.zeros(len(sequences), dtype=torch.bool)
        for place in range(CLASS_REPEATS + self.settings.longest):
            logits, memory = self.step(lines[:, place].to(device), memory)
            if place >= CLASS_REPEATS - 1:
                logits[:, PROMPT_INDICES] = -torch.inf
                drawn = torch.multinomial(logits.softmax(-1).cpu(), 1, generator=draws)[:, 0]
                lines[:, place + 1] = drawn.masked_fill(ended, END_INDEX)
                ended |= drawn == END_INDEX
                if ended.all():
                    break
        self.train()
        lines[:, -1] = END_INDEX
        ends = (lines[:, CLASS_REPEATS:] == END_INDEX).int().argmax(1) + CLASS_REPEATS
        return [line[: end + 1].numpy() for line, end in zip(lines, ends.tolist(), strict=True)]

    def _verdicts(self, sequences):
        """Log-odds that each sequence is real, (batch,)."""
        batch = pad(sequences).to(self.head.weight.device)
        read, _ = self.critic(self.critic_embedding(batch.tokens))
        last = torch.tensor([len(s) - 2 for s in sequences], device=read.device)
        return self.verdict(read[torch.arange(len(read), device=read.device), last])[:, 0]


class Gan(LstmGenerator):
    """Kind `gan.py:Gan`."""

    Settings = GanSettings

    @classmethod
    def network(cls, settings):
        """An untrained writer with its critic."""
        return Adversarial(settings)

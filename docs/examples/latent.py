"""A variational autoencoder over tokens, and two searches in its latent space.

The autoencoder is after Gómez-Bombarelli et al. (ACS Cent. Sci. 2018, 4, 268): a classifier of the code is trained
together with it. A search moves codes to where the classifier finds the wanted class likely: a particle swarm (in a
latent space: Winter et al., Chem. Sci. 2019, 10, 8016) or an evolutionary search.
"""

from typing import Literal

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

from autodisco.generator.batches import pad
from autodisco.generator.model import cross_entropy
from autodisco.generator.network import Network
from autodisco.generator.neural import NeuralGenerator
from autodisco.generator.sample import DRAWS_AT_ONCE, choose, guided
from autodisco.generator.settings import SIZES, NetworkSettings
from autodisco.generator.syntax import Prefix
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, MASK_INDEX, VOCABULARY, class_prefix, decode
from autodisco.section import AboveZero, BelowOne, Count, Positive

#: Inertia and attraction of a particle swarm (Clerc and Kennedy, IEEE Trans. Evol. Comput. 2002, 6, 58).
INERTIA, ATTRACTION = 0.7298, 1.4962


class LatentSettings(NetworkSettings):
    """Keys of the table [generator] besides those of every network."""

    search: Literal["none", "swarm", "evolution"] = "none"
    """Where codes come from: draws from the prior, or a search that begins with them."""
    generations: Count = 20
    """Moves of the codes in a search."""
    mutation: AboveZero = 0.3
    """Standard deviation of the mutations of `evolution`, in units of the prior's."""
    latent: Positive = 32
    """Dimensions of the code of a repeat unit."""
    kl_weight: AboveZero = 0.2
    """Weight of the divergence of the codes from the prior after the annealing; 1 bounds the likelihood."""
    annealing: Positive = 500
    """Training steps over which this weight grows from zero."""
    hidden_tokens: BelowOne = 0.2
    """Share of the tokens that the decoder does not see in training, so that it has to read the code."""


class TokenVae(Network):
    """Recurrent encoder and decoder. The decoder sees class tokens, earlier tokens and at each place the code."""

    def __init__(self, settings: LatentSettings):
        super().__init__()
        _, _, n_embd = SIZES[settings.size]
        self.settings = settings
        self.width = width = 2 * n_embd
        self.embedding = nn.Embedding(len(VOCABULARY), n_embd)
        self.encoder = nn.GRU(n_embd, width, batch_first=True, bidirectional=True)
        self.code = nn.Linear(2 * width, 2 * settings.latent)
        self.decoder = nn.GRU(n_embd + settings.latent, width, batch_first=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(width, len(VOCABULARY))
        self.classifier = nn.Sequential(
            nn.Linear(settings.latent, n_embd), nn.ReLU(), nn.Linear(n_embd, len(VOCABULARY))
        )
        self.register_buffer("steps", torch.zeros(()))  # part of a checkpoint, so that the annealing continues

    def encode(self, sequences):
        """Mean and logarithm of the variance of the codes, each (batch, latent), of sequences with prompt and end."""
        strings = [torch.from_numpy(s[CLASS_REPEATS:-1]).to(self.head.weight.device) for s in sequences]
        _, last = self.encoder(pack_sequence([self.embedding(s) for s in strings], enforce_sorted=False))
        return self.code(last.transpose(0, 1).flatten(1)).chunk(2, -1)

    def loss(self, sequences, weights, draws):
        """Negative bound of the likelihood, nats per token, and the cross-entropy of the class given the code."""
        device = self.head.weight.device
        batch = pad(sequences, weights).to(device)
        mean, log_variance = self.encode(sequences)
        noise = torch.randn(mean.shape, generator=draws).to(device)
        codes = mean + self.training * noise * (log_variance / 2).exp()
        hidden = torch.rand(batch.tokens.shape, generator=draws) < self.training * self.settings.hidden_tokens
        hidden[:, :CLASS_REPEATS] = False
        seen = batch.tokens.masked_fill(hidden.to(device), MASK_INDEX)
        x, _ = self._decoded(seen, codes)
        factor = torch.ones(len(sequences), device=device) if weights is None else torch.tensor(weights, device=device)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1) / 2
        said = self.class_scores(codes, batch.tokens[:, :CLASS_REPEATS])
        share = self.settings.kl_weight * (self.steps / self.settings.annealing).clamp(max=1)
        self.steps += self.training
        further = (factor * (share * divergence - said)).sum() / batch.counted.sum()
        return cross_entropy(self.head(self.dropout(x)), batch) + further

    def _decoded(self, tokens, codes, state=None):
        inputs = torch.cat([self.embedding(tokens), codes[:, None].expand(-1, tokens.shape[1], -1)], -1)
        return self.decoder(inputs, state)

    def class_scores(self, codes, prompts):
        """Mean logarithm of the probability of the class tokens `prompts` (batch, 5) given each code, (batch,)."""
        return self.classifier(codes).log_softmax(-1).gather(1, prompts).mean(1)

    @torch.no_grad()
    def draw(self, n, sampling, generator):
        """`n` strings, each decoded from a code of its own."""
        codes = self.codes(n, sampling, generator)
        return [text for some in codes.split(DRAWS_AT_ONCE) for text in self._write(some, sampling, generator)]

    def codes(self, n, sampling, generator):
        """Codes to decode, (n, latent): draws from the prior, or what a search makes of them."""
        codes = torch.randn(n, self.settings.latent, generator=generator, device=generator.device)
        wanted = torch.tensor(class_prefix(sampling.label), device=generator.device).expand(n, -1)

        def score(codes):
            return self.class_scores(codes, wanted)

        if self.settings.search == "swarm":
            return swarm(codes, score, self.settings.generations, generator)
        if self.settings.search == "evolution":
            return evolution(codes, score, self.settings.generations, self.settings.mutation, generator)
        return codes

    def _write(self, codes, sampling, generator):
        labels = [sampling.label, sampling.away_from] if sampling.guidance else [sampling.label]
        prompts = torch.tensor([class_prefix(label) for label in labels], device=codes.device)
        every = codes.repeat(len(labels), 1)
        x, state = self._decoded(prompts.repeat_interleave(len(codes), 0), every)
        states = [Prefix()] * len(codes) if sampling.grammar else []
        lines = torch.full((len(codes), sampling.max_tokens), END_INDEX)
        for place in range(sampling.max_tokens):
            logits = guided(self.head(x[:, -1]), len(labels), sampling)
            states, drawn = choose(logits, sampling.top_k, generator, states, sampling.max_tokens - 1 - place)
            lines[:, place] = torch.tensor(drawn)
            if (lines[:, : place + 1] == END_INDEX).any(1).all():
                break
            x, state = self._decoded(lines[:, place, None].repeat(len(labels), 1).to(codes.device), every, state)
        return [decode(line) for line in lines.tolist()]


def swarm(codes, score, generations, generator):
    """The best code that each particle of a swarm met, (n, latent).

    A particle knows the best codes of its two neighbours on a ring alone: with one best code for all, a swarm soon
    writes a single polymer.
    """
    moves = torch.zeros_like(codes)
    best, values = codes, score(codes)
    every = torch.arange(len(codes), device=codes.device)
    for _ in range(generations):
        leader = torch.stack([values.roll(1), values, values.roll(-1)]).argmax(0)
        neighbour = best[(every + leader - 1) % len(codes)]
        own, others = torch.rand(2, *codes.shape, generator=generator, device=codes.device) * ATTRACTION
        moves = INERTIA * moves + own * (best - codes) + others * (neighbour - codes)
        codes = _inside(codes + moves)
        now = score(codes)
        best = torch.where((now > values)[:, None], codes, best)
        values = torch.maximum(now, values)
    return best


def evolution(codes, score, generations, mutation, generator):
    """The last generation of an evolutionary search, (n, latent).

    Each number of a child is that of its parent or of a mate, which won a tournament of two; then all are mutated. A
    child that is better than its parent replaces it.
    """
    values = score(codes)
    for _ in range(generations):
        first, second = torch.randint(len(codes), (2, len(codes)), generator=generator, device=codes.device)
        mates = codes[torch.where(values[first] > values[second], first, second)]
        crossed = torch.rand(codes.shape, generator=generator, device=codes.device) < 0.5
        noise = torch.randn(codes.shape, generator=generator, device=codes.device)
        children = _inside(torch.where(crossed, mates, codes) + mutation * noise)
        now = score(children)
        codes = torch.where((now > values)[:, None], children, codes)
        values = torch.maximum(now, values)
    return codes


def _inside(codes):
    """`codes` moved into the ball with the typical distance of a draw from the prior as radius."""
    radius = codes.shape[1] ** 0.5
    return codes * (radius / codes.norm(dim=1, keepdim=True)).clamp(max=1)


class Latent(NeuralGenerator):
    """A variational autoencoder, with or without a search for the codes that it decodes."""

    Settings = LatentSettings

    @classmethod
    def network(cls, settings):
        """An untrained autoencoder."""
        return TokenVae(settings)

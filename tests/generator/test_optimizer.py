import subprocess
import sys

import torch

from autodisco.generator.optimizer import AdamW


def test_it_steps_as_the_optimizer_of_torch_does():
    weights = {}
    for kind in (AdamW, torch.optim.AdamW):
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 3)
        groups = [{"params": [model.weight], "weight_decay": 0.1}, {"params": [model.bias], "weight_decay": 0.0}]
        optimizer = kind(groups, lr=0.01, betas=(0.9, 0.95))
        for step in range(20):
            if step == 10:  # from a checkpoint
                state = optimizer.state_dict()
                optimizer = kind(groups, lr=0.5)
                optimizer.load_state_dict(state)
            optimizer.zero_grad()
            model(torch.ones(4, 5)).square().sum().backward()
            optimizer.step()
        weights[kind] = torch.cat([model.weight.flatten(), model.bias]).tolist()
    assert weights[AdamW] == weights[torch.optim.AdamW]


def test_training_does_not_import_the_compiler_of_torch():
    lines = [
        "import sys, torch",
        "from autodisco.generator.optimizer import AdamW",
        "weight = torch.nn.Parameter(torch.ones(2))",
        "optimizer = AdamW([weight], lr=0.1)",
        "optimizer.zero_grad()",
        "weight.sum().backward()",
        "optimizer.step()",
        "optimizer.load_state_dict(optimizer.state_dict())",
        "sys.exit('torch._dynamo' in sys.modules)",
    ]
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)]).returncode == 0

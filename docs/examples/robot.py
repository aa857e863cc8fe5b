"""A robot that looks values up in a table: asks a campaign for polymers, "measures" them, tells the values.

    python robot.py CAMPAIGN TABLE WHO

TABLE is a CSV file with the columns monomer_smiles and value (S/cm). The robot may be killed at any moment and started
again: it asks under its name WHO, and gets what it has not answered again.
"""

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

from autodisco.polymer import parse

campaign, table, who = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
with open(table, newline="") as file:
    known = {parse(row["monomer_smiles"]).key: float(row["value"]) for row in csv.DictReader(file)}


def autodisco(*words):
    """What a command of autodisco prints as JSON."""
    command = [sys.executable, "-m", "autodisco", *words, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure(question):
    """The answer to a question."""
    if question["key"] not in known:
        return {"id": question["id"], "failed": "not in the table"}
    return {"id": question["id"], "value": known[question["key"]], "unit": "S/cm"}


while not (asked := autodisco("ask", campaign, "-n", "3", "--as", who))["ended"]:
    if not asked["questions"]:
        time.sleep(1)  # the campaign chooses what comes next
        continue
    answers = [measure(question) for question in asked["questions"]]
    Path(f"{who}.json").write_text(json.dumps({"source": who, "answers": answers}))
    autodisco("tell", campaign, f"{who}.json")

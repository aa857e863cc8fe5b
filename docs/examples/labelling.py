"""Labels by a fixed border, which does not move with what a campaign finds."""

from autodisco.decide import Labelling, TrainingClass

BORDER = 1e-3  # in the unit of the objective


class FixedBorder(Labelling):
    """Polymers with an expected value above the border are high, and weigh more the further above they are."""

    def classes(self, evidence):
        return {row.key: self.one(row) for row in evidence.ranked}

    def one(self, row):
        if row.expected < BORDER:
            return TrainingClass("low", 1.0, f"{row.shown}: below the border")
        return TrainingClass("high", min(5.0, row.expected / BORDER), f"{row.shown}: above the border")

    def summary(self, evidence):
        return f"high from {evidence.objective.shown(BORDER)}"

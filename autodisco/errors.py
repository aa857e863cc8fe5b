"""Every error a user can meet, in one tree; the command line turns each into one line and an exit code.

AutodiscoError            1   something went wrong that is not the user's input
├── InputError            2   a file, key, value or argument that cannot be used as it is
│   └── InvalidRepeatUnit 2   a SMILES that is not a repeat unit; `code` says in which way
├── OwnedError            3   the campaign belongs to a live process
└── SimulationFailure     1   a replica that gave no value; `code` is one of the failure codes
"""


class AutodiscoError(Exception):
    """Base of all errors raised on purpose; its text is one sentence for the user."""

    exit_code = 1


class InputError(AutodiscoError):
    """The input names something that does not exist or is not allowed."""

    exit_code = 2


class InvalidRepeatUnit(InputError):
    """The text is not a repeat unit; `code` is a short word such as ``ends`` or ``charge``."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


class OwnedError(AutodiscoError):
    """Another live process owns the campaign folder."""

    exit_code = 3


class SimulationFailure(AutodiscoError):
    """A replica failed; `code` is from the failure table, `detail` is for the journal."""

    def __init__(self, code: str, detail: str):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

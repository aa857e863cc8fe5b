"""Every error a user can meet, in one tree; the command line turns each into one line and an exit code.

AutodiscoError            1   something went wrong that is not the user's input
├── InputError            2   a file, key, value or argument that cannot be used as it is
│   ├── InvalidRepeatUnit 2   a SMILES that is not a repeat unit; `code` says in which way
│   └── NoCampaign        2   a folder without a campaign in it
├── OwnedError            3   the campaign belongs to a live process
├── StorageError          1   disk or database cannot be written or read now; later the same may work
│   └── DiskAbsent        1   a disk that machines share is not mounted; it is waited for without an end
├── EngineAbsent          1   the program of an engine is not there now; later it may be
├── TrainingDiverged      1   a training whose loss became infinite or no number; the model would write nothing of use
├── WindowFailure         1   a molecule whose oxidation and reduction could not be calculated
│   └── WindowAccident    1   its calculation was killed or took too long; the same may work later
├── SimulationFailure     1   a replica that gave no value; `code` is one of the failure codes
└── EngineKilled          1   something outside ended the engine, which says nothing about the replica
    └── AskedToEnd        1   this process got SIGTERM
"""


class AutodiscoError(Exception):
    """Base of all errors raised on purpose; its text is one sentence for the user."""

    exit_code = 1


class InputError(AutodiscoError):
    """The input names something that does not exist or is not allowed.

    `key` is the dotted key of a campaign file that the sentence begins with, if it begins with one.
    """

    exit_code = 2

    def __init__(self, sentence: str, key: str = ""):
        super().__init__(sentence)
        self.key = key


class InvalidRepeatUnit(InputError):
    """The text is not a repeat unit; `code` is a short word such as ``ends`` or ``charge``."""

    def __init__(self, code: str, sentence: str):
        super().__init__(sentence)
        self.code = code


class NoCampaign(InputError):
    """The folder holds no campaign, or one that was killed before its first transaction."""


class OwnedError(AutodiscoError):
    """Another live process owns the campaign folder."""

    exit_code = 3


class StorageError(AutodiscoError):
    """A disk or a database cannot be used now; the same may work later."""


class DiskAbsent(StorageError):
    """A disk that machines share is not mounted here."""


class EngineAbsent(AutodiscoError):
    """The program of an engine is not there, such as during an update."""


class TrainingDiverged(AutodiscoError):
    """The loss of a training became infinite or no number; other settings are needed."""


class WindowFailure(AutodiscoError):
    """The electronic structure of a molecule could not be calculated; others may work."""


class WindowAccident(WindowFailure):
    """The calculation of a molecule was killed, crashed or took too long; the same may work later."""


class SimulationFailure(AutodiscoError):
    """A replica failed; `code` is from the failure table, `detail` is for the journal."""

    def __init__(self, code: str, detail: str):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class EngineKilled(AutodiscoError):
    """A signal from outside (a person, the kernel short of memory) ended the engine; the replica has to start again."""


class AskedToEnd(EngineKilled):
    """This process was asked to end with SIGTERM; the replica goes on from its last checkpoint."""

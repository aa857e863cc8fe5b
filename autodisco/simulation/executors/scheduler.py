"""The batch system, through PSI/J: submit a pilot, ask for all pilots at once, cancel, release.

Of PSI/J this uses the job scripts and the commands of each batch system. Its watching is not used: it counts all jobs
as failed when the batch system is silent for two questions. Here no answer means that nothing is known.

A job script of PSI/J starts the program as a child of two shells, which a signal of the batch system ends at once, and
the job with them. Here the last line of the script becomes the pilot (``exec``), so that the job lasts until the pilot
has given its replicas back.
"""

import io
import shlex
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from autodisco.errors import AutodiscoError
from autodisco.simulation.executors.cluster_settings import ClusterSettings

if TYPE_CHECKING:
    from psij import Job
    from psij.executors.batch.batch_scheduler_executor import BatchSchedulerExecutor

NEVER_S = 10**8
"""Interval (s) of PSI/J's own questions."""
ANSWER_S = 60.0
"""How long a command of the batch system may take (s)."""
NUMBER = "${SLURM_JOB_ID:-${PBS_JOBID:-$LSB_JOBID}}"
"""Number of a job, for the shell on its node."""

State = Literal["queued", "held", "running", "ended"]
STARTS = ("CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "RESV_DEL_HOLD")
LIVES = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")
FAILED = "failed"
"""Reason of a job that ended with an error."""
FAILED_LAUNCH = ("launch failed requeued held", "requeued held")


class NoAnswer(AutodiscoError):
    """The batch system did not answer, or refused; the message is what it said."""


@dataclass(frozen=True)
class BatchJob:
    """A job as the batch system sees it. A ``held`` job was held after it could not be started.

    `reason` is what the batch system says of its state; of a job that has ended, how it did, such as ``timeout``.
    """

    number: str
    state: State
    node: str = ""
    reason: str = ""

    @property
    def alive(self) -> bool:
        """Whether it runs or will."""
        return self.state != "ended"

    @property
    def told(self) -> str:
        """State and reason in words."""
        return f"{self.state} ({self.reason})" if self.reason else self.state


class Scheduler:
    """Jobs of one name.

    Parameters
    ----------
    settings
    folder
        For job scripts and the output of jobs; on the shared disk.
    name
        Name of all jobs.
    """

    def __init__(self, settings: ClusterSettings, folder: Path, name: str):
        self._settings, self._folder, self._name = settings, folder, name
        self._psij = _psij(settings.scheduler, folder)

    def submit(self, script: str, cores: int, without: list[str]) -> str:
        """Submit a job that runs lines of the shell, on none of the nodes `without`; returns its number.

        Raises NoAnswer if it is refused.
        """
        from psij import Job, JobAttributes, JobSpec, ResourceSpecV1, SubmitException

        given = self._settings
        attributes = JobAttributes(duration=timedelta(minutes=given.walltime_minutes))
        attributes.queue_name, attributes.account = given.partition or None, given.account or None
        for key, value in self._directives(without).items():
            attributes.set_custom_attribute(f"{given.scheduler.partition('_')[0]}.{key}", value)
        resources = ResourceSpecV1(node_count=1, processes_per_node=1, cpu_cores_per_process=cores)
        if given.gpus:
            resources.gpu_cores_per_process = given.gpus
        output = f"exec >> {shlex.quote(str(self._folder))}/{NUMBER}.log 2>&1\n"
        job = Job(JobSpec(output + script, attributes=attributes, resources=resources))
        try:
            self._psij.submit(job)
        except SubmitException as error:
            raise NoAnswer(_in_one_line(error.message)) from None
        except OSError as error:
            raise NoAnswer(f"{error.filename or self._settings.scheduler}: {error.strerror}") from None
        except Exception as error:  # PSI/J asserts what it expects
            raise NoAnswer(f"PSI/J cannot write or submit the job: {_in_one_line(error)}") from None
        finally:
            (self._psij.work_directory / f"{job.id}.job").unlink(missing_ok=True)  # the batch system has a copy
        assert job.native_id is not None, "a job that was submitted has a number"
        return job.native_id

    def jobs(self, numbers: list[str]) -> dict[str, BatchJob]:
        """All jobs by number: those of the name where the batch system can be asked for it, and those of `numbers`.

        Jobs that are not in the answer have ended. Raises NoAnswer: then nothing is known of them.
        """
        if self._settings.scheduler == "slurm":
            return self._slurm_jobs()
        if not numbers:
            return {}
        said = self._said(self._psij.get_status_command(numbers))
        try:
            states = self._psij.parse_status_output(0, said)
        except Exception as error:  # PSI/J asserts what it expects
            raise NoAnswer(f"PSI/J does not understand its answer: {_in_one_line(error)}") from None
        return {number: _job(number, status.state) for number, status in states.items()}

    def cancel(self, numbers: list[str]) -> None:
        """Cancel jobs; those that have ended are no error. Raises NoAnswer."""
        for number in numbers:
            self._said(self._psij.get_cancel_command(number), ended_is_fine=self._settings.scheduler != "slurm")

    def release(self, number: str) -> None:
        """Let a held job start. Raises NoAnswer."""
        if self._settings.scheduler == "slurm":
            self._said(["scontrol", "release", number])

    def _directives(self, without: list[str]) -> dict[str, str]:
        if self._settings.scheduler != "slurm":
            return {**({"N": self._name} if "pbs" in self._settings.scheduler else {}), **self._settings.directives}
        left_out = {"exclude": ",".join(without)} if without else {}
        return {"job-name": self._name, **left_out, **self._settings.directives}

    def _slurm_jobs(self) -> dict[str, BatchJob]:
        asked = ["squeue", "--noheader", "--me", "--states=all", f"--name={self._name}", "--format=%i|%T|%N|%r"]
        found = {}
        for line in self._said(asked).splitlines():
            number, state, node, reason = line.strip().split("|", 3)
            found[number] = _slurm_job(number, state, node, reason)
        return found

    def _said(self, command: list[str], ended_is_fine: bool = False) -> str:
        """Output of a command of the batch system. Raises NoAnswer if it fails or does not end."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            raise NoAnswer(f"{command[0]} did not answer within {ANSWER_S:.0f} s") from None
        except OSError as error:
            raise NoAnswer(f"{command[0]}: {error.strerror}") from None
        if done.returncode and not ended_is_fine:
            raise NoAnswer(f"{command[0]}: {' '.join((done.stderr or done.stdout).split()) or done.returncode}")
        return done.stdout


def _in_one_line(said: object) -> str:
    return " ".join(str(said).split()) or "no reason is given"


def _slurm_job(number: str, state: str, node: str, reason: str) -> BatchJob:
    found = _slurm_state(state, reason)
    said = state.lower().replace("_", " ") if found == "ended" else "" if reason == "None" else reason
    return BatchJob(number, found, node, said)


def _slurm_state(state: str, reason: str) -> State:
    if state in ("REQUEUE_HOLD", "SPECIAL_EXIT") or (state == "PENDING" and reason in FAILED_LAUNCH):
        return "held"
    if state in STARTS:
        return "queued"
    return "running" if state in LIVES else "ended"


def _job(number: str, state: Any) -> BatchJob:
    from psij import JobState

    if state.final:
        return BatchJob(number, "ended", reason=state.name.lower())
    return BatchJob(number, "running" if state == JobState.ACTIVE else "queued")


def _psij(scheduler: str, folder: Path) -> "BatchSchedulerExecutor":
    """PSI/J for a batch system, with job scripts that become the pilot."""
    from psij import JobExecutor
    from psij.executors.batch.batch_scheduler_executor import BatchSchedulerExecutorConfig
    from psij.executors.batch.script_generator import SubmitScriptGenerator

    class Script(SubmitScriptGenerator):
        """The directives of PSI/J's script, then the text that the job gives as its executable."""

        def __init__(self, generator: SubmitScriptGenerator):
            super().__init__(generator.config)
            self._generator = generator

        def generate_submit_script(self, job: "Job", context: dict[str, object], out: IO[str]) -> None:
            written = io.StringIO()
            self._generator.generate_submit_script(job, context, written)
            directives = [line for line in written.getvalue().splitlines() if line.startswith("#")]
            assert job.spec is not None, "a job has a specification"
            out.write("\n".join([*directives, str(job.spec.executable), ""]))

    config = BatchSchedulerExecutorConfig(
        work_directory=folder,
        queue_polling_interval=NEVER_S,
        initial_queue_polling_delay=NEVER_S,
        keep_files=True,
    )
    made: Any = JobExecutor.get_instance(scheduler, config=config)
    made.generator = Script(made.generator)
    found: BatchSchedulerExecutor = made
    return found

"""A real Slurm on this machine for tests: one controller and several node daemons, without systemd and cgroups.

    python -m tests.cluster.slurm FOLDER [--nodes 4] [--cpus 16] [--gpus 4]      brings one up, and says how to use it
    python -m tests.cluster.slurm FOLDER --down

Everything lies in one folder. Nodes are names: their daemons share this host, and the numbers of CPUs and GPUs are
free to choose (a GPU is a null device). It needs root, and the packages of `PACKAGES`.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "munged")
UP_S, DOWN_S = 60.0, 20.0

CONTROLLER = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket,cred_expire={credential_s}
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/controller.pid
SlurmdPidFile={root}/%n.pid
SlurmctldLogFile={root}/controller.log
SlurmdLogFile={root}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
JobAcctGatherFrequency=0
MpiDefault=none
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
PriorityType=priority/basic
KillWait={kill_wait_s}
OverTimeLimit=0
MinJobAge=300
SlurmctldTimeout=10
SlurmdTimeout=15
ReturnToService=2
JobRequeue=1
Prolog={root}/prolog
PrologFlags=Alloc
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
"""
PARTITIONS = """\
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=60 State=UP PriorityTier=10 PreemptMode=off
PartitionName=spare Nodes=ALL MaxTime=INFINITE DefaultTime=60 PriorityTier=1 PreemptMode=REQUEUE GraceTime={grace_s}
"""


def missing() -> str:
    """Why no Slurm can be brought up here, in one line; empty if one can."""
    if os.geteuid() != 0:
        return "a Slurm for tests needs root"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"{', '.join(absent)} not found: apt-get install --no-install-recommends {' '.join(PACKAGES)}"
    return ""


class Slurm:
    """A cluster in a folder.

    Parameters
    ----------
    root
        The folder; short, because the path of a socket has at most 107 characters.
    nodes, cpus, gpus
        Number of nodes, and CPUs and GPUs of each.
    kill_wait_s, grace_s
        Time between SIGTERM and SIGKILL for a job that is cancelled, and for one that is preempted (s).
    """

    def __init__(
        self, root: Path, nodes: int = 4, cpus: int = 16, gpus: int = 4, kill_wait_s: int = 10, grace_s: int = 5
    ):
        self.root, self.names = root, [f"n{number}" for number in range(1, nodes + 1)]
        self._cpus, self._gpus, self._kill_wait_s, self._grace_s = cpus, gpus, kill_wait_s, grace_s

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which the commands of Slurm find this cluster."""
        return {"SLURM_CONF": str(self.root / "slurm.conf")}

    def up(self) -> "Slurm":
        """Start it; returns when every node is idle. Raises RuntimeError, and leaves nothing behind, if it cannot."""
        for name in ("", "state", "spool", *(f"spool/{node}" for node in self.names)):
            (self.root / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        self._write()
        try:
            self._munge()
            self.start_controller()
            for node in self.names:
                self.start_node(node)
            self.until(lambda: set(self.nodes("idle")) == set(self.names), UP_S, "all nodes idle")
        except BaseException:
            self.down()
            raise
        return self

    def down(self) -> None:
        """Stop its daemons and every process that its jobs left, and remove the folder."""
        for pid_file in ("controller.pid", *(f"{node}.pid" for node in self.names), "munge.pid"):
            self._stop(pid_file)
        left = self.processes()
        for process in left:
            kill(process)
        psutil.wait_procs(left, timeout=5)
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> "Slurm":
        return self.up()

    def __exit__(self, *_: object) -> None:
        self.down()

    def start_controller(self) -> None:
        """Start the controller, which finds the jobs that it had again."""
        self.run("slurmctld")

    def stop_controller(self) -> None:
        """End the controller in an orderly way; jobs go on. (After SIGKILL it may have forgotten young jobs.)"""
        self._stop("controller.pid")

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self.run("slurmd", "-N", node)

    def lose_node(self, node: str) -> None:
        """Kill the daemon of a node: the controller takes the node for dead after a while, but its jobs go on."""
        file = self.root / f"{node}.pid"
        os.kill(int(file.read_text()), signal.SIGKILL)
        file.unlink()

    def break_launch(self, node: str) -> None:
        """Have a node fail to start jobs, which are held then."""
        (self.root / f"broken-{node}").touch()

    def mend_launches(self) -> None:
        """Have all nodes start jobs again."""
        for node in self.names:
            (self.root / f"broken-{node}").unlink(missing_ok=True)
            self.run("scontrol", "update", f"nodename={node}", "state=resume", check=False)

    def run(self, *words: str, check: bool = True) -> str:
        """Run a command of Slurm; returns its output. Raises RuntimeError if it fails."""
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **self.environment})
        if done.returncode and check:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def nodes(self, state: str) -> list[str]:
        """Names of the nodes in a state such as ``idle``."""
        return self.run("sinfo", "--noheader", "--Node", f"--states={state}", "--format=%N", check=False).split()

    def jobs(self, *states: str) -> dict[str, str]:
        """State of each job by number, of all or those in some states such as ``RUNNING``."""
        asked = ",".join(states) or "all"
        lines = self.run("squeue", "--noheader", f"--states={asked}", "--format=%i %T").splitlines()
        return dict(line.split()[:2] for line in lines)

    def empty(self) -> None:
        """Cancel all jobs, bring all nodes back, and end what the jobs left."""
        self.run("scancel", "--user=root", check=False)
        for node in self.names:
            if not (self.root / f"{node}.pid").exists():
                self.start_node(node)
        self.mend_launches()
        self.until(lambda: set(self.nodes("idle")) == set(self.names), UP_S, "all nodes idle")
        daemons = {int(file.read_text()) for file in self.root.glob("*.pid")}
        for process in self.processes():
            if process.pid not in daemons:
                kill(process)

    def until(self, look: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for a condition. Raises RuntimeError with the ends of the logs if it does not come."""
        end = time.monotonic() + seconds
        while not look():
            if time.monotonic() > end:
                logs = {file.name: file.read_text(errors="replace")[-800:] for file in self.root.glob("*.log")}
                raise RuntimeError(f"not within {seconds:.0f} s: {what}; {logs}")
            time.sleep(0.1)

    def processes(self) -> list[psutil.Process]:
        """Processes that belong to this cluster: its daemons, and all that its jobs started."""
        mine, me = self.environment["SLURM_CONF"], psutil.Process()
        asking = {me.pid, *(parent.pid for parent in me.parents())}
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid not in asking and process.environ().get("SLURM_CONF") == mine:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _write(self) -> None:
        """Write the configuration files and the devices that stand for GPUs."""
        ports = free_ports(1 + len(self.names))
        host = socket.gethostname().partition(".")[0]
        text = CONTROLLER.format(
            host=host, port=ports[0], root=self.root, credential_s=30, kill_wait_s=self._kill_wait_s
        )
        for node, port in zip(self.names, ports[1:], strict=True):
            shape = f"CPUs={self._cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={self._cpus} ThreadsPerCore=1"
            gpus = f" Gres=gpu:{self._gpus}" if self._gpus else ""
            here = f"NodeHostname={host} NodeAddr=127.0.0.1 Port={port}"
            text += f"NodeName={node} {here} {shape} RealMemory=64000{gpus}\n"
        (self.root / "slurm.conf").write_text(text + PARTITIONS.format(grace_s=self._grace_s))
        (self.root / "cgroup.conf").touch()
        prolog = self.root / "prolog"
        prolog.write_text(f"#!/bin/sh\ntest ! -e {self.root}/broken-$SLURMD_NODENAME\n")
        prolog.chmod(0o755)
        devices = []
        for number in range(self._gpus):
            device = self.root / f"gpu{number}"
            if not device.exists():
                os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # a null device
            devices.append(device)
        lines = [f"NodeName={node} Name=gpu File={device}\n" for node in self.names for device in devices]
        (self.root / "gres.conf").write_text("".join(lines))

    def _munge(self) -> None:
        key = self.root / "munge.key"
        if not key.exists():
            key.write_bytes(secrets.token_bytes(128))
            key.chmod(0o400)
        files = {"key-file": key, "socket": self.root / "munge.socket", "pid-file": self.root / "munge.pid"}
        files |= {"log-file": self.root / "munge.log", "seed-file": self.root / "munge.seed"}
        self.run("munged", "--force", *(f"--{option}={file}" for option, file in files.items()))

    def _stop(self, pid_file: str) -> None:
        """End the daemon that wrote a pid file, with SIGTERM first."""
        try:
            process = psutil.Process(int((self.root / pid_file).read_text()))
            process.terminate()
            process.wait(DOWN_S)
        except psutil.TimeoutExpired:
            kill(process)
        except (OSError, ValueError, psutil.Error):
            pass
        (self.root / pid_file).unlink(missing_ok=True)


def kill(process: psutil.Process) -> None:
    """Kill a process, which may have ended."""
    try:
        process.kill()
    except psutil.Error:
        return


def free_ports(number: int) -> list[int]:
    """Ports of this host that nobody uses now."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def main() -> int:
    """Bring a cluster up, or down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--cpus", type=int, default=16)
    parser.add_argument("--gpus", type=int, default=4)
    parser.add_argument("--down", action="store_true")
    given = parser.parse_args()
    if why := missing():
        print(why, file=sys.stderr)
        return 1
    cluster = Slurm(given.folder.absolute(), given.nodes, given.cpus, given.gpus)
    if given.down:
        cluster.down()
        return 0
    cluster.up()
    print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A real Slurm on loopback: munge, slurmctld and two slurmd, as root, from Debian's packages.

It lives in a folder of its own and on free ports, and only the environment variable SLURM_CONF
names it. A Slurm that is configured on the machine is neither used nor touched.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from servers.processes import process

PACKAGES = "slurm-wlm munge"  # of Debian
PROGRAMS = (
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "srun",
    "squeue",
    "sinfo",
    "scancel",
    "scontrol",
)
PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
NODES = ("node1", "node2")
CGROUPS = Path("/sys/fs/cgroup")
WAIT_S = 300  # for what Slurm does in a second on an idle machine, since this one may be busy
ACTIVE = "PENDING,CONFIGURING,RUNNING,SUSPENDED,COMPLETING"

CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
# A job that is queued again waits until its old credential has expired.
AuthInfo=socket={folder}/munge.socket,cred_expire=15
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# Believe the sizes written below, not those of the machine.
SlurmdParameters=config_overrides
SlurmdTimeout=20
MessageTimeout=60
ReturnToService=2
# How long a job that has ended can be asked for: tests may look late.
MinJobAge=3600
KillWait=2
JobAcctGatherFrequency=1
AccountingStorageType=accounting_storage/none
GresTypes=gpu
# A node has more memory than the machine may have: jobs ask for more than they use.
NodeName=DEFAULT CPUs=3 RealMemory=16000 Gres=gpu:1
NodeName=node1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]}
NodeName=node2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL Default=NO MaxTime=INFINITE State=UP
"""
# Memory is limited either by the kernel (the job ends as OUT_OF_MEMORY) or by polling (FAILED).
BY_CGROUPS = """\
ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
"""
BY_POLLING = """\
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=UsePss,OverMemoryKill
"""
CGROUP_CONFIGURATION = """\
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
ConstrainRAMSpace=yes
"""
# Wraps the real srun: inside a job, the plugin of Snakemake removes SLURM_CONF.
SRUN = """\
#!/bin/sh
SLURM_CONF='{folder}/slurm.conf' exec '{srun}' "$@"
"""


def why_not():
    """Return why no Slurm can be started here, None if one can."""
    missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install {PACKAGES}"
    if os.geteuid() != 0:
        return "the daemons of Slurm can be started by root only"
    return None


def require_slurm():
    """Skip the test where no Slurm can be started, or fail it in CI."""
    if reason := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@contextmanager
def run_cluster():
    """Yield a Cluster; all its processes, and what it runs, end with the block.

    The daemons also end with this process, however it ends.
    """
    with ExitStack() as stack:
        # Short, since the path of a socket has 107 characters at most.
        folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        folder.chmod(0o755)  # munge distrusts others
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        configure(folder)
        munged = [
            *("munged", "--foreground", f"--key-file={folder}/munge.key"),
            *(f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")),
            f"--socket={folder}/munge.socket",
        ]
        cluster = Cluster(folder)
        stack.enter_context(cluster.daemon("munged", munged))
        await_((folder / "munge.socket").exists, "munge")
        stack.callback(remove_empty_cgroups)
        cluster.controller = stack.enter_context(cluster.daemon("slurmctld", ["slurmctld", "-D"]))
        stack.callback(cluster.stop_nodes)
        for name in NODES:
            cluster.start_node(name)
        stack.callback(cluster.cancel)
        yield cluster


def configure(folder):
    """Write what the daemons read into the folder of a cluster."""
    for name in ("state", "bin", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    cgroups = has_cgroups()
    text = CONFIGURATION.format(folder=folder, ports=free_ports(1 + len(NODES)))
    (folder / "slurm.conf").write_text(text + (BY_CGROUPS if cgroups else BY_POLLING))
    # For the scheduler's counting: there is no such device.
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
    if cgroups:
        (folder / "cgroup.conf").write_text(CGROUP_CONFIGURATION)
    srun = folder / "bin/srun"
    srun.write_text(SRUN.format(folder=folder, srun=shutil.which("srun", path=PATH)))
    srun.chmod(0o755)


def free_ports(number):
    """Return this many free TCP ports."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)
        ]
        return [listener.getsockname()[1] for listener in listeners]


def has_cgroups():
    """Return whether this machine has the cgroups (version 1) with which Slurm limits memory."""
    try:
        for name in ("memory", "cpuset", "cpuacct", "freezer", "devices"):
            probe = CGROUPS / name / f"sarfusion-{os.getpid()}"
            probe.mkdir()
            probe.rmdir()
    except OSError:
        return False
    return True


def remove_empty_cgroups():
    """Remove the cgroups of nodes that slurmd leaves behind, if nothing runs in them."""
    for name in NODES:
        for top in CGROUPS.glob(f"*/slurm_{name}"):
            for folder, *_ in os.walk(top, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()


class Cluster:
    """A running Slurm. `environment` is what its commands need."""

    def __init__(self, folder):
        self.folder = folder
        self.nodes = {}
        self.controller = None
        others = {name: value for name, value in os.environ.items() if "SLURM" not in name}
        self.environment = {
            **others,
            "SLURM_CONF": f"{folder}/slurm.conf",
            "PATH": f"{folder}/bin{os.pathsep}{PATH}",
        }

    def daemon(self, name, command):
        """The context of a running daemon that also ends with this process."""
        command = ["setpriv", "--pdeathsig", "TERM", *command]
        log = self.folder / f"{name}.log"
        return process(command, log, signal.SIGTERM, env=self.environment)

    def ask(self, *command):
        """Run a command of Slurm and return its output."""
        return subprocess.run(
            command,
            env=self.environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            timeout=WAIT_S,
        ).stdout

    def jobs(self, states="all", folder=None):
        """{id: (state, node, comment)} of the jobs that Slurm remembers, or those of a folder."""
        asked = ("squeue", "--noheader", f"--states={states}", "--format=%i|%Z|%T|%N|%k")
        rows = [line.split("|", 4) for line in self.ask(*asked).splitlines()]
        return {job: tuple(rest) for job, at, *rest in rows if str(folder or at) == at}

    def asked(self, job, form):
        """What a job requested, by a letter of squeue's: %m memory, %P partition, %b GPUs."""
        return self.ask("squeue", "--noheader", "--states=all", f"--jobs={job}", "-o", form).strip()

    def restarts(self, job):
        """How often Slurm restarted a job."""
        return int(re.search(r"Restarts=(\d+)", self.ask("scontrol", "show", "job", job))[1])

    def cancel(self, folder=None):
        """Cancel all jobs that wait or run, or those of a folder, and wait for their end."""
        if active := self.jobs(ACTIVE, folder):
            self.ask("scancel", *active)
            await_(lambda: not self.jobs(ACTIVE, folder), "jobs to be cancelled")

    def start_node(self, name):
        """Start a node and wait until it accepts jobs."""
        self.nodes[name] = ExitStack()
        self.nodes[name].enter_context(self.daemon(name, ["slurmd", "-D", "-N", name]))
        await_(lambda: self.is_up(name), f"{name} to come up")

    def is_up(self, name):
        """Return whether a node accepts jobs."""
        try:
            said = self.ask("sinfo", "--noheader", "--Node", f"--nodes={name}", "--format=%t")
        except subprocess.CalledProcessError:  # slurmctld does not answer yet
            assert self.controller.poll() is None, "slurmctld does not start"
            return False
        return said.split()[0] in ("idle", "mix", "alloc", "comp")

    def stop_nodes(self):
        for node in self.nodes.values():
            node.close()

    def lose_node(self, name):
        """Kill a node as a power cut does: its slurmd and everything that runs on it, at once."""
        mine = [job for job in psutil.process_iter() if self.runs_on(job, name)]
        stepds = {stepd for job in mine for stepd in self.stepds_above(job)}
        (slurmd,) = (child for child in psutil.Process().children() if self.is_slurmd(child, name))
        for victim in [slurmd, *stepds, *mine]:  # first those that would report it
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        self.nodes.pop(name).close()

    def runs_on(self, candidate, name):
        """Return whether a process belongs to a job of ours on a node."""
        with suppress(psutil.Error):
            environment = candidate.environ()
            return (
                environment.get("SLURMD_NODENAME") == name
                and str(self.folder) in environment["PATH"]
            )
        return False

    @staticmethod
    def stepds_above(job):
        """The slurmstepd that a process of a job belongs to; none if it has just ended."""
        with suppress(psutil.Error):
            return [parent for parent in job.parents() if parent.name() == "slurmstepd"]
        return []

    @staticmethod
    def is_slurmd(candidate, name):
        with suppress(psutil.Error):  # one that has ended but was not waited for yet
            return candidate.cmdline()[-3:] == ["-D", "-N", name]
        return False


def await_(is_there, what, within_s=WAIT_S):
    """Return once `is_there()` is true."""
    deadline = time.monotonic() + within_s
    while not is_there():
        assert time.monotonic() < deadline, f"waited {within_s} s in vain for {what}"
        time.sleep(0.1)

"""What a test run cannot do, and where it takes place: set up once, before anything of the user is loaded.

Levels, strongest first. `namespaces`: everything but its own folders is
read-only, the workspace included (each run lays an overlay of its own over
it), there is no network but a loopback of its own, and no process but its
own. `landlock`: the kernel refuses writes elsewhere, and sockets; `none`:
resource limits alone.
"""

import os
import resource
import shutil

from _trm_zygote import linux

LEVELS = ("namespaces", "landlock", "none")
_TEMPORARY = ("/tmp", "/var/tmp")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/random", "/dev/urandom")
_KEPT = (0, 1, 2, 3, 4, 6, 7, 10, 31)
"""Capabilities that root's tests may rely on, with effect on the run's own files and processes alone: those about
file modes, owners and user ids, and low ports. The last one lets a namespace be made inside this one."""
_FEWEST_PIDS = 301
"""The kernel takes no smaller limit of process ids."""


class Folders:
    """Names below the private folder of a job, which the engine has made."""

    def __init__(self, folder):
        self.top = folder
        self.lower = os.path.join(folder, "lower")
        """The workspace as it is on disk."""
        self.layer = os.path.join(folder, "layer")
        """Files that lie over it: unsaved buffers."""
        self.job = os.path.join(folder, "job")
        """Written by all runs of the job: bytecode."""
        self.bytecode = os.path.join(folder, "job", "bytecode")
        self.shared = os.path.join(folder, "shared")
        """Written by all runs of the job, and seen by the engine: reports of test tools, and what they build."""
        self.run = os.path.join(folder, "run")
        """Written by one run: what it changes in the workspace, its temporary files, its HOME."""
        self.proc = os.path.join(folder, "proc")
        self.temporary = os.path.join(folder, "temporary")
        """The machine's own temporary folders, one in each."""


class Sandbox:
    """What was set up. `level` and `overlay` say what; `missing` which promises are not kept, and why."""

    def __init__(self, request):
        """`request`: folder, root, work, isolation, level, network, memory, file (bytes), processes."""
        self.request = request
        self.folders = Folders(request["folder"])
        self.level = "none"
        self.overlay = False
        self.missing = []
        self._covers = []
        self._known = set()

    def report(self):
        return {"level": self.level, "overlay": self.overlay, "missing": self.missing}

    def enter(self):
        """Set up the strongest level that works here; return in a process that is inside.

        What is tried is tried in a child first: half a sandbox cannot be left.
        """
        wanted = self.request["level"]
        for level in LEVELS[LEVELS.index(wanted) if wanted in LEVELS else 0 :]:
            why = _tried(self._set_up, level)
            if not why:
                self._set_up(level)
                return
            self.missing.append("%s: %s" % (level, why))
        raise OSError("; ".join(self.missing))

    def _set_up(self, level):
        self.level = level
        if level == "namespaces":
            self._enter_namespaces()
        elif level == "landlock":
            self._restrict()
        self._limit()

    # --- namespaces ---------------------------------------------------------------------------

    def _enter_namespaces(self):
        self.overlay = self.request["isolation"] == "overlay"
        network = 0 if self.request["network"] else linux.NEW_NET
        linux.enter_user_namespace(linux.NEW_NS | linux.NEW_PID | linux.NEW_IPC | network)
        _become_first_process()
        linux.keep_mounts_private()
        self._mount()
        if network:
            linux.bring_loopback_up()
        self._bound_processes()
        linux.keep_only_capabilities(_KEPT if os.geteuid() == 0 else ())

    def _mount(self):
        """Make everything read-only but the folders of the job, and a view of the temporary folders."""
        folders, request = self.folders, self.request
        if self.overlay:
            linux.bind(request["root"], folders.lower)
        # Only where /proc shows our own processes does a process id mean the same to a test and to /proc.
        linux.mount_proc("/proc")
        linux.mount_proc(folders.proc, "subset=pid")
        linux.make_everything_read_only()
        linux.make_writable(folders.proc)  # a run writes the id map of its own namespace there
        linux.mount_tmpfs(folders.job, self._megabytes())
        os.mkdir(folders.bytecode)
        linux.bind(folders.shared, folders.shared)
        linux.make_writable(folders.shared)
        if os.path.isdir("/dev/shm"):
            linux.mount_tmpfs("/dev/shm", self._megabytes())
            os.chmod("/dev/shm", 0o1777)
        for number, path in enumerate(_TEMPORARY):
            if os.path.isdir(path) and not os.path.islink(path):
                self._cover(path, str(number))
        if not self.overlay:
            linux.bind(request["work"], request["work"])
            linux.make_writable(request["work"])

    def _cover(self, path, name):
        """Let a temporary folder be written: what is written is seen by this job alone, and gone with it."""
        folders = self.folders
        below = os.path.join(folders.temporary, name)
        upper, work = (os.path.join(folders.job, name + kind) for kind in ("-upper", "-work"))
        os.mkdir(upper)
        os.mkdir(work)
        os.chmod(upper, 0o1777)
        linux.bind(path, below)
        top = os.open(folders.top, os.O_PATH)
        linux.mount_overlay(path, [below], upper, work)
        if folders.top.startswith(path + os.sep):
            linux.bind("/proc/self/fd/%d" % top, folders.top, recursive=True)  # an overlay does not show mounts
        os.close(top)
        self._covers.append((path, below, upper))

    # --- runs ---------------------------------------------------------------------------------

    def isolate(self, files, moment):
        """In a forked child: give this run, and what it starts, a view of its own of all it can write.

        `files`: what the candidate changes, bytes by path below the workspace;
        `moment`: their modification time, in seconds.
        Whatever is written vanishes with the last process of the run.
        """
        if self.level != "namespaces":
            return
        folders = self.folders
        # What a process this one is a fork of has written is part of what the run starts from.
        left = {name: os.open(os.path.join(folders.run, name), os.O_PATH) for name in _written(folders.run)}
        linux.enter_user_namespace(linux.NEW_NS, folders.proc)
        linux.mount_tmpfs(folders.run, self._megabytes())
        for name in ("tmp", "home", "upper", "work"):
            os.mkdir(os.path.join(folders.run, name))
        for name, fd in left.items():
            _copy_below("/proc/self/fd/%d" % fd, os.path.join(folders.run, name))
            os.close(fd)
        if self.overlay:
            upper, root = os.path.join(folders.run, "upper"), self.request["root"]
            os.chmod(upper, os.stat(folders.lower).st_mode)
            for path, data in files.items():
                self._lay(upper, path, data, moment)
            lower = [folders.layer, folders.lower]
            linux.mount_overlay(root, lower, upper, os.path.join(folders.run, "work"))
        linux.keep_only_capabilities(_KEPT if os.geteuid() == 0 else ())

    def _lay(self, upper, path, data, moment):
        """Write a candidate's file where the overlay shows it, in folders with the modes of those they stand for."""
        folder = ""
        for name in path.split("/")[:-1]:
            folder = os.path.join(folder, name)
            here = os.path.join(upper, folder)
            if not os.path.isdir(here):
                os.mkdir(here)
                for lower in (self.folders.layer, self.folders.lower):
                    if os.path.isdir(os.path.join(lower, folder)):
                        shutil.copystat(os.path.join(lower, folder), here)
        target = os.path.join(upper, path)
        with open(target, "wb") as file:
            file.write(data)
        for lower in (self.folders.layer, self.folders.lower):
            if os.path.exists(os.path.join(lower, path)):
                os.chmod(target, os.stat(os.path.join(lower, path)).st_mode)
                break
        # Bytecode is told apart by seconds and size: no two candidates share a second.
        os.utime(target, (moment,) * 2)

    def remember(self):
        """What lies in shared folders now belongs to processes that go on."""
        self._known = set(self._strewn())

    def tidy(self):
        """Remove what a run has left where the next one would find it."""
        for path in set(self._strewn()) - self._known:
            remove(path)

    def _strewn(self):
        """What was written to folders that runs share."""
        if self.level == "namespaces":
            for path, below, upper in self._covers:
                for name in os.listdir(upper):
                    if not os.path.lexists(os.path.join(below, name)):
                        yield os.path.join(path, name)
            folders = ["/dev/shm"] if os.path.isdir("/dev/shm") else []
        else:
            folders = [os.path.join(self.folders.run, name) for name in ("tmp", "home")]
        for folder in folders:
            for name in os.listdir(folder):
                yield os.path.join(folder, name)

    def _megabytes(self):
        return max(1, self.request["file"] >> 20)

    def _bound_processes(self):
        """A limit for the whole tree, which holds for root as well (Linux 6.14); RLIMIT_NPROC does not."""
        try:
            linux.make_writable("/proc")
            with open("/proc/sys/kernel/pid_max", "w") as file:
                file.write(str(max(_FEWEST_PIDS, self.request["processes"])))
        except OSError as error:
            if os.geteuid() == 0:
                self.missing.append("processes of root are not counted: %s" % error.strerror)
        finally:
            linux.make_read_only("/proc")

    # --- landlock -----------------------------------------------------------------------------

    def _restrict(self):
        folders, request = self.folders, self.request
        for folder in (folders.bytecode, folders.run):
            os.makedirs(folder, exist_ok=True)
        writable = [request["work"], folders.job, folders.run, folders.shared]
        if os.path.isdir("/dev/shm"):
            writable.append("/dev/shm")
        version = linux.restrict_writes(writable, [path for path in _DEVICES if os.path.exists(path)])
        if version < 3:
            self.missing.append("files elsewhere can be truncated: this needs Linux 6.2")
        if version < 6:
            self.missing.append("signals reach other processes of the user: this needs Linux 6.12")
        if not request["network"]:
            linux.refuse_internet_sockets()
            self.missing.append("loopback is cut off as well")

    # --- limits -------------------------------------------------------------------------------

    def _limit(self):
        request = self.request
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, request["file"])
        _lower(resource.RLIMIT_DATA, request["memory"])
        if self.level == "namespaces":
            # Elsewhere it would count what the user runs beside.
            _lower(resource.RLIMIT_NPROC, request["processes"])


def _written(run):
    """Folders of a run in which there is something."""
    found = []
    for name in ("tmp", "home", "upper"):
        try:
            if os.listdir(os.path.join(run, name)):
                found.append(name)
        except OSError:
            continue  # there is no run that this one is a fork of
    return found


def _copy_below(source, target):
    """Copy what lies in a folder, links as links; a deleted file of the workspace (a device node) is refused."""
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.copytree(path, os.path.join(target, name), symlinks=True)
        else:
            shutil.copy2(path, os.path.join(target, name), follow_symlinks=False)


def remove(path):
    """Remove a file or folder, whatever permissions a test has taken away."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            for folder, _, _ in os.walk(path):
                os.chmod(folder, 0o700)
            shutil.rmtree(path)
        else:
            os.unlink(path)
    except OSError:
        pass  # another process has been quicker, or it is not ours


def limit_cpu(seconds):
    """The CPU time of one process: a wall deadline does not end what it cannot reach."""
    _lower(resource.RLIMIT_CPU, int(seconds) + 2)


def _lower(kind, most):
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(kind, (most, most))


def _tried(set_up, level):
    """Why `set_up` fails in a child, empty when it does not."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        status = 1
        try:
            set_up(level)
            status = 0
        except BaseException as error:  # whatever it is, the level does not work here
            os.write(write, (str(error) or repr(error)).encode("utf-8", "replace")[:500])
        finally:
            os._exit(status)
    os.close(write)
    said = b""
    while True:
        data = os.read(read, 4096)
        if not data:
            break
        said += data
    os.close(read)
    status = os.waitpid(child, 0)[1]
    return said.decode("utf-8", "replace") or ("" if status == 0 else "it ended with status %d" % status)


def _become_first_process():
    """Go on as the first process of the new process namespace; the old process waits, and ends with it.

    When the first process ends, the kernel kills every other one in it.
    """
    child = os.fork()
    if child:
        for fd in range(3):
            os.close(fd)
        try:
            os.closerange(3, 256)
        finally:
            status = os.waitpid(child, 0)[1]
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
    linux.die_with_parent()

"""What a test run cannot do, and where it takes place: set up once, before anything of the user is loaded.

Levels, strongest first. `namespaces`: everything but its own folders is
read-only, the workspace included (each run lays an overlay of its own over
it), there is no network but a loopback of its own, no device of the machine,
and no process but its own. `landlock`: the kernel refuses writes elsewhere,
and sockets; `none`: resource limits alone.
"""

import os
import resource
import shutil
import socket
import sys

from _trm_zygote import linux

LEVELS = ("namespaces", "landlock", "none")
_TEMPORARY = ("/tmp", "/var/tmp")
_DEVICES = ("null", "zero", "full", "tty", "random", "urandom")
"""Below /dev: what any program may use."""
_DEVICE_LINKS = (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"))
_KEPT = (0, 1, 2, 3, 4, 6, 7, 10, 31)
"""Capabilities that root's tests may rely on, with effect on the run's own files and processes alone: those about
file modes, owners and user ids, and low ports. The last one lets a namespace be made inside this one."""
_KEPT_OUTSIDE = (1, 2, 4, 6, 7, 10)
"""The same without a user namespace, where changing owners and modes would concern everybody's files."""
_RESERVED_PIDS = 300
"""The kernel gives each process id below this only once."""
_CORES = os.cpu_count() or 1


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
        """The machine's own temporary folders, one in each, while they are covered."""


class Sandbox:
    """What was set up. `level` and `overlay` say what; `missing` which promises are not kept, and why."""

    def __init__(self, request):
        """`request`: folder, root, work, isolation, level, network, memory, file (bytes), processes."""
        self.request = request
        self.folders = Folders(request["folder"])
        self.level = "none"
        self.overlay = False
        self.missing = []
        self._shared = []  # folders that runs share: where, where what they write is, what was there
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
        linux.be_the_first_to_go()
        if level == "namespaces":
            self._enter_namespaces()
        else:
            for name in ("tmp", "home"):
                self._share(os.path.join(self.folders.run, name))
        if level == "landlock":
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
        if network:
            self._refuse_sockets(socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
        linux.keep_only_capabilities(_KEPT if os.geteuid() == 0 else ())

    def _refuse_sockets(self, *families):
        """Others reach what no namespace hides, a virtual machine's host (vsock) for instance."""
        try:
            linux.refuse_sockets_but(*families)
        except OSError as error:
            self.missing.append("sockets that are no part of a network are open: %s" % error)

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
        self._mount_devices()
        for number, path in enumerate(_TEMPORARY):
            if os.path.isdir(path) and not os.path.islink(path):
                self._cover(path, str(number))
        if not request["network"] and os.path.isdir("/run") and not os.path.islink("/run"):
            self._empty("/run", 1)
            linux.make_read_only("/run")
        if not self.overlay:
            linux.bind(request["work"], request["work"])
            linux.make_writable(request["work"])

    def _mount_devices(self):
        """A /dev with what every program needs and no more: no disk, no terminal of the user."""
        devices = {name: os.open("/dev/" + name, os.O_PATH) for name in _DEVICES if os.path.exists("/dev/" + name)}
        needed = self._opened(self._needed(), "/dev")  # below /dev/shm, in all likelihood
        linux.mount_tmpfs("/dev", 1)
        for name, fd in devices.items():
            path = "/dev/" + name
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            linux.bind("/proc/self/fd/%d" % fd, path)
            linux.allow_devices(path)
            os.close(fd)
        for name, below in _DEVICE_LINKS:
            os.symlink("/proc/self/fd" + below, "/dev/" + name)
        os.symlink("pts/ptmx", "/dev/ptmx")
        for name in ("pts", "shm"):
            os.mkdir("/dev/" + name)
        linux.mount_terminals("/dev/pts")
        linux.mount_tmpfs("/dev/shm", self._megabytes())
        os.chmod("/dev/shm", 0o1777)
        self._show(needed)
        self._share("/dev/shm")
        linux.make_read_only("/dev")

    def _cover(self, path, name):
        """Let a temporary folder be written: what is written is seen by this job alone, and gone with it.

        Sockets of others cannot be reached through an overlay.
        """
        folders = self.folders
        if [mount for mount in linux.mounts_below(path) if not _inside(mount, folders.top)]:
            self._empty(path, self._megabytes())  # an overlay cannot be laid over mounts
            os.chmod(path, 0o1777)
            self._share(path)
            return
        below = os.path.join(folders.temporary, name)
        upper, work = (os.path.join(folders.job, name + kind) for kind in ("-upper", "-work"))
        os.mkdir(upper)
        os.mkdir(work)
        os.chmod(upper, 0o1777)
        there = set(os.listdir(path))
        linux.bind(path, below)
        needed = self._opened([folders.top], path)
        bound = os.open(below, os.O_PATH)
        linux.mount_overlay(path, [below], upper, work)
        linux.unmount("/proc/self/fd/%d" % bound)
        os.close(bound)
        self._show(needed)
        self._share(path, upper, there)

    def _empty(self, path, megabytes):
        """Show a folder with no more in it than links, and what the job itself needs."""
        needed = self._opened(self._needed(), path)
        links = {entry.name: os.readlink(entry.path) for entry in os.scandir(path) if entry.is_symlink()}
        linux.mount_tmpfs(path, megabytes)
        for name, target in links.items():
            os.symlink(target, os.path.join(path, name))
        self._show(needed)

    def _needed(self):
        """Folders that the job cannot do without, wherever they are: its own, the interpreter's, this program's."""
        code = [sys.prefix, sys.base_prefix, *sys.path, os.path.dirname(__file__)]
        found = [self.folders.top, self.request["root"], *(os.path.realpath(path) for path in code if path)]
        return [path for path in found if os.path.isdir(path)]

    def _opened(self, folders, path):
        """Those of the folders that lie below `path`, to be found again when it is covered."""
        return {folder: os.open(folder, os.O_PATH) for folder in folders if _inside(folder, path)}

    def _show(self, opened):
        for folder, fd in opened.items():
            os.makedirs(folder, exist_ok=True)
            linux.bind("/proc/self/fd/%d" % fd, folder, recursive=True)
            os.close(fd)

    def _share(self, path, upper=None, there=()):
        """Runs share a folder: what one writes is in `upper`, beside what was `there` before."""
        self._shared.append((path, upper or path, frozenset(there)))

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
        """Write a candidate's file where the overlay shows it, in folders that look like those they stand for."""
        folder = ""
        for name in path.split("/")[:-1]:
            folder = os.path.join(folder, name)
            here = os.path.join(upper, folder)
            if not os.path.isdir(here):
                os.mkdir(here)
                for lower in (self.folders.layer, self.folders.lower):
                    _look_alike(os.path.join(lower, folder), here)
        target = os.path.join(upper, path)
        with open(target, "wb", buffering=0) as file:
            file.write(data)
        for lower in (self.folders.layer, self.folders.lower):
            try:
                os.chmod(target, os.stat(os.path.join(lower, path)).st_mode)
                break
            except OSError:
                continue  # it is not there
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
        for path, upper, there in self._shared:
            for name in os.listdir(upper):
                if name not in there:
                    yield os.path.join(path, name)

    def _megabytes(self):
        return max(1, self.request["file"] >> 20)

    def _bound_processes(self):
        """A limit for the whole tree, which holds for root as well (Linux 6.14); RLIMIT_NPROC does not."""
        try:
            linux.make_writable("/proc")
            with open("/proc/sys/kernel/pid_max", "w") as file:
                file.write(str(_RESERVED_PIDS + self.request["processes"]))
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
        devices = ["/dev/" + name for name in (*_DEVICES, "ptmx")]
        version = linux.restrict_writes(writable, [path for path in devices if os.path.exists(path)])
        self.missing.append("modes, owners and times of files elsewhere can be changed")
        self.missing.append("there are no pseudo-terminals")
        if version < 3:
            self.missing.append("files elsewhere can be truncated: this needs Linux 6.2")
        if version < 6:
            self.missing.append("signals reach other processes of the user: this needs Linux 6.12")
        if not request["network"]:
            linux.refuse_sockets_but(socket.AF_UNIX, socket.AF_NETLINK)
            self.missing.append("loopback is cut off as well")
        linux.keep_only_capabilities(_KEPT_OUTSIDE if os.geteuid() == 0 else ())

    # --- limits -------------------------------------------------------------------------------

    def _limit(self):
        request = self.request
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_FSIZE, request["file"])
        _lower(resource.RLIMIT_DATA, request["memory"])
        # It counts what the user runs beside, but in a namespace. Root it does not bind at all.
        beside = 0 if self.level == "namespaces" else _threads_of_user()
        _lower(resource.RLIMIT_NPROC, beside + request["processes"])
        if self.level != "namespaces" and os.geteuid() == 0:
            self.missing.append("processes of root are not counted")


def _inside(path, folder):
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _threads_of_user():
    """How many threads the user has: what the kernel counts for the limit of processes."""
    count, user = 0, os.getuid()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            try:
                if os.stat("/proc/" + name).st_uid == user:
                    count += len(os.listdir("/proc/%s/task" % name))
            except OSError:
                continue  # it has ended
    return count


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


def _look_alike(original, folder):
    """Give a folder the mode and the times of the one it stands for, where that is there."""
    try:
        status = os.stat(original)
    except OSError:
        return
    os.chmod(folder, status.st_mode)
    os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))


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
    _lower(resource.RLIMIT_CPU, (int(seconds) + 2) * _CORES)


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

"""System calls that Python has no function for. Every one raises OSError, with what was tried, when it is refused."""

import array
import ctypes
import fcntl
import os
import platform
import socket
import struct

NEW_NS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
_BIND, _REC, _PRIVATE, _NOSUID, _NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _ATTR_RDONLY, _ATTR_NODEV, _DETACH = 442, -100, 0x8000, 1, 4, 2
_PDEATHSIG, _SUBREAPER, _CAPBSET_DROP, _NO_NEW_PRIVS, _SECCOMP = 1, 36, 24, 38, 22
_CAPABILITY_VERSION, _CAPABILITIES = 0x20080522, 64
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x1 | 0x40

try:
    _libc = ctypes.CDLL(None, use_errno=True)
except (OSError, TypeError):  # not a Unix
    _libc = None


def _call(name, *arguments):
    if _libc is None or not hasattr(_libc, name):
        raise OSError("this system has no %s" % name)
    result = getattr(_libc, name)(*arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (name, os.strerror(error)))
    return result


def _syscall(what, number, *arguments):
    result = _libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, "%s: %s" % (what, os.strerror(error)))
    return result


# --- processes ---------------------------------------------------------------------------------


def adopt_orphans():
    """Become the parent of every orphaned descendant, so that none can escape by detaching."""
    _call("prctl", _SUBREAPER, 1, 0, 0, 0)


def die_with_parent():
    """Be killed when the parent dies, however it dies."""
    _call("prctl", _PDEATHSIG, 9, 0, 0, 0)


def be_the_first_to_go():
    """Where memory runs out, the kernel ends this process and its children before any other."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass  # no Linux, or no /proc


def keep_only_capabilities(kept):
    """Give up every other privilege for good; no program that is started can bring one back."""
    for number in range(_CAPABILITIES):
        if number not in kept and _libc.prctl(_CAPBSET_DROP, number, 0, 0, 0) < 0:
            break  # there are no more
    header = struct.pack("II", _CAPABILITY_VERSION, 0)
    held = ctypes.create_string_buffer(24)
    _call("capget", header, held)
    # Effective, permitted, inheritable; the second three are for numbers above 31.
    low = sum(1 << number for number in kept) & struct.unpack("6I", held.raw)[1]
    _call("capset", header, struct.pack("6I", low, low, 0, 0, 0, 0))
    no_new_privileges()


def no_new_privileges():
    """Set-user-id programs have no effect from now on."""
    _call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0)


# --- namespaces --------------------------------------------------------------------------------


def enter_user_namespace(flags, proc="/proc"):
    """Enter a new user namespace, and the others of `flags`, as the same user and group."""
    user, group = os.geteuid(), os.getegid()
    _call("unshare", NEW_USER | flags)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", "%d %d 1" % (user, user)),
        ("gid_map", "%d %d 1" % (group, group)),
    ):
        fd = os.open("%s/self/%s" % (proc, name), os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def bring_loopback_up():
    """A new network namespace has its loopback down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))


# --- mounts ------------------------------------------------------------------------------------


def _mount(source, target, kind, flags, options):
    try:
        _call("mount", _bytes(source), _bytes(target), _bytes(kind), flags, _bytes(options))
    except OSError as error:
        raise OSError(
            error.errno, "mounting %s on %s: %s" % (kind or source or "", target, os.strerror(error.errno or 0))
        ) from error


def _bytes(text):
    return None if text is None else os.fsencode(text)


def keep_mounts_private():
    """What is mounted from now on is seen in this namespace alone."""
    _mount(None, "/", None, _PRIVATE | _REC, None)


def make_everything_read_only():
    """Every mount there is, and its devices of no use; those made later can be written (Linux 5.12)."""
    _set_attributes("/", _ATTR_RDONLY | _ATTR_NODEV, 0, _AT_RECURSIVE)


def make_read_only(path):
    _set_attributes(path, _ATTR_RDONLY, 0)


def make_writable(path):
    """Let a mount be written again that this namespace has made read-only."""
    _set_attributes(path, 0, _ATTR_RDONLY)


def allow_devices(path):
    """Let devices of a mount be used again that this namespace has made useless."""
    _set_attributes(path, 0, _ATTR_NODEV)


def _set_attributes(path, on, off, flags=0):
    attributes = struct.pack("QQQQ", on, off, 0, 0)
    what = "changing how %s is mounted" % path
    _syscall(what, _MOUNT_SETATTR, _AT_FDCWD, _bytes(path), flags, attributes, len(attributes))


def bind(source, target, recursive=False):
    _mount(source, target, None, _BIND | (_REC if recursive else 0), None)


def mount_tmpfs(target, megabytes):
    _mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, "size=%dm,mode=0755" % megabytes)


def mount_terminals(target):
    """Pseudo-terminals that are nobody else's."""
    _mount("devpts", target, "devpts", _NOSUID, "newinstance,ptmxmode=0666,mode=0620")


def unmount(target):
    """Take a mount out of sight; what uses it still can."""
    _call("umount2", _bytes(target), _DETACH)


def mount_proc(target, options=None):
    _mount("proc", target, "proc", _NOSUID | _NODEV, options)


def mount_overlay(target, lower, upper, work):
    """`lower`: paths, the first one on top."""
    layers = ":".join(_escaped(path) for path in lower)
    options = "lowerdir=%s,upperdir=%s,workdir=%s,userxattr" % (layers, _escaped(upper), _escaped(work))
    _mount("overlay", target, "overlay", _NOSUID | _NODEV, options)


def _escaped(path):
    for character in "\\:,":
        path = path.replace(character, "\\" + character)
    return path


def mounts_below(path):
    """Mount points below `path`."""
    found = []
    with open("/proc/self/mountinfo", "rb") as file:
        for line in file:
            point = os.fsdecode(line.split(b" ")[4].decode("unicode_escape").encode("latin-1"))
            if point.startswith(path.rstrip("/") + "/"):
                found.append(point)
    return found


# --- landlock and seccomp ----------------------------------------------------------------------

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2


def landlock_version():
    """The kernel's Landlock ABI, 0 where there is none."""
    try:
        return _syscall("landlock", _LANDLOCK_CREATE, None, 0, 1)
    except (OSError, AttributeError):
        return 0


def restrict_writes(folders, files):
    """Landlock: from now on only what lies in these folders, and these files, can be written.

    From ABI 6 on, signals and abstract sockets reach this process's own
    descendants alone. Returns the ABI.
    """
    version = landlock_version()
    handled = (1 << 13) - 1  # ABI 1
    handled |= (1 << 13 if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0) | (1 << 15 if version >= 5 else 0)
    attributes = struct.pack("Q", handled)
    if version >= 4:
        attributes += struct.pack("Q", 0)
    if version >= 6:
        attributes += struct.pack("Q", _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS)
    rules = _syscall("landlock", _LANDLOCK_CREATE, attributes, len(attributes), 0)
    try:
        reading = _EXECUTE | _READ_FILE | _READ_DIR
        _allow(rules, "/", reading)
        for folder in folders:
            _allow(rules, folder, handled)
        for file in files:
            _allow(rules, file, (_WRITE_FILE | _READ_FILE | _TRUNCATE | (1 << 15)) & handled)
        no_new_privileges()
        _syscall("landlock", _LANDLOCK_RESTRICT, rules, 0)
    finally:
        os.close(rules)
    return version


def _allow(rules, path, access):
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _syscall("landlock for %s" % path, _LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, fd), 0)
    finally:
        os.close(fd)


_MACHINES = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
"""Audit architecture, the number of socket(2), and of io_uring_setup(2), which could make sockets unseen."""


def refuse_sockets_but(*families):
    """seccomp: socket() of other families fails with EPERM, and io_uring, which could make one unseen."""
    if platform.machine() not in _MACHINES:
        raise OSError("no seccomp filter for %s" % platform.machine())
    machine, socket_call, uring_call = _MACHINES[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refuse, allow, kill = 0x00050001, 0x7FFF0000, 0x80000000
    many = len(families)
    # Each step: what it does, how many steps to jump if so and if not, its operand.
    program = [
        (load, 0, 0, 4),  # the architecture
        (equal, 1, 0, machine),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),  # the number of the call
        (at_least, many + 3, 0, 0x40000000),  # the same calls under the numbers of x32
        (equal, many + 2, 0, uring_call),
        (equal, 0, many + 2, socket_call),
        (load, 0, 0, 16),  # the family
        *((equal, many - number, 0, int(family)) for number, family in enumerate(families)),
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    ]
    code = array.array("B", b"".join(struct.pack("HBBI", *step) for step in program))
    address, _ = code.buffer_info()
    no_new_privileges()
    _call("prctl", _SECCOMP, 2, struct.pack("HxxxxxxP", len(program), address), 0, 0)

"""Attacks by the tests of a project, on every level of the sandbox: what is promised is checked from outside.

An attack is the body of a test, run by the judge in a fresh process and in a
fork of the warmest stage. It passes when it was refused, and what it aimed at
is looked at afterwards. `none` promises less, and is attacked only there.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from projects import FIXED, NO_PLUGINS, TESTS, WRONG, copies, judging, make, marked, outcomes, until, untouched, verdict

import trm_lsp
from trm_lsp.core.state import Edit, Variant
from trm_lsp.core.verdict import Tier
from trm_lsp.judging import aim as aim_module
from trm_lsp.judging.judge import TestJudge

LEVELS = ("namespaces", "landlock", "none")
SWAPPED = Variant({}, (Edit("calc.py", WRONG.index("+"), WRONG.index("+") + 1, "-"),))
HELD = LEVELS[:2]
"""Levels that hold back more than memory and files."""

HEAD = """
import contextlib, ctypes, errno, glob, os, pathlib, pytest, resource, shutil, signal, socket, subprocess, sys, tempfile
from calc import sub

ENGINE, VICTIM = int(os.environ["ENGINE"]), int(os.environ["VICTIM"])
BESIDE, HOUSE = pathlib.Path(os.environ["BESIDE"]), pathlib.Path(os.environ["HOUSE"])
ADDRESS, TCP, UDP = os.environ["ADDRESS"], int(os.environ["TCP"]), int(os.environ["UDP"])
_libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(_libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


@contextlib.contextmanager
def refused(*numbers):
    numbers = numbers or (errno.EROFS, errno.EPERM, errno.EACCES, errno.EXDEV)
    with pytest.raises(OSError) as error:
        yield
    assert error.value.errno in numbers, error.value


def look_into(pid):
    for name in ("environ", "mem", "root", "cwd", "exe", "fd/0", "ns/mnt", "map_files"):
        with refused(errno.ENOENT, errno.EACCES, errno.EPERM):
            path = "/proc/%d/%s" % (pid, name)
            os.listdir(path) if name in ("root", "cwd", "map_files") else open(path, "rb").read(1)


def test_sub():
    assert sub(3, 2) == 1

"""

WRITES = {
    "writes": "(at / 'kept.txt').write_text('changed')",
    "appends": "open(at / 'kept.txt', 'a').write('more')",
    "creates": "(at / 'made.txt').write_text('made')",
    "makes_a_folder": "(at / 'made').mkdir()",
    "makes_a_link": "(at / 'link').symlink_to('kept.txt')",
    "deletes": "(at / 'kept.txt').unlink()",
    "truncates": "os.truncate(at / 'kept.txt', 0)",
    "renames_there": "open('own', 'w').close(); os.rename('own', at / 'kept.txt')",
    "renames_from_there": "os.rename(at / 'kept.txt', 'stolen.txt')",
    "links_and_writes": "os.link(at / 'kept.txt', 'hard'); open('hard', 'w').write('changed')",
    "writes_through_a_link": "os.symlink(at, 'soft'); open('soft/kept.txt', 'w').write('changed')",
    "writes_by_a_shell": "subprocess.run(['sh', '-c', 'echo x > kept.txt'], cwd=at, check=True)",
}
ATTRIBUTES = {
    "changes_a_mode": "os.chmod(at / 'kept.txt', 0o777)",
    "changes_a_time": "os.utime(at / 'kept.txt', (1, 1))",
    "changes_an_owner": "os.chown(at / 'kept.txt', os.getuid(), os.getgid())",
    "changes_an_attribute": "os.setxattr(at / 'kept.txt', 'user.trm', b'x')",
}
"""Landlock does not know these."""

SYSTEM = {
    "writes_a_sysctl": "with refused(): open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')",
    "writes_to_sys": "with refused(): open('/sys/kernel/profiling', 'w').write('0')",
    "makes_a_cgroup": "with refused(errno.EROFS, errno.EPERM, errno.EACCES): os.mkdir('/sys/fs/cgroup/trm-attack')",
    "opens_a_disk": """
        with open('/proc/partitions') as file:
            names = [line.split()[3] for line in file.readlines()[2:]]
        for name in names:
            with refused(errno.ENOENT, errno.EACCES, errno.EPERM):
                os.open('/dev/' + name, os.O_WRONLY)
    """,
    "makes_a_device": """
        with refused():
            os.mknod('disk', 0o60666, os.makedev(254, 0))
            os.open('disk', os.O_RDONLY)
    """,
    "opens_a_terminal_of_the_user": """
        for terminal in glob.glob('/dev/pts/[0-9]*') + ['/dev/tty1', '/dev/console']:
            with refused(errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENXIO):
                os.open(terminal, os.O_WRONLY | os.O_NOCTTY)
    """,
    "uses_devices_that_everybody_needs": """
        open('/dev/null', 'w').write('x')
        assert open('/dev/zero', 'rb').read(2) == bytes(2) and len(open('/dev/urandom', 'rb').read(8)) == 8
        with refused(errno.ENOSPC): os.write(os.open('/dev/full', os.O_WRONLY), b'x')
        import multiprocessing
        multiprocessing.Lock()
    """,
    "remounts_everything": "with refused(): call('mount', None, b'/', None, 0x20, None)",
    "remounts_the_workspace": "with refused(): call('mount', None, os.getcwd().encode(), None, 0x20, None)",
    "binds": "with refused(): call('mount', str(HOUSE).encode(), os.getcwd().encode(), None, 0x1000, None)",
    "unmounts_the_workspace": """
        with refused(errno.EPERM): call('umount2', os.getcwd().encode(), 2)
    """,
    "changes_its_root": "with refused(errno.EPERM): os.chroot('/proc')",
    "changes_the_host_name": "with refused(errno.EPERM): call('sethostname', b'trm', 3)",
    "gives_privileges_no_effect": """
        assert _libc.prctl(39, 0, 0, 0, 0) == 1  # PR_GET_NO_NEW_PRIVS
        status = open('/proc/self/status').read()
        effective = int(status.partition('CapEff:')[2].split()[0], 16)
        assert not effective & ~0x8000_04df, hex(effective)  # modes and owners of files, user ids, low ports
    """,
    "looks_into_the_engine": """
        look_into(ENGINE)
    """,
    "traces_the_engine": "with refused(errno.EPERM, errno.ESRCH): call('ptrace', 16, ENGINE, 0, 0)",
    "traces_another_process": "with refused(errno.EPERM, errno.ESRCH): call('ptrace', 16, VICTIM, 0, 0)",
    "kills_the_engine": "with refused(errno.EPERM, errno.ESRCH): os.kill(ENGINE, signal.SIGURG)",
    "kills_another_process": "with refused(errno.EPERM, errno.ESRCH): os.kill(VICTIM, signal.SIGURG)",
    "kills_everything": """
        with contextlib.suppress(OSError): os.kill(-1, signal.SIGURG)
    """,
    "reads_a_secret": """
        for path in ['/proc/self/environ', *glob.glob('/proc/[0-9]*/environ')]:
            with contextlib.suppress(OSError):
                assert b'hunter2' not in open(path, 'rb').read()
    """,
}
IN_NAMESPACES = {
    "makes_namespaces_of_its_own": """
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                call('unshare', 0x10000000 | 0x20000)
                for deed in (
                    lambda: call('umount2', str(ROOT).encode(), 2),
                    lambda: call('mount', None, b'/', None, 0x20, None),
                    lambda: call('mount', None, str(ROOT).encode(), None, 0x20 | 0x1000, None),
                    lambda: (HOUSE / 'kept.txt').write_text('changed'),
                ):
                    with refused(errno.EPERM, errno.EINVAL, errno.EROFS, errno.EACCES):
                        deed()
                status = 0
            except OSError:
                status = 0  # it may not make any
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    """,
    "looks_into_the_first_process": """
        look_into(1)
    """,
    "traces_the_first_process": "with refused(errno.EPERM): call('ptrace', 16, 1, 0, 0)",
    "kills_the_first_process": "os.kill(1, signal.SIGTERM)",
    "has_terminals_of_its_own": """
        ours, theirs = os.openpty()
        os.write(theirs, b'x')
        assert os.read(ours, 1) == b'x'
    """,
    "sees_no_process_of_others": """
        assert max(int(name) for name in os.listdir('/proc') if name.isdigit()) < 1000
        assert len(glob.glob('/proc/[0-9]*')) < 20
    """,
    "leaves_files_in_shared_memory": "pathlib.Path('/dev/shm/trm-attack').write_text('left')",
    "leaves_files_in_a_temporary_folder": """
        for folder in ('/tmp', '/var/tmp'):
            assert not os.path.exists(folder + '/trm-attack')
            pathlib.Path(folder, 'trm-attack').write_text('left')
    """,
}

NETWORK = {
    "reaches_the_host": """
        for address in ('127.0.0.1', ADDRESS):
            with refused(errno.ECONNREFUSED, errno.ENETUNREACH, errno.EPERM):
                socket.create_connection((address, TCP), timeout=5)
    """,
    "reaches_the_world": """
        for family, address in ((socket.AF_INET, '192.0.2.1'), (socket.AF_INET6, '2001:db8::1')):
            with refused(errno.ENETUNREACH, errno.EPERM, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                with socket.socket(family, socket.SOCK_STREAM) as tcp:
                    tcp.settimeout(5)
                    tcp.connect((address, 80))
    """,
    "sends_datagrams": """
        for address in ('127.0.0.1', ADDRESS, '192.0.2.1'):
            with contextlib.suppress(OSError):
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'secret', (address, UDP))
    """,
    "asks_for_a_name": """
        with pytest.raises(OSError):
            socket.getaddrinfo('example.org', 80)
    """,
    "makes_raw_sockets": """
        for family in (socket.AF_INET, socket.AF_PACKET):
            with refused(errno.EPERM): socket.socket(family, socket.SOCK_RAW, 1)
    """,
    "makes_a_socket_to_a_host_of_machines": """
        with refused(errno.EPERM): socket.socket(40, socket.SOCK_STREAM)  # AF_VSOCK
    """,
    "makes_a_ring": "with refused(errno.EPERM): call('syscall', 425, 1, ctypes.create_string_buffer(120))",
    "reaches_an_abstract_socket": """
        with refused(errno.ECONNREFUSED, errno.EPERM):
            socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['ABSTRACT'])
    """,
}
NETWORK_IN_NAMESPACES = {
    "reaches_a_socket_in_a_temporary_folder": """
        with refused(errno.ECONNREFUSED, errno.ENOENT, errno.EROFS):
            socket.socket(socket.AF_UNIX).connect(str(BESIDE / 'socket'))
    """,
    "serves_and_asks_itself": """
        import http.server, threading, urllib.request
        with http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = 'http://127.0.0.1:%d/calc.py' % server.server_port
            assert b'def sub' in urllib.request.urlopen(address, timeout=5).read()
            server.shutdown()
    """,
}
ALWAYS = {
    "sees_no_variable_that_is_not_allowed": "assert 'SECRET' not in os.environ",
    "has_a_home_of_its_own": """
        home = pathlib.Path.home()
        assert os.listdir(home) == []
        (home / '.config').write_text('left')
    """,
    "has_a_temporary_folder_of_its_own": """
        assert os.listdir(tempfile.gettempdir()) == []
        open(os.path.join(tempfile.gettempdir(), 'left'), 'w').close()
    """,
    "changes_the_workspace_as_it_sees_it": """
        for name in os.listdir():
            if os.path.isfile(name) and name.endswith('.txt'):
                open(name, 'w').write('changed')
                os.unlink(name)
    """,
}


def _attacks(level: str) -> dict[str, str]:
    """What is tried on a level, by name."""
    if level == "none":
        return ALWAYS
    found = {**SYSTEM, **NETWORK, **ALWAYS}
    places = {"HOUSE": "with refused():", "BESIDE": "with contextlib.suppress(OSError, subprocess.SubprocessError):"}
    places |= {} if level == "landlock" else {"ROOT": "with contextlib.suppress(OSError, subprocess.SubprocessError):"}
    for place, guard in places.items():
        for name, deed in {**WRITES, **(ATTRIBUTES if level == "namespaces" else {})}.items():
            shell = place == "HOUSE" and "subprocess" in deed
            shown = "with pytest.raises(subprocess.CalledProcessError):" if shell else guard
            found[f"{name}_{place.lower()}"] = f"at = {place}\n{shown}\n    {deed}"
    return {**found, **IN_NAMESPACES, **NETWORK_IN_NAMESPACES} if level == "namespaces" else found


ALL = sorted({name for level in LEVELS for name in _attacks(level)})


def state(top: Path) -> dict[str, Any]:
    """Whatever can be changed below a folder."""
    found: dict[str, Any] = {}
    for path in [top, *top.rglob("*")]:
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        facts = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_mtime_ns, content)
        found[str(path)] = (*facts, os.listxattr(path, follow_symlinks=False))
    return found


@dataclass
class Attacked:
    """What came of all attacks on one level, and the targets as they are afterwards."""

    level: str
    outcomes: list[dict[str, str]] = field(default_factory=list)
    """Of the baseline, and of candidates in each tier."""
    messages: dict[str, str] = field(default_factory=dict)
    victim: bool = False
    """Whether the user's other process lives, and has met no signal."""
    reached: list[str] = field(default_factory=list)
    """Sockets of the host that were reached."""
    changed: list[str] = field(default_factory=list)
    """Folders of the host that are not as they were."""
    left: list[str] = field(default_factory=list)


VICTIM = "import signal, sys, time; signal.signal(signal.SIGURG, lambda *_: sys.exit(3)); print(1, flush=True)\n"


@contextmanager
def victim() -> Iterator[subprocess.Popen[str]]:
    """A process of the user that ends at a signal which does nothing to any other."""
    command = [sys.executable, "-c", VICTIM + "while True: time.sleep(600)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline()
        yield process
        process.kill()


def own_address() -> str:
    """An address of this machine that is not loopback, or loopback where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect(("192.0.2.1", 9))  # nothing is sent
            return str(udp.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def listeners(beside: Path) -> dict[str, socket.socket]:
    """Servers of the host, one of each kind."""
    found = {
        "tcp": socket.create_server(("0.0.0.0", 0)),
        "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "abstract": socket.socket(socket.AF_UNIX),
        "file": socket.socket(socket.AF_UNIX),
    }
    found["udp"].bind(("0.0.0.0", 0))
    found["abstract"].bind(f"\0trm-attack-{os.getpid()}")
    found["file"].bind(str(beside / "socket"))
    for name in ("abstract", "file"):
        found[name].listen()
    return found


@pytest.fixture(scope="module", params=LEVELS)
def attacked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    level: str = request.param
    top = tmp_path_factory.mktemp("attacked")
    beside = make(top / "beside", {"kept.txt": "mine"})
    attacks = _attacks(level)
    test = HEAD + f"ROOT = pathlib.Path({str(top / 'project')!r})\n"
    for name, body in attacks.items():
        test += f"\n\ndef test_{name}():\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
    root = make(top / "project", {"calc.py": WRONG, "test_attacks.py": test, "data.txt": "data", "kept.txt": "kept"})
    with ExitStack() as stack:
        # However long the attacks take, a confirm runs them all.
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(aim_module, "QUICK_SECONDS", 60.0)
        house = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".trm-test-", dir=Path.home())))
        make(house, {"kept.txt": "mine"})
        other = stack.enter_context(victim())
        servers = {name: stack.enter_context(closing(one)) for name, one in listeners(beside).items()}
        env = {
            "ENGINE": str(os.getpid()),
            "VICTIM": str(other.pid),
            "BESIDE": str(beside),
            "HOUSE": str(house),
            "ADDRESS": own_address(),
            "TCP": str(servers["tcp"].getsockname()[1]),
            "UDP": str(servers["udp"].getsockname()[1]),
            "ABSTRACT": f"trm-attack-{os.getpid()}",
        }
        knobs = {"test": {"env": list(env)}, "env": {**env, "SECRET": "hunter2", NO_PLUGINS: "1"}}
        folders = {"beside": beside, "house": house, "root": root}
        before = {name: state(folder) for name, folder in folders.items()}
        caught = Attacked(level)
        handler = signal.signal(signal.SIGURG, lambda *_: caught.left.append("the engine met a signal"))
        stack.callback(signal.signal, signal.SIGURG, handler)
        with judging(root, sandbox={"level": level}, **knobs) as judge:  # type: ignore[arg-type]
            assert os.environ.get("SECRET") is None
            verdicts = [judge.baseline()]
            assert judge._tests.level == "collected", judge._tests.why
            for variant, tier in ((SWAPPED, Tier.CONFIRM), (FIXED, Tier.CONFIRM), (FIXED, Tier.COLD)):
                verdicts.append(verdict(judge, variant, tier))
        caught.outcomes = [outcomes(found) for found in verdicts]
        caught.messages = {result.id: result.message for found in verdicts for result in found.results}
        caught.victim = other.poll() is None
        caught.reached = [name for name, one in servers.items() if select.select([one], [], [], 0)[0]]
        caught.changed = [name for name, folder in folders.items() if state(folder) != before[name]]
        caught.left += [str(path) for path in map(Path, _PLACES) if path.exists()]
        yield caught


_PLACES = ("/dev/shm/trm-attack", "/tmp/trm-attack", "/var/tmp/trm-attack", "/sys/fs/cgroup/trm-attack")


@pytest.mark.parametrize("attack", ALL)
def test_an_attack_is_refused(attacked: Attacked, attack: str) -> None:
    """In a fresh process, in forks of collected tests and of a configured pytest, and in a fresh process once more."""
    if attack not in _attacks(attacked.level):
        pytest.skip(f"{attacked.level} does not promise this")
    found = [outcome[f"test_{attack}"] for outcome in attacked.outcomes]
    assert found == ["passed"] * 4, attacked.messages[f"test_attacks.py::test_{attack}"]


def test_nothing_of_the_user_has_changed(attacked: Attacked) -> None:
    assert attacked.changed == []
    assert attacked.left == []


def test_no_server_of_the_host_was_reached(attacked: Attacked) -> None:
    assert attacked.reached == []


def test_no_process_of_the_user_met_a_signal(attacked: Attacked) -> None:
    assert attacked.victim


def test_candidates_are_judged_right_among_attacks(attacked: Attacked) -> None:
    assert [found["test_sub"] for found in attacked.outcomes] == ["failed", "passed", "passed", "passed"]


# --- limits -------------------------------------------------------------------------------------

LIMITS = """
import os, pathlib, pytest, resource, tempfile
from calc import sub

HERE = pathlib.Path(tempfile.gettempdir())


def test_sub():
    assert sub(3, 2) == 1


def test_memory():
    with pytest.raises(MemoryError):
        bytearray(10 << 30)


def test_a_large_file():
    with pytest.raises(OSError, match="File too large|No space left"), open(HERE / "large", "wb") as file:
        for _ in range(3000):
            file.write(bytes(1 << 20))


def test_processor_time_of_every_process():
    assert resource.getrlimit(resource.RLIMIT_CPU)[1] < 40 * os.cpu_count()


def test_no_core_is_dumped():
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
"""
FULL = """

def test_a_full_disk():
    with pytest.raises(OSError, match="No space left"):
        for number in range(100):
            (HERE / str(number)).write_bytes(bytes(1 << 20))


def test_a_full_disk_in_the_workspace():
    with pytest.raises(OSError, match="No space left"):
        for number in range(100):
            pathlib.Path(str(number)).write_bytes(bytes(1 << 20))
"""
LIMITED = {"memory": 200, "file": 8, "processes": 64}


@pytest.mark.parametrize("level", LEVELS)
def test_memory_files_and_time_are_limited(root: Path, level: str) -> None:
    test = LIMITS + (FULL if level == "namespaces" else "")
    make(root, {"calc.py": WRONG, "test_limits.py": test})
    with untouched(root), judging(root, sandbox={"level": level, **LIMITED}, test={"timeout": 30}) as judge:
        assert set(outcomes(judge.baseline()).items()) - {("test_sub", "failed")} == {
            (name, "passed") for name in outcomes(judge.baseline()) if name != "test_sub"
        }
        for tier in (Tier.CONFIRM, Tier.COLD):
            assert verdict(judge, FIXED, tier).passed


BOMB = """
import os, signal, time
from calc import sub

MOST = 2000


def test_sub():
    assert sub(3, 2) == 1


def test_bomb():
    started = 0
    try:
        while started < MOST:
            if os.fork() == 0:
                signal.pause()
                os._exit(0)
            started += 1
    except OSError:
        pass
    assert 10 < started <= 364, started
"""


def test_in_namespaces_a_fork_bomb_is_bounded_and_nothing_is_left(root: Path) -> None:
    """By the kernel's count in a process namespace, which reserves 300; elsewhere the limit does not bind root."""
    make(root, {"calc.py": WRONG, "test_bomb.py": BOMB})
    with judging(root, sandbox={"level": "namespaces", **LIMITED}) as judge:
        if judge.sandbox.missing:
            pytest.skip(str(judge.sandbox.missing))
        assert outcomes(judge.baseline()) == {"test_sub": "failed", "test_bomb": "passed"}
        for tier in (Tier.CONFIRM, Tier.COLD):
            found = verdict(judge, FIXED, tier)
            assert found.passed, found.results
        assert len(marked(str(root.parent))) < 20
    assert until(lambda: not marked(str(root.parent)), 2)


@pytest.mark.parametrize("level", LEVELS)
def test_a_bomb_that_goes_on_when_its_parent_has_ended_is_cleared(root: Path, level: str) -> None:
    """Thirty processes that fork and leave as fast as they can; the test bounds itself, so that it may fail safely."""
    bomb = """
        import os
        from calc import sub

        def test_sub():
            assert sub(3, 2) == 1

        def test_generations():
            for _ in range(30):
                if os.fork() == 0:
                    os.setsid()
                    for _ in range(20):  # each generation is an orphan of the one before
                        if os.fork():
                            os._exit(0)
                    os.execvp("sleep", ["sleep", "600"])
    """
    make(root, {"calc.py": WRONG, "test_bomb.py": bomb})
    with judging(root, sandbox={"level": level}) as judge:
        assert outcomes(judge.baseline()) == {"test_sub": "failed", "test_generations": "passed"}
        before = psutil.pids()
        assert verdict(judge).passed
        new = [pid for pid in psutil.pids() if pid not in before and _is_a_sleep(pid)]
        assert new == []


def _is_a_sleep(pid: int) -> bool:
    try:
        return psutil.Process(pid).cmdline() == ["sleep", "600"]
    except psutil.Error:
        return False


# --- what a test process inherits ---------------------------------------------------------------

FILES = """
import os
from calc import sub


def test_sub():
    assert sub(3, 2) == 1


def test_files():
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    raise RuntimeError("|".join(sorted(links)))
"""


def _pipes(judge: TestJudge) -> set[str]:
    process = judge._tests.runner._process  # type: ignore[union-attr]
    return {f"pipe:[{os.fstat(end.fileno()).st_ino}]" for end in (process.stdin, process.stdout) if end}


@pytest.mark.parametrize("level", LEVELS)
def test_a_test_cannot_reach_the_protocol_by_files_it_inherits(root: Path, level: str) -> None:
    make(root, {"calc.py": WRONG, "test_files.py": FILES})
    with judging(root, sandbox={"level": level}) as judge:
        cold = judge.baseline()
        assert judge._tests.level == "collected", judge._tests.why
        for found in (cold, verdict(judge), verdict(judge, FIXED, Tier.COLD)):
            (message,) = (result.message for result in found.results if result.id.endswith("test_files"))
            held = set(message.partition("RuntimeError: ")[2].split("\n")[0].split("|"))
            assert held, message
            assert not held & _pipes(judge), message
            assert len([link for link in held if link.startswith("pipe:")]) <= 3, held
            odd = [
                link
                for link in held
                if not link.startswith(("pipe:", "/dev/null", "/proc/", f"{copies_of(judge)}/", "/tmp/"))
            ]
            assert odd == []


def copies_of(judge: TestJudge) -> str:
    return str(judge._bed.private.path)


# --- settings -----------------------------------------------------------------------------------

ASKS = """
import os, socket
from calc import sub


def test_sub():
    assert sub(3, 2) == 1


def test_asks():
    socket.create_connection(("127.0.0.1", int(os.environ["TCP"])), timeout=5)
"""


@pytest.mark.parametrize("level", HELD)
@pytest.mark.parametrize("network", [False, True])
def test_the_network_is_open_where_the_setting_says_so(root: Path, network: bool, level: str) -> None:
    make(root, {"calc.py": WRONG, "test_asks.py": ASKS})
    with socket.create_server(("127.0.0.1", 0)) as server:
        env = {"TCP": str(server.getsockname()[1])}
        knobs = {"env": env, "test": {"env": ["TCP"]}, "sandbox": {"level": level, "network": network}}
        with judging(root, **knobs) as judge:  # type: ignore[arg-type]
            assert outcomes(judge.baseline())["test_asks"] == ("passed" if network else "failed")


def test_the_strongest_level_is_taken_where_none_is_named(root: Path) -> None:
    make(root, {"calc.py": WRONG, "test_sub.py": "def test_one():\n    pass\n"})
    with judging(root) as judge:
        strongest = judge.sandbox.level
    with judging(root, sandbox={"level": strongest}) as judge:
        assert judge.sandbox.level == strongest


# --- another user -------------------------------------------------------------------------------

PLAIN = """
import json, sys
from pathlib import Path
from projects import *

with judging(Path(sys.argv[1]), sandbox={"level": sys.argv[2]}) as judge:
    found = judge.baseline()
    again = [verdict(judge, FIXED, tier) for tier in (Tier.CONFIRM, Tier.COLD)]
    said = [outcomes(one) for one in (found, *again)]
    print(json.dumps([said, judge._tests.level, judge.sandbox.overlay]))
"""
NOBODY = 65534
IMPORTED = os.pathsep.join([str(TESTS), *{str(Path(module.__file__).parents[1]) for module in (trm_lsp, pytest)}])
"""What another interpreter needs on its path to run us."""
USERS = pytest.mark.parametrize("user", ["ourselves", "nobody"])


@USERS
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_works_for_any_user(root: Path, temporary: Path, level: str, user: str) -> None:
    attack = """
        import os, pathlib, pytest
        from calc import sub

        def test_sub():
            assert sub(3, 2) == 1

        def test_here():
            pathlib.Path("data.txt").write_text("changed")
            pathlib.Path(os.environ["TMPDIR"], "x").write_text("x")
            pathlib.Path.home().joinpath("x").write_text("x")
    """
    outside = f"""
        def test_outside():
            with pytest.raises(OSError):
                pathlib.Path("/etc/trm-attack").write_text("x")
            with pytest.raises(OSError):
                os.kill({os.getpid()}, 0)
    """
    test = textwrap.dedent(attack) + (textwrap.dedent(outside) if level != "none" else "")
    make(root, {"calc.py": WRONG, "test_attack.py": test, "data.txt": "data"})
    with ExitStack() as stack:
        python, private = sys.executable, {}
        if user == "nobody":
            python, private = _as_nobody()
            temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trm-nobody-", dir="/var/tmp")))
            root = Path(shutil.copytree(root, temporary / "project"))
            for path in (temporary, root, *root.iterdir()):
                os.chown(path, NOBODY, NOBODY)
        done = subprocess.run(
            [python, "-c", PLAIN, str(root), level],
            env={
                **os.environ,
                "PYTHONPATH": IMPORTED,
                "TMPDIR": str(temporary),
            },
            capture_output=True,
            text=True,
            cwd=temporary,
            **private,
        )
        assert copies(temporary) == []
    assert done.stderr == "", done.stderr[-1500:]
    expected = {"test_sub": "passed", "test_here": "passed", **({"test_outside": "passed"} if level != "none" else {})}
    said, warm, overlay = json.loads(done.stdout)
    assert said == [{**expected, "test_sub": "failed"}, expected, expected]
    assert (warm, overlay) == ("collected", level == "namespaces")


def _as_nobody() -> tuple[str, dict[str, Any]]:
    """An interpreter that another user can start, and what starts it as that user."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    private: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    ask = [f"import sys, trm_lsp.judging.judge, pytest; assert sys.version_info[:2] == {tuple(sys.version_info[:2])}"]
    env = {**os.environ, "PYTHONPATH": IMPORTED, "HOME": "/"}
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError):
            if subprocess.run([python, "-c", *ask], env=env, cwd="/", capture_output=True, **private).returncode == 0:
                return python, private
    pytest.skip("no interpreter of this version can be started by another user")

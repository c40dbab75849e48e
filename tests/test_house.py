"""The order of the house: which room may use which, no circles, no class over two files, a true description."""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import genesys_webmessaging

PACKAGE = Path(genesys_webmessaging.__file__).parent
ROOT = PACKAGE.name

# Each row may import from the rows below it, and within itself as long as there is no circle.
ROWS = [
    {"__init__", "__main__"},
    {"cli", "locust"},
    {"scenarios", "aio"},
    {"simulator", "conversation", "_inbox"},
    {"companions"},
    {"client", "attachments", "auth", "deployment", "push", "sessions"},
    {"_core"},
    {"_wire", "rest", "listener"},
    {"models", "exceptions", "regions"},
    {"_base", "_version"},
]
ROW_OF = {room: number for number, rooms in enumerate(ROWS) for room in rooms}

# What REST shares with the WebSocket: whom to trust, and the way through a proxy.
FROM_REST_TO_WIRE = {f"{ROOT}._wire.tls", f"{ROOT}._wire.proxy"}

SMALL = 40  # lines


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@functools.cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text("utf-8")) for name, path in PATHS.items()}


def imported_by(name: str) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in its text: in functions and for type checkers, too."""
    package = name if PATHS[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(trees()[name]):
        if isinstance(node, ast.Import):
            yield from (module_of(alias.name) for alias in node.names if alias.name.partition(".")[0] == ROOT)
        elif isinstance(node, ast.ImportFrom):
            here = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*here, *([node.module] if node.module else [])])
            if source.partition(".")[0] == ROOT:
                yield from (module_of(f"{source}.{alias.name}") for alias in node.names)


def module_of(dotted: str) -> str:
    """The module in which a dotted name stands."""
    while dotted not in PATHS:
        dotted = dotted.rpartition(".")[0]
    return dotted


@functools.cache
def imports() -> dict[str, set[str]]:
    return {name: set(imported_by(name)) - {name} for name in PATHS}


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else "__init__"


def test_every_room_has_its_row() -> None:
    assert {room(name) for name in PATHS} - set(ROW_OF) == set()


def test_imports_run_one_way() -> None:
    wrong = [
        f"{name} imports {other}"
        for name, others in imports().items()
        for other in sorted(others)
        if ROW_OF[room(other)] < ROW_OF[room(name)]
    ]
    assert wrong == []


def test_rest_uses_of_the_wire_what_both_need_and_the_wire_nothing_of_rest() -> None:
    between = {
        (name, other)
        for name, others in imports().items()
        for other in others
        if {room(name), room(other)} == {"rest", "_wire"}
    }
    assert {other for _, other in between} <= FROM_REST_TO_WIRE


def test_the_simulator_shares_no_code_with_the_client_that_is_tested_against_it() -> None:
    shared = {
        other for name in PATHS if room(name) == "simulator" for other in imports()[name] if room(other) != "simulator"
    }
    assert {room(name) for name in shared} <= {"exceptions", "_base", "_version"}


def test_no_import_goes_in_a_circle() -> None:
    graph = {name: set(others) for name, others in imports().items()}
    circles = []
    while circle := circle_in(graph):
        circles.append(" <- ".join(circle))
        graph[circle[1]].discard(circle[0])
    assert circles == []


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_class_is_cut_over_files() -> None:
    """A class with one subclass, in another file, that nothing else in the package names is half of that subclass."""
    homes = {
        node.name: name for name, tree in trees().items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    }
    children: dict[str, list[str]] = defaultdict(list)
    mentions: Counter[str] = Counter()
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    children[ast.unparse(base).partition("[")[0]].append(name)
            elif isinstance(node, ast.Name):
                mentions[node.id] += 1
    public = set(genesys_webmessaging.__all__) | {
        element
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "__all__"
        and isinstance(node.value, ast.List)
        for element in ast.literal_eval(node.value)
    }
    halves = [
        f"{homes[name]}.{name}, continued in {heirs[0]}"
        for name, heirs in children.items()
        if name in homes and name not in public and len(heirs) == 1 and heirs != [homes[name]] and mentions[name] == 1
    ]
    assert halves == []


@functools.cache
def classes_of(name: str) -> set[str]:
    return {node.name for node in ast.walk(trees()[name]) if isinstance(node, ast.ClassDef)}


def test_no_method_is_put_on_a_class_from_another_file() -> None:
    classes = set().union(*(classes_of(name) for name in trees()))
    put = [
        f"{name}:{node.lineno}: {ast.unparse(target)}"
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id in classes - classes_of(name)
    ]
    assert put == []


def test_at_most_six_files_are_small() -> None:
    """Not counting what only makes a folder a package."""
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in PATHS.items()}
    marks_a_package = {name for name, tree in trees().items() if ast.get_docstring(tree) and len(tree.body) == 1}
    small = {
        name: length
        for name, length in lengths.items()
        if length < SMALL and trees()[name].body and name not in marks_a_package
    }
    assert len(small) <= 6, small


def test_the_roots_private_files_are_two() -> None:
    private = {path.name for path in PACKAGE.glob("_*.py") if not path.name.startswith("__")}
    assert private <= {"_version.py", "_inbox.py"}


# Its description

DOCUMENT = (PACKAGE.parent / "docs" / "ARCHITECTURE.md").read_text("utf-8")
CODE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", DOCUMENT, flags=re.DOTALL))


def fields_of(node: ast.ClassDef) -> set[str]:
    """The methods of a class, and what is assigned to self in them."""
    methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    stores = {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and ast.unparse(each.value) == "self"
    }
    return methods | stores


def names_of_the_house() -> dict[str, set[str]]:
    """Every class with its fields, every function and constant of a module with none."""
    names: dict[str, set[str]] = {}
    for tree in trees().values():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                names.setdefault(node.name, set()).update(fields_of(node))
            elif isinstance(node, ast.FunctionDef):
                names.setdefault(node.name, set())
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update((ast.unparse(target), set()) for target in targets)
    return names


def test_every_file_of_its_description_exists() -> None:
    files = [name for name in CODE if re.fullmatch(r"[\w./]+(\.py|\.json|/)", name) and name != "genesys_webmessaging/"]
    assert len(files) > 40
    missing = [name for name in files if not ((PACKAGE / name).exists() or (PACKAGE.parent / name).exists())]
    assert missing == []


def test_every_name_of_its_description_exists() -> None:
    names = names_of_the_house()
    used = [name.removesuffix("()") for name in CODE if re.fullmatch(r"[A-Z]\w+(\.\w+)?|\w+\(\)|[A-Z]{2,}", name)]
    assert len(used) > 60
    elsewhere = {"close", "recv_data_frame"}  # of every companion; of websocket-client
    missing = [
        name
        for name in used
        if name not in elsewhere
        and (
            name.partition(".")[0] not in names or not {name.partition(".")[2]} - {""} <= names[name.partition(".")[0]]
        )
    ]
    assert missing == []


CLIENT_ROOMS = set(ROW_OF) - {"cli", "locust", "scenarios", "simulator"}


def test_its_description_names_every_lock() -> None:
    locks = set()
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and room(name) in CLIENT_ROOMS:
                locks |= {
                    f"{node.name}.{target.attr}"
                    for each in ast.walk(node)
                    if isinstance(each, ast.Assign) and ast.unparse(each.value).startswith(LOCKS)
                    for target in each.targets
                    if isinstance(target, ast.Attribute)
                }
    listed = set(re.findall(r"^\| `(\w+\._\w+)` \|", DOCUMENT, flags=re.MULTILINE))
    assert listed == locks


# A Condition on a lock that was there before is that lock.
LOCKS = ("threading.Lock(", "threading.RLock(", "threading.Condition()", "threading.Condition(threading.")


def test_its_description_names_every_kind_of_thread() -> None:
    calls = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [node.args[0] for node in calls if ast.unparse(node.func) == "daemon_thread"]
    named += [keyword.value for node in calls for keyword in node.keywords if keyword.arg == "thread"]
    kinds = {node.value for node in named if isinstance(node, ast.Constant)}
    section = DOCUMENT.partition("## Threads")[2].partition("## Locks")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", section, flags=re.MULTILINE)) == kinds

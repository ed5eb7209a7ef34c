"""Checks of a python model's source for the methods that Triton calls; it is never run."""

import ast
import re
from pathlib import Path

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import short
from model_builders.protobuf import ModelConfig
from model_builders.python_source import MAX_SOURCE, parse_source

_CLASS = "TritonPythonModel"
_COMPLETE = "auto_complete_config"
# Text that may define the class: its name, or an import of all names.
_MENTIONED = re.compile(rb"TritonPythonModel|import\s{0,20}\*")
_OVERLAP = 64
_CHUNK = 1 << 20
# Syntax of Python versions after this one: Triton's own interpreter may well take it.
_NEWER = re.compile(
    r"^\s*type\s+\w+|^\s*(async\s+)?(def|class)\s+\w+\s*\[|\bf[\"']|\bexcept\s+\w+,"
)


def check_python(file: Path, config: ModelConfig) -> list[Problem]:
    with file.open("rb") as stream:
        source = stream.read(MAX_SOURCE + 1)
    try:
        module = parse_source(source)
    except SyntaxError as error:
        if _NEWER.search(error.text or ""):
            return []
        where = f"line {error.lineno or 1}: {short(error.msg, 200)}"
        return [Problem(file.name, where, "a Python module", "correct the syntax")]
    except ValueError as error:
        return [Problem(file.name, str(error), "a Python module", "save it as UTF-8 text")]
    if module is None:
        return _mention(file)
    return _model_class(file, module) or _declarations(file, module, config)


def _mention(file: Path) -> list[Problem]:
    """Check a source that is too large to be parsed; Triton reports other problems."""
    with file.open("rb") as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            if _MENTIONED.search(text):
                return []
            tail = text[-_OVERLAP:]
    return _no_class(file)


def _model_class(file: Path, module: ast.Module) -> list[Problem]:
    if not any(_CLASS in _bound(node) for node in ast.walk(module)):
        return _no_class(file)
    classes = [n for n in module.body if isinstance(n, ast.ClassDef) and n.name == _CLASS]
    for node in classes:
        methods = {
            n.name for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        if "execute" not in methods and not node.bases:
            value = f"{_CLASS} without execute"
            remedy = "add execute(self, requests), which returns one response for each request"
            return [Problem(f"{file.name}:{node.lineno}", value, "the method execute", remedy)]
    return []


def _declarations(file: Path, module: ast.Module, config: ModelConfig) -> list[Problem]:
    """Refuse a configuration without inputs that the model does not complete.

    Triton 2.51 loads such a model. It refuses every request if there is a batch dimension; if not,
    it takes requests without inputs, which make sense only for a model with outputs.
    """
    classes = [n for n in module.body if isinstance(n, ast.ClassDef) and n.name == _CLASS]
    answers = config.input or (config.output and not config.max_batch_size)
    if answers or not classes or any(map(_may_complete, classes)):
        return []
    value = f"none, and {_CLASS} of {file.name} has no {_COMPLETE}"
    remedy = f"set model.inputs and model.outputs, or add the method {_COMPLETE}"
    return [Problem("spec.model.inputs", value, "inputs, or that method, which adds them", remedy)]


def _may_complete(node: ast.ClassDef) -> bool:
    # A base class, or a decorator, may bring the method.
    return bool(
        node.bases
        or node.decorator_list
        or any(_COMPLETE in _bound(n) or getattr(n, "name", "") == _COMPLETE for n in node.body)
    )


def _no_class(file: Path) -> list[Problem]:
    remedy = f"define class {_CLASS} with execute(self, requests)"
    return [Problem(file.name, f"no {_CLASS}", f"a class {_CLASS}", remedy)]


def _bound(node: ast.AST) -> set[str]:
    """Return the names that a statement binds: a class may be imported or assigned too."""
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        # `from x import *` may bring it.
        return {_CLASS if a.name == "*" else a.asname or a.name for a in node.names}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()

"""A TorchScript archive's layout and forward arguments, read without torch."""

import ast
import pickletools
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from model_builders.problem import Problem
from model_builders.protobuf import ModelConfig

_EXPORT = (
    "export it with torch.jit.trace or torch.jit.script, and write it with torch.jit.save(model,"
    ' "model.pt")'
)
_LARGEST_PICKLE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Forward:
    """The arguments of the model's forward, without self."""

    arguments: tuple[str, ...]
    required: int
    plain: bool
    """Whether every argument is a tensor; dictionaries and lists are fed in other ways."""


def check_torchscript(file: Path, config: ModelConfig) -> list[Problem]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            problem = _layout(file, names)
            forward = None if problem else _forward(archive, names)
    except zipfile.BadZipFile:
        return [_no_archive(file)]
    except (zlib.error, EOFError, NotImplementedError) as error:
        found = f"a damaged archive ({error})"
        return [Problem(file.name, found, "a TorchScript archive", "upload the artifact again")]
    if problem:
        return [problem]
    return _inputs(forward, config) if forward and forward.plain else []


def _no_archive(file: Path) -> Problem:
    with file.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"PK"):
        remedy = "the file is cut short: upload the artifact again"
        return Problem(file.name, "a damaged zip archive", "a TorchScript archive", remedy)
    found = "a pickle of torch.save" if head.startswith(b"\x80") else "no zip archive"
    return Problem(file.name, found, "a TorchScript archive", _EXPORT)


def _layout(file: Path, names: list[str]) -> Problem | None:
    inner = {name.partition("/")[2] for name in names}
    if "data.pkl" in inner and "constants.pkl" in inner:
        return None
    if "models/model.json" in inner or "archive_format" in inner:
        found = "an archive of torch.export"
    elif any(name.endswith(".so") for name in inner):
        found = "an AOTInductor package"
    elif "data.pkl" in inner:
        found = "a state_dict or pickled module of torch.save"
    else:
        found = "a zip archive of something else"
    return Problem(file.name, found, "a TorchScript archive", _EXPORT)


def _forward(archive: zipfile.ZipFile, names: list[str]) -> Forward | None:
    """The forward of the archive's root class; None where it cannot be told."""
    root = names[0].partition("/")[0]
    pickle = archive.getinfo(f"{root}/data.pkl")
    if pickle.file_size > _LARGEST_PICKLE:
        return None
    qualified = _root_class(archive.read(pickle))
    if qualified is None:
        return None
    module, _, class_name = qualified.rpartition(".")
    source = f"{root}/code/{module.replace('.', '/')}.py"
    if source not in names:
        return None
    try:
        return _arguments(ast.parse(archive.read(source)), class_name)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _root_class(pickle: bytes) -> str | None:
    """The first global of the pickle, such as `__torch__.models.LSTM`; nothing is unpickled."""
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL":
                return str(argument).replace(" ", ".")
    except ValueError:
        return None
    return None


def _arguments(module: ast.Module, class_name: str) -> Forward | None:
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "forward":
                    arguments = method.args.args[1:]
                    return Forward(
                        tuple(argument.arg for argument in arguments),
                        len(arguments) - len(method.args.defaults),
                        all(_is_tensor(argument) for argument in arguments),
                    )
    return None


def _is_tensor(argument: ast.arg) -> bool:
    written = ast.unparse(argument.annotation) if argument.annotation else "Tensor"
    return written in ("Tensor", "Optional[Tensor]")


def _inputs(forward: Forward, config: ModelConfig) -> list[Problem]:
    """Inputs against forward's arguments, under the naming that Triton will choose.

    All of them arguments: by name. All of them NAME__INDEX: by index. Else by order: then names
    that are arguments in part are refused, since a person expects them to mean something.
    """
    names = [tensor.name for tensor in config.input]
    signature = f"forward({', '.join(forward.arguments)})"
    if config.HasField("sequence_batching") or not names:
        return []
    if not forward.required <= len(names) <= len(forward.arguments):
        found = f"{len(names)} ({', '.join(names)})"
        return [
            Problem(
                "spec.model.inputs",
                found,
                f"one for each argument of the artifact's {signature}",
                "add or remove inputs, or export the model again",
            )
        ]
    known = [name for name in names if name in forward.arguments]
    indexed = all(re.fullmatch(r".+__[0-9]+", name) for name in names)
    if indexed or not known or len(known) == len(names):
        return []
    return [
        Problem(
            f"spec.model.inputs[{name}].name",
            f'"{name}"',
            f"an argument of the artifact's {signature}, as {known[0]} is",
            "name all inputs by argument: Triton ignores the names where one is none",
        )
        for name in names
        if name not in forward.arguments
    ]

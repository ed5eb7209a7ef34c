"""Checks of a TorchScript archive's layout and forward arguments, without torch."""

import ast
import pickletools
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import listed, quoted, short
from model_builders.protobuf import ModelConfig
from model_builders.python_source import MAX_SOURCE, parse_source
from model_builders.zip_files import BROKEN, ZipTooLargeError, open_zip, why_unreadable

_EXPORT = (
    "export it with torch.jit.trace or torch.jit.script, and write it with torch.jit.save(model,"
    ' "model.pt")'
)
# torch.jit.save writes the root class first: the rest of the pickle is not read.
_PICKLE_READ = 64 * 1024
_SHOWN_ARGUMENTS = 20


@dataclass(frozen=True, slots=True)
class Forward:
    """The arguments of the model's forward, without self."""

    arguments: tuple[str, ...]
    required: int
    plain: bool
    """Whether every argument is a tensor, not a dictionary or list."""


def check_torchscript(file: Path, config: ModelConfig) -> list[Problem]:
    """Return the problems of the archive; of its members, only the first bytes are inflated."""
    try:
        with open_zip(file) as archive:
            problem = _layout(file, archive)
            forward = None if problem else _forward(archive)
    except zipfile.BadZipFile:
        return [_no_archive(file)]
    except ZipTooLargeError as error:
        return [Problem(file.name, str(error), "a TorchScript archive", _EXPORT)]
    except BROKEN as error:
        value = f"a damaged archive ({error})"
        return [Problem(file.name, value, "a TorchScript archive", "upload the artifact again")]
    if problem:
        return [problem]
    return _inputs(forward, config) if forward and forward.plain else []


def _no_archive(file: Path) -> Problem:
    with file.open("rb") as stream:
        head = stream.read(4)
    if head.startswith(b"PK"):
        remedy = "the file is cut short: upload the artifact again"
        return Problem(file.name, "a damaged zip archive", "a TorchScript archive", remedy)
    pickled = head.startswith(b"\x80")
    value = "a pickle of torch.save" if pickled else "a file that is not a zip archive"
    return Problem(file.name, value, "a TorchScript archive", _EXPORT)


def _layout(file: Path, archive: zipfile.ZipFile) -> Problem | None:
    root = _root(archive)
    inner = {name.partition("/")[2] for name in archive.namelist()}
    if {f"{root}/data.pkl", f"{root}/constants.pkl"} <= archive.NameToInfo.keys():
        return _unreadable(file, archive, root)
    if "models/model.json" in inner or "archive_format" in inner:
        value = "an archive of torch.export"
    elif any(name.endswith(".so") for name in inner):
        value = "an AOTInductor package"
    elif "data.pkl" in inner and "constants.pkl" not in inner:
        value = "a state_dict or pickled module of torch.save"
    else:
        value = "a zip archive of something else"
    return Problem(file.name, value, "a TorchScript archive", _EXPORT)


def _root(archive: zipfile.ZipFile) -> str:
    """Return the folder of the first member, which PyTorch takes for the archive's."""
    names = archive.namelist()
    return names[0].partition("/")[0] if names else ""


def _unreadable(file: Path, archive: zipfile.ZipFile, root: str) -> Problem | None:
    """Return the problem of members that PyTorch cannot inflate, or that need a password."""
    for member in archive.infolist():
        if (why := why_unreadable(member)) is not None:
            name = member.filename.removeprefix(f"{root}/")[:100]
            expected = "stored or deflated members"
            return Problem(f"{file.name}", f"{name} {why}", expected, _EXPORT)
    return None


def _forward(archive: zipfile.ZipFile) -> Forward | None:
    """Return the forward of the archive's root class; None if it cannot be read.

    A source of more than 1 MiB or 100,000 words is not read.
    """
    root = _root(archive)
    qualified = _root_class(_first_bytes(archive, f"{root}/data.pkl", _PICKLE_READ))
    if qualified is None:
        return None
    module, _, class_name = qualified.rpartition(".")
    source = f"{root}/code/{module.replace('.', '/')}.py"
    if source not in archive.NameToInfo:
        return None
    text = _first_bytes(archive, source, MAX_SOURCE + 1)
    try:
        parsed = parse_source(text)
        return None if parsed is None else _arguments(parsed, class_name)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _first_bytes(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """Inflate no more than `size` bytes: `ZipFile.read` ignores the declared size."""
    with archive.open(name) as member:
        return member.read(size)


def _root_class(pickle: bytes) -> str | None:
    """Return the first global, such as `__torch__.models.LSTM`; nothing is unpickled."""
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
    """Compare inputs with forward's arguments, by Triton's rules of names.

    If all are arguments, Triton goes by name; if all are NAME__INDEX, by index; otherwise by order.
    Then a mix of arguments and other names is refused, since Triton would ignore the names.
    """
    names = [tensor.name for tensor in config.input]
    shown = forward.arguments[:_SHOWN_ARGUMENTS]
    more = ", …" if len(forward.arguments) > _SHOWN_ARGUMENTS else ""
    signature = f"forward({', '.join(shown)}{more})"
    if config.HasField("sequence_batching") or not names:
        return []
    if not forward.required <= len(names) <= len(forward.arguments):
        value = f"{len(names)} ({listed(names, show=short)})"
        return [
            Problem(
                "spec.model.inputs",
                value,
                f"one for each argument of the artifact's {signature}",
                "add or remove inputs, or export the model again",
            )
        ]
    named = [name for name in names if name in forward.arguments]
    indexed = all(re.fullmatch(r".+__[0-9]+", name) for name in names)
    if indexed or not named or len(named) == len(names):
        return []
    return [
        Problem(
            f"spec.model.inputs[{name}].name",
            quoted(name),
            f"an argument of the artifact's {signature}, as {named[0]} is",
            "name all inputs by argument: otherwise Triton ignores the names",
        )
        for name in names
        if name not in forward.arguments
    ]


def forward_of(file: Path) -> Forward | None:
    """Return the forward of an archive; None if it is not one, or cannot be read."""
    try:
        with open_zip(file) as archive:
            return None if _layout(file, archive) else _forward(archive)
    except (zipfile.BadZipFile, ZipTooLargeError, *BROKEN, OSError):
        return None

"""Mutations of tars, zips and protobuf messages that leave checksums and lengths right."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.fuzz.mutate import ODD, bytes_mutator, text_mutation, words_of
from tests.fuzz.target import Mutator

_BLOCK = tarfile.BLOCKSIZE
_CHECKSUM = slice(148, 156)
# Offset and length of a header's fields: name, mode, size, type, link, prefix.
_FIELDS = ((0, 100), (100, 8), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155))
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_MODES = (0, 0o100644, 0o120777, 0o040755, 0o060644, 0o010644, 0o140644)


def tar_mutator(seeds: Sequence[bytes]) -> Mutator:
    """Mutate fields of headers and whole blocks; the checksums are right again after it."""
    raw = bytes_mutator(seeds)
    words = [word.encode() for word in words_of(seeds)] or [b"a"]

    def mutate(rng: Random, data: bytes) -> bytes:
        if rng.random() < 0.15:
            return raw(rng, data)
        blocks = _blocks(data or rng.choice(seeds))
        for _ in range(rng.choice((1, 1, 2, 4))):
            _change_block(rng, blocks, words)
        return b"".join(_with_checksum(block) for block in blocks)

    return mutate


def zip_mutator(seeds: Sequence[bytes]) -> Mutator:
    """Pack an archive again with other names, modes, methods and contents; or mutate its bytes."""
    raw = bytes_mutator(seeds)
    words = words_of(seeds)

    def mutate(rng: Random, data: bytes) -> bytes:
        if rng.random() < 0.3:
            return raw(rng, data)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                members = [(info, packed.read(info)) for info in packed.infolist()[:200]]
            return _packed(rng, members, words)
        except Exception:  # whatever a mutated archive makes zipfile raise
            return raw(rng, rng.choice(seeds))

    return mutate


def message_mutator(seeds: Sequence[bytes], new: Callable[[], Any]) -> Mutator:
    """Mutate fields of a protobuf message in wire format; or its bytes."""
    raw = bytes_mutator(seeds)
    words = words_of(seeds)

    def mutate(rng: Random, data: bytes) -> bytes:
        message = new()
        try:
            message.ParseFromString(data or rng.choice(seeds))
        except Exception:  # DecodeError of either implementation
            return raw(rng, rng.choice(seeds))
        if rng.random() < 0.2:
            return raw(rng, data)
        for _ in range(rng.choice((1, 1, 2, 4))):
            change_message(rng, message, words)
        return bytes(message.SerializeToString())

    return mutate


def change_message(rng: Random, message: Any, words: Sequence[str]) -> None:
    """Set, clear, repeat or go into one field."""
    field = rng.choice(message.DESCRIPTOR.fields)
    if rng.random() < 0.6 and message.ListFields():
        field = rng.choice(message.ListFields())[0]
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return
    value = getattr(message, field.name)
    if rng.random() < 0.1:
        message.ClearField(field.name)
    elif field.is_repeated and inner is not None:
        _change_items(rng, value, words)
    elif field.is_repeated:
        value.extend([_scalar(rng, field, words)] * rng.choice((1, 1, 20)))
    elif inner is not None:
        value.SetInParent()
        change_message(rng, value, words)
    else:
        setattr(message, field.name, _scalar(rng, field, words))


def _change_items(rng: Random, items: Any, words: Sequence[str]) -> None:
    if not items or rng.random() < 0.2:
        items.add()
    item = rng.choice(items)
    if rng.random() < 0.2:
        for _ in range(rng.choice((1, 2, 50))):
            items.add().CopyFrom(item)
    else:
        change_message(rng, item, words)


def _scalar(rng: Random, field: Any, words: Sequence[str]) -> Any:
    if field.cpp_type == field.CPPTYPE_STRING:
        text = text_mutation(rng, rng.choice(words or ("a",)), words)
        encoded = text.encode("utf-8", "replace")
        return encoded if field.type == field.TYPE_BYTES else encoded.decode()
    if field.enum_type is not None:
        return rng.choice(field.enum_type.values).number
    if field.cpp_type == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return rng.choice((0.0, -1.0, 1e30, float("nan"), float("inf")))
    number = rng.choice((0, 1, -1, 2, 8, 2**31 - 1, 2**62, -(2**63)))
    if field.cpp_type in (field.CPPTYPE_UINT32, field.CPPTYPE_UINT64):
        return abs(number) % 2**32
    if field.cpp_type == field.CPPTYPE_INT32:
        return max(-(2**31), min(number, 2**31 - 1))
    return number


def _blocks(data: bytes) -> list[bytearray]:
    padded = data + bytes(-len(data) % _BLOCK)
    return [bytearray(padded[at : at + _BLOCK]) for at in range(0, len(padded), _BLOCK)]


def _change_block(rng: Random, blocks: list[bytearray], words: Sequence[bytes]) -> None:
    place = rng.randrange(len(blocks))
    kind = rng.randrange(5)
    if kind == 0:
        blocks[place:place] = [bytearray(blocks[place]) for _ in range(rng.choice((1, 2, 40)))]
    elif kind == 1 and len(blocks) > 1:
        del blocks[place]
    elif kind == 2:
        other = rng.randrange(len(blocks))
        blocks[place], blocks[other] = blocks[other], blocks[place]
    else:
        headers = [block for block in blocks if block[257:262] == b"ustar"] or blocks
        start, length = rng.choice(_FIELDS)
        text = rng.choice((*words, *(odd.encode() for odd in ODD)))
        if length == 1:
            text = rng.choice(b"0123456789LKxgSNVDX").to_bytes(1)
        elif rng.random() < 0.5:
            text = rng.choice((b"0000000", b"7777777", b"\x80" + bytes(7), b"\xff" * 8, b"/" * 99))
        block = rng.choice(headers)
        block[start : start + length] = text[:length].ljust(length, b"\0")


def _with_checksum(block: bytearray) -> bytes:
    if block[257:262] != b"ustar":
        return bytes(block)
    block[_CHECKSUM] = b" " * 8
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _packed(rng: Random, members: list[tuple[zipfile.ZipInfo, bytes]], words: Any) -> bytes:
    chosen = rng.randrange(len(members)) if members else -1
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for index, (info, content) in enumerate(members):
            new = zipfile.ZipInfo(info.filename)
            new.external_attr, new.compress_type = info.external_attr, info.compress_type
            kind = rng.randrange(4) if index == chosen else -1
            if kind == 0:
                new.filename = text_mutation(rng, new.filename, words)[:5_000] or "a"
            elif kind == 1:
                new.external_attr = rng.choice(_MODES) << 16
            elif kind == 2:
                new.compress_type = rng.choice(_METHODS)
            elif kind == 3:
                text = text_mutation(rng, content.decode("latin-1"), words)
                content = text.encode("latin-1", "replace")  # noqa: PLW2901
            for _ in range(rng.choice((1, 1, 1, 2)) if index == chosen else 1):
                packed.writestr(new, content)
    return buffer.getvalue()

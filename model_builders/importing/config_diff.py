"""Difference of two configs: the part that only configOverrides can keep."""

from typing import Any

from model_builders.protobuf import written_config

_NAMED_LISTS = ("input", "output")


def difference(target: Any, declared: Any) -> Any | None:
    """Return the written config which, merged into `declared`, gives `target`; None if none does.

    All three are written configs. There is none if `declared` has a field that `target` doesn't
    have: merging only adds.
    """
    rest = written_config()
    return rest if _subtract(target, declared, rest, top=True) else None


def _subtract(target: Any, declared: Any, rest: Any, *, top: bool = False) -> bool:
    for descriptor in target.DESCRIPTOR.fields:
        if not _field(target, declared, rest, descriptor, top):
            return False
    return True


def _field(target: Any, declared: Any, rest: Any, descriptor: Any, top: bool) -> bool:
    name = descriptor.name
    left, right = getattr(target, name), getattr(declared, name)
    if _is_map(descriptor):
        return _mapping(left, right, getattr(rest, name))
    if descriptor.is_repeated:
        if top and name in _NAMED_LISTS and len(right):
            return _by_name(left, right, getattr(rest, name))
        if len(right):
            return _same_list(left, right)
        getattr(rest, name).MergeFrom(left)
        return True
    if not declared.HasField(name):
        if target.HasField(name):
            _copy(rest, descriptor, left)
        return True
    if descriptor.message_type is None:
        return bool(left == right)
    return _nested(target, declared, rest, name)


def _same_list(target: Any, declared: Any) -> bool:
    """Return whether both are equal; written and absent defaults count as equal."""
    if len(target) != len(declared):
        return False
    for left, right in zip(target, declared, strict=True):
        if hasattr(left, "ListFields"):
            inner = type(left)()
            if not _subtract(left, right, inner) or inner.ListFields():
                return False
        elif left != right:
            return False
    return True


def _nested(target: Any, declared: Any, rest: Any, name: str) -> bool:
    if not target.HasField(name):
        return False
    inner = type(getattr(rest, name))()
    fits = _subtract(getattr(target, name), getattr(declared, name), inner)
    if fits and inner.ListFields():
        getattr(rest, name).CopyFrom(inner)
    return fits


def _copy(rest: Any, descriptor: Any, value: Any) -> None:
    if descriptor.message_type is None:
        setattr(rest, descriptor.name, value)
    else:
        getattr(rest, descriptor.name).CopyFrom(value)


def _is_map(descriptor: Any) -> bool:
    message = descriptor.message_type
    return message is not None and bool(message.GetOptions().map_entry)


def _mapping(target: Any, declared: Any, rest: Any) -> bool:
    if any(key not in target for key in declared):
        return False
    for key in target:
        if key not in declared:
            _put(rest, key, target[key])
        elif hasattr(target[key], "ListFields"):
            inner = type(target[key])()
            if not _subtract(target[key], declared[key], inner):
                return False
            if inner.ListFields():
                _put(rest, key, inner)
        elif target[key] != declared[key]:
            return False
    return True


def _put(rest: Any, key: Any, value: Any) -> None:
    if hasattr(value, "ListFields"):
        rest[key].CopyFrom(value)
    else:
        rest[key] = value


def _by_name(target: Any, declared: Any, rest: Any) -> bool:
    if [tensor.name for tensor in target] != [tensor.name for tensor in declared]:
        return False
    for left, right in zip(target, declared, strict=True):
        inner = type(left)()
        if not _subtract(left, right, inner):
            return False
        if inner.ListFields():
            inner.name = left.name
            rest.add().CopyFrom(inner)
    return True

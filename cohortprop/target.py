"""From what a user names to a receiver: `module:name`, and what may stand behind it.

Three things may: a `Receiver`; a function without required arguments that returns one, or a bare app, such as Flask's
`create_app`; a bare WSGI or ASGI app. They are told apart by their signatures, and whatever is none of them is turned
down in one line that says what to change.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cohortprop.errors import UsageError, in_one_line
from cohortprop.receiver import Receiver, is_asgi

__all__ = ["Target", "load_object", "load_target", "target_from"]

_EXPECTED: Final = "a Receiver, a function that returns one, or a WSGI or ASGI app"
_RECEIVER_ARGUMENTS: Final = tuple(name for name in inspect.signature(Receiver).parameters if name != "app")


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be tested.

    Args:
        name: how the user names it, such as ``shop.hooks:receiver``.
        make: the receiver for the next trial. Raises UsageError when the user's function fails.
    """

    name: str
    make: Callable[[], Receiver]


def load_target(text: str, **overrides: Any) -> Target:
    """Import what ``module:name`` names. The current directory is importable from here on, as with ``python -m``.

    Args:
        text: the module's dotted name, a colon, and a name in it, which may be dotted.
        **overrides: arguments of `Receiver` to be put in place of those that it has, such as ``path="/hook"``.

    Raises:
        UsageError: one line, whatever is wrong with the module, the name, or what it stands for.

    Example:
        >>> load_target("cohortprop.zoo:merges_full_sync", path="/hook").make().path
        '/hook'
    """
    if "://" in text:
        raise UsageError(f"{text}: URLs are not supported by this version; name a WSGI app: module:name")
    return target_from(load_object(text), text, **overrides)


def target_from(found: object, name: str, **overrides: Any) -> Target:
    """The target that an object is: a Receiver, a function that makes one, or a bare WSGI or ASGI app.

    Args:
        found: the object.
        name: what to call it in messages.
        **overrides: arguments of `Receiver` to be put in place of those that it has.

    Raises:
        UsageError: it is none of the three; or, from `Target.make`, the function fails or returns something else.

    Example:
        >>> def app(environ, start_response): ...
        >>> target_from(app, "shop:app").make().app is app
        True
        >>> target_from(lambda config: app, "shop:make_app")
        Traceback (most recent call last):
        ...
        cohortprop.errors.UsageError: shop:make_app needs arguments (config): it is called without any; give them \
defaults, or name a function without arguments that returns a Receiver
    """
    if not isinstance(found, Receiver) and _kind(found, name) == "factory":
        assert callable(found)
        return Target(name, _Factory(found, name, overrides))
    receiver = _receiver(found, name, overrides)
    return Target(name, lambda: receiver)


def load_object(text: str) -> object:
    """Import what ``module:name`` names, with the current directory importable.

    Raises:
        UsageError: it is not written that way, or there is no such module or name, or the module cannot be imported.
    """
    module_name, colon, path = text.partition(":")
    if module_name.endswith(".py") or "/" in module_name:
        dotted = ".".join(Path(module_name).with_suffix("").parts).lstrip("./")
        raise UsageError(f"{text!r}: write the name of the module, not of its file, {dotted}:{path or 'receiver'}")
    if not (module_name and colon and path):
        example = f"{module_name or path or 'shop'}:receiver"
        raise UsageError(f"{text!r} names no receiver: write module:name, as in {example}")
    found: Any = _import(module_name)
    walked = module_name
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise UsageError(f"{walked} has no {part!r}{_hint(part, found)}") from None
        walked += (":" if walked == module_name else ".") + part
    return found


def _import(name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except UsageError as fault:
        raise UsageError(f"{name}: {fault}") from None
    except BaseException as fault:  # also SystemExit, and what pytest raises in a module that is to be skipped
        if isinstance(fault, ModuleNotFoundError) and fault.name and f"{name}.".startswith(f"{fault.name}."):
            where = f"neither in {here} nor among the installed packages"
            raise UsageError(f"there is no module {fault.name!r}, {where}") from None
        raise UsageError(f"{name} cannot be imported: {in_one_line(fault)}") from fault


class _Factory:
    """Calls the user's function for each trial."""

    def __init__(self, function: Callable[[], Any], name: str, overrides: Mapping[str, Any]) -> None:
        self._function = function
        self._name = f"{name}()"
        self._overrides = overrides
        self._known_app: type | None = None

    def __call__(self) -> Receiver:
        try:
            made = self._function()
        except KeyboardInterrupt:
            raise
        except UsageError as fault:
            raise UsageError(f"{self._name}: {fault}") from fault
        except BaseException as fault:  # also SystemExit, and what pytest raises in a fixture that is called
            raise UsageError(f"{self._name} failed: {in_one_line(fault)}") from fault
        if isinstance(made, Receiver) and not self._overrides and type(made.app) is self._known_app:
            return made  # what its app is was looked at in the first trial
        if made is None:
            raise UsageError(
                f"{self._name} returned None, not a Receiver or a WSGI or ASGI app: is its `return` missing?"
            )
        if inspect.iscoroutine(made):
            made.close()
            raise UsageError(f"{self._name} is an async function: write a plain one that returns the Receiver")
        if not isinstance(made, Receiver) and (not callable(made) or _kind(made, self._name) == "factory"):
            raise UsageError(f"{self._name} returned {_shown(made)}, instead of a Receiver or a WSGI or ASGI app")
        receiver = _receiver(made, self._name, self._overrides)
        self._known_app = type(receiver.app)
        return receiver


def _receiver(found: Any, name: str, overrides: Mapping[str, Any]) -> Receiver:
    """The receiver that an object is, or that is made of a bare app, with the overrides put in place."""
    if not isinstance(found, Receiver):
        return Receiver(found, **overrides)
    if not (is_asgi(found.app) or _takes_two(found.app)):
        app = getattr(found.app, "__name__", _shown(found.app))
        called = f": call it, Receiver({app}())" if not _needed(found.app) else ""
        raise UsageError(
            f"{name}: Receiver({app}) is not given a WSGI app, which takes two arguments, nor an "
            f"ASGI app, which takes three{called}"
        )
    if not overrides:
        return found
    own = {argument: getattr(found, argument) for argument in _RECEIVER_ARGUMENTS}
    return Receiver(found.app, **{**own, **overrides})


def _kind(found: object, name: str) -> Literal["factory", "app"]:
    """What something that is no Receiver is, by its signature.

    Raises:
        UsageError: neither a function to be called without arguments, nor an app.
    """
    if not callable(found):
        raise UsageError(f"{name} is {_shown(found)}: expected {_EXPECTED}")
    if is_asgi(found):
        return "app"
    needed = _needed(found)
    if needed is None:
        return "app"  # a built-in that does not tell; a server would find out no earlier
    if not needed:
        return "factory"
    plain = inspect.isroutine(found) or inspect.isclass(found)
    if len(needed) == 2 and (not plain or _named_as_in_wsgi(needed)):
        return "app"
    raise UsageError(
        f"{name} needs arguments ({', '.join(needed)}): it is called without any; give them defaults, "
        "or name a function without arguments that returns a Receiver"
    )


def _needed(function: Callable[..., Any]) -> list[str] | None:
    """The names of the arguments that a call must give; None when there is no telling."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in several]


def _takes_two(app: Callable[..., Any]) -> bool:
    try:
        inspect.signature(app).bind(None, None)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _named_as_in_wsgi(needed: list[str]) -> bool:
    """A function of two arguments may be an app, or a factory that lacks both; apps name theirs after PEP 3333."""
    first, second = (name.lower() for name in needed)
    return "env" in first or first in ("e", "request") or "start" in second or "respon" in second


def _hint(name: str, owner: object) -> str:
    """What may have been meant, or what there is."""
    names = [each for each in dir(owner) if not each.startswith("_")]
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    own = [each for each in names if _is_own(getattr(owner, each, None), owner)]
    return f"; it has {', '.join(own[:6])}" if own else ""


def _is_own(value: object, owner: object) -> bool:
    """Whether something in a module is of its own making, and may be a target."""
    if inspect.isroutine(value) or inspect.isclass(value):
        return getattr(value, "__module__", None) == getattr(owner, "__name__", "")
    return callable(value) or isinstance(value, Receiver)


def _shown(value: object) -> str:
    text = repr(value)
    kind = type(value).__name__
    article = "an" if kind[0] in "aeiouAEIOU" else "a"
    return f"{article} {kind}, {text if len(text) <= 60 else text[:57] + '...'}"

"""What may stand behind `module:name`, and what is said when something else does."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cohortprop import Receiver, UsageError
from cohortprop.receiver import is_asgi
from cohortprop.target import load_object, load_target, target_from

Write = Callable[[str], str]

FAULTY = """
import os

import pytest

from cohortprop import Receiver


def app(environ, start_response): ...
async def asgi(scope, receive, send): ...
def old_asgi(scope, receive, send): ...


class Asgi:
    async def __call__(self, scope, receive, send): ...


asgi_object = Asgi()
table = {"a": 1}


def needs(config): return app
def needs_two(database, path): return app
def needs_by_name(*, config): return app
def returns_none(): Receiver(app)
def returns_text(): return "app"
def returns_function(): return lambda: app
def returns_asgi(): return asgi
def wraps_asgi(): return Receiver(asgi_object)
def wraps_factory(): return Receiver(returns_none)
def wraps_odd(): return Receiver(needs)
def misspells(): return Receiver(app, paht="/hook")
def lacks_slash(): return Receiver(app, path="hook")
def raises(): return Receiver(app, path=os.environ["NO_SUCH_VARIABLE"])
def leaves(): raise SystemExit("usage: shop")
async def waits(): return Receiver(app)
@pytest.fixture
def fixture(): return waits
"""

SAYS = {
    "needs": "{0} needs arguments (config): it is called without any; give them defaults, "
    "or name a function without arguments that returns a Receiver",
    "needs_two": "{0} needs arguments (database, path): it is called without any; give them defaults, "
    "or name a function without arguments that returns a Receiver",
    "needs_by_name": "{0} needs arguments (config): it is called without any; give them defaults, "
    "or name a function without arguments that returns a Receiver",
    "returns_none": "{0}() returned None, not a Receiver or a WSGI or ASGI app: is its `return` missing?",
    "returns_text": "{0}() returned a str, 'app', instead of a Receiver or a WSGI or ASGI app",
    "wraps_factory": "{0}(): Receiver(returns_none) is not given a WSGI app, which takes two arguments, nor "
    "an ASGI app, which takes three: call it, Receiver(returns_none())",
    "wraps_odd": "{0}(): Receiver(needs) is not given a WSGI app, which takes two arguments, nor an ASGI app, "
    "which takes three",
    "misspells": "{0}() failed: TypeError: Receiver.__init__() got an unexpected keyword argument 'paht' "
    "({1}.py, line 31)",
    "lacks_slash": "{0}(): Receiver(path='hook'): a path starts with '/', as in '/mixpanel/cohorts'",
    "raises": "{0}() failed: KeyError: 'NO_SUCH_VARIABLE' ({1}.py, line 33)",
    "leaves": "{0}() failed: SystemExit: usage: shop ({1}.py, line 34)",
    "fixture": '{0}() failed: Failed: Fixture "fixture" called directly. Fixtures are not meant to be called directly,',
    "waits": "{0}() is an async function: write a plain one that returns the Receiver",
    "table": "{0} is a dict, {{'a': 1}}: expected a Receiver, a function that returns one, or a WSGI or ASGI app",
    "tabel": "{1} has no 'tabel'; did you mean 'table'?",
    "nothing_like_it": "{1} has no 'nothing_like_it'; it has Asgi, app, asgi, asgi_object, leaves, ",
    "table.x": "{0} has no 'x'",
}


@pytest.mark.parametrize("name", ["asgi", "old_asgi", "asgi_object", "returns_asgi", "wraps_asgi"])
def test_asgi_apps_are_targets_in_each_form(name: str, module: Write) -> None:
    written = module(FAULTY)
    receiver = load_target(f"{written}:{name}", path="/hook").make()
    assert is_asgi(receiver.app)
    assert receiver.path == "/hook"


@pytest.mark.parametrize("name", SAYS)
def test_what_cannot_be_a_target_says_why_in_one_line(name: str, module: Write) -> None:
    written = module(FAULTY)
    with pytest.raises(UsageError) as refused:
        load_target(f"{written}:{name}").make()
    said = SAYS[name].format(f"{written}:{name}".removesuffix(".x"), written)
    if name == "nothing_like_it":
        said = SAYS[name].format("", written)
        assert str(refused.value).startswith(said.rstrip(", ").rsplit(",", 1)[0])
    else:
        assert str(refused.value) == said


def test_a_function_that_makes_a_function_is_turned_down(module: Write) -> None:
    written = module(FAULTY)
    with pytest.raises(UsageError, match=r"returns_function\(\) returned a function, <function .*, instead of a Rec"):
        load_target(f"{written}:returns_function").make()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shop", "'shop' names no receiver: write module:name, as in shop:receiver"),
        ("shop:", "'shop:' names no receiver: write module:name, as in shop:receiver"),
        (":app", "':app' names no receiver: write module:name, as in app:receiver"),
        ("", "'' names no receiver: write module:name, as in shop:receiver"),
        ("shop.py:app", "'shop.py:app': write the name of the module, not of its file, shop:app"),
        ("./web/shop.py", "'./web/shop.py': write the name of the module, not of its file, web.shop:receiver"),
        ("http://shop/", "http://shop/: URLs are not supported by this version; name a WSGI app: module:name"),
    ],
)
def test_what_is_no_name_of_a_target(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_target(text)
    assert str(refused.value) == said


def test_a_module_that_is_not_there_is_named_with_the_places_looked_in(folder: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load_target("no_such_shop.web:app")
    where = f"neither in {folder} nor among the installed packages"
    assert str(refused.value) == f"there is no module 'no_such_shop', {where}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library' ({0}.py, line 1)"),
        ("x = 1\nraise RuntimeError('first\\nsecond')", "RuntimeError: first ({0}.py, line 2)"),
        ("def app(:", "SyntaxError: invalid syntax ({0}.py, line 1)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 ({0}.py, line 2)"),
        ("raise ValueError", "ValueError ({0}.py, line 1)"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named_with_the_reason(text: str, said: str, module: Write) -> None:
    written = module(text)
    with pytest.raises(UsageError) as refused:
        load_target(f"{written}:app")
    assert str(refused.value) == f"{written} cannot be imported: {said.format(written)}"


def test_a_receiver_that_is_wrong_in_the_module_itself(module: Write) -> None:
    written = module("from cohortprop import Receiver\nreceiver = Receiver(3)")
    with pytest.raises(UsageError) as refused:
        load_target(f"{written}:receiver")
    assert str(refused.value) == f"{written}: Receiver(app=...): expected a WSGI or ASGI callable, got 3"


def test_the_current_folder_is_importable_once_and_first(module: Write, folder: Path) -> None:
    written = module("def app(environ, start_response): ...")
    load_object(f"{written}:app")
    load_object(f"{written}:app")
    assert sys.path.count(str(folder)) == 1
    assert sys.path[0] == str(folder)


class Wsgi:
    """An app in the form of an object."""

    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        return []

    def other(self, first: object, second: object) -> list[bytes]:
        return []


def wsgi(env: object, reply: object) -> list[bytes]:
    return []


class WsgiClass:
    """An app in the form of a class, as PEP 3333 allows."""

    def __init__(self, environ: object, start_response: object) -> None: ...


@pytest.mark.parametrize("app", [wsgi, Wsgi(), WsgiClass, functools.partial(wsgi)])
def test_a_bare_wsgi_app_becomes_a_receiver_without_probes(app: Callable[..., object]) -> None:
    receiver = target_from(app, "shop:app").make()
    assert receiver.app is app
    assert receiver.members is None


def test_a_bare_app_can_be_made_by_a_function_with_defaults() -> None:
    def create_app(config: str = "test") -> Wsgi:
        return Wsgi()

    target = target_from(create_app, "shop:create_app", path="/hook")
    first, second = target.make(), target.make()
    assert isinstance(first.app, Wsgi)
    assert first.app is not second.app
    assert first.path == "/hook"


def test_a_class_without_arguments_is_a_function_that_makes_an_app() -> None:
    assert isinstance(target_from(Wsgi, "shop:Wsgi").make().app, Wsgi)


def test_a_receiver_is_itself_and_the_same_each_time() -> None:
    receiver = Receiver(wsgi)
    target = target_from(receiver, "shop:receiver")
    assert target.make() is receiver
    assert target.make() is receiver


def test_what_is_given_beside_the_target_takes_the_place_of_the_receivers_own() -> None:
    own = Receiver(wsgi, path="/own", auth=("ann", "secret"), id_property="email", excludes=["full_sync=add_members"])
    for target in (
        target_from(own, "shop:own", path="/given"),
        target_from(lambda: own, "shop:make", path="/given"),
    ):
        changed = target.make()
        assert changed.path == "/given"
        assert (changed.auth, changed.id_property, changed.excludes) == (own.auth, own.id_property, own.excludes)
    assert own.path == "/own"


def test_a_dotted_name_is_walked(module: Write) -> None:
    written = module("class Apps:\n    @staticmethod\n    def web(environ, start_response): ...")
    assert load_target(f"{written}:Apps.web").name == f"{written}:Apps.web"

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the introspection data cannot say to PyGObject, which loads this by itself."""

import asyncio
import re
import sys

from gi.repository import Gio, GLib, GObject

from ..module import get_introspection_module
from ..overrides import override

Procstream = get_introspection_module('Procstream')

__all__ = []


def _public(thing):
    __all__.append(thing.__name__)
    return thing


# --- Coroutines -------------------------------------------------------------------------------------------------------

def _get_running_loop():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Later:
    """What a coroutine waits for where no asyncio loop runs."""

    def __init__(self):
        self._callback = None

    def set_result(self, value):
        self._callback(value)

    def when_set(self, callback):
        self._callback = callback

    def __await__(self):
        return (yield self)


class _Run:
    """A coroutine that is run by the main context itself: step by step, each when what it waits for is there."""

    def __init__(self, coroutine, done):
        self._coroutine = coroutine.__await__() if not hasattr(coroutine, 'send') else coroutine
        self._done = done
        self._step(lambda: self._coroutine.send(None))

    def _step(self, advance):
        try:
            awaited = advance()
            while not isinstance(awaited, _Later):
                awaited = self._coroutine.throw(RuntimeError(
                    f'{awaited!r} can be awaited only while an asyncio loop runs this thread'))
        except StopIteration as stop:
            self._done(stop.value, None)
        except BaseException as error:  # whatever it is, somebody waits for it
            self._done(None, error)
        else:
            awaited.when_set(lambda value: self._step(lambda: self._coroutine.send(value)))


def _run(awaitable, done):
    """Calls done(value, error) when awaitable is over."""
    if _get_running_loop() is None:
        _Run(awaitable, done)
        return

    def task_done(task):
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        done(None if error else task.result(), error)

    # A loop holds its tasks weakly.
    task = asyncio.ensure_future(awaitable)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    task.add_done_callback(task_done)


_tasks = set()


def _cancel_again(task):
    """What came first was returned; whoever was to be cancelled still is, unless that was taken back meanwhile."""
    if not task.done() and getattr(task, 'cancelling', lambda: 1)():
        task.cancel()


async def _await_end(ended, operation, finish):
    """The result of an operation whose end sets the future ended; cancelling the task cancels the operation.

    What the operation has taken must not be lost, so its end is waited for. If it was over before it could be cancelled its
    result is returned, and the task is cancelled where it waits next. Who cancels once more does not wait for it.
    """
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        operation.cancel()
        await asyncio.shield(ended)
        try:
            value = finish(ended.result())
        except GLib.Error:
            pass
        else:
            asyncio.get_running_loop().call_soon(_cancel_again, asyncio.current_task())
            return value
        raise
    return finish(ended.result())


@_public
async def call_async(target, name, *args, cancellable=None):
    """Calls target.name_async(*args, cancellable, …) and returns what target.name_finish() gives, or raises its error.

    It works for any object of GIO's kind, in a coroutine that an asyncio loop runs, and in one that a consumer's method is.

    Cancelling the task that awaits it cancels the operation. A read that is cancelled so loses nothing: if it had something
    by then, that is returned, and the task is cancelled where it waits next.
    """
    loop = _get_running_loop()
    later = _Later() if loop is None else loop.create_future()
    finish = getattr(target, f'{name}_finish')
    operation = Gio.Cancellable()
    handler = 0
    if cancellable:
        # Its own connect() and disconnect() are others, of which the second waits for handlers that run.
        handler = GObject.Object.connect(cancellable, 'cancelled', lambda _cancellable: operation.cancel())
        if cancellable.is_cancelled():
            operation.cancel()

    def over(_source, result):
        # Who was cancelled twice has given it up.
        if loop is None or not later.cancelled():
            later.set_result(result)

    try:
        getattr(target, f'{name}_async')(*args, operation, over)
        if loop is None:
            return finish(await later)
        return await _await_end(later, operation, finish)
    finally:
        if cancellable:
            GObject.Object.disconnect(cancellable, handler)


# --- Consumer ---------------------------------------------------------------------------------------------------------

def _awaiting(method):
    """A method that may be a coroutine: the consumer is held until it is over."""

    def call(self, *args):
        result = method(self, *args)
        if not hasattr(type(result), '__await__'):
            return result

        def done(value, error):
            # As in a method that is none: it is told, and the consumer goes on.
            if error is not None:
                sys.excepthook(type(error), error, error.__traceback__)
            elif value:
                self.mark_done()
            self.release()

        self.hold()
        _run(result, done)
        return False

    call.__name__, call.__doc__, call.__wrapped__ = method.__name__, method.__doc__, method
    return call


@_public
@override
class Consumer(Procstream.Consumer):
    """Its methods do_chunk(), do_chunk_info(), do_lines(), do_line_received(), do_gap() and do_ended() may be coroutines."""

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        for name in ('do_chunk', 'do_chunk_info', 'do_lines', 'do_line_received', 'do_gap', 'do_ended'):
            if name in cls.__dict__:
                setattr(cls, name, _awaiting(cls.__dict__[name]))

# --- What came of a child ---------------------------------------------------------------------------------------------

@_public
@override
class Result(Procstream.Result):
    """The error of check() has the result as its attribute `result`: an error of Python's has no other room for it."""

    def check(self):
        try:
            return super().check()
        except GLib.Error as error:
            error.result = self
            raise


def _ending(options):
    """The same options, for a child that nobody else knows of."""
    ending = Procstream.CompleteOptions()
    for spec in options.list_properties() if options else ():
        ending.set_property(spec.name, options.get_property(spec.name))
    on = Procstream.EndOn
    ending.set_end_on(on.TIMEOUT | on.IDLE | on.OUTPUT_LIMIT | on.CANCEL)
    ending.set_close_stdin(True)
    return ending


@_public
@override
class Launcher(Procstream.Launcher):
    """The error of run() and of run_finish() has the result as its attribute `result`."""

    def run(self, argv, options=None, cancellable=None):
        result = self.spawnv(argv).complete(_ending(options), cancellable)
        result.check()
        return result

    def run_finish(self, async_result):
        try:
            return super().run_finish(async_result)
        except GLib.Error as error:
            error.result = self.run_get_result(async_result)
            raise


@_public
def run(argv, cancellable=None):
    """Runs a program from beginning to end."""
    return Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE).run(argv, None, cancellable)

# --- What goes into a child -------------------------------------------------------------------------------------------

def _bytes(data):
    return data if isinstance(data, GLib.Bytes) else GLib.Bytes(data)


@_public
@override
class Input(Procstream.Input):
    """What is written may be bytes, or anything else that has their contents."""

    def write_bytes(self, data):
        return Procstream.Input.write_bytes(self, _bytes(data))

    def write_async(self, data, *args):
        return Procstream.Input.write_async(self, _bytes(data), *args)


@_public
@override
class PipelineResult(Procstream.PipelineResult):
    """The error of check() has the result of the stage that is to blame as its attribute `result`."""

    def check(self):
        try:
            return Procstream.PipelineResult.check(self)
        except GLib.Error as error:
            error.result = self.get_stage(self.get_blamed())
            raise

# --- Output -----------------------------------------------------------------------------------------------------------

@_public
@override
class Output(Procstream.Output):
    """An output that has ended notices a handler when it is asked for its state, so connecting asks."""

    def connect(self, *args, **keywords):
        handler = super().connect(*args, **keywords)
        self.get_state()
        return handler

    def connect_after(self, *args, **keywords):
        handler = super().connect_after(*args, **keywords)
        self.get_state()
        return handler

# --- Lines that are waited for ----------------------------------------------------------------------------------------

_REGEX_FLAGS = ((re.IGNORECASE, 'i'), (re.MULTILINE, 'm'), (re.DOTALL, 's'), (re.VERBOSE, 'x'))


def _pattern(pattern, flags):
    """The source of a pattern and its flags: of text, of the source of a regular expression, or of a compiled one."""
    if not isinstance(pattern, re.Pattern):
        return pattern, flags
    letters = ''.join(letter for flag, letter in _REGEX_FLAGS if pattern.flags & flag)
    source = f'(?{letters}){pattern.pattern}' if letters else pattern.pattern
    return source, flags | Procstream.MatchFlags.REGEX


def _milliseconds(timeout_ms, timeout):
    return timeout_ms if timeout is None else round(timeout * 1000)


@_public
@override
class LineWaiter(Procstream.LineWaiter):
    """Its patterns may be compiled ones of re."""

    def add_pattern(self, pattern, flags=Procstream.MatchFlags.NONE):
        return Procstream.LineWaiter.add_pattern(self, *_pattern(pattern, flags))

    def wait_match(self, timeout_ms=Procstream.NO_TIMEOUT, cancellable=None, *, timeout=None):
        """As in C; timeout is in seconds."""
        return Procstream.LineWaiter.wait_match(self, _milliseconds(timeout_ms, timeout), cancellable)


@_public
@override
class Match(Procstream.Match):
    """match[0], match[1] and match['name'] are its groups; None where one took no part."""

    line = property(lambda self: self.get_line())
    text = property(lambda self: self.get_text())
    groups = property(lambda self: self.get_groups())
    pattern = property(lambda self: self.get_pattern())

    def __getitem__(self, group):
        if isinstance(group, str):
            return self.get_named_group(group)
        if not 0 <= group < len(self.get_groups()):
            raise IndexError('no such group')
        return self.get_group(group)


@_public
@override
class Child(Procstream.Child):
    """What is waited for may be a compiled pattern of re, and the time for it in seconds."""

    def expect(self, pattern, flags=Procstream.MatchFlags.NONE, timeout_ms=Procstream.NO_TIMEOUT, cancellable=None, *,
               timeout=None):
        """As in C; timeout is in seconds."""
        return Procstream.Child.expect(self, *_pattern(pattern, flags), _milliseconds(timeout_ms, timeout), cancellable)

    def expect_async(self, pattern, flags=Procstream.MatchFlags.NONE, timeout_ms=Procstream.NO_TIMEOUT,
                     cancellable=None, callback=None, *user_data, timeout=None):
        """As in C; timeout is in seconds. Without a callback it is a coroutine that returns the match."""
        if callback is None:
            return call_async(self, 'expect', pattern, flags, _milliseconds(timeout_ms, timeout), cancellable=cancellable)
        return Procstream.Child.expect_async(self, *_pattern(pattern, flags), _milliseconds(timeout_ms, timeout),
                                             cancellable, callback, *user_data)

# --- Scope ------------------------------------------------------------------------------------------------------------

@_public
@override
class Scope(Procstream.Scope):
    """A `with` or `async with` block closes it at its end, and so ends all its children."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await call_async(self, 'close')

    def close(self, timeout_ms=Procstream.NO_TIMEOUT, cancellable=None, *, timeout=None):
        """As in C; timeout is in seconds."""
        return Procstream.Scope.close(self, _milliseconds(timeout_ms, timeout), cancellable)

    def complete_all(self, options=None, cancellable=None):
        """As in C: a list of results."""
        return Procstream.Scope.complete_all(self, options, cancellable)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the introspection data cannot say to PyGObject, which loads this by itself."""

import asyncio
import atexit
import collections
import contextlib
import functools
import inspect
import math
import os
import re
import sys
import threading
import weakref

from gi.repository import Gio, GLib, GObject

from ..module import get_introspection_module
from ..overrides import override
from ._procstream_interrupts import following as _following, interrupts as _interrupts

Procstream = get_introspection_module('Procstream')

__all__ = []


def _public(thing):
    __all__.append(thing.__name__)
    return thing


# --- Values that Python has another type for --------------------------------------------------------------------------

def _argv(argv):
    """The program and its arguments, each as text or bytes: they may be paths."""
    if isinstance(argv, (str, bytes, os.PathLike)):
        raise TypeError("a list of the program and its arguments is needed, such as ['ls', '-l'], and not one string")
    return argv if argv is None else [os.fspath(argument) for argument in argv]


def _path(path):
    """A path, also that of a Gio.File."""
    if isinstance(path, Gio.File):
        if path.get_path() is None:
            raise ValueError(f'{path.get_uri()} has no path')
        return path.get_path()
    return path if path is None else os.fspath(path)


def _bytes(data):
    """Bytes, of bytes or of anything else that has their contents."""
    if isinstance(data, str):
        raise TypeError('bytes are needed, and not text: its encode() makes them')
    # An enumeration is a number.
    return data if data is None or isinstance(data, (GLib.Bytes, int)) else GLib.Bytes(data)


_CONVERSIONS = {
    'argv': _argv,
    'bytes': _bytes,
    'custom_separator': _bytes,
    'cwd': _path,
    'path': _path,
    'separator': _bytes,
    'stdin_bytes': _bytes,
    'stdin_file': _path,
    'terminator': _bytes,
}


def _milliseconds(timeout_ms, timeout):
    """A limit of time, that may be given in seconds; a part of a millisecond is one."""
    if timeout is None:
        if timeout_ms < Procstream.NO_TIMEOUT:
            raise ValueError('timeout_ms must not be negative; NO_TIMEOUT means no limit')
        return timeout_ms
    if timeout_ms != Procstream.NO_TIMEOUT:
        raise TypeError('a limit is given as timeout, in seconds, or as timeout_ms')
    if timeout < 0:
        raise ValueError('timeout must not be negative; None means no limit')
    return Procstream.NO_TIMEOUT if timeout == math.inf else math.ceil(timeout * 1000)


def _copy_options(options):
    copy = Procstream.CompleteOptions()
    for spec in options.list_properties() if options else ():
        copy.set_property(spec.name, options.get_property(spec.name))
    return copy


def _limited(options, timeout):
    """The same options, which may be None, with a limit of time in seconds instead of their own; None leaves them as they are."""
    if timeout is None:
        return options
    options = _copy_options(options)
    options.set_timeout_ms(_milliseconds(Procstream.NO_TIMEOUT, timeout))
    return options

# --- Calls ------------------------------------------------------------------------------------------------------------

_DEFAULTS = {'timeout_ms': Procstream.NO_TIMEOUT, 'cancellable': None, 'options': None, 'shutdown': None}


def _make_signature(names):
    """All that is left out at the end has a default, and a limit of time may be given in seconds."""
    kinds = inspect.Parameter
    parameters, optional = [], True
    for name in reversed(names):
        optional = optional and name in _DEFAULTS
        default = _DEFAULTS[name] if optional else kinds.empty
        parameters.insert(0, kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=default))
    if 'timeout_ms' in names or 'options' in names:
        parameters.append(kinds('timeout', kinds.KEYWORD_ONLY, default=None))
    return inspect.Signature(parameters)


def _make_conversion(names):
    """A function that converts positional arguments of these names."""
    places = [(place, _CONVERSIONS[name]) for place, name in enumerate(names) if name in _CONVERSIONS]

    def convert(args):
        args = list(args)
        for place, conversion in places:
            if place < len(args):
                args[place] = conversion(args[place])
        return args

    return convert if places else tuple


# Whom these wait for, which end it when they are cancelled if their options say so. A scope has children before its list shows them.
_CHILDREN = {
    'Child.complete': lambda child: [child],
    'Pipeline.complete': lambda pipeline: [pipeline.get_stage(stage) for stage in range(pipeline.get_n_stages())],
    'Scope.complete_all': lambda scope: scope.dup_children(),
}


def _make_ending(function, get_children):
    """One of these: who is impatient has them killed."""

    def complete(target, options, cancellable):
        if isinstance(options, Procstream.CompleteOptions) and options.get_end_on() & Procstream.EndOn.CANCEL:
            _interrupts.set_children(get_children(target))
        return function(target, options, cancellable)

    return complete


def _make_blocking(function, names, class_name, name):
    """A method that blocks: with defaults, limits in seconds, and an end by Ctrl+C."""
    signature, convert = _make_signature(names), _make_conversion(names)
    place = names.index('timeout_ms') if 'timeout_ms' in names else None
    options_place = names.index('options') if 'options' in names else None
    defaults = tuple(parameter.default for parameter in signature.parameters.values())[:len(names)]
    needed, count, no_timeout = defaults.count(inspect.Parameter.empty), len(names), Procstream.NO_TIMEOUT
    get_children = _CHILDREN.get(f'{class_name}.{name}')
    interruptible = _make_ending(function, get_children) if get_children else function

    def bind(args, keywords):
        timeout = None
        if keywords or not needed <= len(args) <= count:
            bound = signature.bind(*args, **keywords)
            bound.apply_defaults()
            args, timeout = bound.args, bound.kwargs.get('timeout')
        else:
            args += defaults[len(args):]
        if timeout is not None and options_place is not None:
            args = (*args[:options_place], _limited(args[options_place], timeout), *args[options_place + 1:])
        elif timeout is not None or place is not None and args[place] < no_timeout:
            args = (*args[:place], _milliseconds(args[place], timeout), *args[place + 1:])
        return convert(args)

    def wait(self, *args, **keywords):
        return _interrupts.run(interruptible, self, *bind(args, keywords))

    def read(self, *args, **keywords):
        # What is there is read at once: to let a call be interrupted costs as much as ten that find something.
        args = bind(args, keywords)
        try:
            return _interrupts.run_at_once(function, self, *args[:-2], 0, args[-1])
        except GLib.Error as error:
            if args[-2] == 0 or not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
                raise
        return _interrupts.run(function, self, *args)

    call = read if class_name == 'Reader' else wait
    self_parameter = inspect.Parameter('self', inspect.Parameter.POSITIONAL_OR_KEYWORD)
    call.__signature__ = signature.replace(parameters=[self_parameter, *signature.parameters.values()])
    return call


def _make_converting(function, names):
    """A function that does not block, some of whose arguments are converted."""
    convert = _make_conversion(names)

    def call(*args, **keywords):
        for name in keywords.keys() & _CONVERSIONS.keys():
            keywords[name] = _CONVERSIONS[name](keywords[name])
        return function(*convert(args), **keywords)

    return call


def _adapt_methods(cls):
    """Replaces those methods of a class that do not take what Python has, or that block."""
    for name, function in list(vars(cls).items()):
        if name.startswith('do_') or not hasattr(function, 'get_arguments'):
            continue
        names = [argument.get_name() for argument in function.get_arguments()]
        if not function.is_method():
            bound = getattr(cls, name)
            call = _CONVERSIONS.keys() & set(names) and _make_converting(bound, names)
        elif names[-1:] == ['cancellable']:
            call = _make_blocking(function, names, cls.__name__, name)
        else:
            call = _CONVERSIONS.keys() & set(names) and _make_converting(function, ['self', *names])
        if call:
            functools.update_wrapper(call, function, ('__name__', '__doc__'), ())
            call.__qualname__ = f'{cls.__name__}.{name}'
            call.get_arguments = function.get_arguments
            setattr(cls, name, call if function.is_method() else staticmethod(call))


class _Fact:
    """A property that cannot be set, as an attribute; an attribute of that name of a derived class comes before it."""

    def __init__(self, name, getter):
        self._getter, self.__doc__ = getter, f'The property {name}.'

    def __get__(self, instance, owner=None):
        return self if instance is None else self._getter(instance)


def _add_attributes(cls):
    """Makes the properties attributes."""
    for spec in cls.__info__.get_properties():
        name = spec.get_name()
        attribute = name.replace('-', '_')
        get = getattr(cls, f'get_{attribute}', None) or getattr(cls, f'is_{attribute}', None) or (
            lambda self, name=name: self.get_property(name))
        put = getattr(cls, f'set_{attribute}', None)
        if not hasattr(cls, attribute):
            setattr(cls, attribute, property(get, put, None, f'The property {name}.') if put else _Fact(name, get))


def _convert_construction(cls):
    """Lets a constructor take for its properties what attributes take, by setting these."""
    names = {spec.get_name().replace('-', '_') for spec in cls.__info__.get_properties()} & _CONVERSIONS.keys()
    names = {name for name in names if hasattr(cls, f'set_{name}')}
    if not names:
        return
    init = cls.__init__

    @functools.wraps(init)
    def construct(self, *args, **properties):
        converted = {name: properties.pop(name) for name in properties.keys() & names}
        init(self, *args, **properties)
        for name, value in converted.items():
            setattr(self, name, value)

    cls.__init__ = construct


def _get_classes():
    things = (getattr(Procstream, name) for name in dir(Procstream) if not name.startswith('_'))
    return [thing for thing in things if isinstance(thing, type) and thing.__module__ == Procstream.__name__]


for _class in _get_classes():
    if issubclass(_class, GObject.Object) or _class.__name__ == 'LineParser':
        _adapt_methods(_class)
    if issubclass(_class, GObject.Object):
        _add_attributes(_class)
        _convert_construction(_class)

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


async def _await_end(ended, operation, finish, pump):
    """The result of an operation whose end sets the future ended; cancelling the task cancels the operation.

    The end of what was cancelled is waited for, as it may be that of a child. Then the task is cancelled here, as at any other await:
    asyncio counts how often. What the operation returned nevertheless is the attribute `result` of the exception. Who cancels once
    more does not wait.
    """
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError as cancelled:
        operation.cancel()
        if pump:
            pump.hurry()
        if not ended.done():
            await asyncio.shield(ended)
        try:
            cancelled.result = finish(ended.result())
        except GLib.Error as error:
            cancelled.result = getattr(error, 'result', None)
        raise
    return finish(ended.result())


class _Pump:
    """Iterates a main context while something is awaited in an asyncio loop that does not do it by itself.

    PyGObject does not tell what to poll for a main context, so it looks: at once after it has been told, or found, that there
    may be something, and otherwise more and more seldom.
    """

    MIN_SECONDS, MAX_SECONDS = 0.0005, 0.016
    MAX_ITERATIONS = 100  # then it is the turn of the loop

    _pumps = weakref.WeakKeyDictionary()

    @classmethod
    def get(cls, loop):
        """That of a loop, or None for one that is a main context itself."""
        if type(loop).__module__.split('.')[0] in ('gi', 'gbulb'):
            return None
        return cls._pumps.setdefault(loop, cls())

    def __init__(self):
        self._awaited = 0
        self._timer = None
        self._seconds = 0

    @contextlib.contextmanager
    def running(self):
        self._awaited += 1
        try:
            self.hurry()
            yield
        finally:
            self._awaited -= 1
            if self._awaited == 0:
                self._timer.cancel()

    def hurry(self):
        if self._timer is not None:
            self._timer.cancel()
        self._seconds = 0
        self._look_later()

    def _look_later(self):
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._look) if self._seconds else loop.call_soon(self._look)

    def _look(self):
        context, found = GLib.MainContext.ref_thread_default(), 0
        timer = self._timer
        while found < self.MAX_ITERATIONS and context.iteration(False):
            found += 1
        if timer is self._timer:  # or what was found has begun, or ended, something
            self._seconds = 0 if found else min(max(self._seconds * 2, self.MIN_SECONDS), self.MAX_SECONDS)
            self._look_later()


def _fill(method, args, timeout):
    """The arguments of an asynchronous method up to its cancellable: what may be None can be left out."""
    names = [argument.get_name() for argument in getattr(method, 'get_arguments', tuple)()]
    missing = names.index('cancellable') - len(args) if 'cancellable' in names else 0
    args = list(args + (None,) * missing)
    if timeout is not None:
        if 'options' not in names:
            raise TypeError(f'{method.__name__}() takes no limit of time: asyncio.timeout() or asyncio.wait_for() sets one')
        args[names.index('options')] = _limited(args[names.index('options')], timeout)
    return args


async def _await_operation(loop, pump, target, name, args, cancellable, forget=None):
    """What target.name_finish() gives, in a coroutine that an asyncio loop runs; forget() is given what comes when nobody waits any more."""
    later, thread, operation = loop.create_future(), threading.get_ident(), Gio.Cancellable()
    start, finish = getattr(target, f'{name}_async'), getattr(target, f'{name}_finish')
    late = contextlib.ExitStack()
    is_given_up = False

    def set_result(result):
        if is_given_up:
            with late, contextlib.suppress(GLib.Error):
                forget(finish(result))
        elif not later.done():
            later.set_result(result)

    def over(_source, result):
        if threading.get_ident() == thread:
            set_result(result)
        else:
            loop.call_soon_threadsafe(set_result, result)

    with _following(operation, cancellable):
        start(*args, operation, over)
        try:
            return await _await_end(later, operation, finish, pump)
        except asyncio.CancelledError as cancelled:
            # Who was cancelled twice has given it up.
            if forget and not hasattr(cancelled, 'result'):
                is_given_up = True
                if later.done():
                    set_result(later.result())
                elif pump:
                    late.enter_context(pump.running())
            raise


async def _await_read(loop, pump, reader, name, args, cancellable):
    """What a read returns. It is made here, and only that there is something is awaited, so that no cancelling loses what was read."""
    try:
        return await _await_more_and_read(loop, pump, reader, name, args, cancellable)
    except asyncio.CancelledError as cancelled:
        cancelled.result = None  # and not that there is more
        raise


async def _await_more_and_read(loop, pump, reader, name, args, cancellable):
    read = getattr(reader, name)
    await asyncio.sleep(0)  # so that the loop has its turns even where there is always something
    while True:
        try:
            return read(*args, 0, cancellable)
        except GLib.Error as error:
            if not (error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT) or
                    error.matches(Procstream.child_error_quark(), Procstream.ChildError.WOULD_DEADLOCK)):
                raise
        if pump:
            pump.hurry()
        await _await_operation(loop, pump, reader, 'wait_more', (), cancellable)


async def _await_spawn(loop, pump, launcher, name, args, cancellable):
    """The child; nobody would know of one that was started when the task is cancelled, so that is shut down."""

    def end(child):
        child.terminate_async(None, None, None)

    try:
        return await _await_operation(loop, pump, launcher, name, args, cancellable, end)
    except asyncio.CancelledError as cancelled:
        if child := getattr(cancelled, 'result', None):
            end(child)
        raise


_READS = ('next', 'next_info', 'next_line', 'read_exactly', 'read_line', 'read_until')


def _get_await(target, name):
    if name in _READS and isinstance(target, Procstream.Reader):
        return _await_read
    return _await_spawn if name == 'spawn' and isinstance(target, Procstream.Launcher) else _await_operation


@_public
async def call_async(target, name, *args, cancellable=None, timeout=None):
    """Calls target.name_async(*args, cancellable, …) and returns what target.name_finish() gives, or raises its error.

    It works for any object of GIO's kind, in a coroutine that an asyncio loop runs, and in one that a consumer's method is.
    An asyncio loop that has nothing to do with GLib iterates the main context as long as such a call is awaited. The timeout, in
    seconds, is that of the options where the call has some, as child.complete() has.

    Cancelling the task that awaits it cancels the operation, and raises asyncio.CancelledError here. A read that is cancelled so
    takes nothing. What another call returned although it was cancelled, such as the result of a child that went on, is the
    attribute `result` of the exception.
    """
    loop = _get_running_loop()
    start, finish = getattr(target, f'{name}_async'), getattr(target, f'{name}_finish')
    args = _fill(start, args, timeout)
    if loop is not None:
        pump = _Pump.get(loop)
        with pump.running() if pump else contextlib.nullcontext():
            return await _get_await(target, name)(loop, pump, target, name, args, cancellable)
    later = _Later()
    operation = Gio.Cancellable()
    with _following(operation, cancellable):
        start(*args, operation, lambda _source, result: later.set_result(result))
        return finish(await later)


# --- Consumer ---------------------------------------------------------------------------------------------------------

def _awaiting(name, method):
    """A method that may be a coroutine: the consumer is held until it is over."""

    def call(self, *args):
        result = method(self, *args)
        # That of a derived class, which has called this one, awaits it.
        if not hasattr(type(result), '__await__') or getattr(type(self), name) is not call:
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
                setattr(cls, name, _awaiting(name, cls.__dict__[name]))

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


@_public
@override
class CompleteOptions(Procstream.CompleteOptions):
    """Its limit of time is also `timeout`, in seconds; None is none."""

    def __init__(self, *, timeout=None, **properties):
        super().__init__(**properties)
        if timeout is not None:
            self.timeout = timeout

    @property
    def timeout(self):
        timeout_ms = self.get_timeout_ms()
        return None if timeout_ms == Procstream.NO_TIMEOUT else timeout_ms / 1000

    @timeout.setter
    def timeout(self, timeout):
        self.set_timeout_ms(_milliseconds(Procstream.NO_TIMEOUT, timeout))


def _check_run(result):
    """As in C: whoever cancels looks for this error, whenever that was."""
    if result.get_cause() != Procstream.Cause.CANCELLED or result.get_success():
        result.check()
        return
    error = GLib.Error.new_literal(Gio.io_error_quark(), result.get_message(), Gio.IOErrorEnum.CANCELLED)
    error.result = result
    raise error


@_public
@override
class Launcher(Procstream.Launcher):
    """The error of run() and of run_finish() has the result as its attribute `result`."""

    def run(self, argv, options=None, cancellable=None, *, timeout=None):
        """As in C; options and cancellable may be left out. At the timeout, in seconds, the child is ended."""
        return _interrupts.run(self._run, argv, _limited(options, timeout), cancellable)

    def _run(self, argv, options, cancellable):
        child = self.create_for_run(argv)
        _interrupts.set_children([child], are_its_own=True)
        # Whoever kills it before the start kills nobody.
        if cancellable:
            cancellable.set_error_if_cancelled()
        # As it is in C: what interrupts a call is looked after already.
        result = Procstream.Child.complete_for_run.__wrapped__(child, options, cancellable)
        _check_run(result)
        return result

    def run_finish(self, async_result):
        try:
            return super().run_finish(async_result)
        except GLib.Error as error:
            error.result = self.run_get_result(async_result)
            raise


@_public
def run(argv, cancellable=None, *, timeout=None):
    """Runs a program from beginning to end. At the timeout, in seconds, it is ended."""
    launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
    return launcher.run(argv, None, cancellable, timeout=timeout)


_run_async = Procstream.run_async


@_public
def run_async(argv, *args):
    """As in C: cancellable, callback and the data for it."""
    _run_async(_argv(argv), *args)

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

# --- Reader -----------------------------------------------------------------------------------------------------------

@_public
@override
class Reader(Procstream.Reader):
    """`for line in reader` and `async for line in reader` read lines up to the end of the output."""

    def __iter__(self):
        return iter(self.read_line, None)

    async def __aiter__(self):
        while (line := await call_async(self, 'read_line')) is not None:
            yield line

# --- Lines that are waited for ----------------------------------------------------------------------------------------

_REGEX_FLAGS = ((re.IGNORECASE, 'i'), (re.MULTILINE, 'm'), (re.DOTALL, 's'), (re.VERBOSE, 'x'))


def _pattern(pattern, flags):
    """The source of a pattern and its flags: of text, of the source of a regular expression, or of a compiled one."""
    if not isinstance(pattern, re.Pattern):
        return pattern, flags
    if isinstance(pattern.pattern, bytes):
        raise TypeError('a pattern of text is needed, and not of bytes: lines are text')
    letters = ''.join(letter for flag, letter in _REGEX_FLAGS if pattern.flags & flag)
    source = f'(?{letters}){pattern.pattern}' if letters else pattern.pattern
    return source, flags | Procstream.MatchFlags.REGEX


@_public
@override
class LineWaiter(Procstream.LineWaiter):
    """Its patterns may be compiled ones of re."""

    def add_pattern(self, pattern, flags=Procstream.MatchFlags.NONE):
        return Procstream.LineWaiter.add_pattern(self, *_pattern(pattern, flags))


@_public
@override
class Match(Procstream.Match):
    """match[0], match[1] and match['name'] are its groups; None where one took no part."""

    groups = property(lambda self: [self.get_group(group) for group in range(len(self.get_groups()))])

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
        return Procstream.Child.expect(self, *_pattern(pattern, flags), timeout_ms, cancellable, timeout=timeout)

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

# --- The end of the program -------------------------------------------------------------------------------------------

_end_all = Procstream.deinit


def _deinit(operation):
    if operation:
        GObject.Object.connect(operation, 'cancelled', lambda _operation: Procstream.deinit_hurry())
        if operation.is_cancelled():  # before that
            Procstream.deinit_hurry()
    _end_all()


@_public
def deinit():
    """As in C. Ctrl+C has the children killed that it still waits for, and is raised when they are gone."""
    _interrupts.run(_deinit, None)


# Python ends itself with SIGINT after a KeyboardInterrupt that nobody caught. Then nothing is done that exit() does.
@atexit.register
def _end_children():
    """Ctrl+C that comes now is for those who are slow to end, and nobody else: no other function of atexit meets it."""
    with contextlib.suppress(KeyboardInterrupt):
        _interrupts.run(_deinit, None)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals in blocking calls of Procstream: Ctrl+C ends them, and the handlers of the program are called in them."""

import collections
import contextlib
import os
import signal
import sys
import threading

try:
    import _signal  # the same functions, which do not look for names of what they return
except ImportError:
    _signal = signal

from gi.repository import Gio, GLib, GObject

from ..module import get_introspection_module

Procstream = get_introspection_module('Procstream')


@contextlib.contextmanager
def following(operation, cancellable):
    """The cancellable operation is cancelled with cancellable, which may be None."""
    if cancellable is None:
        yield
        return
    # Its own connect() and disconnect() are others, of which the second waits for handlers that run.
    handler = GObject.Object.connect(cancellable, 'cancelled', lambda _cancellable: operation.cancel())
    try:
        if cancellable.is_cancelled():
            operation.cancel()
        yield
    finally:
        GObject.Object.disconnect(cancellable, handler)


class _Call:
    """A call that is under way."""

    def __init__(self):
        self.operation = Gio.Cancellable()
        self.children = ()  # that it ends when it is cancelled
        self.are_its_own = False


_SIGINT, _default_handler = int(signal.SIGINT), signal.default_int_handler
_SIGNALS = tuple(sorted(int(signum) for signum in signal.valid_signals()))
_get_ident, _getsignal = threading.get_ident, _signal.getsignal


def _is_of_others(handler):
    """Whether it is the handler of Python, or that with which PyGObject ends a main loop, and not one of the program."""
    return handler is _default_handler or getattr(handler, '__module__', None) == 'gi._ossighelper'


class _Interrupts:
    """Lets signals do in blocking calls of the main thread what they do in those of Python.

    Python runs its handlers only when a call returns. So during one they are replaced by one that only records, since an exception
    must not come in the midst of what PyGObject does before it returns; and what Python's part in C writes when a signal arrives is
    read by a thread. For Ctrl+C, where the program has no handler of its own, it cancels the call, which then raises a
    KeyboardInterrupt; for the next one it kills the children that the call is ending. For other signals it writes to the bell: an
    output, whose handler the call itself delivers, as those of all outputs, and so in the main thread. That calls the handlers; an
    exception of one cancels the call, which raises it.
    """

    def __init__(self):
        self._handler, self._hook = self._record, self._except
        self._program_hook = None
        self._kept = []  # what PyGObject was to print in the innermost read that does not wait
        self._main = threading.main_thread().ident
        self._thread = self._bell = None
        self._write_fd = self._bell_fd = self._previous_fd = -1
        self._calls = []  # one in a handler of another
        self._drains = collections.deque()
        self._missed = bytearray()  # what whoever reads previous_fd was not told

        # Of the outermost call.
        self._replaced = {}  # the handlers, by signal
        self._ends = False  # whether SIGINT ends it
        self._seen = False  # that has come
        self._count = 0  # how often
        self._recorded = False  # something has
        self._arrived = collections.deque()  # signals, and where, whose handlers are to be called
        self._error = None  # what one of them raised

    def run(self, function, *args):
        """Returns function(*args), whose last argument is a cancellable, or None. Signals are handled meanwhile.

        What it returned although it was to be ended is not lost: the exception has it as its attribute `result`.
        """
        if _get_ident() != self._main:
            return function(*args)
        inner = bool(self._calls)
        if not inner and not self._begin():
            return function(*args)
        value = error = None
        call = _Call()
        self._calls.append(call)
        try:
            try:
                if self._arrived and not inner:
                    self._serve()
                if self._seen or self._error is not None:
                    call.operation.cancel()
                with following(call.operation, args[-1]):
                    value = function(*args[:-1], call.operation)
            except GLib.Error as failure:
                error = failure
            finally:
                self._calls.pop()
                if not inner:
                    self._end()
                call.children = ()  # not before: the thread must not be the last to have one
            raised = self._get_inner_exception() if inner else self._settle()
        except BaseException as late:  # of a handler: the program has its own again before this returns
            if value is None and error is None:
                raise
            raised = late
        if raised is not None:
            with contextlib.suppress(AttributeError):  # if it has no room for it
                raised.result = getattr(error, 'result', value)
            raise raised
        if error is not None:
            raise error
        return value

    def set_children(self, children, are_its_own=False):
        """Says whom the innermost call ends when it is cancelled; nobody else knows of its own."""
        if self._calls and _get_ident() == self._main:
            self._calls[-1].children, self._calls[-1].are_its_own = children, are_its_own
            if self._count > 1:
                self._kill(False)

    def _kill(self, is_first):
        """The first Ctrl+C ends children, unless they are being ended; the next one kills them. In no thread that keeps them."""
        children = [child for call in tuple(self._calls) for child in call.children if not is_first or
                    call.are_its_own and child.get_state() == Procstream.ChildState.TERMINATING]
        for call in tuple(self._calls):
            call.operation.cancel()
        for child in children:
            with contextlib.suppress(GLib.Error):  # of one that was not started
                child.kill()

    def run_at_once(self, function, *args):
        """Returns function(*args), which does not wait, so that Ctrl+C comes before or after it, or in a handler that it calls.

        PyGObject prints what a handler raises, and goes on. A KeyboardInterrupt is raised all the same, and so is what a handler of a
        signal raises while PyGObject makes an error, which then is another one. It costs little.
        """
        if _get_ident() != self._main:
            return function(*args)
        value = raised = None
        hook, outer, kept = sys.excepthook, self._kept, []
        if hook is not self._hook:
            self._program_hook = hook
        self._kept, sys.excepthook = kept, self._hook
        try:
            value = function(*args)
        except RuntimeError as error:
            if str(error) != 'Converting the GError failed':
                raise
            raised = kept.pop() if kept else KeyboardInterrupt() if _getsignal(_SIGINT) is _default_handler else error
        finally:
            self._kept, sys.excepthook = outer, hook
            if raised is None:
                raised = next((error for error in reversed(kept) if isinstance(error, KeyboardInterrupt)), None)
            for error in kept:
                if error is not raised:
                    hook(type(error), error, error.__traceback__)
            if raised is not None:
                with contextlib.suppress(AttributeError):  # if it has no room for it
                    raised.result = value
                raise raised from None
        return value

    def _except(self, kind, error, traceback):
        if _get_ident() == self._main:
            self._kept.append(error)
        else:
            self._program_hook(kind, error, traceback)

    def _record(self, signum, frame):
        self._recorded = True
        if signum == _SIGINT and self._ends:
            self._seen = True
        else:
            self._arrived.append((signum, frame))

    def _serve(self, *_):
        """Calls the handlers of what has arrived; only in the main thread, whoever is told of it."""
        while self._arrived and self._calls and self._error is None and _get_ident() == self._main:
            signum, frame = self._arrived.popleft()
            try:
                self._replaced[signum](signum, frame)
            except BaseException as error:  # the call raises it
                self._error = error
                for call in self._calls:
                    call.operation.cancel()

    def _get_inner_exception(self):
        """That of a call in a handler: PyGObject prints it. The exception itself is that of the call around it."""
        return KeyboardInterrupt() if self._seen or self._error is not None else None

    def _settle(self):
        """The exception of a call that is over, after what has arrived and was not handled; this may make further calls."""
        seen, raised, handlers, arrived = self._seen, self._error, self._replaced, tuple(self._arrived)
        self._error = None
        self._arrived.clear()
        if seen and handlers[_SIGINT] is not _default_handler:
            handlers[_SIGINT](_SIGINT, None)
        for signum, frame in arrived:
            try:
                handlers[signum](signum, frame)
            except BaseException as error:  # the call raises it
                raised = error
        return KeyboardInterrupt() if raised is None and seen else raised

    def _prepare(self, bell):
        """Makes the thread that waits for signals. There is none in a copy of the program, nor at the very end of it."""
        if self._thread is None or not self._thread.is_alive():
            read_fd, self._write_fd = os.pipe()
            os.set_blocking(self._write_fd, False)
            self._bell, self._bell_fd = None, -1
            self._thread = threading.Thread(target=self._watch, args=(read_fd,), name='procstream-interrupts', daemon=True)
            try:
                self._thread.start()
            except RuntimeError:
                self._thread = None
                os.close(read_fd)
                os.close(self._write_fd)
                return False
        if bell and self._bell is None:
            self._make_bell()
        return True

    def _make_bell(self):
        read_fd, self._bell_fd = os.pipe()
        os.set_blocking(self._bell_fd, False)
        config = Procstream.OutputConfig.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
        # It fails in a copy of the program, as all calls do.
        with contextlib.suppress(GLib.Error):
            self._bell = Procstream.Output.new_take_fd(read_fd, 'signals', config)
            self._bell.connect('chunk', self._serve)

    def _watch(self, fd):
        while True:
            signals = os.read(fd, 256)
            if self._ends and _SIGINT in signals:
                self._count += signals.count(_SIGINT)
                self._kill(self._count == 1)
            if signals.strip(bytes((0, _SIGINT if self._ends else 0))) and self._bell_fd >= 0:
                with contextlib.suppress(BlockingIOError):  # it rings
                    os.write(self._bell_fd, b'!')
            self._missed += signals.replace(b'\0', b'')
            for _ in range(signals.count(0)):
                self._drains.popleft().set()

    def _begin(self):
        """Returns whether there is a handler to replace."""
        handlers = {signum: handler for signum in _SIGNALS if callable(handler := _getsignal(signum))}
        ends = _is_of_others(handlers.get(_SIGINT))
        if not handlers:
            return False
        self._replaced, self._ends = handlers, ends
        self._seen, self._count, self._recorded, self._error = False, 0, False, None
        try:
            # What has arrived is handled before this, and may raise.
            for signum in handlers:
                _signal.signal(signum, self._handler)
            # Not before: an exception would leave a thread that only begins, and Python does not bear one at its end.
            prepared = self._prepare(bell=len(handlers) > ends)
        except BaseException:
            self._restore()
            self._settle()
            raise
        if not prepared:
            self._restore()
            if raised := self._settle():
                raise raised
            return False
        self._missed.clear()
        self._count = int(self._seen)  # of one that came so early the thread is not told
        self._previous_fd = signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        return True

    def _restore(self):
        """What has arrived is recorded before this; a handler that was set meanwhile stays."""
        for signum, handler in self._replaced.items():
            if _getsignal(signum) is self._handler:
                _signal.signal(signum, handler)

    def _end(self):
        """What is written to the descriptor has been recorded when this returns."""
        try:
            fd = signal.set_wakeup_fd(self._previous_fd)
            if fd != self._write_fd:
                signal.set_wakeup_fd(fd)
        finally:
            self._restore()
        if self._recorded or self._previous_fd >= 0:
            self._drain()

    def _drain(self):
        """Waits until the thread has read everything, lest it should cancel the next call, and passes on what it has read."""
        drained = threading.Event()
        self._drains.append(drained)
        os.write(self._write_fd, b'\0')
        drained.wait()
        if self._previous_fd >= 0 and self._missed:
            with contextlib.suppress(OSError):
                os.write(self._previous_fd, self._missed)


interrupts = _Interrupts()

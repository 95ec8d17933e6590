# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ctrl+C in blocking calls: each is made by a program of its own, which says when it is in the call."""

import os
import signal
import subprocess
import sys
import threading

from harness import Gio, GLib, Procstream, equal, main, reliable, scenario, shell

# The handler is called in the blocking call itself, so what it says is that the call has begun.
PROGRAM = '''
import os, signal, sys, threading
sys.path.insert(0, %(here)r)
from harness import Gio, GLib, Procstream, config, reliable, shell
Mode, NONE = Procstream.StdinMode, Procstream.Replay.NONE

def say(word):
    print(word, flush=True)

def make(script, launcher=None):
    child = (launcher or reliable(stdin_mode=Mode.PIPE)).create(shell(script))
    child.get_stderr().connect('line', lambda _output, line: say(line))
    return child

def start(script='echo inside >&2; exec sleep 1000', launcher=None):
    child = make(script, launcher)
    child.start()
    return child

def reader_of(child):
    reader = Procstream.Reader.new()
    child.get_stdout().attach(reader)
    return reader

def begin(script='echo inside >&2; exec sleep 1000'):
    child = make(script)
    reader = reader_of(child)
    child.start()
    return reader

wakeup = signal.set_wakeup_fd(-1)
try:
%(body)s
except KeyboardInterrupt as interrupt:
    say(f'interrupted {getattr(interrupt, "result", None)}')
else:
    say('not interrupted')
equal = signal.getsignal(signal.SIGINT) is signal.default_int_handler and signal.set_wakeup_fd(-1) == wakeup
say('restored' if equal else 'not restored')
%(after)s
'''


def make_program(body, after=''):
    indented = '\n'.join('    ' + line for line in body.splitlines())
    return PROGRAM % {'here': os.path.dirname(__file__), 'body': indented, 'after': after}


def read_until(program, word, seen):
    while word not in seen:
        line = program.stdout.readline()
        assert line, f'the end after {seen}'
        seen.append(line.rstrip('\n'))


class Program(subprocess.Popen):
    """A program that is gone after the block."""

    def __init__(self, body, after=''):
        super().__init__([sys.executable, '-u', '-c', make_program(body, after)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         text=True, bufsize=1)

    def __exit__(self, *args):
        self.kill()
        super().__exit__(*args)


def interrupt(body, after='', signals=1):
    """Runs a program, interrupts it when it has said that it is inside, and returns what it says afterwards."""
    program = subprocess.Popen([sys.executable, '-u', '-c', make_program(body, after)], stdout=subprocess.PIPE, text=True, bufsize=1)
    seen = []
    try:
        read_until(program, 'inside', seen)
        for _ in range(signals):
            program.send_signal(signal.SIGINT)
        out = program.stdout.read()
        equal(program.wait(), 0)
        return out.splitlines()
    finally:
        program.kill()
        program.wait()


INTERRUPTED = ['interrupted None', 'restored']

CALLS = {
    'Child.wait': 'start().wait()',
    'Child.wait with a limit': 'start().wait(timeout=1000)',
    'Child.complete': 'start().complete()',
    'Child.expect': "start().expect('never')",
    'Consumer.wait': "begin().wait()",
    'Reader.next': 'begin().next()',
    'Reader.next_info': 'begin().next_info()',
    'Reader.next_line': 'begin().next_line()',
    'Reader.read_exactly': 'begin().read_exactly(1)',
    'Reader.read_line': 'begin().read_line()',
    'Reader.read_until': "begin().read_until(b'>', 100)",
    'for line in reader': 'for line in begin(): pass',
    'Child.terminate': '''child = start()
shutdown = Procstream.Shutdown.new()
shutdown.add_close_stdin(1000000)
child.terminate(shutdown)''',
    'LineWaiter.wait_match': '''child = make('echo inside >&2; exec sleep 1000')
waiter = Procstream.LineWaiter.new()
waiter.add_pattern('never')
child.get_stdout().attach(waiter)
child.start()
waiter.wait_match()''',
    'Scope.complete_all': '''scope = Procstream.Scope()
launcher = reliable(scope=scope)
start(launcher=launcher)
scope.complete_all()''',
    'Pipeline.complete': '''pipeline = Procstream.Pipeline.new()
stage = pipeline.append(reliable(), shell('echo inside >&2; exec sleep 1000'))
stage.get_stderr().connect('line', lambda _output, line: say(line))
pipeline.start()
pipeline.complete()''',
}

# What the function runs has no handlers, so the child says it by itself.
RUN = "'echo inside >/proc/$PPID/fd/1; exec sleep 1000'"


def register(number, name, body):
    @scenario(number, name)
    def ends():
        said = interrupt(body)
        assert said[0].startswith('interrupted ') and said[1:] == ['restored'], said


for place, (name_of_call, body_of_call) in enumerate(CALLS.items()):
    register(20 + place, name_of_call, body_of_call)


@scenario(1, 'run')
def run():
    # The child is ended: what came of it says so.
    for body in (f'Procstream.run(shell({RUN}))', f'reliable().run(shell({RUN}))'):
        said = interrupt(body)
        assert said[0].startswith('interrupted <Procstream.Result'), said
        equal(said[1:], ['restored'])


@scenario(2, 'the next call is not interrupted')
def the_next_call_is_not_interrupted():
    after = '''for _ in range(3):
    say(Procstream.run(['echo', 'on']).dup_stdout_text().strip())
child = make('sleep 0.1; echo more')
reader = reader_of(child)
child.start()
say(reader.read_line())
say(reader.read_line())'''
    body = '''child = start()
child.get_stderr().connect('line', lambda _output, _line: [os.kill(os.getpid(), signal.SIGINT) for _ in range(5)])
child.wait()'''
    equal(interrupt(body, after, signals=0), [*INTERRUPTED, 'on', 'on', 'on', 'more', 'None'])


@scenario(3, 'the cancellable of the program')
def the_cancellable_of_the_program():
    # It is not cancelled by Ctrl+C, and still works in a call that can be interrupted.
    after = '''say(cancellable.is_cancelled())
child = make('echo inside >&2; exec sleep 1000')
child.get_stderr().connect('line', lambda _output, line: cancellable.cancel())
child.start()
try:
    child.wait(cancellable=cancellable)
except GLib.Error as error:
    say(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))
try:
    child.wait(cancellable=cancellable)
except GLib.Error as error:
    say(error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED))'''
    body = 'cancellable = Gio.Cancellable()\nstart().wait(cancellable=cancellable)'
    equal(interrupt(body, after), [*INTERRUPTED, 'False', 'inside', 'True', 'True'])


@scenario(4, 'a handler of the program')
def a_handler_of_the_program():
    # It is called in the call, which goes on.
    body = '''signal.signal(signal.SIGINT, lambda *_: say('handled'))
child = start('echo inside >&2; read x; exit 7')
threading.Thread(target=lambda: os.read(0, 1) and child.get_stdin().close()).start()
child.wait()
say(f'{child.exit_code} {signal.getsignal(signal.SIGINT) is not signal.default_int_handler}')'''
    with Program(body) as program:
        read_until(program, 'inside', [])
        program.send_signal(signal.SIGINT)
        read_until(program, 'handled', [])
        program.stdin.write('x')
        program.stdin.close()
        equal(program.stdout.read().splitlines()[:2], ['7 True', 'not interrupted'])


@scenario(5, 'a call in a handler')
def a_call_in_a_handler():
    # Both end; the exception of the inner one is told as that of any handler is.
    body = '''sys.excepthook = lambda kind, _error, _traceback: say(f'inner {kind.__name__}')
inner = make('read x; echo inside >&2; exec sleep 1000')
outer = make('echo begun >&2; exec sleep 1000')
outer.get_stderr().connect('line', lambda _output, _line: inner.get_stdin().write_utf8('x\\n') and inner.wait())
inner.start()
outer.start()
outer.wait()'''
    equal(interrupt(body)[-3:], ['inner KeyboardInterrupt', *INTERRUPTED])


@scenario(6, 'another thread')
def another_thread():
    # Its calls go on: Python interrupts the main thread alone.
    body = '''child = start('echo inside >&2; read x; exit 7')
other = threading.Thread(target=lambda: say(f'other {child.wait()}'))
other.start()
child.wait()'''
    after = 'child.get_stdin().close()\nother.join()'
    equal(interrupt(body, after), [*INTERRUPTED, 'other True'])


@scenario(7, 'who else waits for signals')
def who_else_waits_for_signals():
    # A descriptor of the program is written to afterwards, as if it had been there all the time.
    body = '''read_fd, write_fd = os.pipe()
os.set_blocking(write_fd, False)
signal.set_wakeup_fd(write_fd)
wakeup = write_fd
start().wait()'''
    equal(interrupt(body, 'say(list(os.read(read_fd, 10)))'), [*INTERRUPTED, f'[{int(signal.SIGINT)}]'])


@scenario(8, 'what was returned nevertheless')
def what_was_returned_nevertheless():
    # The signal comes in a handler of the call that then finds what it waits for.
    body = '''child = make('echo inside >&2; read x; echo data; exec sleep 1000')

def line_cb(_output, _line):
    child.get_stdin().write_utf8('x\\n')
    while child.get_stdout().bytes_received == 0:
        pass
    signal.raise_signal(signal.SIGINT)
child.get_stderr().connect('line', line_cb)
child.start()
try:
    child.expect('data')
except KeyboardInterrupt as interrupt:
    interrupt.result = interrupt.result.text
    raise'''
    equal(interrupt(body, signals=0), ['interrupted data', 'restored'])


@scenario(9, 'a handler in a read that does not wait')
def a_handler_in_a_read_that_does_not_wait():
    body = '''child = make('echo inside >&2; exec sleep 1000')
reader = reader_of(child)
child.get_stderr().connect('line', lambda _output, _line: signal.raise_signal(signal.SIGINT))
child.start()
while True:
    try:
        reader.read_line(timeout=0)
    except GLib.Error:
        pass'''
    equal(interrupt(body, signals=0), INTERRUPTED)


@scenario(10, 'a call in a main loop')
def a_call_in_a_main_loop():
    # Both end, as a call in a handler and the call that calls it do.
    body = '''sys.excepthook = lambda kind, _error, _traceback: say(f'inner {kind.__name__}')
loop = GLib.MainLoop()
GLib.idle_add(lambda: start().wait())
loop.run()'''
    equal(interrupt(body), ['inner KeyboardInterrupt', *INTERRUPTED])


@scenario(11, 'a run whose program is killed')
def a_run_whose_program_is_killed():
    # The child, which has the test's pipe, gets SIGTERM, as in C; nobody else closes that pipe.
    script = 'trap "" INT; echo inside >/proc/$PPID/fd/1; exec sleep 1000'
    body = f'''launcher = reliable()
say(launcher.get_parent_death_signal())
signal.signal(signal.SIGINT, lambda *_: None)
launcher.run(shell({script!r}))'''
    # What is not captured keeps the end of the pipe open as long as the child lives.
    body = body.replace('launcher = reliable()', 'launcher = reliable()\nlauncher.take_fd(os.dup(1), 9)')
    program = subprocess.Popen([sys.executable, '-u', '-c', make_program(body)], stdout=subprocess.PIPE, text=True, bufsize=1)
    read_until(program, 'inside', [])
    program.kill()
    program.wait()
    equal(program.stdout.read(), '')


@scenario(12, 'an interrupt that ends the program')
def an_interrupt_that_ends_the_program():
    # Its children end as they do at every other end: the last who has the test's pipe is gone when the program is.
    body = '''launcher = reliable()
launcher.take_fd(os.dup(1), 9)
start(launcher=launcher)
GLib.MainLoop().run()'''
    program = subprocess.Popen([sys.executable, '-u', '-c', make_program(body).replace('except KeyboardInterrupt as', 'except MemoryError as')],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
    read_until(program, 'inside', [])
    program.send_signal(signal.SIGINT)
    equal(program.wait(), -signal.SIGINT)
    equal(program.stdout.read(), '')


HANDLERS = '''signal.signal(signal.SIGUSR1, lambda *_: say('handled'))
def leave(*_):
    say('leaving')
    sys.exit(7)
signal.signal(signal.SIGTERM, leave)
'''


def register_signals(number, name, body):
    @scenario(number, name + ' with handlers')
    def handles():
        with Program(HANDLERS + body) as program:
            read_until(program, 'inside', [])
            # It goes on after a handler that returns, and ends with the exception of one that does not.
            for _ in range(2):
                program.send_signal(signal.SIGUSR1)
                read_until(program, 'handled', [])
            program.send_signal(signal.SIGTERM)
            read_until(program, 'leaving', [])
            equal(program.stdout.read(), '')
            equal(program.wait(), 7)


for place, (name_of_call, body_of_call) in enumerate({**CALLS, 'run': f'reliable().run(shell({RUN}))',
                                                      'Procstream.run': f'Procstream.run(shell({RUN}))'}.items()):
    register_signals(50 + place, name_of_call, body_of_call)


@scenario(13, 'a handler that makes calls')
def a_handler_that_makes_calls():
    body = '''def end(*_):
    say(child.terminate())
    say(Procstream.run(['echo', 'run']).stdout.text.strip())
signal.signal(signal.SIGTERM, end)
child = start()
say(child.wait())
say(signal.getsignal(signal.SIGTERM) is end)'''
    with Program(body) as program:
        read_until(program, 'inside', [])
        program.send_signal(signal.SIGTERM)
        equal(program.stdout.read().splitlines(), ['True', 'run', 'True', 'True', 'not interrupted', 'restored'])


@scenario(14, 'what was returned before a handler raised')
def what_was_returned_before_a_handler_raised():
    body = '''class Stop(Exception):
    pass
def stop(*_):
    raise Stop
signal.signal(signal.SIGTERM, stop)
child = start('echo data; echo inside >&2; exec sleep 1000')
child.get_stderr().connect('line', lambda *_: signal.raise_signal(signal.SIGTERM))
try:
    child.complete()
except Stop as error:
    say(f'{error.result.stdout.text.strip()} {error.result.cause.value_nick}')
say(child.terminate())'''
    with Program(body) as program:
        equal(program.stdout.read().splitlines(), ['inside', 'data cancelled', 'True', 'not interrupted', 'restored'])


@scenario(15, 'a handler and who else waits for signals')
def a_handler_and_who_else_waits_for_signals():
    body = '''signal.signal(signal.SIGUSR1, lambda *_: child.kill())
read_fd, write_fd = os.pipe()
os.set_blocking(write_fd, False)
signal.set_wakeup_fd(write_fd)
wakeup = write_fd
child = start()
child.wait()
say(list(os.read(read_fd, 10)))'''
    with Program(body) as program:
        read_until(program, 'inside', [])
        program.send_signal(signal.SIGUSR1)
        equal(program.stdout.read().splitlines(), [f'[{int(signal.SIGUSR1)}]', 'not interrupted', 'restored'])


@scenario(16, 'an impatient end')
def an_impatient_end():
    # The first ends the program, which is told by a child; the second does not wait for the other, nor is it told anywhere.
    body = '''import atexit
atexit.register(lambda: say('others'))
slow = Procstream.Shutdown.new_terminate(1000000)
stubborn = reliable(shutdown=slow).spawnv(shell('trap "" TERM; echo up; while :; do sleep 0.05; done'))
stubborn.expect('up')
launcher = reliable()
launcher.take_fd(os.dup(1), 9)
telling = launcher.spawnv(shell('trap "echo ending >&9; exit 0" TERM; echo up; while :; do sleep 0.05; done'))
telling.expect('up')
say(f'{stubborn.pid}')
# A signal that comes before the loop sleeps could be missed by it.
GLib.idle_add(say, 'inside')
GLib.MainLoop().run()'''
    program = make_program(body).replace('except KeyboardInterrupt as', 'except MemoryError as')
    program = program.replace('import os,', 'import atexit, os,').replace('from harness', 'atexit.register(lambda: say("last"))\nfrom harness')
    with subprocess.Popen([sys.executable, '-u', '-c', program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        seen = []
        read_until(process, 'inside', seen)
        process.send_signal(signal.SIGINT)
        read_until(process, 'ending', [])
        process.send_signal(signal.SIGINT)
        equal(process.stdout.read(), 'last\n')
        equal(process.stderr.read().count('KeyboardInterrupt'), 1)
        equal(process.wait(), -signal.SIGINT)
        try:
            os.kill(int(seen[-2]), 0)
            raise AssertionError('it is there')
        except ProcessLookupError:
            pass


@scenario(17, 'a run and its launcher')
def a_run_and_its_launcher():
    # Others may use it meanwhile.
    launcher, changed = reliable(), []
    launcher.connect('notify', lambda _launcher, spec: changed.append(spec.name))
    equal(launcher.run(['echo', 'on']).stdout.text, 'on\n')
    equal(changed, [])


@scenario(18, 'a cancelled run')
def a_cancelled_run():
    read_fd, write_fd = os.pipe()
    argv = shell(f'echo begun; echo >/proc/$PPID/fd/{write_fd}; exec sleep 1000')
    for run_it in (lambda cancellable: reliable().run(argv, None, cancellable), lambda cancellable: Procstream.run(argv, cancellable)):
        cancellable = Gio.Cancellable()
        canceller = threading.Thread(target=lambda cancellable=cancellable: os.read(read_fd, 1) and cancellable.cancel())
        canceller.start()
        try:
            run_it(cancellable)
            raise AssertionError('no error')
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error
            equal(error.message, error.result.message)
            equal((error.result.cause, error.result.stdout.text), (Procstream.Cause.CANCELLED, 'begun\n'))
        canceller.join()
    os.close(read_fd)
    os.close(write_fd)


# A signal arrives while PyGObject makes the error of a read that does not wait.
CONVERSION = '''import gi
GError, make_error = gi._error.GError, gi._error.GError.__init__
def init(error, *args):
    make_error(error, *args)
    if signals:
        signal.raise_signal(signals.pop())
GError.__init__ = init
def stop(*_):
    raise TimeoutError('stop')
signal.signal(signal.SIGALRM, stop)
sys.excepthook = lambda kind, error, _traceback: say(f'told {kind.__name__} {error}')
def read(reader):
    try:
        reader.read_line(timeout=0)
    except GLib.Error:
        return True
    except BaseException as error:
        say(f'{type(error).__name__} {error.result}')
def read_with(signum, reader):
    signals.append(signum)
    return read(reader)
signals = []
silent = begin('exec sleep 1000')
read_with(signal.SIGALRM, silent)
read_with(signal.SIGINT, silent)
def complain(*_):
    signals.append(signal.SIGALRM)
    raise ValueError('of a line')
child = make('echo x >&2; exec sleep 1000')
other = reader_of(child)
child.get_stderr().connect('line', complain)
child.start()
while read(other):
    pass
signal.signal(signal.SIGINT, lambda *_: say('handled'))
read_with(signal.SIGALRM, silent)
say(read_with(signal.SIGINT, silent))
signal.signal(signal.SIGINT, signal.default_int_handler)
'''


@scenario(19, 'a handler while an error is made')
def a_handler_while_an_error_is_made():
    with Program(CONVERSION) as program:
        said = program.stdout.read().splitlines()
    equal(said, ['TimeoutError None', 'KeyboardInterrupt None', 'x', 'told ValueError of a line', 'TimeoutError None',
                 'TimeoutError None', 'handled', 'True', 'not interrupted', 'restored'])


@scenario(80, 'an exception after the end of a call')
def an_exception_after_the_end_of_a_call():
    # The handlers of the program are its own again by then.
    body = '''from gi.overrides import _procstream_interrupts as module
settle = module.interrupts._settle
module.interrupts._settle = lambda: (signal.raise_signal(signal.SIGINT), settle())
begin('sleep 0.1; echo line; exec sleep 1000').read_line()'''
    with Program(body) as program:
        equal(program.stdout.read().splitlines(), ['interrupted line', 'restored'])


STOP = '''class Stop(Exception):
    pass
def stop(*_):
    raise Stop
signal.signal(signal.SIGTERM, stop)
'''


# A signal arrives while the thread is made.
EARLY = '''signals, wait = [], threading.Event.wait
def wait_with_signal(*args):
    if signals:
        signal.raise_signal(signals.pop())
    return wait(*args)
threading.Event.wait = wait_with_signal
'''


@scenario(78, 'a handler just before a call begins')
def a_handler_just_before_a_call_begins():
    # Some handlers of the program are replaced already, and all are its own again.
    body = STOP + '''from gi.overrides import _procstream_interrupts as module
class Signals:
    @staticmethod
    def signal(signum, handler):
        signal.signal(signum, handler)
        if signum == signal.SIGINT and handler is not signal.default_int_handler:
            signal.raise_signal(signal.SIGTERM)
signals, module._signal = module._signal, Signals
try:
    begin('exec sleep 1000').wait()
except Stop as error:
    say(f'stopped {hasattr(error, "result")}')
module._signal = signals
say(signal.getsignal(signal.SIGTERM) is stop)'''
    with Program(body) as program:
        equal(program.stdout.read().splitlines(), ['stopped False', 'True', 'not interrupted', 'restored'])


@scenario(79, 'a handler while a call begins')
def a_handler_while_a_call_begins():
    # The first call has a thread made. The exception is that of the call, which has begun, and leaves no thread half made.
    body = STOP + EARLY + '''signals.append(signal.SIGTERM)
try:
    begin('exec sleep 1000').wait()
except Stop as error:
    say(f'stopped {error.result}')
say([thread.name for thread in threading.enumerate()].count('procstream-interrupts'))'''
    with Program(body) as program:
        equal(program.stdout.read().splitlines(), ['stopped None', '1', 'not interrupted', 'restored'])


# It says when it is asked to end, and goes on; nobody else ends it in time. The handler of its line is called in the call. What its shell
# says of a sleep that the signal ended, too, is thrown away.
STUBBORN = '''slow = Procstream.Shutdown.new_terminate(1000000)
script = 'trap "echo ending >/proc/$PPID/fd/1" TERM; echo inside >/proc/$PPID/fd/1; while :; do sleep 0.05; done 2>/dev/null'
spoken = script.replace('inside >/proc/$PPID/fd/1', 'inside >&2')
launcher = reliable(shutdown=slow)
options = Procstream.CompleteOptions(end_on=Procstream.EndOn.CANCEL)
'''

# Each with how many children run. The one in the queue is never started.
IMPATIENT = {
    'run': (1, 'launcher.run(shell(script))'),
    'Child.complete': (1, 'start(spoken, launcher).complete(options)'),
    'Scope.complete_all': (2, '''scope = Procstream.Scope(max_running=2)
launcher.set_scope(scope)
for _ in range(2):
    start(spoken, launcher)
scope.enqueue(make(spoken, launcher))
scope.complete_all(options)'''),
    'Pipeline.complete': (2, '''pipeline = Procstream.Pipeline.new()
for _ in range(2):
    stage = pipeline.append(launcher, shell(spoken))
    stage.get_stderr().connect('line', lambda _output, line: say(line))
pipeline.start()
pipeline.complete(options)'''),
}


def register_impatient(number, name, children, body):
    @scenario(number, f'an impatient end of {name}')
    def ends():
        with Program(STUBBORN + body) as program:
            for word in ('inside', 'ending'):
                for _ in range(children):
                    read_until(program, word, [])
                program.send_signal(signal.SIGINT)
            said = program.stdout.read().splitlines()
            assert said[0].startswith('interrupted ') and said[1:] == ['restored'], said


for place, (name_of_call, (children_of_call, body_of_call)) in enumerate(IMPATIENT.items()):
    register_impatient(81 + place, name_of_call, children_of_call, body_of_call)


@scenario(90, 'an impatient end after a limit')
def an_impatient_end_after_a_limit():
    # The first is enough: the child is being ended.
    body = '''try:
    launcher.run(shell(script), timeout=0.5)
except KeyboardInterrupt as interrupt:
    interrupt.result = interrupt.result.cause.value_nick
    raise'''
    with Program(STUBBORN + body) as program:
        read_until(program, 'ending', [])
        program.send_signal(signal.SIGINT)
        equal(program.stdout.read().splitlines(), ['interrupted timed-out', 'restored'])


@scenario(91, 'an impatient end that has just begun')
def an_impatient_end_that_has_just_begun():
    # The signal comes when it is watched for, and nobody is there to be told of it yet. No other follows.
    after = '''from gi.repository import GObject
connect = GObject.Object.connect

def connect_late(operation, *args):
    signal.raise_signal(signal.SIGINT)
    while not operation.is_cancelled():
        pass
    return connect(operation, *args)

GObject.Object.connect = connect_late'''
    with Program(STUBBORN + "start(spoken, launcher).expect('inside')", after) as program:
        equal(program.wait(20), 0)


@scenario(92, 'an impatient end by deinit')
def an_impatient_end_by_deinit():
    with Program(STUBBORN + "start(spoken, launcher).expect('inside')\nProcstream.deinit()") as program:
        read_until(program, 'ending', [])
        program.send_signal(signal.SIGINT)
        equal(program.wait(20), 0)
        equal(program.stdout.read().splitlines(), INTERRUPTED)


@scenario(93, 'an impatient end after an early interrupt')
def an_impatient_end_after_an_early_interrupt():
    # The first comes while the call begins; it counts all the same.
    body = STUBBORN + EARLY + '''read_fd, write_fd = os.pipe()
launcher.take_fd(write_fd, 9)
child = start(script.replace('inside >/proc/$PPID/fd/1', 'inside >&9'), launcher)
os.read(read_fd, 1)
signals.append(signal.SIGINT)
child.complete(options)'''
    with Program(body) as program:
        read_until(program, 'ending', [])
        program.send_signal(signal.SIGINT)
        said = program.stdout.read().splitlines()
        assert said[0].startswith('interrupted <Procstream.Result') and said[1:] == ['restored'], said


if __name__ == '__main__':
    main()

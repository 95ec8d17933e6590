# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Python says in its own way: limits, paths, bytes, attributes and loops over lines."""

import asyncio
import math
import os
import pathlib
import re
import tempfile

from harness import Gio, GLib, Procstream, config, equal, main, raises, reliable, scenario, shell

PIPE = Procstream.StdinMode.PIPE
TIMED_OUT = (Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)


def refused(kind, function, *args, **keywords):
    """Calls function, which must raise an exception of that kind, and returns its message."""
    try:
        function(*args, **keywords)
    except kind as error:
        return str(error)
    raise AssertionError('no error')


def reader_of(script):
    child = reliable(stdin_mode=PIPE).create(shell(script))
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    child.start()
    return child, reader


@scenario(1, 'limits of time')
def limits_of_time():
    child, reader = reader_of('read x')
    waiter = Procstream.LineWaiter()
    waiter.add_pattern('never')
    child.get_stdout().attach(waiter)
    for call in (child.wait, reader.wait, reader.next, reader.next_info, reader.next_line, reader.read_line, waiter.wait_match,
                 lambda *args, **keywords: child.expect('never', *args, **keywords),
                 lambda *args, **keywords: reader.read_exactly(1, *args, **keywords),
                 lambda *args, **keywords: reader.read_until(b'>', 10, *args, **keywords)):
        raises(*TIMED_OUT, lambda: call(timeout=0.001))
        # Less than a millisecond is not none.
        raises(*TIMED_OUT, lambda: call(timeout=0.0000001))
        raises(*TIMED_OUT, lambda: call(timeout=0))
        raises(*TIMED_OUT, lambda: call(timeout_ms=1))
        for wrong in (-0.001, -0.5, -1, -math.inf):
            assert 'negative' in refused(ValueError, call, timeout=wrong)
        assert 'negative' in refused(ValueError, call, timeout_ms=-2)
        refused(TypeError, call, timeout_ms=1, timeout=1)
        refused(TypeError, call, timeout='1')
    raises(*TIMED_OUT, child.wait, 1, None)
    raises(*TIMED_OUT, reader.read_line, 1)
    refused(TypeError, reader.read_until, b'>')
    refused(TypeError, child.wait, 1, None, 1)
    refused(TypeError, child.wait, limit=1)
    child.get_stdin().close()
    assert child.wait(timeout=math.inf)
    assert child.wait(timeout=None) and child.wait()
    assert child.terminate() and child.terminate(timeout=60) and child.terminate(None, 60000, None)


@scenario(2, 'a program and its arguments')
def a_program_and_its_arguments():
    launcher = reliable()
    echo = ['/bin/echo', b'one', pathlib.Path('two')]
    equal(Procstream.run(echo).dup_stdout_text(), 'one two\n')
    equal(launcher.run(tuple(echo)).dup_stdout_text(), 'one two\n')
    equal(launcher.spawnv([pathlib.Path('/bin/echo')]).complete().dup_stdout_text(), '\n')
    for wrong in ('ls -l', b'ls', pathlib.Path('/bin/ls')):
        for call in (Procstream.run, launcher.run, launcher.spawnv, launcher.create, launcher.run_async, launcher.spawn_async,
                     Procstream.run_async, lambda argv: launcher.spawnv(argv=argv),
                     lambda argv: Procstream.Pipeline().append(launcher, argv)):
            assert 'list' in refused(TypeError, call, wrong)


@scenario(3, 'paths and files')
def paths_and_files():
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        given, written = directory / 'given', directory / 'written'
        given.write_text('hello\n', encoding='utf-8')
        for path in (given, str(given), os.fsencode(given), Gio.File.new_for_path(str(given))):
            launcher = reliable()
            launcher.set_stdin_file(path)
            equal(launcher.run(['cat']).dup_stdout_text(), 'hello\n')
        launcher = reliable()
        for wanted in (directory, Gio.File.new_for_path(name)):
            launcher.set_cwd(wanted)
            equal(launcher.run(['pwd', '-P']).dup_stdout_text(), f'{directory.resolve()}\n')
        launcher.set_cwd(None)
        assert 'http://' in refused(ValueError, launcher.set_stdin_file, Gio.File.new_for_uri('http://example.org/x'))
        refused(TypeError, launcher.set_stdin_file, 5)

        child = reliable().create(['echo', 'one'])
        writer = Procstream.Writer.new_for_path(written, Procstream.FileMode.TRUNCATE)
        child.get_stdout().attach(writer)
        child.start()
        writer.wait()
        equal(written.read_text(encoding='utf-8'), 'one\n')


@scenario(4, 'bytes')
def bytes_of_python():
    child, reader = reader_of('printf "a>b>"; cat; read x')
    for terminator in (b'>', GLib.Bytes(b'>')):
        assert reader.read_until(terminator, 10).get_data().endswith(b'>')
    for data in (b'1', bytearray(b'2'), memoryview(b'3'), GLib.Bytes(b'4')):
        child.get_stdin().write_bytes(data)
    equal(reader.read_exactly(4).get_data(), b'1234')
    assert 'encode' in refused(TypeError, child.get_stdin().write_bytes, 'text')
    assert 'encode' in refused(TypeError, reader.read_until, '>', 10)
    child.get_stdin().close()

    stdout = config(Procstream.Delivery.RELIABLE)
    stdout.set_line_separator(Procstream.LineSeparator.CUSTOM)
    stdout.set_custom_separator(b'::')
    launcher = reliable(stdout_config=stdout)
    launcher.set_stdin_bytes(b'one::two')
    child = launcher.create(['cat'])
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    child.start()
    equal(list(reader), ['one', 'two'])


@scenario(5, 'properties are attributes')
def properties_are_attributes():
    result = reliable().spawnv(shell('echo out; exit 3')).complete()
    equal((result.exit_code, result.success, result.stdout.text), (3, False, 'out\n'))
    launcher = reliable(name='named')
    launcher.cwd = pathlib.Path('/')
    launcher.shutdown = None
    equal((launcher.cwd, launcher.name, launcher.delivery), ('/', 'named', Procstream.Delivery.RELIABLE))
    child = launcher.create(['true'])
    equal((child.pid, child.name, child.stdout), (0, 'named', child.get_stdout()))
    equal(child.stdout.state, child.stdout.props.state)
    equal(Procstream.Result.exit_code.__doc__, 'The property exit-code.')


class Stateful(Procstream.Consumer):
    """Has an attribute with the name of a property that cannot be set."""
    __gtype_name__ = 'Stateful'

    def __init__(self):
        super().__init__()
        self.state = 'mine'

    def do_chunk(self, chunk):
        self.state = chunk.get_data()


@scenario(6, 'attributes of a class of the program')
def attributes_of_a_class_of_the_program():
    child, consumer = reliable().create(['echo', 'one']), Stateful()
    equal(consumer.state, 'mine')
    child.get_stdout().attach(consumer)
    child.start()
    consumer.wait()
    equal((consumer.state, consumer.get_state()), (b'one\n', Procstream.ConsumerState.ENDED))


@scenario(7, 'lines in a loop')
def lines_in_a_loop():
    _child, reader = reader_of('seq 5')
    for line in reader:
        if line == '2':
            break
    equal(reader.read_line(), '3')
    equal(list(reader), ['4', '5'])
    equal(list(reader), [])


@scenario(8, 'groups of a match')
def groups_of_a_match():
    child = reliable(Procstream.Replay.ALL).spawnv(['echo', 'port 80'])
    match = child.expect(r'(\d+)(!)?(x?)', Procstream.MatchFlags.REGEX)
    equal(match.groups, ['80', '80', None, ''])
    equal([match[group] for group in range(4)], match.groups)
    # As re says it of text; it would be another pattern.
    for flags in (0, re.IGNORECASE):
        assert 'text' in refused(TypeError, child.expect, re.compile(b'port', flags), timeout=0)


class Counter(Procstream.Consumer):
    async def do_lines(self, lines):
        await asyncio.sleep(0)
        self.seen.append(len(lines))


class Namer(Counter):
    seen = []

    async def do_lines(self, lines):
        await super().do_lines(lines)
        self.seen.append(lines[0])


class Quiet(Counter):
    seen = []


@scenario(14, 'coroutines of a class and of its base')
def coroutines_of_a_class_and_of_its_base():
    async def job():
        for kind, expected in (Namer, [2, 'one']), (Quiet, [2]):
            child, consumer = reliable().create(shell('printf "one\\ntwo\\n"')), kind()
            child.get_stdout().attach(consumer)
            child.start()
            await Procstream.call_async(consumer, 'wait')
            equal(kind.seen, expected)

    asyncio.run(job())


@scenario(9, 'a run that was cancelled before')
def a_run_that_was_cancelled_before():
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    with tempfile.TemporaryDirectory() as name:
        begun = pathlib.Path(name) / 'begun'
        for run in (lambda: reliable().run(['touch', begun], None, cancellable), lambda: Procstream.run(['touch', begun], cancellable),
                    lambda: reliable().run(['touch', begun], cancellable=cancellable)):
            raises(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, run)
            assert not begun.exists()


def sleeper(scope=None):
    return reliable(scope=scope).spawnv(shell('echo begun; exec sleep 1000'))


@scenario(10, 'limits of time for the whole of a child')
def limits_of_time_for_the_whole_of_a_child():
    given = Procstream.CompleteOptions(capture=False)
    cause = Procstream.Cause
    for options in ((), (given,), (None, None)):
        child = sleeper()
        result = child.complete(*options, timeout=0.01)
        equal((result.cause, result.running), (cause.TIMED_OUT, True))
        child.kill()
    equal(given.timeout_ms, Procstream.NO_TIMEOUT)
    scope = Procstream.Scope()
    sleeper(scope)
    equal([result.cause for result in scope.complete_all(timeout=0.01)], [cause.TIMED_OUT])
    scope.abort()
    pipeline = Procstream.Pipeline()
    stage = pipeline.append(reliable(), ['sleep', '1000'])
    pipeline.start()
    equal(pipeline.complete(timeout=0.01).get_stage(0).cause, cause.TIMED_OUT)
    stage.kill()
    # The child that only the call knows of is ended. One second is there for it to begin.
    for run in (Procstream.run, reliable().run, lambda argv, **keywords: reliable().run(argv, given, **keywords)):
        try:
            run(shell('echo begun; exec sleep 1000'), timeout=1)
            raise AssertionError('no error')
        except GLib.Error as error:
            assert error.matches(Procstream.child_error_quark(), Procstream.ChildError.UNSUCCESSFUL), error
            equal((error.result.cause, error.result.running), (cause.TIMED_OUT, False))
            assert error.result.stdout is None or error.result.stdout.text == 'begun\n'
    for call in (Procstream.run, reliable().run):
        equal(call(['echo', 'one'], timeout=60).stdout.text, 'one\n')
        equal(call(['echo', 'one'], timeout=None).stdout.text, 'one\n')
        assert 'negative' in refused(ValueError, call, ['true'], timeout=-1)
        refused(TypeError, call, ['true'], timeout='1')
    refused(ValueError, sleeper().complete, timeout=-1)


@scenario(11, 'a limit of time among the options')
def a_limit_of_time_among_the_options():
    options = Procstream.CompleteOptions(timeout=0.25, idle_timeout_ms=60000)
    equal((options.timeout, options.timeout_ms, options.idle_timeout_ms), (0.25, 250, 60000))
    options.timeout = None
    equal((options.timeout, options.timeout_ms), (None, Procstream.NO_TIMEOUT))
    options.timeout = 0.0001
    equal((options.timeout_ms, Procstream.CompleteOptions().timeout), (1, None))
    refused(ValueError, Procstream.CompleteOptions, timeout=-1)
    # Its own limit gives way to that of the call.
    child = sleeper()
    equal(child.complete(Procstream.CompleteOptions(timeout=1000), timeout=0).cause, Procstream.Cause.TIMED_OUT)
    child.kill()


class Separated(Procstream.Consumer):
    """Hands on what it is made with."""
    __gtype_name__ = 'Separated'

    def do_lines(self, lines):
        pass


@scenario(12, 'properties of a constructor')
def properties_of_a_constructor():
    """They are converted as attributes are."""
    policy = {'delivery': Procstream.Delivery.RELIABLE, 'replay': Procstream.Replay.NONE}
    for data in (b'one', bytearray(b'one'), GLib.Bytes(b'one')):
        equal(Procstream.Launcher(stdin_bytes=data, **policy).run(['cat']).stdout.text, 'one')
        equal(Separated(custom_separator=data).custom_separator.get_data(), b'one')
        equal(Procstream.Reader(custom_separator=data).custom_separator.get_data(), b'one')
        equal(Procstream.OutputConfig(custom_separator=data, **policy).custom_separator.get_data(), b'one')
    for path in ('/', b'/', pathlib.Path('/'), Gio.File.new_for_path('/')):
        equal(Procstream.Launcher(cwd=path, **policy).run(['pwd']).stdout.text, '/\n')
        equal(Procstream.Launcher(stdin_file=path).stdin_file, '/')
    equal(Procstream.Launcher(cwd=None, stdin_bytes=None, name='x').name, 'x')
    assert 'encode' in refused(TypeError, Procstream.Launcher, stdin_bytes='text')
    assert 'http://' in refused(ValueError, Procstream.Launcher, cwd=Gio.File.new_for_uri('http://example.org/x'))
    refused(TypeError, Procstream.Launcher, cwd=5)
    refused(TypeError, Procstream.Launcher, nothing=5)


@scenario(13, 'a run beside a main loop')
def a_run_beside_a_main_loop():
    """Nothing of the output is missed, however much the loop of another thread does meanwhile."""
    start = Procstream.Child.start

    def start_and_iterate(child):
        started = start(child)
        while child.stdout.state != Procstream.OutputState.ENDED:
            GLib.MainContext.default().iteration(True)
        return started

    Procstream.Child.start = start_and_iterate
    try:
        equal(Procstream.run(['echo', 'all']).stdout.text, 'all\n')
    finally:
        Procstream.Child.start = start


if __name__ == '__main__':
    main()

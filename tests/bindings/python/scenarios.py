# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of SCENARIOS.md in Python."""

import asyncio
import gc
import os
import re
import signal
import sys
import tempfile
import threading
import weakref

from harness import (TIMEOUT_MS, WATCHDOG_SECONDS, churn, collect, complete, config, equal, finish, main, raises, reliable,
                     scenario, shell, uncaught)
from gi.repository import Gio, GLib, Procstream

BYTES = bytes(range(256))
PRINT_BYTES = "printf '" + ''.join(f'\\{i:03o}' for i in BYTES) + "'"
MANY = ''.join(f'{i}\n' for i in range(1, 100001)).encode()
PRINT_MANY = 'seq 1 100000'
THREE_CHUNKS = 'printf one; read x; printf two; read x; printf three; read x'

LOSSY = Procstream.Delivery.LOSSY
RELIABLE = Procstream.Delivery.RELIABLE
Replay = Procstream.Replay
State = Procstream.ChildState
PIPE = Procstream.StdinMode.PIPE


def lossy():
    """A launcher whose lossy subscribers lose nearly everything when nobody reads."""
    small = config(LOSSY, read_chunk_size=4096, max_buffered_chunks=4)
    return reliable(stdout_config=small)


class StarvedContext:
    """What is made inside belongs to a main context that nobody runs before run_until()."""

    def __init__(self):
        self.context = GLib.MainContext.new()

    def __enter__(self):
        self.context.push_thread_default()
        return self

    def __exit__(self, *_):
        self.context.pop_thread_default()

    def run_until(self, condition):
        while not condition():
            self.context.iteration(True)


class Counter(Procstream.Consumer):
    __gtype_name__ = 'Counter'
    chunks = 0

    def do_chunk(self, chunk):
        self.chunks += 1


@scenario(1, 'chunks')
def chunks():
    child = reliable().spawnv(shell(PRINT_BYTES))
    received = []
    child.get_stdout().connect('chunk', lambda _output, chunk: received.append(chunk))
    complete(child)
    assert all(isinstance(chunk, GLib.Bytes) for chunk in received)
    equal(b''.join(chunk.get_data() for chunk in received), BYTES)


@scenario(2, 'kept chunks')
def kept_chunks():
    child = reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).spawnv(shell(PRINT_MANY))
    kept = []
    child.get_stdout().connect('chunk', lambda _output, chunk: kept.append(chunk))
    complete(child)
    other = reliable().spawnv(shell('head -c 4000000 /dev/zero'))
    other.get_stdout().connect('chunk', lambda _output, chunk: gc.collect())
    complete(other)
    del child, other
    gc.collect()
    equal(b''.join(chunk.get_data() for chunk in kept), MANY)


@scenario(3, 'line')
def line():
    child = reliable().spawnv(shell(r"printf 'one\n\ntwo\nthree'"))
    received = []
    child.get_stdout().connect('line', lambda _output, line: received.append(line))
    complete(child)
    equal(received, ['one', '', 'two', 'three'])


@scenario(4, 'lines')
def lines():
    child = reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).spawnv(shell(PRINT_MANY))
    batches = []
    child.get_stdout().connect('lines', lambda _output, lines: batches.append(lines))
    complete(child)
    gc.collect()
    assert len(batches) > 1 and all(batches)
    equal([line for batch in batches for line in batch], MANY.decode().split())


@scenario(5, 'line options')
def line_options():
    def read(script, **options):
        child = reliable(stdout_config=config(RELIABLE, **options)).create(shell(script))
        received = []
        child.get_stdout().connect('line', lambda _output, line: received.append(line))
        child.start()
        complete(child)
        return received

    separator, overflow = Procstream.LineSeparator, Procstream.LineOverflow
    equal(read(r"printf 'a\r\nb\nc\r\n'"), ['a', 'b', 'c'])
    equal(read(r"printf 'a\r\nb\n'", line_separator=separator.LF), ['a\r', 'b'])
    equal(read(r"printf 'a\r\nb\nc\r\n'", line_separator=separator.CRLF), ['a', 'b\nc'])
    equal(read(r"printf 'abcdefghi\nj\n'", max_line_length=4, line_overflow=overflow.SPLIT), ['abcd', 'efgh', 'i', 'j'])
    equal(read(r"printf 'abcdefghi\nj\n'", max_line_length=4, line_overflow=overflow.TRUNCATE), ['abcd', 'j'])
    equal(read(r"printf 'a\303\251\303\251\n'", max_line_length=4, line_overflow=overflow.SPLIT), ['aé', 'é'])
    equal(read(r"printf 'a\377b\000c\n'"), ['a\ufffdb\ufffdc'])


@scenario(6, 'gap')
def gap():
    with StarvedContext() as starved:
        child = lossy().create(shell(PRINT_MANY))
    output = child.get_stdout()
    sizes, gaps, ended = [], [], []
    output.connect('chunk', lambda _output, chunk: sizes.append(chunk.get_size()))
    output.connect('gap', lambda _output, chunks, size: gaps.append((chunks, size)))
    output.connect('ended', lambda _output, error: ended.append(error))
    counter = Counter(delivery=RELIABLE)
    output.attach(counter)
    child.start()
    counter.wait(TIMEOUT_MS, None)
    starved.run_until(lambda: ended)
    equal(ended, [None])
    assert gaps and sizes
    equal(sum(size for _chunks, size in gaps) + sum(sizes), len(MANY))
    equal(sum(chunks for chunks, _size in gaps) + len(sizes), counter.chunks)
    equal(output.get_bytes_dropped(), sum(size for _chunks, size in gaps))


def make_three_chunks(replay, limit=0):
    """A child that has written three chunks and ended: it writes one when the last was read."""
    launcher = reliable(replay, stdin_mode=PIPE, replay_limit=limit)
    child = launcher.spawnv(shell(THREE_CHUNKS))
    child.get_stdout().connect('chunk', lambda *_: child.get_stdin().write_async(GLib.Bytes(b'\n'), None, None))
    complete(child)
    return child


def read_late(child):
    collector = collect(child.get_stdout())
    collector.wait(TIMEOUT_MS, None)
    equal(collector.get_state(), Procstream.ConsumerState.ENDED)
    return collector.dup_bytes().get_data()


@scenario(7, 'replay last chunks')
def replay_last_chunks():
    equal(read_late(make_three_chunks(Replay.LAST_CHUNKS, 2)), b'twothree')


@scenario(8, 'replay last bytes')
def replay_last_bytes():
    equal(read_late(make_three_chunks(Replay.LAST_BYTES, 5)), b'three')
    equal(read_late(make_three_chunks(Replay.LAST_BYTES, 6)), b'twothree')


@scenario(9, 'replay all')
def replay_all():
    child = make_three_chunks(Replay.ALL)
    equal(read_late(child), b'onetwothree')
    equal(read_late(child), b'onetwothree')


@scenario(10, 'seal')
def seal():
    child = make_three_chunks(Replay.ALL)
    child.get_stdout().seal_replay()
    equal(read_late(child) or b'', b'')


@scenario(11, 'create and start')
def create_and_start():
    child = reliable().create(shell(PRINT_MANY))
    equal(child.get_state(), State.CREATED)
    received = []
    child.get_stdout().connect('chunk', lambda _output, chunk: received.append(chunk.get_data()))
    collector = collect(child.get_stdout())
    assert child.start_finish(finish(child.start_async, None)[1])
    complete(child)
    equal(b''.join(received), MANY)
    equal(collector.dup_bytes().get_data(), MANY)


@scenario(12, 'handler after spawn')
def handler_after_spawn():
    child = reliable().spawnv(shell(PRINT_MANY))
    received = []
    child.get_stdout().connect('chunk', lambda _output, chunk: received.append(chunk.get_data()))
    complete(child)
    equal(b''.join(received), MANY)


@scenario(13, 'handler after async spawn')
def handler_after_async_spawn():
    launcher = reliable()
    child = launcher.spawn_finish(finish(launcher.spawn_async, shell(PRINT_MANY), None)[1])
    received = []
    child.get_stdout().connect('chunk', lambda _output, chunk: received.append(chunk.get_data()))
    complete(child)
    equal(b''.join(received), MANY)


def make_reader(script, **properties):
    child = reliable(**properties).create(shell(script))
    reader = Procstream.Reader.new()
    child.get_stdout().attach(reader)
    child.start()
    return child, reader


@scenario(14, 'reader next')
def reader_next():
    _child, reader = make_reader(PRINT_MANY)
    received = list(iter(lambda: reader.next(TIMEOUT_MS, None), None))
    equal(b''.join(chunk.get_data() for chunk in received), MANY)
    equal(reader.next(TIMEOUT_MS, None), None)


@scenario(15, 'reader lines')
def reader_lines():
    _child, reader = make_reader('seq 1 1000')
    received = []
    while (line := reader.read_line_finish(finish(reader.read_line_async, None)[1])) is not None:
        received.append(line)
    equal(received, [str(i) for i in range(1, 1001)])


@scenario(16, 'reader cancel')
def reader_cancel():
    child, reader = make_reader('printf ear; read x; echo ly', stdin_mode=PIPE)
    cancellable = Gio.Cancellable()
    GLib.idle_add(cancellable.cancel)
    result = finish(reader.read_line_async, cancellable)[1]
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, reader.read_line_finish, result)
    child.get_stdin().close()
    equal(reader.read_line(TIMEOUT_MS, None), 'early')
    equal(reader.read_line(TIMEOUT_MS, None), None)
    run_with_asyncio(cancelled_awaits())
    run_with_asyncio(cancelled_reads())


async def iterate():
    while True:
        GLib.MainContext.default().iteration(False)
        await asyncio.sleep(0)


def run_with_asyncio(coroutine):
    """In an asyncio loop that iterates the main context as well."""
    async def run_both():
        iterating = asyncio.ensure_future(iterate())
        await asyncio.wait_for(coroutine, WATCHDOG_SECONDS)
        iterating.cancel()
    asyncio.run(run_both())


class Operation:
    """An asynchronous function that is over when the test says so."""

    def wait_async(self, cancellable, callback):
        self.cancellable, self.callback = cancellable, callback

    def wait_finish(self, result):
        if result is None:
            raise GLib.Error.new_literal(Gio.io_error_quark(), 'cancelled', Gio.IOErrorEnum.CANCELLED)
        return result

    def end(self, result):
        self.callback(None, result)


async def cancelled_awaits():
    async def use(operation, got):
        try:
            got.append(await Procstream.call_async(operation, 'wait'))
        except asyncio.CancelledError as error:
            got.append(getattr(error, 'result', 'nobody waited'))
            raise

    async def begin():
        operation, got = Operation(), []
        task = asyncio.ensure_future(use(operation, got))
        await asyncio.sleep(0)
        return operation, got, task

    async def expect_cancelled(task):
        await asyncio.wait({task})
        assert task.cancelled()

    # The operation is cancelled, and its end is waited for.
    operation, got, task = await begin()
    task.cancel()
    await asyncio.sleep(0)
    assert operation.cancellable.is_cancelled() and not task.done()
    operation.end(None)
    await expect_cancelled(task)
    equal(got, [None])
    # It came to something all the same; or it had, when it was cancelled: neither is lost, and it is cancelled there.
    for cancel_first in True, False:
        operation, got, task = await begin()
        for step in (task.cancel, lambda: operation.end('late')) if cancel_first else (lambda: operation.end('late'), task.cancel):
            step()
            if cancel_first:
                await asyncio.sleep(0)
        await expect_cancelled(task)
        equal(got, ['late'])
    # Twice: given up, and what comes later hurts nobody.
    operation, got, task = await begin()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await expect_cancelled(task)
    equal(got, ['nobody waited'])
    operation.end('too late')
    # A cancellable of the caller's goes on to the operation.
    operation, cancellable = Operation(), Gio.Cancellable()
    task = asyncio.ensure_future(Procstream.call_async(operation, 'wait', cancellable=cancellable))
    await asyncio.sleep(0)
    assert not operation.cancellable.is_cancelled()
    cancellable.cancel()
    assert operation.cancellable.is_cancelled()
    operation.end('over')
    equal(await task, 'over')


async def cancelled_reads():
    lines = [str(i) for i in range(20)]
    for steps in range(40):
        read_fd, write_fd = os.pipe()
        output = Procstream.Output.new_take_fd(read_fd, 'pipe', config(RELIABLE))
        reader, got = Procstream.Reader(), []
        output.attach(reader)

        async def read(reader=reader, got=got):
            while (line := await Procstream.call_async(reader, 'read_line')) is not None:
                got.append(line)

        os.write(write_fd, '\n'.join(lines).encode())
        task = asyncio.ensure_future(read())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        os.close(write_fd)
        while (line := reader.read_line(TIMEOUT_MS, None)) is not None:
            got.append(line)
        equal(got, lines)


def collect_many(what, keep, **limits):
    child = reliable().create(shell(PRINT_MANY))
    collector = Procstream.Collector(collect=what, keep=keep, **limits)
    child.get_stdout().attach(collector)
    child.start()
    collector.wait(TIMEOUT_MS, None)
    return collector


@scenario(17, 'collector bytes')
def collector_bytes():
    for keep, expected in (Procstream.Keep.FIRST, MANY[:10]), (Procstream.Keep.LAST, MANY[-10:]):
        collector = collect_many(Procstream.Collect.BYTES, keep, max_bytes=10)
        equal(collector.dup_bytes().get_data(), expected)
        equal(collector.dup_text(), expected.decode())
        equal(collector.get_bytes_seen(), len(MANY))
        equal(collector.get_bytes_cut(), len(MANY) - 10)
        assert collector.get_truncated()


@scenario(18, 'collector lines')
def collector_lines():
    for keep, expected in (Procstream.Keep.FIRST, ['1', '2', '3']), (Procstream.Keep.LAST, ['99998', '99999', '100000']):
        collector = collect_many(Procstream.Collect.LINES, keep, max_lines=3)
        equal(collector.dup_lines(), expected)
        equal(collector.get_lines_seen(), 100000)
        equal(collector.get_lines_cut(), 99997)
        assert collector.get_truncated()


@scenario(19, 'several subscribers')
def several_subscribers():
    child = lossy().create(shell(PRINT_MANY))
    log = Procstream.Collector(collect=Procstream.Collect.BYTES, keep=Procstream.Keep.FIRST, delivery=RELIABLE)
    tail = Procstream.Collector(collect=Procstream.Collect.LINES, keep=Procstream.Keep.LAST, max_lines=1,
                                delivery=RELIABLE)
    view = Procstream.Reader()
    for consumer in log, tail, view:
        child.get_stdout().attach(consumer)
    child.start()
    log.wait(TIMEOUT_MS, None)
    tail.wait(TIMEOUT_MS, None)
    seen = b''.join(chunk.get_data() for chunk in iter(lambda: view.next(TIMEOUT_MS, None), None))
    equal(log.dup_bytes().get_data(), MANY)
    equal(tail.dup_lines(), ['100000'])
    assert seen and MANY.endswith(seen)
    assert view.get_bytes_lost() > 0
    equal(len(seen) + view.get_bytes_lost(), len(MANY))
    equal(log.get_bytes_lost(), 0)


class Everything(Procstream.Consumer):
    __gtype_name__ = 'Everything'

    def __init__(self, **properties):
        super().__init__(**properties)
        self.bytes = []
        self.batches = []
        self.gap_list = []
        self.ends = []

    def do_chunk(self, chunk):
        self.bytes.append(chunk)

    def do_lines(self, lines):
        self.batches.append(lines)

    def do_gap(self, chunks, size):
        self.gap_list.append((chunks, size))

    def do_ended(self, error):
        self.ends.append(error)


@scenario(20, 'custom consumer')
def custom_consumer():
    with StarvedContext() as starved:
        consumer = Everything(delivery=LOSSY)
    child = lossy().create(shell(PRINT_MANY))
    counter = Counter(delivery=RELIABLE)
    child.get_stdout().attach(consumer)
    child.get_stdout().attach(counter)
    child.start()
    counter.wait(TIMEOUT_MS, None)
    starved.run_until(lambda: consumer.get_state() == Procstream.ConsumerState.ENDED)
    received = b''.join(chunk.get_data() for chunk in consumer.bytes)
    lines = [line for batch in consumer.batches for line in batch]
    equal(consumer.ends, [None])
    assert received and lines and MANY.endswith(received)
    equal(lines, MANY.decode().split()[-len(lines):])
    equal(len(received) + sum(size for _chunks, size in consumer.gap_list), len(MANY))
    equal(len(consumer.bytes) + sum(chunks for chunks, _size in consumer.gap_list), counter.chunks)
    equal(consumer.get_gaps(), len(consumer.gap_list))
    assert consumer.gap_list


class Once(Counter):
    __gtype_name__ = 'Once'

    def do_chunk(self, chunk):
        self.chunks += 1
        return True


@scenario(21, 'custom consumer done')
def custom_consumer_done():
    child = reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).create(shell(PRINT_MANY))
    once, counter = Once(), Counter()
    child.get_stdout().attach(once)
    child.get_stdout().attach(counter)
    child.start()
    once.wait(TIMEOUT_MS, None)
    equal(once.get_state(), Procstream.ConsumerState.DONE)
    counter.wait(TIMEOUT_MS, None)
    equal(once.chunks, 1)
    assert counter.chunks > 1


class Faulty(Counter):
    __gtype_name__ = 'Faulty'

    def do_chunk(self, chunk):
        self.chunks += 1
        if self.chunks == 1:
            raise ValueError('expected')


@scenario(22, 'custom consumer goes on')
def custom_consumer_goes_on():
    child = reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).create(shell(PRINT_MANY))
    faulty, counter = Faulty(), Counter()
    child.get_stdout().attach(faulty)
    child.get_stdout().attach(counter)
    child.start()
    for consumer in faulty, counter:
        consumer.wait(TIMEOUT_MS, None)
        equal(consumer.get_state(), Procstream.ConsumerState.ENDED)
    assert counter.chunks > 1
    equal(faulty.chunks, counter.chunks)
    equal([str(error) for _type, error, _traceback in uncaught], ['expected'])
    uncaught.clear()


class Empty(Procstream.Consumer):
    __gtype_name__ = 'Empty'


@scenario(23, 'custom consumer refused')
def custom_consumer_refused():
    child = reliable().create(shell('true'))
    consumer = Empty()
    message = raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, child.get_stdout().attach, consumer)
    assert 'Empty' in message, message
    equal(consumer.get_state(), Procstream.ConsumerState.NONE)


@scenario(24, 'wait async')
def wait_async():
    child = reliable().spawnv(shell('exit 3'))
    assert child.wait_finish(finish(child.wait_async, None)[1])
    equal(child.get_exit_code(), 3)


@scenario(25, 'wait without loop')
def wait_without_loop():
    child = reliable(stdin_mode=PIPE).spawnv(shell('echo ready; read x; exit 3'))
    received = []

    def on_line(_output, line):
        received.append(line)
        child.get_stdin().close()

    child.get_stdout().connect('line', on_line)
    assert child.wait(TIMEOUT_MS, None)
    equal(received, ['ready'])
    equal(child.get_exit_code(), 3)


@scenario(26, 'wait timeout')
def wait_timeout():
    child = reliable(stdin_mode=PIPE).spawnv(shell('read x'))
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, child.wait, 10, None)
    equal(child.get_state(), State.RUNNING)
    child.get_stdin().close()
    assert child.wait(TIMEOUT_MS, None)


@scenario(27, 'wait cancel')
def wait_cancel():
    child = reliable(stdin_mode=PIPE).spawnv(shell('read x; exit 4'))
    cancellable = Gio.Cancellable()
    GLib.idle_add(cancellable.cancel)
    result = finish(child.wait_async, cancellable)[1]
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, child.wait_finish, result)
    equal(child.get_state(), State.RUNNING)
    child.get_stdin().close()
    assert child.wait(TIMEOUT_MS, None)
    equal(child.get_exit_code(), 4)


@scenario(28, 'exited before completed')
def exited_before_completed():
    with tempfile.TemporaryDirectory() as directory:
        fifo = os.path.join(directory, 'fifo')
        # The grandchild holds the output open until something is written to the fifo.
        child = reliable().create(['/bin/sh', '-c', 'mkfifo "$0"; (read x <"$0"; echo late) & echo early', fifo])
        order = []

        def on_exited(child):
            order.append('exited')
            equal(child.get_stdout().get_state(), Procstream.OutputState.OPEN)
            reliable().spawnv(['/bin/sh', '-c', 'echo >"$0"', fifo])

        child.get_stdout().connect('line', lambda _output, line: order.append(line))
        child.get_stdout().connect('ended', lambda _output, _error: order.append('ended'))
        child.connect('exited', on_exited)
        child.connect('completed', lambda _child, _result: order.append('completed'))
        child.start()
        complete(child)
    assert sorted(order[:2]) == ['early', 'exited'], order
    equal(order[2:], ['late', 'ended', 'completed'])


@scenario(29, 'result')
def result():
    def run(script):
        child = reliable(name='job').spawnv(shell(script))
        results = []
        child.connect('completed', lambda _child, result: results.append(result))
        complete(child)
        equal(child.get_result(), results[0])
        equal(results[0].get_name(), 'job')
        assert results[0].get_duration_us() > 0
        return results[0]

    success = run('exit 0')
    assert success.get_success()
    equal((success.get_exit_code(), success.get_term_signal()), (0, 0))
    failure = run('exit 3')
    assert not failure.get_success()
    equal((failure.get_exit_code(), failure.get_term_signal()), (3, 0))
    assert 'job' in failure.get_message() and '3' in failure.get_message(), failure.get_message()
    killed = run('kill -TERM $$')
    assert not killed.get_success()
    equal((killed.get_exit_code(), killed.get_term_signal()), (-1, signal.SIGTERM))
    assert 'job' in killed.get_message(), killed.get_message()


@scenario(30, 'signal the group')
def signal_the_group():
    child = reliable().spawnv(shell('sleep 1000 & echo ready; wait'))
    child.get_stdout().connect('line', lambda *_: child.send_signal(signal.SIGTERM))
    # The grandchild holds the output open, so this ends only when it is gone too.
    complete(child)
    equal(child.get_term_signal(), signal.SIGTERM)


@scenario(31, 'kill')
def kill():
    child = reliable(stdin_mode=PIPE).spawnv(shell('trap "" TERM; echo ready; read x; echo again; read x'))

    def on_line(_output, line):
        if line == 'ready':
            child.send_signal(signal.SIGTERM)
            child.get_stdin().write_async(GLib.Bytes(b'\n'), None, None)
        else:
            child.kill()

    child.get_stdout().connect('line', on_line)
    complete(child)
    equal(child.get_term_signal(), signal.SIGKILL)


@scenario(32, 'spawn errors')
def spawn_errors():
    domain = GLib.spawn_error_quark()
    message = raises(domain, GLib.SpawnError.NOENT, reliable().spawnv, ['/nowhere/program'])
    assert '/nowhere/program' in message, message
    message = raises(domain, GLib.SpawnError.ACCES, reliable().spawnv, ['/etc/passwd'])
    assert '/etc/passwd' in message, message
    message = raises(domain, GLib.SpawnError.CHDIR, reliable(cwd='/nowhere').spawnv, ['/bin/true'])
    assert '/nowhere' in message, message
    child = reliable().create(['/nowhere/program'])
    raises(domain, GLib.SpawnError.NOENT, child.start)
    equal(child.get_state(), State.FAILED)
    launcher = reliable()
    result = finish(launcher.spawn_async, ['/nowhere/program'], None)[1]
    raises(domain, GLib.SpawnError.NOENT, launcher.spawn_finish, result)


@scenario(33, 'unset policy')
def unset_policy():
    domain, code = Procstream.child_error_quark(), Procstream.ChildError.UNSET_POLICY
    message = raises(domain, code, Procstream.Launcher().spawnv, ['/bin/true'])
    assert 'delivery' in message, message
    message = raises(domain, code, Procstream.Launcher(delivery=LOSSY).spawnv, ['/bin/true'])
    assert 'replay' in message, message


@scenario(34, 'wrong state')
def wrong_state():
    domain, code = Procstream.child_error_quark(), Procstream.ChildError.WRONG_STATE
    child = reliable().create(['/bin/true'])
    raises(domain, code, child.wait, TIMEOUT_MS, None)
    raises(domain, code, child.send_signal, signal.SIGTERM)
    child.start()
    raises(domain, code, child.start)
    collector = collect(child.get_stdout())
    raises(domain, code, child.get_stdout().attach, collector)
    raises(domain, code, Procstream.Reader().next, TIMEOUT_MS, None)
    child.wait(TIMEOUT_MS, None)


@scenario(35, 'stdin round trip')
def stdin_round_trip():
    data = BYTES * 4000
    child = reliable(stdin_mode=PIPE).spawnv(['/bin/cat'])
    collector = collect(child.get_stdout())
    stdin = child.get_stdin()
    assert stdin.write_finish(finish(stdin.write_async, GLib.Bytes(data), None)[1])
    stdin.close()
    collector.wait(TIMEOUT_MS, None)
    equal(collector.dup_bytes().get_data(), data)


@scenario(36, 'stdin broken pipe')
def stdin_broken_pipe():
    child = reliable(stdin_mode=PIPE).spawnv(['/bin/true'])
    stdin = child.get_stdin()
    result = finish(stdin.write_async, GLib.Bytes(bytes(4000000)), None)[1]
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.BROKEN_PIPE, stdin.write_finish, result)
    child.wait(TIMEOUT_MS, None)
    result = finish(stdin.write_async, GLib.Bytes(b'x'), None)[1]
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.BROKEN_PIPE, stdin.write_finish, result)


@scenario(37, 'merged stderr')
def merged_stderr():
    child = reliable(merge_stderr=True).spawnv(shell('echo 1; echo 2 >&2; echo 3; echo 4 >&2'))
    collector = collect(child.get_stdout())
    complete(child)
    collector.wait(TIMEOUT_MS, None)
    equal(collector.dup_lines(), ['1', '2', '3', '4'])
    equal(child.get_stderr().get_bytes_received(), 0)
    equal(child.get_stderr().get_state(), Procstream.OutputState.ENDED)


@scenario(38, 'discard and inherit')
def discard_and_inherit():
    launcher = Procstream.Launcher(stdout_config=Procstream.OutputConfig.new_discard(),
                                   stderr_config=Procstream.OutputConfig.new_inherit())
    child = launcher.spawnv(shell('echo nobody sees this; echo "# seen by who runs the tests" >&2'))
    ended = []
    for output in child.get_stdout(), child.get_stderr():
        output.connect('ended', lambda output, _error: ended.append(output.get_name()))
    complete(child)
    equal(sorted(ended), ['stderr', 'stdout'])
    equal(child.get_stdout().get_bytes_received(), 0)
    assert child.get_result().get_success()


@scenario(39, 'output from fd')
def output_from_fd():
    read_end, write_end = os.pipe()
    os.write(write_end, b'one\ntwo\n')
    os.close(write_end)
    output = Procstream.Output.new_take_fd(read_end, 'pipe', config(RELIABLE))
    reader = Procstream.Reader.new()
    output.attach(reader)
    equal(list(iter(lambda: reader.read_line(TIMEOUT_MS, None), None)), ['one', 'two'])
    equal(output.get_name(), 'pipe')


class OwnStream(Gio.BufferedInputStream):
    """A class that is not GIO's own, so it is called in this thread's main context."""
    __gtype_name__ = 'OwnStream'


@scenario(40, 'output from stream')
def output_from_stream():
    def memory():
        return Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(MANY))

    for stream in memory(), OwnStream(base_stream=memory()):
        output = Procstream.Output.new_from_stream(stream, 'memory', config(RELIABLE))
        collector = collect(output)
        collector.wait(TIMEOUT_MS, None)
        equal(collector.dup_bytes().get_data(), MANY)


@scenario(41, 'line parser')
def line_parser():
    parser = Procstream.LineParser.new(Procstream.LineSeparator.NEWLINE, 5, Procstream.LineOverflow.TRUNCATE)
    equal(parser.push(GLib.Bytes(b'one\r\ntw')), ['one'])
    equal(parser.push(GLib.Bytes(b'o\ntoo long\nthree')), ['two', 'too l'])
    equal(parser.get_bytes_lost(), 3)
    equal(parser.finish(), ['three'])


@scenario(42, 'environment and cwd')
def environment_and_cwd():
    launcher = reliable(cwd='/')
    launcher.set_environment(['PATH=/usr/bin:/bin', 'KEPT=kept', 'GONE=gone'])
    launcher.set_variable('ADDED', 'ädded')
    launcher.unset_variable('GONE')
    child = launcher.spawnv(shell('echo "$KEPT"; echo "$ADDED"; echo "${GONE-unset}"; pwd'))
    collector = collect(child.get_stdout())
    complete(child)
    equal(collector.dup_lines(), ['kept', 'ädded', 'unset', '/'])


@scenario(43, 'properties')
def properties():
    child = reliable(stdin_mode=PIPE, name='job').create(shell('echo $$; read x'))
    states = [child.props.state]
    child.connect('notify::state', lambda child, _pspec: states.append(child.props.state))
    equal((child.props.name, child.props.pid, child.props.result, child.props.subprocess), ('job', 0, None, None))
    collector = collect(child.props.stdout)
    child.start()
    pid = child.props.pid
    assert pid > 0 and child.props.state == State.RUNNING
    assert isinstance(child.props.subprocess, Gio.Subprocess)
    child.props.stdin.close()
    complete(child)
    equal(collector.dup_text(), f'{pid}\n')
    equal((child.props.pid, child.props.exit_code, child.props.term_signal), (pid, 1, 0))
    equal(states[0], State.CREATED)
    equal(states[-1], State.EXITED)
    assert child.props.elapsed_us > 0 and child.props.result.props.exit_code == 1
    output = child.props.stdout
    equal((output.props.name, output.props.state), ('stdout', Procstream.OutputState.ENDED))
    equal((output.props.bytes_received, output.props.bytes_dropped), (len(f'{pid}\n'), 0))


@scenario(44, 'dropped in a handler')
def dropped_in_a_handler():
    loop = GLib.MainLoop()
    held = [reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).create(shell(PRINT_MANY))]
    sizes = []

    def on_chunk(_output, chunk):
        held.clear()
        gc.collect()
        sizes.append(chunk.get_size())

    held[0].get_stdout().connect('chunk', on_chunk)
    held[0].connect('completed', lambda *_: loop.quit())
    held[0].start()
    loop.run()
    gc.collect()
    equal(sum(sizes), len(MANY))


class FailingStream(Gio.ConverterInputStream):
    """Gives out what comes before the first byte that is not UTF-8, and then an error."""
    __gtype_name__ = 'FailingStream'


def read_failing(order, kept):
    base = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(b'one\ntwo\xff'))
    stream = FailingStream(base_stream=base, converter=Gio.CharsetConverter.new('UTF-8', 'UTF-8'))
    output = Procstream.Output.new_from_stream(stream, 'burning', config(RELIABLE))
    consumer = Everything()

    def on_ended(_output, error):
        order.append('ended')
        kept.append(error)

    output.connect('chunk', lambda _output, chunk: order.append(chunk.get_data()))
    output.connect('line', lambda _output, line: order.append(line))
    output.connect('ended', on_ended)
    output.attach(consumer)
    while not (kept and consumer.ends):
        GLib.MainContext.default().iteration(True)
    equal(output.get_state(), Procstream.OutputState.FAILED)
    equal(consumer.get_state(), Procstream.ConsumerState.FAILED)
    equal(b''.join(chunk.get_data() for chunk in consumer.bytes), b'one\ntwo')
    kept += consumer.ends
    return raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_DATA, consumer.wait, TIMEOUT_MS, None)


@scenario(45, 'read error')
def read_error():
    order, errors, lines, results = [], [], [], []
    message = read_failing(order, errors)
    assert 'burning' in message, message
    child = reliable(name='job').spawnv(shell('echo kept; exit 3'))
    child.get_stdout().connect('line', lambda _output, line: lines.append(line))
    child.connect('completed', lambda _child, result: results.append(result))
    complete(child)
    del child
    churn()
    equal(b''.join(entry for entry in order if isinstance(entry, bytes)), b'one\ntwo')
    equal([entry for entry in order if isinstance(entry, str)], ['one', 'two', 'ended'])
    equal(order[-1], 'ended')
    equal(len(errors), 2)
    for error in errors:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_DATA), error
        equal(error.message, message)
    equal(lines, ['kept'])
    equal([(result.get_name(), result.get_exit_code()) for result in results], [('job', 3)])


FOUR_LINES = r"printf 'one\ntwo\nthree\nfour'"


@scenario(46, 'replay last lines and milliseconds')
def replay_last_lines_and_ms():
    def replayed(replay, limit, max_bytes):
        kept = config(RELIABLE, replay, replay_limit=limit, max_replay_bytes=max_bytes)
        child = reliable(stdout_config=kept).spawnv(shell(FOUR_LINES))
        complete(child)
        return read_late(child)

    equal(replayed(Replay.LAST_LINES, 2, 100), b'three\nfour')
    equal(replayed(Replay.LAST_LINES, 9, 100), b'one\ntwo\nthree\nfour')
    equal(replayed(Replay.LAST_LINES, 9, 6), b'four')
    equal(replayed(Replay.LAST_MS, 3600000, 100), b'one\ntwo\nthree\nfour')
    equal(replayed(Replay.LAST_MS, 3600000, 5), b'\nfour')


@scenario(47, 'live only and sealed child')
def live_only_and_sealed_child():
    child = reliable(Replay.ALL, stdin_mode=PIPE).spawnv(shell('echo before; read x; echo after; echo error >&2'))
    output = child.get_stdout()
    live = Procstream.Collector(collect=Procstream.Collect.BYTES, keep=Procstream.Keep.FIRST, live_only=True)
    collectors = [live]

    def seen(_output, _chunk):
        output.disconnect(handler)
        output.attach(live)
        collectors.append(collect(output))
        child.get_stdin().close()

    handler = output.connect('chunk', seen)
    complete(child)
    for collector, text in zip(collectors, (b'after\n', b'before\nafter\n')):
        collector.wait(TIMEOUT_MS, None)
        equal(collector.dup_bytes().get_data(), text)
    errors = collect(child.get_stderr())
    errors.wait(TIMEOUT_MS, None)
    equal(errors.dup_bytes().get_data(), b'error\n')
    child.seal_replay()
    for sealed in (output, child.get_stderr()):
        late = collect(sealed)
        late.wait(TIMEOUT_MS, None)
        equal(late.get_bytes_seen(), 0)


@scenario(48, 'single')
def single():
    only = config(RELIABLE, backend=Procstream.Backend.SINGLE)
    child = reliable(stdout_config=only, name='job').create(shell('echo text'))
    output = child.get_stdout()
    first = collect(output)
    second = Procstream.Reader.new()
    message = raises(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY, output.attach, second)
    assert 'job' in message, message
    first.cancel()
    output.attach(second)
    child.start()
    equal(second.read_line(TIMEOUT_MS, None), 'text')


@scenario(49, 'pause, lag and stall')
def pause_lag_and_stall():
    small = config(RELIABLE, max_buffered_chunks=1)
    child = reliable(stdout_config=small, stdin_mode=PIPE).create(shell('printf one; read x; printf three'))
    output = child.get_stdout()
    paused = Counter()
    paused.pause()
    stuck = Procstream.Reader(max_stall_ms=1)
    output.attach(paused)
    output.attach(stuck)
    child.start()
    raises(Procstream.child_error_quark(), Procstream.ChildError.STALLED, stuck.wait, TIMEOUT_MS, None)
    equal(stuck.get_state(), Procstream.ConsumerState.FAILED)
    equal((stuck.get_bytes_lost(), output.get_consumers_dropped()), (3, 1))
    equal((paused.is_paused(), paused.chunks, paused.get_lag_chunks(), paused.get_lag_bytes()), (True, 0, 1, 3))
    assert paused.get_lag_us() >= 0
    paused.resume()
    child.get_stdin().close()
    paused.wait(TIMEOUT_MS, None)
    equal((paused.is_paused(), paused.chunks, paused.get_lag_chunks()), (False, 2, 0))


class Placed(Procstream.Consumer):
    __gtype_name__ = 'Placed'

    def __init__(self):
        super().__init__()
        self.infos = []

    def do_chunk_info(self, info):
        self.infos.append(info)


def places(infos):
    return [(info.get_bytes().get_data(), info.get_stream(), info.get_sequence(), info.get_offset(), info.get_stream_offset())
            for info in infos]


@scenario(50, 'chunk info')
def chunk_info():
    child = reliable(stdin_mode=PIPE).create(shell('printf one; read x; printf two; read x; printf red >&2'))
    reader, placed, emitted, read = Procstream.Reader.new(), Placed(), [], []
    for output in child.get_stdout(), child.get_stderr():
        output.connect('chunk-info', lambda _output, info: emitted.append(info))
    child.get_stdout().attach(placed)
    child.get_stdout().attach(reader)
    child.start()
    for _ in range(2):
        source, result = finish(reader.next_info_async, None)
        read.append(source.next_info_finish(result))
        child.get_stdin().write_async(GLib.Bytes(b'\n'), None, None)
    complete(child)
    churn()
    both = [(b'one', 'stdout', 0, 0, 0), (b'two', 'stdout', 1, 3, 3)]
    equal(places(emitted), [*both, (b'red', 'stderr', 0, 0, 0)])
    equal(places(placed.infos), both)
    equal(places(read), both)
    times = [info.get_time_us() for info in emitted]
    equal(times, sorted(set(times)))
    equal(times[0], read[0].get_time_us())


@scenario(51, 'merged view')
def merged_view():
    child = reliable(merged_view=True, stdin_mode=PIPE).create(shell(
        'printf be; read x; echo no >&2; read x; echo gin; read x; printf more >&2'))
    read, lines = [], []

    def on_chunk_info(_output, info):
        read.append((info.get_stream(), info.get_bytes().get_data()))
        child.get_stdin().write_async(GLib.Bytes(b'\n'), None, None)

    child.get_merged().connect('line', lambda _output, line: lines.append(line))
    child.get_merged().connect('chunk-info', on_chunk_info)
    child.start()
    complete(child)
    equal(read, [('stdout', b'be'), ('stderr', b'no\n'), ('stdout', b'gin\n'), ('stderr', b'more')])
    equal(lines, ['no', 'begin', 'more'])
    equal([output.get_bytes_received() for output in (child.get_stdout(), child.get_stderr(), child.get_merged())], [6, 7, 13])
    equal(reliable().create(shell(':')).get_merged(), None)


@scenario(52, 'exact order')
def exact_order():
    child = reliable(merged_view=True, exact_order=True).create(shell(
        'for i in $(seq 1 300); do echo out $i; echo err $i >&2; done'))
    expected = [f'{name} {i}' for i in range(1, 301) for name in ('out', 'err')]
    lines, infos = [], []
    child.get_merged().connect('lines', lambda _output, batch: lines.extend(batch))
    for output in child.get_stdout(), child.get_stderr():
        output.connect('chunk-info', lambda _output, info: infos.append(info))
    child.start()
    complete(child)
    equal(lines, expected)
    infos.sort(key=lambda info: info.get_time_us())
    equal(b''.join(info.get_bytes().get_data() for info in infos).decode(), ''.join(f'{line}\n' for line in expected))


class Slow(Procstream.Consumer):
    """Writes chunks with asynchronous calls."""
    __gtype_name__ = 'Slow'

    def __init__(self, fail_at=0, done_at=0):
        super().__init__()
        self.stream = Gio.MemoryOutputStream.new_resizable()
        self.fail_at, self.done_at = fail_at, done_at
        self.chunks, self.under_way, self.ended = 0, 0, False

    async def do_chunk(self, chunk):
        equal(self.under_way, 0)
        self.under_way += 1
        self.chunks += 1
        number = self.chunks
        equal(await Procstream.call_async(self.stream, 'write_bytes', chunk, GLib.PRIORITY_DEFAULT), chunk.get_size())
        self.under_way -= 1
        if number == self.fail_at:
            raise ValueError('expected')
        return number == self.done_at

    async def do_ended(self, error):
        equal((self.under_way, error), (0, None))
        await Procstream.call_async(self.stream, 'close', GLib.PRIORITY_DEFAULT)
        self.ended = True


@scenario(54, 'writer to a file')
def writer_to_a_file():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'log')
        child = reliable().create(shell('seq 1 6'))
        writer = Procstream.Writer.new_for_path(path, Procstream.FileMode.TRUNCATE)
        writer.set_write_mode(Procstream.WriteMode.LINES)
        writer.set_prefix('%n: ')
        writer.set_max_file_size(40)
        writer.set_max_backups(1)
        broken = Procstream.Writer.new_for_path('/nowhere/log', Procstream.FileMode.APPEND)
        child.get_stdout().attach(writer)
        child.get_stdout().attach(broken)
        child.start()
        writer.wait(TIMEOUT_MS, None)
        with open(path, encoding='utf-8') as newest, open(path + '.1', encoding='utf-8') as older:
            equal(newest.read(), 'stdout: 5\nstdout: 6\n')
            equal(older.read(), 'stdout: 1\nstdout: 2\nstdout: 3\nstdout: 4\n')
        equal(writer.get_bytes_written(), 60)
        equal(writer.get_rotations(), 1)
        raises(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, broken.wait, TIMEOUT_MS, None)


class OwnTarget(Gio.BufferedOutputStream):
    """A class that is not GIO's own, so it is called in this thread's main context."""
    __gtype_name__ = 'OwnTarget'


@scenario(55, 'writer to a stream')
def writer_to_a_stream():
    for own in False, True:
        memory = Gio.MemoryOutputStream.new_resizable()
        target = OwnTarget(base_stream=memory) if own else memory
        child = reliable().create(shell(PRINT_MANY))
        writer = Procstream.Writer.new_for_stream(target)
        writer.set_close_stream(True)
        child.get_stdout().attach(writer)
        child.start()
        writer.wait(TIMEOUT_MS, None)
        assert target.is_closed()
        equal(memory.steal_as_bytes().get_data(), MANY)


@scenario(56, 'output to a file')
def output_to_a_file():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'log')
        straight = Procstream.OutputConfig.new_file(path, Procstream.FileMode.TRUNCATE)
        child = reliable(stdout_config=straight).spawnv(shell('echo one'))
        complete(child)
        assert child.get_stdout().get_file_writer() is None
        beside = config(LOSSY, file=Gio.File.new_for_path(path), file_mode=Procstream.FileMode.APPEND)
        child = reliable(stdout_config=beside).create(shell('echo two'))
        collector = collect(child.get_stdout())
        child.start()
        complete(child)
        equal(collector.dup_text(), 'two\n')
        equal(child.get_stdout().get_file_writer().get_bytes_written(), 4)
        with open(path, encoding='utf-8') as file:
            equal(file.read(), 'one\ntwo\n')


@scenario(57, 'collector ends and spill')
def collector_ends_and_spill():
    ends = collect_many(Procstream.Collect.LINES, Procstream.Keep.FIRST_AND_LAST, max_lines=3, first_lines=2)
    equal(ends.dup_first_lines(), ['1', '2'])
    equal(ends.dup_last_lines(), ['100000'])
    equal(ends.get_lines_cut(), 99997)
    spilled = collect_many(Procstream.Collect.BYTES, Procstream.Keep.FIRST, spill_above=1000)
    equal(spilled.dup_bytes().get_data(), MANY)
    equal(spilled.open_stream().skip(10000000, None), len(MANY))


@scenario(58, 'reader until and exactly')
def reader_until_and_exactly():
    script = r'''printf 'name> '; read answer; printf 'hello %s\n\1\2\3\4tail' "$answer"'''
    child = reliable(stdin_mode=PIPE).create(shell(script))
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    child.start()
    prompt = GLib.Bytes(b'> ')
    result = finish(reader.read_until_async, prompt, 100, None)[1]
    equal(reader.read_until_finish(result).get_data(), b'name> ')
    stdin = child.get_stdin()
    assert stdin.write_finish(finish(stdin.write_async, GLib.Bytes(b'you\n'), None)[1])
    stdin.close()
    line = reader.next_line(TIMEOUT_MS, None)
    equal([line.get_property(name) for name in ('text', 'number', 'stream', 'terminated', 'cut')],
          ['hello you', 1, 'stdout', True, False])
    equal(line.get_bytes().get_data(), b'hello you')
    assert 0 < line.get_property('time-us') <= GLib.get_monotonic_time() + 1000
    equal(reader.read_exactly(4, TIMEOUT_MS, None).get_data(), b'\1\2\3\4')
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.MESSAGE_TOO_LARGE, reader.read_until, prompt, 3, TIMEOUT_MS, None)
    equal(reader.read_exactly(100, TIMEOUT_MS, None).get_data(), b'tail')
    equal(reader.read_exactly(100, TIMEOUT_MS, None), None)


@scenario(59, 'line separators')
def line_separators():
    def read(script, **options):
        child = reliable(stdout_config=config(RELIABLE, **options)).create(shell(script))
        collector = collect(child.get_stdout(), Procstream.Collect.LINES)
        child.start()
        collector.wait(TIMEOUT_MS, None)
        return collector.dup_lines()

    Separator = Procstream.LineSeparator
    equal(read(r"printf '10%%\r20%%\r\ndone\n'", line_separator=Separator.ANY), ['10%', '20%', 'done'])
    equal(read(r"printf './a\000./b\nc\000'", line_separator=Separator.NUL), ['./a', './b\nc'])
    custom = GLib.Bytes(b'--\n')
    equal(read(r"printf 'a\nb--\nc--\n'", line_separator=Separator.CUSTOM, custom_separator=custom), ['a\nb', 'c'])
    message = raises(Procstream.child_error_quark(), Procstream.ChildError.UNSET_POLICY,
                     lambda: read('true', line_separator=Separator.CUSTOM))
    assert 'custom-separator' in message


class LineKeeper(Procstream.Consumer):
    __gtype_name__ = 'LineKeeper'

    def __init__(self):
        super().__init__()
        self.kept = []

    def do_line_received(self, line):
        self.kept.append(line)
        return len(self.kept) == 3


@scenario(60, 'line received')
def line_received():
    child = reliable().create(shell(r"printf 'one\nr\377w\n\nlast'"))
    keeper, kept = LineKeeper(), []
    child.get_stdout().attach(keeper)
    child.get_stdout().connect('line-received', lambda _output, line: kept.append(line))
    child.start()
    complete(child)
    churn()
    what = [(line.get_text(), line.get_bytes().get_data(), line.get_number(), line.get_stream(), line.get_terminated())
            for line in kept]
    equal(what, [('one', b'one', 1, 'stdout', True), ('r\ufffdw', b'r\xffw', 2, 'stdout', True),
                 ('', b'', 3, 'stdout', True), ('last', b'last', 4, 'stdout', False)])
    equal([line.get_text() for line in keeper.kept], ['one', 'r\ufffdw', ''])
    equal(keeper.get_state(), Procstream.ConsumerState.DONE)


@scenario(61, 'encoding and escapes')
def encoding_and_escapes():
    child = reliable(stdout_config=config(RELIABLE, encoding='ISO-8859-1', strip_escapes=True)).create(shell(
        r"printf '\033[1mgr\374n\033[0m\nplain\n'"))
    lines = []
    child.get_stdout().connect('line', lambda _output, line: lines.append(line))
    child.start()
    complete(child)
    equal(lines, ['gr\xfcn', 'plain'])
    wrong = Procstream.Reader(encoding='no-such-encoding')
    message = raises(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_SUPPORTED, child.get_stdout().attach, wrong)
    assert 'no-such-encoding' in message


@scenario(62, 'expect')
def expect():
    child = reliable(Replay.ALL, stdin_mode=PIPE).spawnv(
        shell('echo starting; echo "Ready on 8080" >&2; read x; echo last words; exit 3'))
    match = child.expect(re.compile(r'ready on (?P<port>\d+)(!)?', re.IGNORECASE), timeout_ms=TIMEOUT_MS)
    equal((match.text, match.pattern, match.line.get_stream()), ('Ready on 8080', 0, 'stderr'))
    equal((match[0], match[1], match['port'], match[2]), ('Ready on 8080', '8080', '8080', None))
    equal((match.groups, match.get_groups()), (['Ready on 8080', '8080', None], ['Ready on 8080', '8080', '']))
    equal(child.expect('start', timeout=60).text, 'starting')
    equal(child.expect('starting', Procstream.MatchFlags.WHOLE_LINE, TIMEOUT_MS, None).line.get_number(), 1)
    message = raises(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, lambda: child.expect('words', timeout=0.01))
    assert 'a line with “words”' in message and '\n  starting' in message, message
    child.get_stdin().close()
    message = raises(Procstream.child_error_quark(), Procstream.ChildError.NO_MATCH, lambda: child.expect('set'))
    assert 'exited with status 3' in message and '\n  last words' in message, message
    raises(GLib.quark_from_string('g-regex-error-quark'), GLib.RegexError.UNMATCHED_PARENTHESIS,
           lambda: child.expect('(', Procstream.MatchFlags.REGEX))


class Asker(Procstream.Consumer):
    """Waits for a line when the first chunk has come."""
    __gtype_name__ = 'Asker'

    def __init__(self, child, seen):
        super().__init__()
        self.child, self.seen = child, seen

    async def do_chunk(self, _chunk):
        self.seen.append((await self.child.expect_async(re.compile('^rea'), timeout=60)).text)
        return True


@scenario(63, 'expect async')
def expect_async():
    child = reliable(Replay.ALL, stdin_mode=PIPE).create(shell('echo ready; printf "login: "; read x; exit 0'))
    cancellable = Gio.Cancellable()
    seen = []

    def cancelled(_child, result):
        seen.append(raises(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED, child.expect_finish, result))

    def wait_for(number):
        while len(seen) < number:
            GLib.MainContext.default().iteration(True)

    child.expect_async('login: ', Procstream.MatchFlags.PARTIAL, TIMEOUT_MS, None,
                       lambda _child, result: seen.append(child.expect_finish(result).text))
    child.expect_async('never', Procstream.MatchFlags.NONE, -1, cancellable, cancelled)
    asker = Asker(child, seen)
    child.get_stdout().attach(asker)
    child.start()
    wait_for(2)
    equal(sorted(seen), ['login: ', 'ready'])
    cancellable.cancel()
    wait_for(3)
    child.get_stdin().close()
    complete(child)
    equal(asker.get_state(), Procstream.ConsumerState.DONE)


@scenario(64, 'line waiter')
def line_waiter():
    child = reliable().create(shell('echo one; echo two; echo three'))
    waiter = Procstream.LineWaiter()
    thread = threading.get_ident()
    asked = []

    def function(line):
        equal(threading.get_ident(), thread)
        asked.append(line.get_text())
        return line.get_text() == 'three'

    waiter.add_pattern('four')
    waiter.add_function(Procstream.MatchFlags.NONE, function)
    waiter.add_pattern(re.compile('^thr'))
    child.attach_waiter(waiter)
    child.start()
    match = waiter.wait_match(TIMEOUT_MS)
    equal((match.text, match.pattern, match.groups), ('three', 1, ['three']))
    equal(asked, ['one', 'two', 'three'])
    equal(waiter.get_lines_searched(), 3)
    equal(waiter.get_state(), Procstream.ConsumerState.DONE)
    equal(waiter.get_match(), match)
    raises(Procstream.child_error_quark(), Procstream.ChildError.WRONG_STATE, waiter.add_pattern, 'late')


@scenario(65, 'asynchronous consumer')
def asynchronous_consumer():
    child = reliable(stdout_config=config(RELIABLE, read_chunk_size=4096)).create(shell(PRINT_MANY))
    slow, faulty, once, counter = Slow(), Slow(fail_at=2), Slow(done_at=2), Counter()
    for consumer in slow, faulty, once, counter:
        child.get_stdout().attach(consumer)
    child.start()
    for consumer in slow, faulty, once, counter:
        consumer.wait(TIMEOUT_MS, None)
    for consumer in slow, faulty:
        equal(consumer.get_state(), Procstream.ConsumerState.ENDED)
        assert consumer.ended
        equal(consumer.chunks, counter.chunks)
        equal(consumer.stream.steal_as_bytes().get_data(), MANY)
    equal([str(error) for _type, error, _traceback in uncaught], ['expected'])
    uncaught.clear()
    equal(once.get_state(), Procstream.ConsumerState.DONE)
    equal((once.chunks, once.ended), (2, False))
    run_with_asyncio(kept_tasks())


class Patient(Procstream.Consumer):
    """Waits for what nobody else knows of: only the library holds the task that does."""

    __gtype_name__ = 'Patient'

    def __init__(self):
        super().__init__()
        self.awaited = None

    async def do_chunk(self, _chunk):
        future = asyncio.get_running_loop().create_future()
        self.awaited = weakref.ref(future)
        await future
        return True


async def kept_tasks():
    child, patient = reliable().create(shell('echo text')), Patient()
    child.get_stdout().attach(patient)
    child.start()
    while patient.awaited is None:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    gc.collect()
    patient.awaited().set_result(None)
    while patient.get_state() != Procstream.ConsumerState.DONE:
        await asyncio.sleep(0)


def texts(model):
    return [line.get_text() for line in model]


@scenario(66, 'log model')
def log_model():
    child = reliable(stdin_mode=PIPE).create(shell('echo one; read x; echo two >&2; read x; echo three; read x; printf four'))
    model = Procstream.LogModel(max_lines=3)
    changes = []

    def on_changed(model, position, removed, added):
        changes.append((position, removed, added))
        child.get_stdin().write_async(GLib.Bytes(b'\n'), None, None)

    handler = model.connect('items-changed', on_changed)
    followers = [model.follow(output) for output in (child.get_stdout(), child.get_stderr())]
    child.start()
    for follower in followers:
        wait_for(follower)
    while len(changes) < 5:
        GLib.MainContext.default().iteration(True)
    equal(changes, [(0, 0, 1), (1, 0, 1), (2, 0, 1), (0, 1, 0), (2, 0, 1)])
    equal(texts(model), ['two', 'three', 'four'])
    equal([(line.get_stream(), line.get_number()) for line in model], [('stderr', 1), ('stdout', 2), ('stdout', 3)])
    equal((len(model), model.get_lines_dropped(), model.get_bytes_shown()), (3, 1, 12))
    kept = model[1]
    assert model.get_item(1) is kept
    model.disconnect(handler)
    model.clear()
    equal((len(model), kept.get_text()), (0, 'three'))


def late_handler(output):
    """One that is connected after the end is told of it."""
    ends = []
    GLib.MainContext.default().iteration(False)
    output.connect('ended', lambda _output, error: ends.append(error))
    while not ends:
        GLib.MainContext.default().iteration(True)
    equal(ends, [None])


def wait_for(consumer):
    assert consumer.wait_finish(finish(consumer.wait_async, None)[1])


@scenario(67, 'log model search and save')
def log_model_search_and_save():
    child = reliable().create(shell('printf "Apple\\nbanana\\napple 23\\n"'))
    model = Procstream.LogModel()
    output = child.get_stdout()
    follower = model.follow(output)
    child.start()
    wait_for(follower)
    while len(model) < 3:
        GLib.MainContext.default().iteration(True)
    late_handler(output)
    flags = Procstream.FindFlags
    equal(model.find('apple', flags.NONE, 0), 2)
    equal(model.find('apple', flags.CASELESS, 0), 0)
    equal(model.find('pear', flags.NONE, 0), -1)
    find = finish(model.find_async, 'apple', flags.CASELESS | flags.BACKWARD, 1, None)[1]
    equal(model.find_finish(find), 0)
    regex = GLib.Regex.new('[0-9]+$', 0, 0)
    equal(model.find_regex(regex, flags.NONE, 0, TIMEOUT_MS, None), 2)
    equal(model.find_regex_finish(finish(model.find_regex_async, regex, flags.NONE, 0, None)[1]), 2)
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/log'
        file = Gio.File.new_for_path(path)
        assert model.save_finish(finish(model.save_async, file, None)[1])
        with open(path, 'rb') as saved:
            equal(saved.read(), b'Apple\nbanana\napple 23\n')
        raises(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, model.save, Gio.File.new_for_path(f'{directory}/no/log'), TIMEOUT_MS, None)
    stream = Gio.MemoryOutputStream.new_resizable()
    assert model.save_to_stream(stream, TIMEOUT_MS, None)
    equal(stream.get_data_size(), 22)


@scenario(68, 'terminate')
def terminate():
    script = 'trap "echo INT" INT; trap "echo TERM; exit 3" TERM; echo ready; while :; do sleep 1000; done'
    child = reliable().spawnv(shell(script))
    shutdown = Procstream.Shutdown.new_interrupt_terminate(1000, TIMEOUT_MS)
    phases, received = [], []

    def line_cb(_output, line):
        received.append(line)
        if line == 'ready':
            child.terminate_async(shutdown, None, None)
    child.connect('terminating', lambda _child, phase: phases.append(phase.to_string()))
    child.get_stdout().connect('line', line_cb)
    complete(child)
    equal(phases, ['SIGINT', 'SIGTERM'])
    equal(received, ['ready', 'INT', 'TERM'])
    equal(child.get_exit_code(), 3)

    cat = reliable(stdin_mode=PIPE).spawnv(['cat'])
    closing = Procstream.Shutdown()
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, cat.terminate, closing, TIMEOUT_MS, None)
    closing.add_close_stdin(TIMEOUT_MS)
    equal(len(closing.get_phases()), 1)
    assert cat.terminate(closing, TIMEOUT_MS, None)
    equal(cat.get_exit_code(), 0)


def is_alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stat:
            return ') Z ' not in stat.read()
    except FileNotFoundError:
        return False


def spawn_and_exit():
    child = reliable().create(shell('sleep 1000 & echo $!; wait'))
    reader = Procstream.Reader.new()
    child.get_stdout().attach(reader)
    child.start()
    nothing = Procstream.OutputConfig.new_discard()
    detached = reliable(lifetime=Procstream.Lifetime.DETACHED, stdout_config=nothing, stderr_config=nothing)
    survivor = detached.spawnv(['sleep', '1000'])
    print(f'pids {child.get_pid()} {reader.read_line(TIMEOUT_MS, None)} {survivor.get_pid()}', flush=True)
    sys.exit(0)


@scenario(69, 'lifetime')
def lifetime():
    if 'PROCSTREAM_SCENE' in os.environ:
        spawn_and_exit()
    launcher = reliable()
    launcher.set_variable('PROCSTREAM_SCENE', 'yes')
    result = launcher.run([sys.executable, __file__, '69'], None, None)
    child, grandchild, survivor = re.search(r'pids (\d+) (\d+) (\d+)', result.get_stdout().get_text()).groups()
    assert not is_alive(child) and not is_alive(grandchild)
    assert is_alive(survivor)
    os.kill(int(survivor), signal.SIGKILL)


@scenario(70, 'complete')
def complete_child():
    child = reliable().spawnv(shell('echo out; echo err >&2; exit 3'))
    result = child.complete(None, None)
    equal((result.get_cause(), result.get_exit_code()), (Procstream.Cause.EXITED, 3))
    equal(result.get_stdout().get_bytes().get_data(), b'out\n')
    equal(result.get_stderr().get_text(), 'err\n')
    equal(result.get_tail(), 'err\n')
    child = reliable().spawnv(shell('seq 100; printf end'))
    counted = child.complete(Procstream.CompleteOptions(max_bytes=3), None).get_stdout()
    equal((counted.get_text(), counted.get_lines_seen(), counted.get_lines_cut()), ('1\n2', 101, 99))
    late = child.complete(None, None)
    equal((late.get_stdout().get_text(), late.get_stdout().get_bytes_missed(), late.get_truncated()), ('', 295, True))
    try:
        late.check()
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.matches(Procstream.child_error_quark(), Procstream.ChildError.OUTPUT_CUT), error
        assert '295 bytes of stdout' in error.message, error.message

    slow = reliable().spawnv(shell('echo begun; sleep 1000'))
    options = Procstream.CompleteOptions(timeout_ms=1000, end_on=Procstream.EndOn.TIMEOUT)
    result = slow.complete_finish(finish(slow.complete_async, options, None)[1])
    equal((result.get_cause(), result.get_running()), (Procstream.Cause.TIMED_OUT, False))
    equal([attempt.get_signum() for attempt in result.get_attempts()], [signal.SIGTERM])
    equal(result.get_stdout().get_text(), 'begun\n')

    held = reliable().spawnv(shell('sleep 1000 & echo $!'))
    result = held.complete(Procstream.CompleteOptions(drain_timeout_ms=1000), None)
    equal((result.get_exit_code(), result.get_stdout().get_ended(), result.get_truncated()), (0, False, True))
    assert held.terminate(None, TIMEOUT_MS, None)


@scenario(71, 'run')
def run():
    equal(Procstream.run(['echo', 'one'], None).get_stdout().get_text(), 'one\n')
    launcher = reliable()
    try:
        launcher.run(shell('echo no >&2; exit 4'), None, None)
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.matches(Procstream.child_error_quark(), Procstream.ChildError.UNSUCCESSFUL)
        assert 'status 4' in error.message and 'no' in error.message, error.message
        equal(error.result.get_exit_code(), 4)
    launcher.set_success_statuses([0, 4])
    assert launcher.run(shell('exit 4'), None, None).get_success()
    result = launcher.run_finish(finish(launcher.run_async, shell('echo two'), None, None)[1])
    equal(result.get_stdout().get_text(), 'two\n')


@scenario(72, 'scope')
def scope_of_children():
    sleeper, Error = ['sleep', '1000'], Procstream.ChildError
    scope = Procstream.Scope()
    launcher = reliable(scope=scope)
    children = [launcher.spawnv(sleeper) for _ in range(2)]
    while len(scope) < 2:
        GLib.MainContext.default().iteration(True)
    equal([child.get_pid() for child in scope], [child.get_pid() for child in children])
    equal(scope.get_n_running(), 2)
    assert scope.close_finish(finish(scope.close_async, None)[1])
    equal([child.get_term_signal() for child in children], [signal.SIGTERM, signal.SIGTERM])
    raises(Procstream.child_error_quark(), Error.SCOPE_CLOSED, launcher.spawnv, sleeper)
    assert scope.close()

    scope = Procstream.Scope(max_running=1)
    launcher, failed = reliable(scope=scope), []
    scope.connect('start-failed', lambda _scope, _child, error: failed.append(error))
    for argv in (['echo', 'one'], ['/nowhere/program'], ['echo', 'three']):
        scope.enqueue(launcher.create(argv))
    results = scope.complete_all_finish(finish(scope.complete_all_async, None, None)[1])
    equal([result.dup_stdout_text() for result in results], ['one\n', None, 'three\n'])
    equal(results[1].get_cause(), Procstream.Cause.NOT_STARTED)
    raises(GLib.spawn_error_quark(), GLib.SpawnError.NOENT, results[1].check)
    while not failed:
        GLib.MainContext.default().iteration(True)
    assert failed[0].matches(GLib.spawn_error_quark(), GLib.SpawnError.NOENT), failed
    equal((scope.get_n_finished(), len(scope.complete_all()), scope.get_max_finished()), (3, 3, 1000))
    scope.set_max_finished(1)
    equal(len(scope.complete_all()), 1)

    scope = Procstream.Scope()
    launcher = reliable(scope=scope)
    launcher.create(['echo'])
    removed, closed = launcher.create(['echo']), launcher.create(['echo'])
    GLib.MainContext.default().iteration(False)
    equal(len(scope), 0)
    assert scope.remove(removed)
    raises(Procstream.child_error_quark(), Error.NOT_STARTED, removed.start)
    assert scope.close()
    raises(Procstream.child_error_quark(), Error.SCOPE_CLOSED, closed.start)
    equal((removed.get_state(), closed.get_state()), (Procstream.ChildState.FAILED, Procstream.ChildState.FAILED))

    scope = Procstream.Scope()
    child, late = reliable(scope=scope).spawnv(sleeper), []
    child.connect('exited', late.append)
    child.get_stdout().connect('ended', lambda *args: late.append(args))
    scope.abort()
    scope.close(timeout=60)
    GLib.MainContext.default().iteration(False)
    equal((late, child.get_term_signal()), ([], signal.SIGKILL))

    with Procstream.Scope() as scope:
        child = reliable(scope=scope).spawnv(sleeper)
    equal((child.get_term_signal(), scope.get_closed()), (signal.SIGTERM, True))

    async def serve():
        while True:
            GLib.MainContext.default().iteration(False)
            await asyncio.sleep(0.001)

    async def use():
        server = asyncio.ensure_future(serve())
        async with Procstream.Scope() as scope:
            child = reliable(scope=scope).spawnv(sleeper)
        server.cancel()
        return child

    equal(asyncio.run(use()).get_term_signal(), signal.SIGTERM)


@scenario(73, 'process settings')
def process_settings():
    plain = reliable().spawnv(shell('nice'))
    collector = collect(plain.get_stdout())
    complete(plain)
    own_nice = int(collector.dup_lines()[0])

    read_end, write_end = os.pipe()
    os.write(write_end, b'given\n')
    os.close(write_end)
    GLib.setenv('SCENARIO_GONE', 'here', True)
    launcher = reliable(nice=3, umask=0o27, containment=Procstream.Containment.SESSION, search_environment_path=True)
    launcher.set_limit(Procstream.Limit.CORE_SIZE, 0, Procstream.NO_LIMIT)
    launcher.take_fd(read_end, 7)
    launcher.clear_environment()
    child = launcher.spawnv(['sh', '-c', 'nice; umask; ulimit -S -c; echo "${SCENARIO_GONE-unset}"; cat <&7; cut -d" " -f1,6 /proc/$$/stat'])
    launcher.close_fd(7)
    collector = collect(child.get_stdout())
    complete(child)
    pid = child.get_pid()
    equal(collector.dup_lines(), [str(min(own_nice + 3, 19)), '0027', '0', 'unset', 'given', f'{pid} {pid}'])
    equal(launcher.get_limit(Procstream.Limit.CORE_SIZE), (True, 0, -1))
    launcher.set_property('name-parts', Procstream.NameParts.ARGUMENTS)
    equal(launcher.create(['/bin/prog', '--token', 'x', 'y']).get_name(), 'prog "--token" "***" "y"')
    for name, spoil in (('open-files', lambda odd: odd.set_limit(Procstream.Limit.OPEN_FILES, 64, 32)),
                        ('umask', lambda odd: odd.set_property('umask', 0o7777)),
                        ('pty-columns', lambda odd: odd.set_property('pty-columns', 100000)),
                        ('pty-rows', lambda odd: odd.set_property('pty-rows', 0)),
                        ('guard-grace-ms', lambda odd: odd.set_property('guard-grace-ms', -1)),
                        ('256', lambda odd: odd.set_success_statuses([256])),
                        ('variable', lambda odd: odd.set_variable('A=b', 'c'))):
        odd = reliable()
        spoil(odd)
        assert name in raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, odd.create, ['cat'])


@scenario(74, 'pseudo-terminal')
def pseudo_terminal():
    launcher = reliable(pty=True, stdin_mode=Procstream.StdinMode.PTY, pty_columns=132, pty_rows=50)
    child = launcher.create(shell('tty >/dev/null && stty size; read -r text; stty size; echo "$text" >&2; cat'))
    lines, ends = [], []

    def on_line(output, line):
        lines.append(line)
        if line == '50 132':
            child.resize(100, 30)
            child.get_stdin().write_async(GLib.Bytes(b'typed\nmore\n'), None, None)
            child.get_stdin().close()

    child.get_stdout().connect('line', on_line)
    child.get_stdout().connect('ended', lambda _output, error: ends.append(error))
    child.start()
    complete(child)
    equal(lines, ['50 132', '30 100', 'typed', 'more'])
    equal(ends, [None])
    equal(child.get_exit_code(), 0)
    refused = reliable(stdin_mode=Procstream.StdinMode.PTY)
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, refused.create, ['cat'])


@scenario(75, 'tree')
def tree():
    child = reliable(containment=Procstream.Containment.TREE).create(
        shell('setsid sleep 1000 & (sleep 1000 &); echo "$$"; exit 3'))
    collector = collect(child.get_stdout())
    child.start()
    # It ends when those have gone that hold it open.
    complete(child)
    equal(collector.dup_lines(), [str(child.get_pid())])
    equal(child.get_exit_code(), 3)


@scenario(76, 'tree that is kept')
def tree_kept():
    launcher = reliable(containment=Procstream.Containment.TREE, keep_descendants=True, guard_grace_ms=0)
    equal((launcher.get_keep_descendants(), launcher.get_guard_grace_ms()), (True, 0))
    child = launcher.create(shell("setsid sh -c 'sleep 1000' & exit 3"))
    child.start()
    child.wait(Procstream.NO_TIMEOUT, None)
    equal(child.get_exit_code(), 3)
    equal(child.get_stdout().get_state(), Procstream.OutputState.OPEN)
    child.terminate(None, Procstream.NO_TIMEOUT, None)
    # What held the output open is gone.
    result = child.complete(None, None)
    assert result.get_user_time_us() >= 0 and result.get_system_time_us() >= 0 and result.get_peak_memory() > 0


@scenario(77, 'stdin sources')
def stdin_sources():
    path = os.path.join(GLib.Dir.make_tmp('scenario-XXXXXX'), 'input')
    launcher = reliable(stdin_file=path)
    equal(launcher.get_stdin_mode(), Procstream.StdinMode.FILE)
    assert path in raises(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND, launcher.spawnv, ['cat'])
    GLib.file_set_contents(path, b'from a file')
    equal(launcher.run(['cat']).dup_stdout_text(), 'from a file')
    os.remove(path)
    os.rmdir(os.path.dirname(path))

    memory = Gio.MemoryInputStream.new_from_bytes
    for source in ({'stdin_bytes': GLib.Bytes(MANY)}, {'stdin_stream': memory(GLib.Bytes(MANY))},
                   {'stdin_stream': OwnStream(base_stream=memory(GLib.Bytes(MANY)))}):
        equal(reliable(**source).run(['cat']).dup_stdout_text(), MANY.decode())

    failing = FailingStream(base_stream=memory(GLib.Bytes(b'one\xff')), converter=Gio.CharsetConverter.new('UTF-8', 'UTF-8'))
    try:
        reliable(stdin_stream=failing).run(['cat'])
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.matches(Procstream.child_error_quark(), Procstream.ChildError.INPUT_CUT)
        assert error.result.dup_input_error().matches(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_DATA)
        equal(error.result.dup_stdout_text(), 'one')

    child = reliable(stdin_mode=PIPE).create(['cat'])
    stdin, collector = child.get_stdin(), collect(child.get_stdout())
    stdin.set_max_queued_bytes(4)
    assert stdin.write_utf8('ünd')
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK, stdin.write_bytes, b'x')
    equal(stdin.props.bytes_queued, 4)

    def on_queued(_stdin, _pspec):
        if stdin.props.bytes_written == 4 and stdin.props.bytes_queued == 0:
            stdin.write_bytes(b'x')
            stdin.close()

    stdin.connect('notify::bytes-queued', on_queued)
    child.start()
    complete(child)
    equal(collector.dup_bytes().get_data().decode(), 'ündx')
    equal(stdin.props.bytes_written, 5)


def join(*argvs, observed=None):
    pipeline = Procstream.Pipeline()
    for argv in argvs:
        pipeline.append(reliable(), argv)
    if observed is not None:
        pipeline.set_observed(observed, True)
    return pipeline


@scenario(78, 'pipeline')
def pipeline():
    three = join(shell('printf "b\\na\\nc\\n"; echo one >&2'), shell('sort; echo two >&2'), ['head', '-n', '1'])
    three.start()
    result = three.complete(None, None)
    assert result.check()
    equal(result.dup_stdout_text(), 'a\n')
    equal([stage.dup_stderr_text() for stage in result.get_stages()], ['one\n', 'two\n', ''])

    observed = join(shell(PRINT_MANY), ['wc', '-l'], observed=0)
    assert observed.start_finish(finish(observed.start_async, None)[1])
    collector = collect(observed.get_stage(0).get_stdout())
    result = observed.complete_finish(finish(observed.complete_async, None, None)[1])
    equal(int(result.dup_stdout_text()), 100000)
    equal(collector.dup_bytes().get_data(), MANY)

    enough = join(['yes'], ['head', '-n', '1'])
    enough.start()
    result = enough.complete(None, None)
    assert result.get_success() and result.is_excused(0)
    equal(result.get_stage(0).get_term_signal(), signal.SIGPIPE)

    blamed = join(['yes'], shell('exit 4'))
    blamed.start()
    result = blamed.complete(None, None)
    equal(result.get_blamed(), 1)
    try:
        result.check()
        raise AssertionError('no error')
    except GLib.Error as error:
        assert error.message.startswith('Stage 2 of 2: ')
        equal(error.result.get_exit_code(), 4)

    missing = join(['cat'], ['/nowhere/program'])
    assert raises(GLib.spawn_error_quark(), GLib.SpawnError.NOENT, missing.start).startswith('Stage 2 of 2: ')

    endless = join(['sleep', '1000'], ['cat'])
    endless.start()
    assert endless.terminate_finish(finish(endless.terminate_async, None, None)[1])
    equal([stage.get_state() for stage in endless.get_stages()], [Procstream.ChildState.EXITED] * 2)


@scenario(81, 'joined lines')
def joined_lines():
    def read(script, **options):
        child = reliable(stdout_config=config(RELIABLE, **options)).create(shell(script))
        joined, lines = [], []
        child.get_stdout().connect('joined-lines', lambda _output, text, separator:
                                   joined.extend([separator, *text.split(separator)]))
        child.get_stdout().connect('lines', lambda _output, batch: lines.extend(batch))
        child.start()
        complete(child)
        equal(lines, joined[1:])
        return joined

    equal(read(r"printf 'a\n\nb\377\n'"), ['\n', 'a', '', 'b\ufffd'])
    equal(read(r"printf 'a\r\nb\nc\r\n'", line_separator=Procstream.LineSeparator.CRLF), ['\x01', 'a', 'b\nc'])


@scenario(84, 'collector raw lines')
def collector_raw_lines():
    def collect_from(script, what, keep):
        child = reliable().create(shell(script))
        collector = Procstream.Collector(collect=what, keep=keep, max_bytes=9)
        child.get_stdout().attach(collector)
        child.start()
        collector.wait(TIMEOUT_MS, None)
        return collector

    def raw(lines):
        return [line.get_data() or b'' for line in lines]

    lines = collect_from(r"printf 'caf\351\n\nok\n'", Procstream.Collect.LINES, Procstream.Keep.FIRST)
    equal(lines.dup_lines(), ['caf\ufffd', '', 'ok'])
    equal(raw(lines.dup_raw_lines()), [b'caf\351', b'', b'ok'])
    ends = collect_from(r"printf 'a\377\nlonger\nok\n'", Procstream.Collect.LINES, Procstream.Keep.FIRST_AND_LAST)
    equal(raw(ends.dup_first_raw_lines()), [b'a\377'])
    equal(raw(ends.dup_last_raw_lines()), [b'ok'])
    equal(lines.get_chunks_cut(), 0)
    equal(collect_from('printf 0123456789', Procstream.Collect.BYTES, Procstream.Keep.LAST).get_chunks_cut(), 1)


@scenario(90, 'line waiter elsewhere')
def line_waiter_elsewhere():
    child = reliable(merged_view=True).create(shell('echo one; echo ready >&2'))
    waiter = Procstream.LineWaiter()
    waiter.add_pattern('ready')
    child.get_merged().attach(waiter)
    child.start()
    match = waiter.wait_match(TIMEOUT_MS)
    equal((match.text, match.line.get_stream()), ('ready', 'stderr'))

    only = config(RELIABLE, backend=Procstream.Backend.SINGLE)
    child = reliable(stdout_config=only, stdin_mode=PIPE).create(shell('echo one; echo ready; read x; echo set'))
    output = child.get_stdout()
    waiter = Procstream.LineWaiter()
    waiter.add_pattern('ready')
    output.attach(waiter)
    waiter.pause()
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.BUSY, output.attach, Procstream.Collector())
    child.start()
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, waiter.wait_match, 10)
    waiter.resume()
    equal(waiter.wait_match(TIMEOUT_MS).text, 'ready')
    last = collect(output)
    marked = Procstream.LineWaiter()
    marked.add_pattern('never')
    child.get_stderr().attach(marked)
    marked.mark_done()
    raises(Procstream.child_error_quark(), Procstream.ChildError.NO_MATCH, marked.wait_match, TIMEOUT_MS)
    equal(marked.get_match(), None)
    child.get_stdin().close()
    last.wait(TIMEOUT_MS, None)
    equal(last.dup_text(), 'set\n')


@scenario(91, 'idle')
def idle():
    silences = []

    def note(child, silent_ms):
        silences.append(silent_ms)
        if len(silences) == 1:
            child.get_stdin().write_async(GLib.Bytes(b'x'), None, None)
        else:
            child.get_stdin().close()

    child = reliable(stdin_mode=PIPE, idle_timeout_ms=20).create(['cat'])
    child.connect('idle', note)
    child.start()
    complete(child)
    equal(len(silences), 2)
    assert min(silences) >= 20

    silent = reliable(idle_timeout_ms=20).create(['sleep', '1000'])
    silent.connect('idle', lambda child, _silent_ms: child.kill())
    silent.start()
    silent.wait(TIMEOUT_MS, None)
    equal(silent.get_term_signal(), signal.SIGKILL)

    unheard = reliable(idle_timeout_ms=20, idle_stderr=False, stdout_config=Procstream.OutputConfig.new_discard())
    equal((unheard.get_idle_timeout_ms(), unheard.get_idle_stdout(), unheard.get_idle_stderr()), (20, True, False))
    message = raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, unheard.create, ['cat'])
    assert 'idle-timeout-ms' in message


@scenario(95, 'expect next')
def expect_next():
    child = reliable(Replay.ALL, stdin_mode=PIPE).spawnv(
        shell('for i in 1 2; do printf "> "; read -r word; echo "said $word"; done; read -r word'))
    flags = Procstream.MatchFlags

    def answer(word):
        child.expect('> ', flags.PARTIAL | flags.NEXT, timeout=60)
        child.get_stdin().write_utf8(f'{word}\n')
        match = child.expect(re.compile(r'said (\w+)'), flags.NEXT, timeout=60)
        return match[1], match.text, match.line.get_torn(), match.get_end_offset()

    equal(answer('one'), ('one', 'said one', True, 10))
    equal(answer('two'), ('two', 'said two', True, 21))
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, lambda: child.expect('said', flags.NEXT, timeout=0))
    again = child.expect('said', timeout=60)
    equal((again.text, again.line.get_torn(), again.get_end_offset()), ('> said one', False, 6))
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT, lambda: child.expect('said', flags.NEXT, timeout=0))
    waiter = Procstream.LineWaiter()
    waiter.add_pattern('a', flags.NEXT)
    raises(Gio.io_error_quark(), Gio.IOErrorEnum.INVALID_ARGUMENT, waiter.add_pattern, 'b')


def create_scene(number, scene):
    """A program of the scenario, as a child of the scenario itself."""
    launcher = reliable()
    launcher.set_variable('PROCSTREAM_SCENE', scene)
    return launcher.create([sys.executable, __file__, number])


def spawn_written(path):
    """A child that says something when it is asked to end, which is written to a file."""
    child = reliable().create(shell("trap 'echo bye; exit' TERM; echo up; sleep 1000 & wait"))
    child.get_stdout().attach(Procstream.Writer.new_for_path(path, Procstream.FileMode.TRUNCATE))
    child.start()
    child.expect('up', timeout=60)
    return child


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def deinit_and_die(path):
    child = spawn_written(path)
    Procstream.deinit()
    assert not is_alive(child.get_pid())
    equal(read(path), 'up\nbye\n')
    raises(Procstream.child_error_quark(), Procstream.ChildError.WRONG_STATE, reliable().spawnv, ['true'])
    os.kill(os.getpid(), signal.SIGKILL)


@scenario(96, 'deinit')
def deinit():
    if 'PROCSTREAM_SCENE' in os.environ:
        deinit_and_die(os.environ['PROCSTREAM_SCENE'])
    with tempfile.NamedTemporaryFile() as file:
        program = create_scene('96', file.name)
        program.start()
        equal(program.complete(None, None).get_term_signal(), signal.SIGKILL)
        equal(read(file.name), 'up\nbye\n')


@scenario(97, 'writer at the exit')
def writer_at_exit():
    if 'PROCSTREAM_SCENE' in os.environ:
        spawn_written(os.environ['PROCSTREAM_SCENE'])
        sys.exit(0)
    with tempfile.NamedTemporaryFile() as file:
        program = create_scene('97', file.name)
        program.start()
        assert program.complete(None, None).get_success()
        equal(read(file.name), 'up\nbye\n')


@scenario(98, 'death in a run')
def death_in_a_run():
    # What runs has the standard output of the program that runs it, as that is not there to be told.
    script = ("exec 9> /proc/$PPID/fd/1; trap 'echo asked >&9; kill -9 $!; exit' TERM; sleep 1000 9>&- & "
              'echo up >&9; wait')
    if 'PROCSTREAM_SCENE' in os.environ:
        reliable().run(shell(script))
        raise AssertionError('it lives')
    program = create_scene('98', 'yes')
    collector = collect(program.get_stdout())
    program.start()
    program.expect('up', timeout=60)
    program.kill()
    collector.wait(TIMEOUT_MS, None)
    assert collector.dup_text().endswith('up\nasked\n'), collector.dup_text()


@scenario(99, 'log model after an abort')
def log_model_after_an_abort():
    model = Procstream.LogModel()
    scope = Procstream.Scope()
    changes = []
    handler = model.connect('items-changed', lambda _model, *change: changes.append(change))

    def follow_twice(**properties):
        child = reliable(stdin_mode=PIPE, **properties).create(shell('read x; echo one; read x; echo two; read x'))
        model.follow(child.get_stdout())
        child.start()
        return child

    def write_until_changed(child, n_changes):
        child.get_stdin().write_utf8('\n')
        while len(changes) < n_changes:
            GLib.MainContext.default().iteration(True)

    aborted = follow_twice(scope=scope)
    other = follow_twice()
    write_until_changed(aborted, 1)
    aborted.get_stdin().write_utf8('\n')
    # Without a main loop nothing is shown meanwhile.
    while aborted.get_stdout().get_bytes_received() < len('one\ntwo\n'):
        GLib.usleep(1000)
    scope.abort()
    write_until_changed(other, 2)
    write_until_changed(other, 3)
    assert aborted.wait(TIMEOUT_MS, None)
    other.get_stdin().write_utf8('\n')
    assert other.wait(TIMEOUT_MS, None)
    equal(texts(model), ['one', 'one', 'two'])
    equal(changes, [(0, 0, 1), (1, 0, 1), (2, 0, 1)])
    model.disconnect(handler)


def end_program():
    child = reliable().spawnv(['sleep', '1000'])
    Procstream.deinit()
    result = child.complete(None, None)
    print(f'cause {result.get_cause().value_nick} {result.get_term_signal()} {result.get_running()}', flush=True)
    sys.exit(0)


@scenario(104, 'causes')
def causes():
    if 'PROCSTREAM_SCENE' in os.environ:
        end_program()
    cause, end_on = Procstream.Cause, Procstream.EndOn

    def facts(result):
        return result.get_cause(), result.get_exit_code(), result.get_term_signal(), result.get_running()

    def ended(end, launcher=None, **options):
        child = (launcher or reliable()).spawnv(shell('echo ready; exec sleep 1000'))
        end(child)
        result = child.complete(Procstream.CompleteOptions(**options), None)
        equal(facts(child.get_result()), facts(result))
        return facts(result)

    def nobody(_child):
        pass

    equal(facts(reliable().spawnv(shell('exit 3')).complete(None, None)), (cause.EXITED, 3, 0, False))
    equal(ended(lambda child: os.kill(child.get_pid(), signal.SIGUSR1)), (cause.SIGNALLED, -1, signal.SIGUSR1, False))
    equal(ended(lambda child: child.terminate(None, TIMEOUT_MS, None)), (cause.TERMINATED, -1, signal.SIGTERM, False))
    equal(ended(lambda child: child.kill()), (cause.KILLED, -1, signal.SIGKILL, False))
    equal(ended(nobody, timeout_ms=1000, end_on=end_on.TIMEOUT), (cause.TIMED_OUT, -1, signal.SIGTERM, False))
    equal(ended(nobody, idle_timeout_ms=1000, end_on=end_on.IDLE), (cause.IDLE, -1, signal.SIGTERM, False))
    equal(ended(nobody, output_limit=3, end_on=end_on.OUTPUT_LIMIT), (cause.OUTPUT_LIMIT, -1, signal.SIGTERM, False))
    child = reliable().spawnv(['sleep', '1000'])
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    cancelled = child.complete(Procstream.CompleteOptions(end_on=end_on.CANCEL), cancellable)
    equal(facts(cancelled), (cause.CANCELLED, -1, signal.SIGTERM, False))
    scope = Procstream.Scope()
    equal(ended(lambda _child: scope.close(TIMEOUT_MS, None), reliable(scope=scope)), (cause.TERMINATED, -1, signal.SIGTERM, False))

    program = create_scene('104', 'yes')
    program.start()
    text = program.complete(None, None).get_stdout().get_text()
    assert f'cause parent-exit {int(signal.SIGTERM)} False\n' in text, text


def hurry_and_exit():
    child = reliable(shutdown=Procstream.Shutdown.new_terminate(1000000)).spawnv(shell("trap '' TERM; echo up; exec sleep 1000"))
    child.expect('up', Procstream.MatchFlags.NONE, TIMEOUT_MS)
    Procstream.deinit_hurry()
    Procstream.deinit()
    assert not is_alive(child.get_pid())
    sys.exit(7)


@scenario(105, 'deinit hurry')
def deinit_hurry():
    if 'PROCSTREAM_SCENE' in os.environ:
        hurry_and_exit()
    program = create_scene('105', 'yes')
    program.start()
    equal(program.complete(None, None).get_exit_code(), 7)


@scenario(107, 'other settings')
def other_settings():
    def printed(launcher, script):
        child = launcher.create(shell(script))
        collector = collect(child.get_stdout())
        child.start()
        complete(child)
        return collector.dup_text()

    named = reliable(name_parts=Procstream.NameParts.ARGUMENTS, name_redact='colour')
    equal(named.create(['/bin/prog', '--colour', 'x', '--token', 'y']).get_name(), 'prog "--colour" "***" "--token" "y"')
    dying = reliable(oom_score_adjust=900, parent_death_signal=int(signal.SIGKILL))
    equal((dying.get_oom_score_adjust(), dying.get_parent_death_signal()), (900, signal.SIGKILL))
    equal(printed(dying, 'cat /proc/self/oom_score_adj'), '900\n')
    terminal = reliable(pty=True, pty_flags=Procstream.PtyFlags.CRLF)
    equal(printed(terminal, 'echo line'), 'line\r\n')

    merging = reliable(merged_view=True, merged_config=config(Procstream.Delivery.RELIABLE, Replay.ALL))
    child = merging.spawnv(shell('echo out; echo err >&2'))
    complete(child)
    late = collect(child.get_merged())
    late.wait(TIMEOUT_MS, None)
    equal(sorted(late.dup_text().split()), ['err', 'out'])


main()

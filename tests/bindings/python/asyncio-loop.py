# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coroutines that a loop of asyncio runs which knows nothing of GLib."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

from harness import Gio, GLib, Procstream, equal, main, raises, reliable, scenario, shell

PIPE = Procstream.StdinMode.PIPE
CANCELLED = (Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


def attach(child):
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    return reader


def sleeper():
    child = reliable(stdin_mode=PIPE).create(shell('echo ready; read x; echo $x; read y'))
    reader = attach(child)
    child.start()
    return child, reader


@scenario(1, 'calls')
def calls():
    async def job():
        result = await Procstream.call_async(reliable(), 'run', ['echo', 'one'])
        equal(result.dup_stdout_text(), 'one\n')
        child, reader = sleeper()
        equal(await Procstream.call_async(reader, 'read_line'), 'ready')
        # Bytes as Python has them, and an answer that comes later.
        await Procstream.call_async(child.get_stdin(), 'write', b'hello\n')
        equal(await Procstream.call_async(reader, 'read_line'), 'hello')
        child.get_stdin().close()
        assert await Procstream.call_async(child, 'wait')
        return child.get_exit_code()

    equal(asyncio.run(job()), 1)


@scenario(2, 'a match')
def a_match():
    async def job():
        child = reliable(Procstream.Replay.ALL).create(shell('echo starting; echo ready on 80; exec sleep 1000'))
        waiting = asyncio.ensure_future(child.expect_async('ready', timeout=60))
        await asyncio.sleep(0)
        child.start()
        equal((await waiting).text, 'ready on 80')
        await Procstream.call_async(child, 'terminate')

    asyncio.run(job())


@scenario(3, 'a limit of asyncio')
def a_limit_of_asyncio():
    async def job():
        child, reader = sleeper()
        equal(await Procstream.call_async(reader, 'read_line'), 'ready')
        try:
            await asyncio.wait_for(Procstream.call_async(reader, 'read_line'), 0.05)
            raise AssertionError('it came')
        except asyncio.TimeoutError:
            pass
        # Nothing of it is lost, and the reader is free.
        child.get_stdin().write_utf8('more\n')
        equal(await asyncio.wait_for(Procstream.call_async(reader, 'read_line'), 60), 'more')
        await Procstream.call_async(child, 'terminate')

    asyncio.run(job())


@scenario(4, 'cancelling')
def cancelling():
    async def job():
        child, reader = sleeper()
        equal(await Procstream.call_async(reader, 'read_line'), 'ready')
        task = asyncio.ensure_future(Procstream.call_async(reader, 'read_line'))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
            raise AssertionError('it came')
        except asyncio.CancelledError:
            pass
        cancellable = Gio.Cancellable()
        task = asyncio.ensure_future(Procstream.call_async(reader, 'read_line', cancellable=cancellable))
        await asyncio.sleep(0)
        cancellable.cancel()
        try:
            await task
            raise AssertionError('it came')
        except GLib.Error as error:
            assert error.matches(*CANCELLED)
        await Procstream.call_async(child, 'terminate')

    asyncio.run(job())


@scenario(5, 'several at once')
def several_at_once():
    async def echo(word):
        result = await Procstream.call_async(reliable(), 'run', ['echo', word])
        return result.dup_stdout_text()

    async def job():
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0)
        beating = asyncio.ensure_future(beat())
        equal(await asyncio.gather(*(echo(f'{i}') for i in range(10))), [f'{i}\n' for i in range(10)])
        # The loop has had its turns.
        assert beats > 10, beats
        beating.cancel()

    asyncio.run(job())
    # The next loop is another.
    asyncio.run(job())


@scenario(6, 'signals and lines')
def signals_and_lines():
    async def job():
        child = reliable().create(shell('for i in 1 2 3; do echo $i; echo e$i >&2; done'))
        reader, errors = attach(child), []
        child.get_stderr().connect('line', lambda _output, line: errors.append(line))
        child.start()
        equal([line async for line in reader], ['1', '2', '3'])
        await Procstream.call_async(child, 'complete')
        equal(errors, ['e1', 'e2', 'e3'])
        # What was not asked for is still there.
        child = reliable().create(['seq', '5'])
        reader = attach(child)
        child.start()
        async for line in reader:
            if line == '2':
                break
        equal(await Procstream.call_async(reader, 'read_line'), '3')

    asyncio.run(job())


@scenario(7, 'a scope')
def a_scope():
    async def job():
        async with Procstream.Scope() as scope:
            child = reliable(scope=scope).spawnv(['sleep', '1000'])
        assert child.get_term_signal()

    asyncio.run(job())


@scenario(8, 'nothing is looked for when nothing is awaited')
def nothing_is_looked_for_when_nothing_is_awaited():
    async def job():
        await Procstream.call_async(reliable(), 'run', ['true'])
        calls = []
        loop = asyncio.get_running_loop()
        call_later = loop.call_later
        loop.call_later = lambda *args: calls.append(args) or call_later(*args)
        for _ in range(20):
            await asyncio.sleep(0)
        equal(calls, [])

    asyncio.run(job())


@scenario(9, 'a loop in a thread beside a main loop')
def a_loop_in_a_thread_beside_a_main_loop():
    # What the thread waits for comes in the main thread, whose context it is.
    async def job():
        result = await Procstream.call_async(reliable(), 'run', ['echo', 'one'])
        return result.dup_stdout_text()

    results, loop = [], GLib.MainLoop()

    def run():
        try:
            results.append(asyncio.run(job()))
        finally:
            GLib.idle_add(loop.quit)

    thread = threading.Thread(target=run)
    # The thread begins when the main loop owns the context.
    GLib.idle_add(thread.start)
    loop.run()
    thread.join()
    equal(results, ['one\n'])


@scenario(10, 'an error')
def an_error():
    async def job():
        await Procstream.call_async(reliable(), 'run', shell('exit 3'))

    raises(Procstream.child_error_quark(), Procstream.ChildError.UNSUCCESSFUL, lambda: asyncio.run(job()))


END_ON_CANCEL = Procstream.CompleteOptions(end_on=Procstream.EndOn.CANCEL)


def endless(**properties):
    return reliable(**properties).spawnv(shell('trap "" TERM; echo ready; while :; do sleep 1000; done'))


def waiting_calls():
    """Functions that begin a call which takes forever, and what is to be killed afterwards."""
    child = endless()
    patient = Procstream.Shutdown.new()
    patient.add_signal(signal.SIGTERM, Procstream.SignalTarget.GROUP, 1000000)
    scope = Procstream.Scope()
    endless(scope=scope)
    pipeline = Procstream.Pipeline.new()
    pipeline.append(reliable(scope=scope), ['sleep', '1000'])
    pipeline.start()
    call = Procstream.call_async
    calls = {
        'wait': lambda: call(child, 'wait'),
        'complete': lambda: call(child, 'complete'),
        'complete and end': lambda: call(reliable().spawnv(['sleep', '1000']), 'complete', END_ON_CANCEL),
        'expect': lambda: child.expect_async('never'),
        'run': lambda: call(reliable(), 'run', ['sleep', '1000']),
        'complete_all': lambda: call(scope, 'complete_all'),
        'pipeline': lambda: call(pipeline, 'complete'),
        'terminate': lambda: call(child, 'terminate', patient),
    }
    return calls, lambda: (scope.abort(), child.kill())


async def in_limit(begin, afterwards):
    async with asyncio.timeout(0.05):
        await begin()
        if afterwards:
            await asyncio.sleep(0)
        raise AssertionError('it came')


@scenario(11, 'limits of asyncio around every call')
def limits_of_asyncio_around_every_call():
    async def limited(name, awaitable):
        try:
            await awaitable
            raise AssertionError(f'{name}: it came')
        except asyncio.TimeoutError as error:
            # What was found out meanwhile is not lost.
            if name in ('complete', 'complete and end', 'run'):
                equal(error.__context__.result.cause, Procstream.Cause.CANCELLED)
        # Nothing is left over for what comes next.
        await asyncio.sleep(0)
        await Procstream.call_async(reliable(), 'run', ['true'])

    async def job():
        calls, clean = waiting_calls()
        for name, begin in calls.items():
            await limited(name, asyncio.wait_for(begin(), 0.05))
            if hasattr(asyncio, 'timeout'):
                await limited(name, in_limit(begin, True))
                await limited(name, in_limit(begin, False))
                equal(asyncio.current_task().cancelling(), 0)
        clean()

    asyncio.run(job())


@scenario(12, 'cancelling every call')
def cancelling_every_call():
    async def job():
        calls, clean = waiting_calls()
        for name, begin in calls.items():
            seen = []

            async def call(begin=begin, seen=seen):
                try:
                    await begin()
                except asyncio.CancelledError:
                    seen.append('cancelled')
                    raise
                seen.append('returned')

            task = asyncio.ensure_future(call())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            equal((await asyncio.gather(task, return_exceptions=True))[0].__class__, asyncio.CancelledError)
            equal((name, seen), (name, ['cancelled']))
        clean()

    asyncio.run(job())


@scenario(13, 'a scope in a limit')
def a_scope_in_a_limit():
    children = []

    async def job():
        try:
            async with asyncio.timeout(0.05):
                async with Procstream.Scope() as scope:
                    children.append(reliable(scope=scope).spawnv(['sleep', '1000']))
                    await Procstream.call_async(scope, 'complete_all')
            raise AssertionError('it came')
        except asyncio.TimeoutError:
            pass
        await asyncio.sleep(0)
        assert children[0].get_term_signal()

    if hasattr(asyncio, 'timeout'):
        asyncio.run(job())


@scenario(14, 'a child that the cancelled call ends')
def a_child_that_the_cancelled_call_ends():
    async def job():
        child = reliable().spawnv(['sleep', '1000'])
        try:
            await asyncio.wait_for(Procstream.call_async(child, 'complete', END_ON_CANCEL), 0.05)
            raise AssertionError('it came')
        except asyncio.TimeoutError:
            pass
        assert child.get_term_signal()

    asyncio.run(job())


@scenario(15, 'a read that was cancelled when it had come')
def a_read_that_was_cancelled_when_it_had_come():
    reads = {'read_line': (), 'next_line': (), 'next': (), 'next_info': (), 'read_exactly': (5,), 'read_until': (b'\n', 10)}

    async def job():
        for name, args in reads.items():
            child, reader = sleeper()
            equal(await Procstream.call_async(reader, 'read_line'), 'ready')
            came = []
            for method in (f'{name}_async', 'wait_more_async'):
                tell(reader, method, came)
            task = asyncio.ensure_future(Procstream.call_async(reader, name, *args))
            for _ in range(3):
                await asyncio.sleep(0)
            child.get_stdin().write_utf8('more\n')
            # What the loop would do is done before the task has its turn.
            while not came:
                GLib.MainContext.default().iteration(True)
            task.cancel()
            equal((await asyncio.gather(task, return_exceptions=True))[0].__class__, asyncio.CancelledError)
            # Also to one that reads in another way.
            equal((name, await Procstream.call_async(reader, 'read_line')), (name, 'more'))
            await Procstream.call_async(child, 'terminate')

    asyncio.run(job())


def tell(reader, method, came):
    start = getattr(reader, method)

    def start_and_tell(*args):
        start(*args[:-1], lambda *results: (came.append(method), args[-1](*results)))

    setattr(reader, method, start_and_tell)


@scenario(16, 'a start that was cancelled when it had come')
def a_start_that_was_cancelled_when_it_had_come():
    async def job():
        launcher, came = reliable(), []
        tell(launcher, 'spawn_async', came)
        task = asyncio.ensure_future(Procstream.call_async(launcher, 'spawn', ['sleep', '1000']))
        await asyncio.sleep(0)
        while not came:
            GLib.MainContext.default().iteration(True)
        task.cancel()
        try:
            await task
            raise AssertionError('it came')
        except asyncio.CancelledError as error:
            child = error.result
        # Nobody else would know of it.
        await Procstream.call_async(child, 'wait')
        equal(child.get_term_signal(), signal.SIGTERM)

    asyncio.run(job())


@scenario(20, 'a start that was cancelled twice')
def a_start_that_was_cancelled_twice():
    async def job():
        launcher, held, children = reliable(), [], []
        start, finish = launcher.spawn_async, launcher.spawn_finish
        launcher.spawn_async = lambda *args: start(*args[:-1], lambda *results: held.append((args[-1], *results)))
        launcher.spawn_finish = lambda result: children.append(finish(result)) or children[-1]
        task = asyncio.ensure_future(Procstream.call_async(launcher, 'spawn', ['sleep', '1000']))
        await asyncio.sleep(0)
        while not held:
            GLib.MainContext.default().iteration(True)
        # The child runs, and nobody knows of it when the task is cancelled, nor when it is cancelled again.
        task.cancel()
        asyncio.get_running_loop().call_soon(task.cancel)
        try:
            await task
            raise AssertionError('it came')
        except asyncio.CancelledError as error:
            assert not hasattr(error, 'result'), 'the order is another'
        # What comes now comes without anything that is awaited here.
        GLib.idle_add(*held[0])
        while not children or children[0].get_state() != Procstream.ChildState.EXITED:
            await asyncio.sleep(0)
        equal(children[0].get_term_signal(), signal.SIGTERM)

    asyncio.run(job())


@scenario(18, 'a limit of the call')
def a_limit_of_the_call():
    async def job():
        child = endless()
        for options in ((), (Procstream.CompleteOptions(timeout=1000),)):
            result = await Procstream.call_async(child, 'complete', *options, timeout=0.01)
            equal((result.cause, result.running), (Procstream.Cause.TIMED_OUT, True))
        try:
            await Procstream.call_async(reliable(), 'run', ['sleep', '1000'], timeout=0.01)
            raise AssertionError('no error')
        except GLib.Error as error:
            equal(error.result.cause, Procstream.Cause.TIMED_OUT)
        try:
            await Procstream.call_async(child, 'wait', timeout=1)
            raise AssertionError('no error')
        except TypeError as error:
            assert 'asyncio.timeout' in str(error), error
        child.kill()

    asyncio.run(job())


INTERRUPTED = """
import asyncio, os, sys
sys.path.insert(0, %(here)r)
from harness import Procstream, reliable, shell

async def job():
    child = reliable(stdin_mode=Procstream.StdinMode.PIPE).create(shell('echo inside >&2; exec sleep 1000'))
    child.get_stderr().connect('line', lambda _output, line: print(line, flush=True))
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    child.start()
    await %(call)s

asyncio.run(job())
"""


@scenario(17, 'Ctrl+C in a program of asyncio')
def ctrl_c_in_a_program_of_asyncio():
    for call in ('Procstream.call_async(child, "wait")', 'Procstream.call_async(child, "complete")', 'child.expect_async("never")',
                 'Procstream.call_async(reader, "read_line")'):
        program = subprocess.Popen([sys.executable, '-c', INTERRUPTED % {'here': os.path.dirname(__file__), 'call': call}],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        equal(program.stdout.readline(), 'inside\n')
        program.send_signal(signal.SIGINT)
        _out, errors = program.communicate()
        equal((call, program.returncode, errors.splitlines()[-1]), (call, -signal.SIGINT, 'KeyboardInterrupt'))


@scenario(19, 'a read that is cancelled when there is more')
def a_read_that_is_cancelled_when_there_is_more():
    async def job():
        child, reader = sleeper()
        equal(await Procstream.call_async(reader, 'read_line'), 'ready')
        task = asyncio.ensure_future(Procstream.call_async(reader, 'read_line'))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # In the same iteration of the loop as the end of the wait for more.
        child.get_stdout().connect('line', lambda _output, line: line == 'more' and task.cancel())
        child.get_stdin().write_utf8('more\n')
        try:
            await task
            raise AssertionError('it came')
        except asyncio.CancelledError as cancelled:
            equal(cancelled.result, None)
        equal(await Procstream.call_async(reader, 'read_line'), 'more')
        await Procstream.call_async(child, 'terminate')

    asyncio.run(job())


if __name__ == '__main__':
    main()

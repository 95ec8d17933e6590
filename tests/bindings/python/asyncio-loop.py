# SPDX-License-Identifier: LGPL-2.1-or-later
"""Coroutines that a loop of asyncio runs which knows nothing of GLib."""

import asyncio
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


if __name__ == '__main__':
    main()

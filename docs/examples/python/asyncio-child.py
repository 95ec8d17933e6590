# SPDX-License-Identifier: LGPL-2.1-or-later
# Waits for children in coroutines of asyncio.

import asyncio

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream  # noqa: E402

SERVER = 'echo starting; sleep 0.1; echo ready on port 8080; read line; echo asked for $line; exec sleep 1000'


# [calls]
async def run(*argv):
    launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE)
    result = await Procstream.call_async(launcher, 'run', argv)
    return result.stdout.text.strip()


async def main():
    print(await asyncio.gather(run('echo', 'one'), run('echo', 'two')))

    launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.ALL,
                                   stdin_mode=Procstream.StdinMode.PIPE)
    server = launcher.create(['sh', '-c', SERVER])
    reader = Procstream.Reader()
    server.get_stdout().attach(reader)
    server.start()
    match = await server.expect_async(r'port (\d+)', Procstream.MatchFlags.REGEX, timeout=30)
    print('port', match[1])
    await Procstream.call_async(server.get_stdin(), 'write', b'bread\n')
    async for line in reader:
        print('it says:', line)
        if line.startswith('asked'):
            break

    # A limit that asyncio sets ends the wait. Nothing that was to be read is lost, and the child goes on.
    try:
        await asyncio.wait_for(Procstream.call_async(reader, 'read_line'), 0.1)
    except asyncio.TimeoutError:
        print('nothing more')
    await Procstream.call_async(server, 'terminate')
    print('ended by signal', server.term_signal)
# [/calls]


asyncio.run(main())

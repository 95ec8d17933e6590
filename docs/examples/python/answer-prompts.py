# SPDX-License-Identifier: LGPL-2.1-or-later
# Answers what a child asks, and looks once more at what it said.

import re

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

ASK = 'printf "name? "; read -r name; echo "hello $name"; printf "sure? "; read -r sure'

launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.ALL,
                               stdin_mode=Procstream.StdinMode.PIPE)
child = launcher.spawnv(['sh', '-c', ASK])


# [answer]
def answer(prompt, text):
    asked = child.expect(prompt, Procstream.MatchFlags.PARTIAL, timeout=30)
    print('it asks:', asked.text.strip())
    child.get_stdin().write_async(GLib.Bytes(f'{text}\n'.encode()), None, None)


greeting = re.compile(r'hello \w+')
answer('name? ', 'world')
print('it says:', child.expect(greeting, timeout=30)[0])
answer('sure? ', 'yes')
# What replay kept is searched first, so this is found again.
print('it said:', child.expect(greeting, timeout=0)[0])
# [/answer]
child.wait(Procstream.NO_TIMEOUT, None)

# SPDX-License-Identifier: LGPL-2.1-or-later
# Answers what a child asks, twice with the same prompt, and looks once more at what it said.

import re

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream

ASK = 'for i in 1 2; do printf "word? "; read -r word; echo "you said $word"; done'

launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.ALL,
                               stdin_mode=Procstream.StdinMode.PIPE)
child = launcher.spawnv(['sh', '-c', ASK])

# [answer]
NEXT = Procstream.MatchFlags.NEXT


def answer(text):
    child.expect('word? ', Procstream.MatchFlags.PARTIAL | NEXT, timeout=30)
    child.get_stdin().write_utf8(f'{text}\n')
    return child.expect(re.compile(r'you said (\w+)'), NEXT, timeout=30)[1]


print('it says:', answer('hello'))
print('it says:', answer('world'))
# Without NEXT everything that replay kept is searched, from its beginning.
print('it said first:', child.expect(re.compile(r'you said (\w+)'), timeout=0)[1])
# [/answer]
child.wait(Procstream.NO_TIMEOUT, None)

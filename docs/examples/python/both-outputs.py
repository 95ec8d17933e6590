# SPDX-License-Identifier: LGPL-2.1-or-later
# Both outputs of a child in the order in which it writes, told apart.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

# [both]
launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE,
                               merged_view=True, exact_order=True)
child = launcher.create(['sh', '-c', 'echo one; echo two >&2; echo three; echo four >&2'])


def on_chunk(_output, info):
    print(f'{info.get_stream()}: {info.get_bytes().get_data().decode().rstrip()}')


child.get_merged().connect('chunk-info', on_chunk)
# [/both]

loop = GLib.MainLoop()
child.connect('completed', lambda *_: loop.quit())
child.start()
loop.run()

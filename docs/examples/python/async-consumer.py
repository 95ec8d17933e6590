# SPDX-License-Identifier: LGPL-2.1-or-later
# A consumer class whose methods take their time.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Gio, GLib, Procstream  # noqa: E402


# [class]
class Copy(Procstream.Consumer):
    """Writes the output to a stream. The next chunk comes when the last one is written."""

    __gtype_name__ = 'Copy'

    def __init__(self, stream):
        super().__init__()
        self.stream = stream

    async def do_chunk(self, chunk):
        # A write may take a part of what it is given.
        while chunk.get_size() > 0:
            # Calls stream.write_bytes_async(), and stream.write_bytes_finish() when it is over.
            written = await Procstream.call_async(self.stream, 'write_bytes', chunk, GLib.PRIORITY_DEFAULT)
            chunk = chunk.new_from_bytes(written, chunk.get_size() - written)

    async def do_ended(self, error):
        await Procstream.call_async(self.stream, 'close', GLib.PRIORITY_DEFAULT)
# [/class]


stream = Gio.MemoryOutputStream.new_resizable()
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(['printf', r'one\ntwo\nthree\n'])
copy = Copy(stream)
child.get_stdout().attach(copy)
child.start()
copy.wait(Procstream.NO_TIMEOUT, None)
print(f'copied {stream.get_data_size()} bytes')

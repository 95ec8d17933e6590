# SPDX-License-Identifier: LGPL-2.1-or-later
# Gives children something to read: bytes, a stream, and what comes by and by.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Gio, GLib, Procstream

RELIABLE, NONE = Procstream.Delivery.RELIABLE, Procstream.Replay.NONE

# [bytes]
launcher = Procstream.Launcher(delivery=RELIABLE, replay=NONE, stdin_bytes=GLib.Bytes(b'pear\napple\n'))
print(*launcher.run(['sort']).dup_stdout_text().split())
# [/bytes]

# [stream]
packed = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(bytes([0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00])))
stream = Gio.ConverterInputStream.new(packed, Gio.ZlibDecompressor.new(Gio.ZlibCompressorFormat.RAW))
launcher = Procstream.Launcher(delivery=RELIABLE, replay=NONE, stdin_stream=stream)
print(launcher.run(['cat']).dup_stdout_text())
# [/stream]


# [queue]
def feed(stdin, words):
    """Queues as much as there is room for, and goes on when there is more."""
    def go_on(*_):
        try:
            while words:
                stdin.write_utf8(words[0])
                del words[0]
            stdin.close()
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.WOULD_BLOCK):
                print('not everything was read:', error.message)

    stdin.connect('notify::bytes-queued', go_on)
    go_on()


launcher = Procstream.Launcher(delivery=RELIABLE, replay=NONE, stdin_mode=Procstream.StdinMode.PIPE)
child = launcher.spawnv(['wc', '-c'])
child.get_stdin().set_max_queued_bytes(16)
feed(child.get_stdin(), ['many words, '] * 1000)
print(child.complete(None, None).dup_stdout_text().strip())
# [/queue]

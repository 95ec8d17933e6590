# SPDX-License-Identifier: LGPL-2.1-or-later
# Answers a prompt, and reads what comes in as many ways as it needs.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Gio, GLib, Procstream

SCRIPT = r"printf 'name> '; read name; printf 'hello %s\n4\nabcdmo' $name; read x; echo re"

# [talk]
launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE,
                               stdin_mode=Procstream.StdinMode.PIPE)
child = launcher.create(['sh', '-c', SCRIPT])
reader = Procstream.Reader()
child.get_stdout().attach(reader)
child.start()
wait = Procstream.NO_TIMEOUT, None

# A prompt is no line: nothing ends it.
prompt = reader.read_until(GLib.Bytes(b'> '), 100, *wait)
print('prompt:', prompt.get_data().decode())
child.get_stdin().write_async(GLib.Bytes(b'you\n'), None, lambda stdin, result: stdin.write_finish(result))
print(reader.read_line(*wait))
# A number of bytes, after the line that says how many.
size = int(reader.read_line(*wait))
print(f'{size} bytes:', reader.read_exactly(size, *wait).get_data().decode())
# A read that times out, or is cancelled, loses nothing of what it had.
try:
    reader.read_line(10, None)
except GLib.Error as error:
    assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT)
    print('not yet')
child.get_stdin().close()
print(reader.read_line(*wait))
# [/talk]

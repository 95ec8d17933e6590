# SPDX-License-Identifier: LGPL-2.1-or-later
# What Python says in its own way.

import pathlib

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream  # noqa: E402

# [values]
launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE,
                               stdin_mode=Procstream.StdinMode.PIPE)
launcher.cwd = pathlib.Path('/')
child = launcher.create([pathlib.Path('/bin/sh'), '-c', 'pwd; cat; read x'])
reader = Procstream.Reader()
child.stdout.attach(reader)
child.start()
child.stdin.write_bytes(b'one\ntwo>')
print(reader.read_line())
print(reader.read_until(b'>', max_size=100, timeout=30).get_data())
try:
    reader.read_line(timeout=0.01)
except GLib.Error as error:
    print(error.message)
child.stdin.close()
for line in reader:
    print(line)
child.wait()
print('exit code', child.exit_code)
# [/values]

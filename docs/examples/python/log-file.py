# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes what a child prints to a log that is rotated.

import os
import tempfile

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream


# [writer]
def make_log(path):
    log = Procstream.Writer.new_for_path(path, Procstream.FileMode.APPEND)
    log.set_write_mode(Procstream.WriteMode.LINES)
    log.set_prefix('%n | ')
    log.set_mark_losses(True)
    log.set_max_file_size(10 * 1024 * 1024)
    log.set_max_backups(5)
    return log
# [/writer]


launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(['printf', r'%s\n', 'compiling', 'linking'])
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, 'build.log')
    log = make_log(path)
    child.get_stdout().attach(log)
    child.start()
    log.wait(Procstream.NO_TIMEOUT, None)
    with open(path, encoding='utf-8') as file:
        print(file.read(), end='')
print(f'written: {log.get_bytes_written()} bytes')

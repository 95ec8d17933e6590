# SPDX-License-Identifier: LGPL-2.1-or-later
# What a line can be: other separators, escape sequences, other encodings.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream


# [read]
def print_lines(script, **options):
    config = Procstream.OutputConfig(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE, **options)
    launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE,
                                   stdout_config=config)
    child = launcher.create(['sh', '-c', script])
    reader = Procstream.Reader()
    child.get_stdout().attach(reader)
    child.start()
    while (line := reader.next_line(Procstream.NO_TIMEOUT, None)) is not None:
        print(line.get_number(), line.get_text(), '' if line.get_terminated() else '(unfinished)')


# Progress that is drawn over one line: each step is a line.
print_lines(r"printf '10%%\r50%%\r100%%\n'", line_separator=Procstream.LineSeparator.ANY)
# As find -print0 writes.
print_lines(r"printf 'one\0two'", line_separator=Procstream.LineSeparator.NUL)
print_lines(r"printf '\033[31mred\033[0m\n'", strip_escapes=True)
print_lines(r"printf 'h\0i\0\n\0'", encoding='UTF-16LE')
# [/read]

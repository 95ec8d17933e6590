# SPDX-License-Identifier: LGPL-2.1-or-later
# A consumer class of one's own.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream


# [class]
class Statistics(Procstream.Consumer):
    """Counts lines and bytes. Its methods run in the main context of the thread that made it."""

    __gtype_name__ = 'Statistics'
    n_lines = 0
    n_bytes = 0

    def do_chunk(self, chunk):
        self.n_bytes += chunk.get_size()

    def do_lines(self, lines):
        self.n_lines += len(lines)

    def do_ended(self, error):
        print(f'ended: {self.n_lines} lines, {self.n_bytes} bytes')
# [/class]


# [attach]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(['printf', r'one\ntwo\nthree\n'])
statistics = Statistics()
child.get_stdout().attach(statistics)
child.start()
statistics.wait(Procstream.NO_TIMEOUT, None)
# [/attach]

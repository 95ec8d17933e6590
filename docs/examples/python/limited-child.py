# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a program that must not get much: few files, small ones, little of the environment, and after everybody else.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream

# [limits]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
launcher.set_limit(Procstream.Limit.OPEN_FILES, 32, 32)
launcher.set_limit(Procstream.Limit.FILE_SIZE, 1024 * 1024, 1024 * 1024)
launcher.set_nice(10)
launcher.set_oom_score_adjust(500)
launcher.set_umask(0o77)
launcher.clear_environment()
launcher.set_variable('MODE', 'careful')
# [/limits]

child = launcher.create(['sh', '-c', 'ulimit -n; umask; echo "$MODE"'])
collector = Procstream.Collector(collect=Procstream.Collect.LINES, keep=Procstream.Keep.FIRST)
child.get_stdout().attach(collector)
child.start()
collector.wait(Procstream.NO_TIMEOUT, None)
print(*collector.dup_lines())

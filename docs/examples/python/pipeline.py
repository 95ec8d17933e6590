# SPDX-License-Identifier: LGPL-2.1-or-later
# Joins children, looks at what goes through, and asks who is to blame.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Procstream

launcher = Procstream.Launcher(delivery=Procstream.Delivery.RELIABLE, replay=Procstream.Replay.NONE)

# [pipeline]
pipeline = Procstream.Pipeline()
pipeline.append(launcher, ['printf', 'pear\\napple\\nbanana\\n'])
pipeline.append(launcher, ['sort'])
pipeline.append(launcher, ['head', '-n', '1'])
pipeline.start()
result = pipeline.complete(None, None)
result.check()
print('smallest:', result.dup_stdout_text().strip())
# [/pipeline]

# [observed]
observed = Procstream.Pipeline()
numbers = observed.append(launcher, ['seq', '1', '3'])
observed.append(launcher, ['wc', '-l'])
observed.set_observed(0, True)
collector = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST)
numbers.get_stdout().attach(collector)
observed.start()
print('counted:', observed.complete(None, None).dup_stdout_text().strip())
collector.wait(Procstream.NO_TIMEOUT, None)
print('on the way:', *collector.dup_lines())
# [/observed]

# [blame]
failing = Procstream.Pipeline()
failing.append(launcher, ['cat', '/nowhere'])
failing.append(launcher, ['sort'])
failing.start()
result = failing.complete(None, None)
blamed = result.get_stage(result.get_blamed())
print('to blame:', blamed.get_name(), 'with status', blamed.get_exit_code())
# [/blame]

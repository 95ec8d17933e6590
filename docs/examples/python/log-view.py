# SPDX-License-Identifier: LGPL-2.1-or-later
# The last lines of both outputs of a child, as a list.

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream  # noqa: E402

# [model]
launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(['sh', '-c', 'for i in 1 2 3 4 5 6; do echo line $i; done'])

model = Procstream.LogModel(max_lines=4)
model.follow(child.get_stdout())
model.follow(child.get_stderr())
child.start()
# [/model]

loop = GLib.MainLoop()
child.connect('completed', lambda *_: loop.quit())
loop.run()
while len(model) + model.get_lines_dropped() < 6:
    GLib.MainContext.default().iteration(True)

# [use]
for line in model:
    print(f'{line.get_stream()}: {line.get_text()}')
print(f'{model.get_lines_dropped()} older lines are gone')
last = model.find('line', Procstream.FindFlags.BACKWARD, len(model))
print(f'the last match is number {model[last].get_number()} of its output')
# [/use]

# SPDX-License-Identifier: LGPL-2.1-or-later
# How children end, and what is known then.

import signal

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Procstream

launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)

# [terminate]
child = launcher.spawnv(['sleep', '1000'])
shutdown = Procstream.Shutdown()
shutdown.add_close_stdin(2000)
shutdown.add_signal(signal.SIGTERM, Procstream.SignalTarget.GROUP, 5000)
child.terminate(shutdown, Procstream.NO_TIMEOUT, None)
print('ended by signal', child.get_term_signal())
# [/terminate]

# [run]
try:
    Procstream.run(['grep', 'root', '/nowhere/file'])
except GLib.Error as error:
    if not error.matches(Procstream.child_error_quark(), Procstream.ChildError.UNSUCCESSFUL):
        raise
    print('exit status', error.result.get_exit_code())
# [/run]

# [complete]
child = launcher.spawnv(['sh', '-c', 'echo begun; sleep 1000'])
options = Procstream.CompleteOptions(timeout_ms=1000, end_on=Procstream.EndOn.TIMEOUT)
result = child.complete(options, None)
if result.get_cause() == Procstream.Cause.TIMED_OUT:
    print('it took too long, and had written:', result.get_stdout().get_text(), end='')
# [/complete]

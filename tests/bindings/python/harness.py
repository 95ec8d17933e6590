# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs numbered scenarios and prints TAP."""

import faulthandler
import gc
import sys
import traceback

import gi

gi.require_version('Procstream', '1.0')
from gi.repository import Gio, GLib, Procstream  # noqa: E402

WATCHDOG_SECONDS = 60
TIMEOUT_MS = WATCHDOG_SECONDS * 1000

scenarios = []
uncaught = []


def scenario(number, name):
    def register(function):
        scenarios.append((f'{number:02d} {name}', function))
        return function
    return register


def main():
    # An exception in a callback is printed by PyGObject and then forgotten.
    sys.excepthook = lambda *args: uncaught.append(args)
    chosen = [s for s in scenarios if len(sys.argv) < 2 or s[0].startswith(sys.argv[1])]
    print(f'1..{len(chosen)}', flush=True)
    results = [run(i, *s) for i, s in enumerate(chosen, 1)]
    sys.exit(not all(results))


def run(i, name, function):
    uncaught.clear()
    faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)
    try:
        function()
        gc.collect()
        if uncaught:
            raise uncaught[0][1]
    except Exception:
        print(f'not ok {i} - {name}', flush=True)
        traceback.print_exc()
        return False
    finally:
        faulthandler.cancel_dump_traceback_later()
    print(f'ok {i} - {name}', flush=True)
    return True


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f'{actual!r:.300} instead of {expected!r:.300}')


def raises(domain, code, function, *args):
    """Calls function, which must fail, and returns the message."""
    try:
        function(*args)
    except GLib.Error as error:
        assert error.matches(domain, code), f'{error.domain} {error.code}: {error.message}'
        return error.message
    raise AssertionError('no error')


def reliable(replay=Procstream.Replay.NONE, **properties):
    launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, replay)
    for name, value in properties.items():
        launcher.set_property(name, value)
    return launcher


def config(delivery, replay=Procstream.Replay.NONE, **properties):
    config = Procstream.OutputConfig.new(delivery, replay)
    for name, value in properties.items():
        config.set_property(name, value)
    return config


def shell(script):
    return ['/bin/sh', '-c', script]


def complete(child):
    """Runs a main loop until everything of a child has been emitted."""
    loop = GLib.MainLoop()
    child.connect('completed', lambda *_: loop.quit())
    loop.run()


def finish(start, *args):
    """Calls an asynchronous function and returns the object and the result that its callback is given."""
    loop = GLib.MainLoop()
    results = []

    def callback(source, result):
        results.append((source, result))
        loop.quit()

    start(*args, callback)
    loop.run()
    return results[0]


def collect(output, what=Procstream.Collect.BYTES, keep=Procstream.Keep.FIRST):
    collector = Procstream.Collector.new(what, keep)
    output.attach(collector)
    return collector


def churn():
    """Makes and drops many errors and strings, so that memory that nobody holds becomes something else."""
    for i in range(3000):
        try:
            GLib.file_get_contents('/nowhere/' + 'x' * (i % 200))
        except GLib.Error:
            pass
    gc.collect()

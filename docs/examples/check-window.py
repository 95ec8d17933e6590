#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an example that opens a window, on a screen of its own, and compares what it prints: check-window.py NAME COMMAND…

It is skipped, and says so, where GTK 4 or the server of such a screen is not installed.
"""

import os
import shutil
import subprocess
import sys

TIMEOUT_SECONDS = 60
SKIPPED = 77

EXPECTED = {
    'log-window': 'the last of 5001 lines is shown: that was all\nrows for some of them\n',
}
ARGUMENTS = {
    'log-window': ['--close', 'sh', '-c', 'i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); echo line $i; done; '
                                          'echo that was all'],
}
NEEDS_GTK = "import gi; gi.require_version('Gtk', '4.0'); from gi.repository import Gtk"
# No services of a session, which is not there, and no acceleration.
ENVIRONMENT = {'GDK_BACKEND': 'x11', 'GSK_RENDERER': 'cairo', 'GTK_A11Y': 'none', 'GSETTINGS_BACKEND': 'memory',
               'GIO_USE_VFS': 'local', 'LC_ALL': 'C.UTF-8'}


def skip(why):
    print(f'SKIPPED: {why}: no window was opened, and the example was not tested')
    sys.exit(SKIPPED)


def start_screen():
    """The server, and the name of its screen."""
    read_fd, write_fd = os.pipe()
    server = subprocess.Popen(['Xvfb', '-displayfd', str(write_fd), '-screen', '0', '800x600x24', '-nolisten', 'tcp'],
                              pass_fds=[write_fd], stderr=subprocess.DEVNULL)
    os.close(write_fd)
    with os.fdopen(read_fd) as answer:
        number = answer.readline().strip()
    if not number:
        sys.exit('Xvfb does not start')
    return server, f':{number}'


def run(command, screen):
    environment = dict(os.environ, DISPLAY=screen, **ENVIRONMENT)
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT_SECONDS, check=False)


name, command = sys.argv[1], sys.argv[2:]
if not shutil.which('Xvfb'):
    skip('there is no Xvfb')
if subprocess.run([sys.executable, '-c', NEEDS_GTK], stderr=subprocess.DEVNULL, check=False).returncode != 0:
    skip('there is no GTK 4 for Python')
server, screen = start_screen()
try:
    ended = run([*command, *ARGUMENTS[name]], screen)
finally:
    server.terminate()
    server.wait()
output = ended.stdout.decode(errors='replace')
if ended.returncode != 0 or output != EXPECTED[name]:
    sys.exit(f'{name} ended with {ended.returncode} and printed\n{output}\ninstead of\n{EXPECTED[name]}')

#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs an example and compares what it prints: check.py NAME COMMAND…"""

import subprocess
import sys

TIMEOUT_SECONDS = 60

EXPECTED = {
    'answer-prompts': 'it says: hello\nit says: world\nit said first: hello\n',
    'async-consumer': 'copied 14 bytes\n',
    'asyncio-child': "['one', 'two']\nport 8080\nit says: starting\nit says: ready on port 8080\nit says: asked for bread\n"
                     'nothing more\nended by signal 15\n',
    'both-outputs': 'stdout: one\nstderr: two\nstdout: three\nstderr: four\n',
    'custom-consumer': 'ended: 3 lines, 14 bytes\n',
    'dialog': 'prompt: name> \nhello you\n4 bytes: abcd\nnot yet\nmore\n',
    'ending': 'ended by signal 15\nexit status 2\nit took too long, and had written: begun\n',
    'errors': 'no such program: /nowhere/program\nnot chosen: delivery\nstill running after 10 ms\n'
              'ended by signal 9\n',
    'feed-child': 'apple pear\nhello\n12000\n',
    'first-child': 'line: compiling\nline: linking\nexit code: 3\n',
    'handle-stdin': 'apple\nbanana\npear\n',
    'in-python': "/\nb'one\\ntwo>'\nTimed out after 10 ms waiting for something to read from “sh (stdout)”\nexit code 1\n",
    'kinds-of-lines': '1 10% \n2 50% \n3 100% \n1 one \n2 two (unfinished)\n1 red \n1 hi \n',
    'limited-child': '32 0077 careful\n',
    'log-file': 'stdout | compiling\nstdout | linking\nwritten: 36 bytes\n',
    'log-view': 'stdout: line 3\nstdout: line 4\nstdout: line 5\nstdout: line 6\n2 older lines are gone\n'
                'the last match is number 6 of its output\n',
    'on-a-terminal': '24 100\nname? hello world\n',
    'pipeline': 'smallest: apple\ncounted: 3\non the way: 1 2 3\nto blame: cat with status 1\n',
    'scope': 'ended by signals 15 and 15\none\ntwo\nthree\n',
    'several-subscribers': 'live: 1\nlive: 2\nlive: 3\nlive: 4\nlive: 5\ntail: 4 5\nlate: 1 2 3 4 5\n',
    'silent-child': 'sh has been silent for half a second\nended by signal 15\nit was idle, and had written: begun\n',
    'slow-consumers': 'dropped: 1\npaused: 10 bytes behind\nresumed: 1 2 3 4 5\n',
    'wait-for-line': 'server: starting\nserver: ready on port 8080\nready, stopping it\nended by signal 15\n',
    'wait-for-server': 'the server says: hello\nit did not start: no configuration\nit failed - E: no disk\n',
}

name, command = sys.argv[1], sys.argv[2:]
run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT_SECONDS, check=False)
output = run.stdout.decode(errors='replace')
if run.returncode != 0 or output != EXPECTED[name]:
    sys.exit(f'{name} ended with {run.returncode} and printed\n{output}\ninstead of\n{EXPECTED[name]}')

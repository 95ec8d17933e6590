#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules of the library that can be seen in its text.

It never uses the global main context, which belongs to the program; every
prototype of a public header is marked with the version that it came in; every
source and every test is built.
"""

import glob
import os
import re
import sys

import common

root = sys.argv[1]
complaints = []

# The main context that is the caller's is captured where an object is made.
# Disconnecting from a cancellable in GIO's way waits for its handlers, which may wait for us: see procstream-cancel-watch.c.
FORBIDDEN = ('g_cancellable_connect', 'g_cancellable_disconnect', 'g_cancellable_source_new',
             'g_main_context_default', 'g_idle_add', 'g_timeout_add', 'g_child_watch_add', 'g_unix_fd_add', 'g_unix_signal_add')
COMMENT = re.compile(r'/\*.*?\*/', re.S)
for path in sorted(glob.glob(root + '/procstream/*.c')):
    name = os.path.basename(path)
    if name.startswith('procstream-tool'):
        continue
    code = COMMENT.sub('', common.read(root, path))
    complaints += [f'{name} uses {word}' for word in FORBIDDEN if re.search(rf'\b{word}\w*\s*\(', code)]

for path in sorted(glob.glob(root + '/procstream/*.h')):
    name = os.path.basename(path)
    if name.endswith('-private.h') or 'helper' in name:
        continue
    code = COMMENT.sub('', common.read(root, path))
    for match in re.finditer(r'^(.*)\n[\w \*]*\b(procstream_\w+) \(', code, re.M):
        if not match.group(1).startswith('PROCSTREAM_AVAILABLE_IN_') and not match.group(2).endswith('_get_type'):
            complaints.append(f'{name}: {match.group(2)} has no availability macro before it')


def built(directory, pattern, spelled=lambda name: name):
    text = common.read(root, directory + '/meson.build')
    for path in sorted(glob.glob(f'{root}/{directory}/{pattern}')):
        name = os.path.basename(path)
        if f"'{spelled(name)}'" not in text and f"'{name}'" not in text:
            complaints.append(f'{directory}/{name} is not built')


built('procstream', '*.c')
built('tests/unit', 'test-*.c', lambda name: name[:-2])
built('tests/integration', 'test-*.c', lambda name: name[:-2])
built('tests/lint', '[!c]*.py', lambda name: name[:-3])

common.finish(complaints, 'rules')

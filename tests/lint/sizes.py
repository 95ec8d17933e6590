#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No C file is over 900 lines, and no function over 110."""

import sys

import common

root = sys.argv[1]
MAX_FILE = 900
MAX_FUNCTION = 110

complaints = []
for name in common.source_files(root):
    if not name.endswith('.c'):
        continue
    lines = common.read(root, name).splitlines()
    if len(lines) > MAX_FILE:
        complaints.append(f'{name} has {len(lines)} lines')
    start = None
    for number, line in enumerate(lines, 1):
        # In this style only a function's braces are in the first column, and those of a type or table.
        if line == '{':
            start = number
        elif line.startswith('}') and start is not None:
            if line == '}' and number - start + 1 > MAX_FUNCTION:
                complaints.append(f'{name}:{start}: a function of {number - start + 1} lines')
            start = None
common.finish(complaints, 'sizes')

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""shellcheck finds nothing in the shell programs."""

import os
import re
import shutil
import subprocess
import sys

import common

root = sys.argv[1]
if not shutil.which('shellcheck'):
    common.skip('there is no shellcheck')
programs = []
for name in common.source_files(root):
    with open(os.path.join(root, name), 'rb') as program:
        if re.match(rb'#!.*\b(ba|da)?sh\b', program.readline()):
            programs.append(name)
result = subprocess.run(['shellcheck', '--format=gcc', *programs], cwd=root, capture_output=True, text=True)
common.finish(result.stdout.splitlines(), f'{len(programs)} shell programs')

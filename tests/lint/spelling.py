#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No common misspelling anywhere."""

import shutil
import subprocess
import sys

import common

root = sys.argv[1]
if not shutil.which('codespell'):
    common.skip('there is no codespell')
names = [name for name in common.source_files(root) if not name.startswith(('LICENSES/', 'COPYING'))]
result = subprocess.run(['codespell', '--ignore-words', 'tests/lint/spelling-ignore.txt', *names],
                        cwd=root, capture_output=True, text=True)
common.finish(result.stdout.splitlines() + (result.stderr.splitlines() if result.returncode else []), 'the spelling')

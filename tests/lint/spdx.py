#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every file says its licence at its top, and reuse agrees.

Files that cannot carry a comment have it from .reuse/dep5 alone.
"""

import shutil
import subprocess
import sys

import common

root = sys.argv[1]
NO_COMMENT = ('LICENSES/', 'COPYING', '.reuse/', 'tests/lint/spelling-ignore.txt', 'tests/fuzz/corpus/', 'docs/examples/expected/', '.gitignore')
LINE = 'SPDX-License-' + 'Identifier: LGPL-2.1-or-later'

complaints = []
for name in common.source_files(root):
    if name.startswith(NO_COMMENT):
        continue
    try:
        top = common.read(root, name).splitlines()[:4]
    except UnicodeDecodeError:
        complaints.append(f'{name} is not text')
        continue
    if not any(LINE in line for line in top):
        complaints.append(f'{name} does not say its licence')
if shutil.which('reuse'):
    result = subprocess.run(['reuse', '--root', root, 'lint'], capture_output=True, text=True)
    if result.returncode:
        complaints.append(result.stdout + result.stderr)
else:
    print('reuse is not installed: only the first lines were looked at')
common.finish(complaints, 'licences')

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of the source share."""

import os
import subprocess
import sys

SKIP = 77


def source_files(root):
    """Every file of the project, as paths below its root."""
    try:
        # What is new and not ignored belongs to it too.
        out = subprocess.run(
            ['git', '-c', f'safe.directory={root}', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            cwd=root, check=True, capture_output=True).stdout
        names = [os.fsdecode(name) for name in out.split(b'\0') if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for top, directories, files in os.walk(root):
            directories[:] = [d for d in directories if d not in ('.git', '__pycache__') and not d.startswith('_build')]
            names += [os.path.relpath(os.path.join(top, name), root) for name in files]
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))


def read(root, name):
    with open(os.path.join(root, name), encoding='utf-8') as source:
        return source.read()


def finish(complaints, what):
    """Ends the check: what is wrong comes first, one a line."""
    for complaint in complaints:
        print(complaint)
    print(f'{len(complaints)} complaints about {what}')
    sys.exit(1 if complaints else 0)


def skip(reason):
    print(reason)
    sys.exit(SKIP)

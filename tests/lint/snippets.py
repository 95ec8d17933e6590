#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code in the manual is code that runs.

A comment before a code block says where the code is from:

    <!-- from docs/examples/python/errors.py -->        the whole file
    <!-- from docs/examples/python/errors.py#start -->  a region of it
    <!-- not run: REASON -->                            a fragment, which is excused

A region lies between comments that say [NAME] and [/NAME]. The
licence at a file's top and what surrounds a region's lines, blanks in front of
all of them above all, do not count. A block in a programming language without
such a comment is an error, and so is an example that no test runs.
"""

import os
import re
import sys
import textwrap

import common

root = sys.argv[1]
LANGUAGES = {'c', 'python', 'py', 'js', 'javascript', 'vala'}
BLOCK = re.compile(r'(?:<!--\s*(from|not run:)\s*(.*?)\s*-->\s*\n)?[ \t]*```([\w+-]*)[^\n]*\n(.*?)^[ \t]*```', re.S | re.M)


def region(path):
    name, _, mark = path.partition('#')
    lines = common.read(root, name).splitlines()
    if mark:
        start = next(i for i, line in enumerate(lines) if f'[{mark}]' in line)
        end = next(i for i, line in enumerate(lines) if f'[/{mark}]' in line)
        lines = lines[start + 1:end]
    else:
        lines = [line for line in lines if 'SPDX-License' not in line and not line.startswith('#!')]
    # Other regions may begin and end inside.
    lines = [line for line in lines if not re.search(r'^\s*(//|#) \[/?[\w-]+\]$', line)]
    return textwrap.dedent('\n'.join(lines)).strip()


complaints = []
blocks = 0
for name in common.source_files(root):
    if not name.endswith('.md'):
        continue
    for kind, where, language, text in BLOCK.findall(common.read(root, name)):
        if kind == 'not run:':
            if not where:
                complaints.append(f'{name}: a block is excused without a reason')
        elif kind == 'from':
            blocks += 1
            try:
                wanted = region(where)
            except (OSError, StopIteration):
                complaints.append(f'{name}: there is no {where}')
                continue
            if textwrap.dedent(text).strip() != wanted:
                complaints.append(f'{name}: the block differs from {where}')
        elif language in LANGUAGES:
            complaints.append(f'{name}: a block of {language} does not say where it is from:\n{text[:200]}')

built = common.read(root, 'docs/examples/meson.build')
for name in common.source_files(root):
    stem, extension = os.path.splitext(os.path.basename(name))
    if name.startswith('docs/examples/') and extension in ('.c', '.py', '.js', '.vala') and stem not in ('check', 'check-window'):
        if f"'{stem}'" not in built:
            complaints.append(f'{name} is run by no test')
common.finish(complaints, f'{blocks} blocks of code')

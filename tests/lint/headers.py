#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headers: the public ones are whole, in C and C++, and hide what is private.

Each public header compiles alone, as C and as C++, with warnings on. The
umbrella includes every one, none includes a private one, and none can be
included by a program in any other way than through the umbrella.
"""

import glob
import os
import re
import shlex
import subprocess
import sys

import common

root, build = sys.argv[1:3]
UMBRELLA = 'procstream.h'
LANGUAGES = {
    'C': ['gcc', '-x', 'c', '-std=gnu11', '-Wstrict-prototypes'],
    'C++': ['g++', '-x', 'c++', '-std=c++14'],
}

complaints = []
directories = [os.path.join(root, 'procstream'), os.path.join(build, 'procstream')]
public = sorted(os.path.basename(path) for directory in directories for path in glob.glob(directory + '/*.h')
                if not path.endswith('-private.h') and 'helper' not in path)
private = {os.path.basename(path) for path in glob.glob(directories[0] + '/*-private.h')}
cflags = shlex.split(subprocess.run(['pkg-config', '--cflags', 'gio-2.0'], check=True, capture_output=True, text=True).stdout)
warnings = ['-Wall', '-Wextra', '-Wundef', '-Werror', '-Wno-unused-parameter']


def compiles(language, text):
    command = LANGUAGES[language] + warnings + cflags + ['-I' + root, '-I' + build, '-fsyntax-only', '-']
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    return '' if result.returncode == 0 else result.stderr


for language in LANGUAGES:
    for header in public:
        inside = '' if header == UMBRELLA else '#define PROCSTREAM_INSIDE\n'
        stderr = compiles(language, f'{inside}#include <procstream/{header}>\n')
        if stderr:
            complaints.append(f'{header} is not whole in {language}:\n{stderr}')

for header in public:
    if header != UMBRELLA and not compiles('C', f'#include <procstream/{header}>\n'):
        complaints.append(f'{header} can be included without the umbrella')

for header in public:
    directory = next(d for d in directories if os.path.exists(os.path.join(d, header)))
    included = set(re.findall(r'#\s*include\s*[<"](?:procstream/)?([^>"]+)[>"]', common.read(directory, header)))
    complaints += [f'{header} includes {name}, which is private' for name in sorted(included & private)]
    if header == UMBRELLA:
        complaints += [f'the umbrella lacks {name}' for name in sorted(set(public) - included - {UMBRELLA})]

common.finish(complaints, f'{len(public)} public headers')

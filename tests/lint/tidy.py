#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clang-tidy finds nothing in the library and the command: see .clang-tidy."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

import common

root, build = sys.argv[1:3]
if not shutil.which('clang-tidy'):
    common.skip('there is no clang-tidy')

# What gcc knows and clang does not would only make noise.
UNKNOWN = ('-Wduplicated-branches', '-Wduplicated-cond', '-Wlogical-op', '-Werror', '-fno-tree-loop-distribute-patterns')


def flags(command):
    return ' '.join(word for word in command.split() if word not in UNKNOWN)


with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as database:
    entries = [dict(entry, command=flags(entry['command'])) for entry in json.load(database)]
sources = {}
for entry in entries:
    path = os.path.realpath(os.path.join(entry['directory'], entry['file']))
    if path.startswith(os.path.realpath(root) + '/procstream/') and path.endswith('.c'):
        sources.setdefault(path, entry)

with tempfile.TemporaryDirectory() as directory:
    with open(os.path.join(directory, 'compile_commands.json'), 'w', encoding='utf-8') as database:
        json.dump(list(sources.values()), database)

    def check(path):
        result = subprocess.run(['clang-tidy', '--quiet', '-p', directory, path], capture_output=True, text=True)
        lines = [line for line in result.stdout.splitlines() if 'error:' in line]
        return lines or ([result.stdout + result.stderr] if result.returncode else [])

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = sorted({line for lines in pool.map(check, sorted(sources)) for line in lines})

common.finish(complaints, f'{len(sources)} sources')

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cppcheck finds no error and no portability trouble."""

import glob
import os
import shutil
import subprocess
import sys

import common

root = sys.argv[1]
if not shutil.which('cppcheck'):
    common.skip('there is no cppcheck')
sources = sorted(glob.glob(root + '/procstream/*.c'))
result = subprocess.run(
    ['cppcheck', '--quiet', '--library=gtk', '--enable=warning,portability', '--inline-suppr', '--force',
     '--max-configs=2', '--error-exitcode=1', f'-j{os.cpu_count()}', '-D_GNU_SOURCE', '-DPROCSTREAM_COMPILATION',
     '-D__x86_64__', '-DG_LOG_DOMAIN="Procstream"',
     '--template={file}:{line}: {id}: {message}',
     # It knows neither that GLib takes ownership nor what epoll_wait() fills in: leaks and values that were
     # never set are looked for by clang-tidy and the sanitizers.
     '--suppress=memleak', '--suppress=leakNoVarFunctionCall', '--suppress=legacyUninitvar', '--suppress=unknownMacro',
     f'-I{root}', *sources],
    capture_output=True, text=True)
lines = [line for line in result.stderr.splitlines() if line.strip()]
common.finish(lines if result.returncode else [], f'{len(sources)} sources')

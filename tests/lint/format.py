#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""clang-format changes nothing in any C file."""

import shutil
import subprocess
import sys

import common

root = sys.argv[1]
formatter = shutil.which('clang-format-14') or shutil.which('clang-format')
if not formatter:
    common.skip('there is no clang-format')
if ' version 14.' not in subprocess.run([formatter, '--version'], capture_output=True, text=True).stdout:
    common.skip('clang-format is not version 14: others lay out differently')
sources = [name for name in common.source_files(root) if name.endswith(('.c', '.h'))]
result = subprocess.run([formatter, '--dry-run', '--Werror', *sources], cwd=root, capture_output=True, text=True)
complaints = [line for line in result.stderr.splitlines() if 'error:' in line]
common.finish(complaints or ([result.stderr] if result.returncode else []), 'the layout')

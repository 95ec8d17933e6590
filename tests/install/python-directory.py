#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python overrides go where Python looks for them: python-directory.py FIND_DIRECTORY BUILD_ROOT MESON…"""

import json
import os
import site
import subprocess
import sys

script, build_root, *meson = sys.argv[1:]
OVERRIDES = 'gi/overrides/Procstream.py'


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120, check=True).stdout.strip()


def find(prefix):
    return run(sys.executable, script, prefix)


def a_searched_prefix_has_a_searched_directory():
    found = {prefix: find(prefix) for prefix in (sys.prefix, '/usr', '/usr/local')}
    if sys.prefix in ('/usr', '/usr/local') and not found[sys.prefix]:
        raise AssertionError(f'nothing is found in {sys.prefix}')
    for prefix, path in found.items():
        # In /usr/local one is searched if and only if there is one.
        mine = [p for p in site.getsitepackages() if p.startswith(f'{prefix}/lib')]
        if path not in (mine or ['']):
            raise AssertionError(f'{path!r} for {prefix}, where {mine} are searched')


def a_private_prefix_has_none():
    for prefix in ('/nowhere/private', '/nowhere/local', '/usr/private'):
        if find(prefix):
            raise AssertionError(f'{find(prefix)} for {prefix}')


def it_is_installed_there():
    prefix = next(option['value'] for option in json.loads(run(*meson, 'introspect', '--buildoptions', build_root))
                  if option['name'] == 'prefix')
    installed = [path for path in json.loads(run(*meson, 'introspect', '--installed', build_root)).values()
                 if path.endswith(OVERRIDES)]
    expected = find(prefix)
    if len(installed) != 1 or not installed[0].startswith(prefix + os.sep):
        raise AssertionError(f'installed as {installed}')
    if expected and installed[0] != os.path.join(expected, OVERRIDES):
        raise AssertionError(f'installed as {installed[0]}, and not in {expected}')


CASES = [a_searched_prefix_has_a_searched_directory, a_private_prefix_has_none, it_is_installed_there]

failed = 0
print(f'1..{len(CASES)}', flush=True)
for number, case in enumerate(CASES, 1):
    try:
        case()
        outcome = 'ok'
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f'# {error}')
        outcome = 'not ok'
        failed += 1
    print(f'{outcome} {number} - {case.__name__.replace("_", " ")}', flush=True)
sys.exit(1 if failed else 0)

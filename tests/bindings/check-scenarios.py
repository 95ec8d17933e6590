#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every language has exactly the scenarios of SCENARIOS.md, in the same order.

A number stands for one scenario for ever, so there may be numbers that are not used.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
# C lists them with their functions in one table; the others register them where they are.
PATTERNS = {
    'c/scenarios.c': r'^  \{ (\d+), "([^"]+)", \w+ \},$',
    'gjs/scenarios.js': r"^scenario\((\d+), '([^']+)',",
    'python/scenarios.py': r"^@scenario\((\d+), '([^']+)'\)$",
    'vala/scenarios.vala': r'^    scenario \((\d+), "([^"]+)",',
}


def find(path, pattern):
    text = (HERE / path).read_text(encoding='utf-8')
    return [f'{int(number):02d} {name}' for number, name in re.findall(pattern, text, re.MULTILINE)]


listed = find('SCENARIOS.md', r'^\| (\d+) \| ([^|]+) \|')
numbers = [int(entry.split()[0]) for entry in listed]
failed = numbers != sorted(set(numbers)) or not listed
if failed:
    print('SCENARIOS.md: the numbers are not in order')
for path, pattern in PATTERNS.items():
    found = find(path, pattern)
    for entry in sorted(set(listed) ^ set(found)):
        print(f'{path}: {"lacks" if entry in listed else "has, but SCENARIOS.md has not,"} {entry}')
    if found != listed:
        print(f'{path}: not the same scenarios in the same order')
        failed = True
sys.exit(failed)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Collects what test runs said, case by case, and sums it up.

    results.py meson STAGE TESTLOG.json RESULTS    adds a run of "meson test"
    results.py case STAGE NAME OUTCOME RESULTS     adds one case
    results.py report RESULTS                      prints the sum; fails if a case did

Meson counts programs; a program that speaks TAP has many cases, and it is the
cases that are counted here. A program that failed although none of its cases
did (it crashed, it ran out of time, it leaked) counts as one more failure.
"""

import json
import re
import sys

PLAN = re.compile(r'^1\.\.(\d+)', re.M)
CASE = re.compile(r'^(not )?ok\b[ \t]*(\d+)?[ \t]*(?:- )?[ \t]*([^#\n]*?)[ \t]*(?:#[ \t]*(SKIP|TODO)\S*[ \t]*(.*))?$', re.M | re.I)
OUTCOMES = ('passed', 'failed', 'skipped')


def tap_cases(stdout):
    for match in CASE.finditer(stdout):
        failed, number, name, directive, reason = match.groups()
        name = name or 'case ' + (number or '?')
        if directive:
            yield name, 'skipped', reason or directive.lower()
        else:
            yield name, 'failed' if failed else 'passed', ''


def program_cases(entry):
    """The cases of one line of the log, as (name, outcome, remark)."""
    stdout = entry.get('stdout') or ''
    result = entry['result']
    cases = list(tap_cases(stdout)) if PLAN.search(stdout) else []
    yield from cases
    if result in ('OK', 'EXPECTEDFAIL'):
        if not cases:
            yield '', 'passed', ''
    elif result == 'SKIP':
        if not cases:
            lines = stdout.strip().splitlines()
            yield '', 'skipped', lines[-1] if lines else ''
    elif not any(outcome == 'failed' for _, outcome, _ in cases):
        yield '', 'failed', result.lower()


def add_meson(stage, log, results):
    n = 0
    try:
        with open(log, encoding='utf-8', errors='replace') as lines:
            entries = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        add(results, stage, 'the log of the run', 'failed', str(error))
        return
    for entry in entries:
        program = entry['name'].split(' / ')[-1]
        for name, outcome, remark in program_cases(entry):
            add(results, stage, f'{program} {name}'.strip(), outcome, remark)
            n += 1
    if n == 0:
        add(results, stage, 'the run', 'failed', 'it had no test')


def add(results, stage, name, outcome, remark=''):
    assert outcome in OUTCOMES
    with open(results, 'a', encoding='utf-8') as out:
        out.write(json.dumps([stage, name, outcome, remark]) + '\n')


def show(cases, outcome, title):
    chosen = [case for case in cases if case[2] == outcome]
    if chosen:
        print(f'\n{title}:')
    for stage, name, _, remark in chosen:
        print(f'  {stage}: {name}' + (f' ({remark})' if remark else ''))


def report(results):
    try:
        with open(results, encoding='utf-8') as lines:
            cases = [json.loads(line) for line in lines]
    except FileNotFoundError:
        cases = []
    stages = list(dict.fromkeys(case[0] for case in cases))
    print()
    for stage in stages:
        counts = [sum(case[0] == stage and case[2] == outcome for case in cases) for outcome in OUTCOMES]
        print('{:12} {} passed, {} failed, {} skipped'.format(stage, *counts))
    show(cases, 'skipped', 'SKIPPED')
    show(cases, 'failed', 'FAILED')
    passed, failed, skipped = (sum(case[2] == outcome for case in cases) for outcome in OUTCOMES)
    print(f'\n{passed} passed, {failed} failed, {skipped} skipped', flush=True)
    return 1 if failed or not passed else 0


def main(args):
    if len(args) == 4 and args[0] == 'meson':
        return add_meson(*args[1:])
    if len(args) == 5 and args[0] == 'case':
        return add(args[4], args[1], args[2], args[3])
    if len(args) == 2 and args[0] == 'report':
        return report(args[1])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

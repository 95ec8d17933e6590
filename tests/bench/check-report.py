#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the benchmark and looks at what it reports: everything is there that it
is to be judged by. How fast it is is not looked at.

Usage: check-report.py PROGRAM ARGUMENT…
"""

import json
import math
import subprocess
import sys

ALWAYS = ['figure', 'bare', 'ratio']
MORE = {
    'chunks': ['equal', 'ratio_equal'],
    'lines': ['equal', 'ratio_equal'],
    'writer': ['equal', 'ratio_equal'],
    'jitter': ['stdin'],
    'memory': ['buffer', 'log_lines', 'retained_chunks'],
}


def complain(result):
    for key in ALWAYS + MORE.get(result['workload'], []):
        value = result.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            yield f'{key} is {value}, not a number'
    if result['workload'] == 'memory' and result['delivery'] != 'lossy':
        yield f'the stalled subscriber was {result["delivery"]}, not lossy'


def main():
    output = subprocess.run(sys.argv[1:], check=True, stdout=subprocess.PIPE).stdout
    complaints = list(complain(json.loads(output)))
    print(output.decode(), end='')
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)


main()

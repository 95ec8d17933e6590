#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the directory of pure modules under a prefix that this Python searches by itself: find-directory.py PREFIX

It prints nothing when there is none. A distribution has several install schemes, of which only one goes with a prefix:
Debian's Python searches lib/python3/dist-packages in /usr, and lib/python3.x/dist-packages in /usr/local.
"""

import os
import site
import sys
import sysconfig


def find(prefix):
    searched = [os.path.normpath(path) for path in site.getsitepackages()]
    # What a scheme calls its base is the prefix, or what the prefix is the "local" of.
    for base in (prefix, os.path.dirname(prefix)):
        for scheme in sysconfig.get_scheme_names():
            path = os.path.normpath(sysconfig.get_path('purelib', scheme, {'base': base, 'platbase': base}))
            inside = os.path.relpath(path, prefix).split(os.sep)[0]
            if path in searched and inside.startswith('lib'):
                return path
    return None


found = find(os.path.normpath(sys.argv[1]))
if found:
    print(found)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports exactly what its introspection data describes."""

import subprocess
import sys
import xml.etree.ElementTree as xml

import common

library, gir = sys.argv[1:3]
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

# Exported and yet not described, each for a reason. There is none.
EXTRA = set()

out = subprocess.run(['nm', '-D', '--defined-only', library], check=True, capture_output=True, text=True).stdout
exported = {line.split()[-1] for line in out.splitlines()}
described = set()
for element in xml.parse(gir).iter():
    # A type has its get_type function; an error domain is a function of its own.
    for attribute in (C + 'identifier', GLIB + 'get-type'):
        name = element.get(attribute, '')
        if name.startswith('procstream_'):
            described.add(name)
# Introspection knows an inline function as it knows any other.
complaints = [f'{name} is exported but not described' for name in sorted(exported - described - EXTRA)]
complaints += [f'{name} is described but not exported' for name in sorted(described - exported)]
common.finish(complaints, f'{len(exported)} symbols')

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An installed procstream works from all four languages, and as a command.

It is configured for a prefix, built, installed there, and then used as any
other program would use it: found through pkg-config, the vapi directory and the
typelib path, with nothing of the build tree in reach.
"""

import os
import shutil
import subprocess
import sys
import tempfile

root = os.path.abspath(sys.argv[1])
EXAMPLES = os.path.join(root, 'docs/examples')

# The tests' own environment leads to the build tree.
env = {name: value for name, value in os.environ.items()
       if not name.startswith(('PROCSTREAM_', 'GI_', 'LD_', 'MESON', 'NINJA', 'MALLOC_', 'G_TEST', 'G_DEBUG'))}


def run(*command, **keywords):
    result = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1000,
                            stdin=subprocess.DEVNULL, **keywords)
    if result.returncode:
        raise RuntimeError(f'{" ".join(command)} ended with {result.returncode}:\n{result.stdout[-4000:]}')
    return result.stdout


def check_example(*command):
    out = run(*command)
    if 'compiling' not in out or 'linking' not in out:
        raise RuntimeError(f'{" ".join(command)} printed:\n{out}')


def configure_and_install():
    run('meson', 'setup', build, root, '--prefix', prefix, '--buildtype', 'debugoptimized', '-Dtests=false', '-Dexamples=false',
        '-Dbenchmarks=false', '-Ddocumentation=disabled', '-Dintrospection=enabled', '-Dvapi=enabled')
    run('meson', 'install', '-C', build)
    # Nothing may be found by way of the build tree.
    shutil.rmtree(build)


def installed(name):
    for directory, _, files in os.walk(prefix):
        if name in files:
            return os.path.join(directory, name)
    raise RuntimeError(f'{name} is not installed')


def files_are_there():
    for name in ('procstream', 'procstream-helper', 'procstream.1', 'procstream-1.0.pc', 'procstream-1.0.vapi',
                 'procstream-1.0.deps', 'Procstream-1.0.gir', 'Procstream-1.0.typelib', 'libprocstream-1.0.so.0',
                 'Procstream.js', 'Procstream.py', '_procstream_interrupts.py', 'procstream.h', 'procstream-version.h',
                 'procstream-enum-types.h'):
        installed(name)
    for directory, _, files in os.walk(prefix):
        wrong = [name for name in files if 'private' in name or 'static' in name or name == 'test-child']
        if wrong:
            raise RuntimeError(f'{wrong} should not be installed, in {directory}')
    libdir = os.path.dirname(installed('libprocstream-1.0.so.0'))
    env['PKG_CONFIG_PATH'] = os.path.dirname(installed('procstream-1.0.pc'))
    env['GI_TYPELIB_PATH'] = os.path.dirname(installed('Procstream-1.0.typelib'))
    env['LD_LIBRARY_PATH'] = libdir
    env['PYTHONPATH'] = os.path.dirname(os.path.dirname(os.path.dirname(installed('Procstream.py'))))
    env['XDG_DATA_DIRS'] = f'{prefix}/share:/usr/local/share:/usr/share'


def c_program():
    flags = run('pkg-config', '--cflags', '--libs', 'procstream-1.0').split()
    program = os.path.join(work, 'first-child-c')
    run('gcc', '-Wall', '-Werror', '-o', program, f'{EXAMPLES}/c/first-child.c', *flags)
    check_example(program)


def vala_program():
    program = os.path.join(work, 'first-child-vala')
    run('valac', '--pkg', 'procstream-1.0', '--vapidir', os.path.dirname(installed('procstream-1.0.vapi')), '-X', '-w',
        '-o', program, f'{EXAMPLES}/vala/first-child.vala', cwd=work)
    check_example(program)


def python_program():
    check_example(sys.executable, f'{EXAMPLES}/python/first-child.py')


def gjs_program():
    check_example('gjs', '-m', f'{EXAMPLES}/gjs/first-child.js')


def command():
    out = run(installed('procstream'), '--', 'sh', '-c', 'echo one; echo two')
    if out.split() != ['one', 'two']:
        raise RuntimeError(f'it printed {out}')


def version():
    out = run('pkg-config', '--modversion', 'procstream-1.0').strip()
    said = run(installed('procstream'), '--version')
    if out not in said:
        raise RuntimeError(f'pkg-config says {out}, the command says {said}')


def helper_is_found():
    helper = run('pkg-config', '--variable=helper', 'procstream-1.0').strip()
    if helper != installed('procstream-helper'):
        raise RuntimeError(f'pkg-config says {helper}')


def manual_page():
    page = installed('procstream.1')
    if shutil.which('man'):
        text = run('man', '--warnings', '-l', page)
        if '--wait-for' not in text or 'warning' in text:
            raise RuntimeError(text)


CASES = [configure_and_install, files_are_there, c_program, vala_program, python_program, gjs_program, command, version,
         helper_is_found, manual_page]

failed = 0
print(f'1..{len(CASES)}', flush=True)
with tempfile.TemporaryDirectory(prefix='procstream-install-') as work:
    build = os.path.join(work, 'build')
    prefix = os.path.join(work, 'prefix')
    for number, case in enumerate(CASES, 1):
        try:
            case()
            outcome = 'ok'
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            print('\n'.join('# ' + line for line in str(error).splitlines()))
            outcome = 'not ok'
            failed += 1
        print(f'{outcome} {number} - {case.__name__.replace("_", " ")}', flush=True)
sys.exit(1 if failed else 0)

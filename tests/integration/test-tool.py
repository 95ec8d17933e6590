#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of the procstream command, with real commands and under a pseudo-terminal.

PROCSTREAM_TOOL is the command. Nothing here sleeps: a test waits for a line, a state or an end.
"""

import errno
import fcntl
import json
import os
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import traceback

TOOL = os.environ['PROCSTREAM_TOOL']
LIMIT = 60  # seconds after which something that must happen counts as not happening
tests = []


def test(function):
    tests.append(function)
    return function


def equal(actual, expected):
    assert actual == expected, f'{actual!r} is not {expected!r}'


def contains(text, part):
    assert part in text, f'{part!r} is not in {text!r}'


def lacks(text, part):
    assert part not in text, f'{part!r} is in {text!r}'


def matches(text, pattern):
    found = re.search(pattern, text)
    assert found, f'{pattern!r} does not match {text!r}'
    return found


def run(*arguments, **options):
    options.setdefault('stdin', subprocess.DEVNULL)
    return subprocess.run([TOOL, *arguments], capture_output=True, timeout=LIMIT, **options)


def run_text(*arguments, **options):
    return run(*arguments, text=True, **options)


def run_json(*arguments, **options):
    """The record comes through a file, so that it cannot be mixed up with the output."""
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        done = run_text(f'--json={file.name}', *arguments, **options)
        return done, json.load(open(file.name, encoding='utf-8'))


def python(script):
    """A command that runs @script."""
    return ['--', sys.executable, '-u', '-c', script]


def shell(script):
    return ['--', 'sh', '-c', script]


def start(*arguments, **options):
    options.setdefault('stdin', subprocess.DEVNULL)
    options.setdefault('stdout', subprocess.PIPE)
    options.setdefault('stderr', subprocess.PIPE)
    return subprocess.Popen([TOOL, *arguments], text=True, **options)


def state(pid):
    """The state letter of a process, '' when there is none."""
    try:
        return open(f'/proc/{pid}/stat', encoding='utf-8').read().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ''


def wait_until(condition):
    deadline = os.times().elapsed + LIMIT
    while not condition():
        assert os.times().elapsed < deadline, 'it does not happen'
        os.sched_yield()


def group_members(group):
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            fields = open(f'/proc/{pid}/stat', encoding='utf-8').read().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] not in 'ZX':
            found.append(int(pid))
    return found


# --- Output ---------------------------------------------------------------------------------------------------------


@test
def output_is_untouched():
    """Both streams come out byte for byte: no newline, NUL, invalid UTF-8."""
    done = run(*python('import os; os.write(1, bytes(range(256)) * 999); os.write(2, b"\\xff\\0e")'))
    equal(done.stdout, bytes(range(256)) * 999)
    equal(done.stderr, b'\xff\0e')
    equal(done.returncode, 0)


@test
def big_output_is_complete():
    done, record = run_json('--tail', '3', *shell('seq 300000; exit 1'))
    equal(done.stdout, ''.join(f'{i}\n' for i in range(1, 300001)))
    equal(record['stdout'], {'bytes': len(done.stdout), 'lines': 300000, 'bytes_dropped': 0, 'complete': True})
    equal([line['line'] for line in record['tail']], ['299998', '299999', '300000'])
    equal(record['lines_before_tail'], 299997)


@test
def long_line():
    """A line that is too long to be watched whole is still shown whole, and nothing counts as lost."""
    done, record = run_json('--prefix', *python('import os\nfor i in range(99): os.write(1, b"x" * 9999)'))
    equal(sum(line.count('x') for line in done.stdout.splitlines()), 99 * 9999)
    equal(record['stdout'], {'bytes': 99 * 9999, 'lines': 1, 'bytes_dropped': 0, 'complete': True})


@test
def prefix():
    done = run_text('--prefix', *shell('echo one; echo two >&2; printf three'))
    time = r'\d\d:\d\d:\d\d\.\d\d\d'
    matches(done.stdout, f'^{time} stdout \\| one\n{time} stdout \\| three\n$')
    matches(done.stderr, f'^{time} stderr \\| two\n$')


@test
def hide():
    done = run_text('--hide', *shell('echo one; echo two >&2'))
    equal((done.stdout, done.stderr, done.returncode), ('', '', 0))


@test
def merge_stderr():
    done = run_text('--merge-stderr', *shell('echo one; echo two >&2; echo three'))
    equal((done.stdout, done.stderr), ('one\ntwo\nthree\n', ''))


@test
def quiet_failure():
    done = run_text('--quiet', *shell('echo shown; exit 3'))
    equal((done.stdout, done.stderr, done.returncode), ('shown\n', '', 3))


@test
def verbose_success():
    done = run_text('--verbose', *shell('true'))
    matches(done.stderr, r'^procstream: sh: exited with status 0 after \d+\.\d s\n$')


@test
def tail_of_failure():
    done = run_text('--hide', '--tail', '2', *shell('seq 9; exit 2'))
    contains(done.stderr, 'the last 2 of 9 lines:\n  stdout | 8\n  stdout | 9\n')
    matches(done.stderr, r'procstream: sh: exited with status 2 after \d+\.\d s\n$')
    equal(done.returncode, 2)


@test
def no_tail():
    done = run_text('--tail', '0', *shell('echo x; exit 2'))
    matches(done.stderr, r'^procstream: sh: exited with status 2 after \d+\.\d s\n$')


@test
def stdout_closed():
    """As in “procstream -- yes | head”: the command is ended, and so is the tool."""
    tool = start(*shell('echo $$; exec yes'))
    group = int(tool.stdout.readline())
    tool.stdout.close()
    equal(tool.wait(LIMIT), 128 + signal.SIGPIPE)
    equal(group_members(group), [])
    equal(tool.stderr.read(), '')


@test
def closed_descriptors():
    """What is not there is not replaced by a descriptor of the tool: that would be read, or written to, without an error."""
    def run_without(redirection, *command):
        script = f'exec "$@" {redirection}'
        return subprocess.run(['sh', '-c', script, 'sh', TOOL, '--', *command], capture_output=True, text=True, timeout=LIMIT)

    done = run_without('<&-', 'cat')
    equal((done.returncode, done.stdout), (1, ''))
    contains(done.stderr, os.strerror(errno.EBADF))
    # As long as what an eventfd takes.
    done = run_without('>&-', 'printf', '1234567\\n')
    equal(done.returncode, 125)
    contains(done.stderr, f'cannot write the output: {os.strerror(errno.EBADF)}')
    equal(run_without('2>&-', 'sh', '-c', 'echo 1234567 >&2').returncode, 125)
    equal(run_without('<&- >&- 2>&-', 'true').returncode, 0)


@test
def stdout_not_read():
    """A reader that never reads does not keep a timeout from working."""
    tool = start('--timeout', '1', '--drain', '1', *shell('exec yes'))
    equal(tool.wait(LIMIT), 124)
    matches(tool.stderr.read(), r'timed out after 1\.0 s; killed by SIGTERM')


@test
def stdout_full():
    with open('/dev/full', 'w', encoding='utf-8') as full:
        tool = start(*shell('echo x; exec sleep 1000'), stdout=full)
        equal(tool.wait(LIMIT), 125)
    contains(tool.stderr.read(), 'cannot write the output: No space left on device')


@test
def lossy_does_not_slow():
    """The command writes 32 MiB that nobody reads, and ends; what was lost is told."""
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        tool = start('--lossy', f'--json={file.name}',
                     *python('import os\nfor i in range(512): os.write(1, b"x" * 65535 + b"\\n")\nos.write(2, b"done\\n")'))
        equal(tool.stderr.readline(), 'done\n')
        rest = tool.stdout.read()
        equal(tool.wait(LIMIT), 0)
        record = json.load(open(file.name, encoding='utf-8'))
    equal(record['stdout']['bytes'], 512 * 65536)
    assert record['stdout']['bytes_dropped'] > 0, record
    assert len(rest) >= 512 * 65536 - record['stdout']['bytes_dropped'], record
    equal(record['stdout']['complete'], False)
    contains(tool.stderr.read(), 'bytes of stdout were dropped')


@test
def reliable_is_the_default():
    """The same with a reader that is late loses nothing."""
    tool = start(*python('import os\nfor i in range(512): os.write(1, b"x" * 65535 + b"\\n")'))
    select.select([tool.stdout], [], [], LIMIT)
    equal(len(tool.stdout.read()), 512 * 65536)
    equal(tool.wait(LIMIT), 0)


# --- Log ------------------------------------------------------------------------------------------------------------


@test
def log():
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/log'
        run('--log', path, *shell('echo old'))
        done, record = run_json('--log', path, *shell('printf "one\\ntwo"; printf "\\nthree\\n" >&2'))
        equal(done.returncode, 0)
        text = open(path, encoding='utf-8').read()
        equal(sorted(text), sorted('one\ntwo\nthree\n'))
        lacks(text, 'old')
        equal(record['log'], {'path': path, 'bytes': len(text), 'error': None})
        run('--log', path, '--append', *shell('echo more'))
        equal(open(path, encoding='utf-8').read(), text + 'more\n')


@test
def log_with_prefix():
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/log'
        run('--prefix', '--log', path, *shell('echo one >&2'))
        matches(open(path, encoding='utf-8').read(), r'^[\d:.]+ stderr \| one\n$')


@test
def log_cannot_be_opened():
    done = run_text('--log', '/nonexistent/log', *shell('echo x'))
    equal((done.stdout, done.returncode), ('', 125))
    contains(done.stderr, 'procstream: cannot open “/nonexistent/log”: No such file')


@test
def log_cannot_be_written():
    done, record = run_json('--log', '/dev/full', *shell('echo x'))
    equal((done.stdout, done.returncode), ('x\n', 125))
    contains(done.stderr, 'No space left on device; the log is not complete')
    equal(record['log']['error'], 'No space left on device')


FLOOD_LINES = 512 * 1024
FLOOD = '''
import os, sys
told = os.open(sys.argv[1], os.O_WRONLY)
def tell_and_wait():
    os.write(told, b"x")
    os.read(0, 1)
os.write(1, b"first\\n")
tell_and_wait()
for start in range(0, %d, 4096):
    os.write(1, b"".join(b"%%063d\\n" %% n for n in range(start, start + 4096)))
tell_and_wait()
os.write(1, b"last\\n")
''' % FLOOD_LINES


def open_fifo(path):
    os.mkfifo(path)
    fifo = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(fifo, True)
    return open(fifo, 'rb')


def flooded_log(*options):
    """A log that nobody reads while the command writes far more than is kept, and that is read when it has written all of it."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [f'{directory}/log', f'{directory}/told']
        with open_fifo(paths[0]) as log, open_fifo(paths[1]) as told:
            tool = start('--lossy', '--log', paths[0], *options, *python(FLOOD), paths[1],
                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            text = b''
            for _ in range(2):
                assert select.select([told], [], [], LIMIT)[0], 'the command does not tell'
                equal(told.read(1), b'x')
                text += log.readline()
                tool.stdin.write('x')
                tool.stdin.flush()
            text += log.read()
        equal(tool.wait(LIMIT), 0)
        contains(tool.stderr.read(), 'bytes of stdout were dropped')
        return text


@test
def log_notes_losses_at_their_place():
    """Between what came before and what came after, down to the byte."""
    written = b'first\n' + b''.join(b'%063d\n' % n for n in range(FLOOD_LINES)) + b'last\n'
    parts = re.split(rb'\n\[stdout: (\d+) bytes lost\]\n', flooded_log())
    assert len(parts) > 1, 'nothing was noted'
    position = 0
    for kept, lost in zip(parts[::2], [*map(int, parts[1::2]), 0]):
        assert written.startswith(kept, position), f'what is at {position} came from elsewhere'
        position += len(kept) + lost
    equal(position, len(written))


@test
def log_notes_losses_at_their_place_with_prefix():
    """Between lines; the parts of lines before and after it are not shown."""
    expected = 0
    notes = 0
    lost = 0
    lines = [line.split(' | ')[1] for line in flooded_log('--prefix').decode().splitlines()]
    equal((lines[0], lines[-1]), ('first', 'last'))
    for line in lines[1:-1]:
        if note := re.fullmatch(r'\[stdout: (\d+) bytes lost\]', line):
            notes += 1
            lost += int(note.group(1))
        else:
            skipped = int(line) - expected
            assert lost <= 64 * skipped <= lost + (2 * 63 if lost else 0), f'{skipped} lines are missing where {lost} bytes were lost'
            expected = int(line) + 1
            lost = 0
    assert notes > 0, 'nothing was noted'
    equal(expected, FLOOD_LINES)


# --- Waiting for a line ---------------------------------------------------------------------------------------------


@test
def wait_for():
    """The line is reported while the command runs, and the command runs on."""
    tool = start('--wait-for', r'port (\d+)', *shell('echo starting; echo listening on port 99 >&2; exec sleep 1000'))
    while 'procstream: ' not in (line := tool.stderr.readline()):
        assert line, 'never seen'
    matches(line, r'^procstream: sh: seen after \d+\.\d s: listening on port 99\n$')
    equal(tool.poll(), None)
    tool.terminate()
    equal(tool.wait(LIMIT), -signal.SIGTERM)


@test
def wait_for_in_record():
    _, record = run_json('--wait-for', '^b', *shell('echo a; echo b1; echo b2'))
    equal(record['wait_for']['line'], 'b1')
    equal(record['wait_for']['stream'], 'stdout')
    equal(record['wait_for']['seen'], True)


@test
def wait_timeout():
    tool = start('--wait-for', 'never', '--wait-timeout', '0.2', *shell('echo $$; sleep 1000 & wait'))
    group = int(tool.stdout.readline())
    equal(tool.wait(LIMIT), 124)
    contains(tool.stderr.read(), 'no line matched “never” within 0.2 s; killed by SIGTERM')
    equal(group_members(group), [])


@test
def wait_unmatched():
    done, record = run_json('--wait-for', 'never', *shell('echo a'))
    equal(done.returncode, 125)
    contains(done.stderr, 'the output ended and no line matched “never”')
    equal((record['cause'], record['wait_for']['seen'], record['exit_code']), ('unmatched', False, 0))


@test
def wait_unmatched_with_status():
    equal(run('--wait-for', 'never', *shell('exit 7')).returncode, 7)


@test
def wait_unmatched_and_running():
    done, record = run_json('--wait-for', 'never', '--grace', '0.2', *shell('exec >&- 2>&-; exec sleep 1000'))
    equal((done.returncode, record['signal']), (125, 'SIGTERM'))


@test
def wait_unmatched_before_a_limit():
    """The outputs ended first, so the time limit only ends the command."""
    done, record = run_json('--wait-for', 'never', '--timeout', '2', '--grace', '1000', *shell('exec >&- 2>&-; exec sleep 1000'))
    equal((done.returncode, record['cause'], record['signal']), (125, 'unmatched', 'SIGTERM'))


@test
def wait_unmatched_in_a_held_output():
    """An output that others hold and that is given up is one without the line, as one that has ended."""
    survivor = None
    try:
        done, record = run_json('--wait-for', 'never', '--drain', '0.2', *shell('sleep 1000 & echo $!'))
        survivor = int(done.stdout)
        equal(done.returncode, 125)
        contains(done.stderr, 'no line matched “never”, and other processes hold the output open; exited with status 0')
        equal((record['success'], record['cause'], record['status'], record['exit_code']), (False, 'unmatched', 125, 0))
        equal((record['held_open'], record['wait_for']['seen']), (True, False))
    finally:
        if survivor:
            os.kill(survivor, signal.SIGKILL)


@test
def wait_matched_in_a_held_output():
    tool = start('--wait-for', 'ready', '--drain', '0.2', *shell('sleep 1000 & echo ready $!'))
    survivor = int(tool.stdout.readline().split()[1])
    try:
        equal(tool.wait(LIMIT), 0)
    finally:
        os.kill(survivor, signal.SIGKILL)


@test
def wait_unmatched_by_a_limit():
    """The outputs end because a limit of time ended the command: that is the cause."""
    for option, cause in ('--timeout', 'timeout'), ('--idle-timeout', 'idle-timeout'):
        done, record = run_json(option, '0.2', '--wait-for', 'never', 'sleep', '1000')
        equal((done.returncode, record['cause'], record['signal']), (124, cause, 'SIGTERM'))


# --- The end --------------------------------------------------------------------------------------------------------


@test
def exit_status_with_ignored_exits():
    """Who started us may ignore SIGCHLD, which is inherited; a failure is one all the same."""
    done = run(*shell('exit 3'), preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    equal(done.returncode, 3)


@test
def exit_status():
    for status in (0, 1, 77, 255):
        equal(run(*shell(f'exit {status}')).returncode, status)


@test
def killed_by_signal():
    done, record = run_json(*shell('kill -9 $$'))
    equal(done.returncode, 137)
    matches(done.stderr, r'procstream: sh: killed by SIGKILL after')
    equal((record['signal'], record['signal_number'], record['exit_code'], record['cause']), ('SIGKILL', 9, None, 'signal'))


@test
def not_found():
    done, record = run_json('--', 'no-such-program-at-all')
    equal(done.returncode, 127)
    contains(done.stderr, 'no-such-program-at-all')
    equal((record['cause'], record['status'], record['success']), ('not-started', 127, False))


@test
def not_executable():
    with tempfile.NamedTemporaryFile('w') as file:
        equal(run('--', file.name).returncode, 126)
    equal(run('--', '/').returncode, 126)


@test
def bad_directory():
    done = run_text('--cwd', '/nonexistent', *shell('true'))
    equal(done.returncode, 125)
    contains(done.stderr, '/nonexistent')


@test
def usage_errors():
    for arguments in ([], ['--'], ['--no-such-option'], ['--lossy', '--reliable', 'true'], ['--tail', '-1', 'true'],
                      ['--append', 'true'], ['--wait-timeout', '1', 'true'], ['--wait-for', '(', 'true'], ['--env', 'X', 'true'],
                      ['--stdin', 'x', 'true'], ['--timeout', '-3', 'true'], ['--timeout', 'nan', 'true'], ['--timeout', 'x', 'true'], ['--timeout', '-1', 'true'],
                      ['--grace', '-1', 'true'], ['--grace', '-0.5', 'true'], ['--drain', '-1', 'true'], ['--drain', 'inf', 'true'],
                      ['--wait-for', 'x', '--wait-timeout', '-1', 'true'], ['--tail', '99999999999', 'true']):
        done = run_text(*arguments)
        equal((arguments, done.returncode), (arguments, 125))
        matches(done.stderr, '^procstream: ')


@test
def timeout():
    tool = start('--timeout', '0.2', *shell('echo $$; sleep 1000 & wait'))
    group = int(tool.stdout.readline())
    equal(tool.wait(LIMIT), 124)
    matches(tool.stderr.read(), r'procstream: sh: timed out after 0\.2 s; killed by SIGTERM after')
    equal(group_members(group), [])


@test
def timeout_of_zero():
    """It is none, as with timeout(1)."""
    tool = start('--timeout', '0', '--wait-for', 'x', '--wait-timeout', '0', *shell('echo ready; read line; echo x; exit 7'), stdin=subprocess.PIPE)
    equal(tool.stdout.readline(), 'ready\n')
    tool.stdin.write('go\n')
    tool.stdin.close()
    equal(tool.wait(LIMIT), 7)


@test
def timeout_then_kill():
    """The command and what it has started both ignore SIGTERM."""
    done, record = run_json('--timeout', '0.2', '--grace', '0.2', *shell('trap "" TERM; echo $$; sleep 1000 & sleep 1000'))
    equal(done.returncode, 124)
    contains(done.stderr, 'SIGKILL was needed after 0.2 s of grace')
    equal((record['killed'], record['signal'], record['cause']), (True, 'SIGKILL', 'timeout'))
    equal(group_members(int(done.stdout)), [])


@test
def phases_come_in_turn():
    """Each to the whole group, with a time of its own, whatever begins them."""
    script = 'trap "echo int" INT; trap "echo term" TERM; echo $$; while :; do sleep 0.1; done'
    phases = ['--phase', 'INT:0.5', '--phase', 'TERM:0.5', '--phase', 'KILL']
    done, record = run_json('--timeout', '0.5', *phases, *shell(script))
    equal(done.stdout.split()[1:], ['int', 'term'])
    equal((done.returncode, record['killed'], record['signal']), (124, True, 'SIGKILL'))
    contains(done.stderr, 'SIGKILL was needed after 1.0 s of grace')
    equal(group_members(int(done.stdout.split()[0])), [])
    # A request to end is met in the same way.
    tool = start(*phases, *shell(script))
    tool.stdout.readline()
    tool.terminate()
    equal(tool.stdout.read().split(), ['int', 'term'])
    equal(tool.wait(LIMIT), 128 + signal.SIGKILL)
    contains(tool.stderr.read(), 'SIGTERM passed on; killed by SIGKILL')


@test
def only_the_kill():
    done, record = run_json('--timeout', '0.3', '--phase', 'KILL', *python('import signal; signal.signal(15, print); signal.pause()'))
    equal((done.returncode, done.stdout, record['killed'], record['signal']), (124, '', True, 'SIGKILL'))


@test
def second_request_is_passed_on():
    """A command that has heard of the first may know what a second one means."""
    script = 'n=0; trap \'n=$((n+1)); echo term$n; [ $n = 1 ] || exit 4\' TERM; echo ready; while :; do sleep 0.1; done'
    tool = start('--grace', '600', *shell(script))
    equal(tool.stdout.readline(), 'ready\n')
    tool.terminate()
    equal(tool.stdout.readline(), 'term1\n')
    tool.terminate()
    equal(tool.stdout.readline(), 'term2\n')
    equal(tool.wait(LIMIT), 4)


@test
def idle_timeout():
    """What it writes, to either output, begins the time anew; the one that is over first counts."""
    script = 'for i in 1 2 3 4; do echo $i; sleep 0.7; echo $i >&2; sleep 0.7; done; exec sleep 1000'
    done, record = run_json('--idle-timeout', '3', *shell(script))
    equal(done.stdout, '1\n2\n3\n4\n')
    equal((done.returncode, record['cause']), (124, 'idle-timeout'))
    contains(done.stderr, 'wrote nothing for 3.0 s; killed by SIGTERM')
    done, record = run_json('--idle-timeout', '600', '--timeout', '0.3', *shell('exec sleep 1000'))
    equal((done.returncode, record['cause']), (124, 'timeout'))
    equal(run('--idle-timeout', '0', *shell('exit 6')).returncode, 6)


@test
def tree_leaves_nobody():
    """Not even who has a session of its own, when the command ends by itself."""
    done = run_text('--tree', *shell('setsid sleep 1000 & echo $!; exit 3'))
    equal(done.returncode, 3)
    wait_until(lambda: state(int(done.stdout)) in ('', 'Z'))


@test
def tree_ends_with_the_tool():
    tool = start('--tree', *shell('setsid sleep 1000 & echo $! $$; wait'))
    pids = [int(pid) for pid in tool.stdout.readline().split()]
    tool.kill()
    tool.wait(LIMIT)
    for pid in pids:
        wait_until(lambda pid=pid: state(pid) in ('', 'Z'))


@test
def limits():
    done = run_text('--limit', 'nofile=20:30', '--limit', 'core=0', *shell('ulimit -S -n; ulimit -H -n; ulimit -c'))
    equal(done.stdout.split(), ['20', '30', '0'])
    done = run_text('--limit', 'fsize=64K', *shell('trap "" XFSZ; dd if=/dev/zero of=/dev/stdout bs=1024 count=1 2>/dev/null | wc -c'))
    equal(done.stdout.split(), ['1024'])


@test
def timeout_of_stopped_command():
    equal(run('--timeout', '0.2', '--grace', '50', *shell('kill -STOP $$')).returncode, 124)


@test
def output_held_open():
    """A process that outlives the command and holds its output is not waited for beyond --drain."""
    tool = start('--drain', '0.2', *shell('sleep 1000 & echo $!'))
    survivor = int(tool.stdout.readline())
    try:
        equal(tool.wait(LIMIT), 0)
        contains(tool.stderr.read(), 'other processes hold its output open')
        assert state(survivor) not in ('', 'Z'), 'it was ended'
    finally:
        os.kill(survivor, signal.SIGKILL)


@test
def output_held_open_after_an_interrupt():
    """A background job of the shell ignores SIGINT; whoever interrupts the command does not wait for that."""
    for trap, status in ('-', -signal.SIGINT), ('"exit 130"', 128 + signal.SIGINT):
        script = f'trap "" INT; sleep 1000 & trap {trap} INT; echo $!; read line'
        tool = start(*shell(script), stdin=subprocess.PIPE)
        survivor = int(tool.stdout.readline())
        try:
            begin = os.times().elapsed
            tool.send_signal(signal.SIGINT)
            equal(tool.wait(LIMIT), status)
            assert os.times().elapsed - begin < 5, 'it is waited for'
            assert state(survivor) not in ('', 'Z'), 'it was ended'
        finally:
            os.kill(survivor, signal.SIGKILL)


def late_output_after_an_interrupt(command, status, *options):
    """What somebody else writes long after the end of the command is read."""
    with tempfile.TemporaryDirectory() as directory:
        gate = os.path.join(directory, 'gate')
        os.mkfifo(gate)
        script = f'trap "" INT; (read line < {gate}; echo late) & trap - INT; {command}'
        tool = start(*options, *shell(script), stdin=subprocess.PIPE)
        equal(tool.stdout.readline(), 'ready\n')
        tool.send_signal(signal.SIGINT)
        # What ends the command at once has ended it, and nothing is read from a pipe that was closed.
        tool.stdin.close()
        try:
            status_then = tool.wait(1.5)
        except subprocess.TimeoutExpired:
            status_then = None
        with open(gate, 'w', encoding='utf-8') as file:
            file.write('\n')
        equal(status_then, None)
        equal(tool.wait(LIMIT), status)
        equal(tool.stdout.read(), 'late\n')


@test
def output_held_open_after_an_interrupt_with_drain():
    """A time that was given is given for an interrupted command as well."""
    late_output_after_an_interrupt('echo ready; exec sleep 1000', -signal.SIGINT, '--drain', '1000')


@test
def output_held_open_after_an_interrupt_that_was_survived():
    """A command that goes on after a signal, and ends as it likes, was not interrupted."""
    late_output_after_an_interrupt('trap "" INT; echo ready; cat', 0)


@test
def signal_after_the_command():
    """Nobody is there any more to do what it asks for but the tool."""
    for signum in signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM:
        tool = start('--drain', '1000', *shell('setsid sh -c "echo \\$\\$; exec sleep 1000" &'))
        survivor = int(tool.stdout.readline())
        try:
            # One that comes before the tool knows of the end is for the command.
            wait_until(lambda tool=tool, signum=signum: tool.send_signal(signum) or tool.poll() is not None)
            assert state(survivor) not in ('', 'Z'), 'it was ended'
        finally:
            os.kill(survivor, signal.SIGKILL)
            tool.kill()


def full_pipe():
    """A descriptor to which nothing can be written, and one to read from it."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while os.write(write_fd, b'x' * 4096):
            pass
    except BlockingIOError:
        os.set_blocking(write_fd, True)
    return write_fd, read_fd


@test
def signal_while_nobody_reads_the_report():
    write_fd, read_fd = full_pipe()
    tool = start(*shell('echo ready; exec sleep 1000'), stderr=write_fd)
    try:
        equal(tool.stdout.readline(), 'ready\n')
        wait_until(lambda: tool.send_signal(signal.SIGTERM) or tool.poll() is not None)
        equal(tool.returncode, -signal.SIGTERM)
    finally:
        tool.kill()
        os.close(write_fd)
        os.close(read_fd)


@test
def match_is_announced_to_nobody():
    """The line is seen, and who does not read that holds up neither a limit of time nor a signal."""
    write_fd, read_fd = full_pipe()
    tool = start('--wait-for', 'ready', *shell('echo ready; echo $$; exec sleep 1000'), stderr=write_fd)
    try:
        equal(tool.stdout.readline(), 'ready\n')
        command = int(tool.stdout.readline())
        tool.terminate()
        wait_until(lambda: state(command) in ('', 'Z'))
    finally:
        tool.kill()
        os.close(write_fd)
        os.close(read_fd)


@test
def output_of_which_nobody_took_all():
    """What the reader had not taken when the tool was told to end is said to be missing."""
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        tool = start(f'--json={file.name}', '--', 'sh', '-c', 'head -c 200000 /dev/zero; echo end >&2')
        equal(tool.stderr.readline(), 'end\n')
        tool.send_signal(signal.SIGHUP)
        tool.wait(LIMIT)
        record = json.load(open(file.name, encoding='utf-8'))['stdout']
        written = len(tool.stdout.read())
    assert written < 200000, written
    equal(record['complete'], False)
    assert record['bytes_dropped'] > 0, record


@test
def signals_are_passed_on():
    script = '''
import signal, sys
wanted = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
got = []
print("ready")
while signal.SIGTERM not in got:
    got.append(signal.sigwait(wanted))
    print("got", signal.Signals(got[-1]).name)
print(len(got))
sys.exit(5)
'''
    tool = start(*python(script))
    equal(tool.stdout.readline(), 'ready\n')
    for name in ('SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'):
        tool.send_signal(signal.Signals[name])
        equal(tool.stdout.readline(), f'got {name}\n')
    equal(tool.stdout.readline(), '6\n')
    equal(tool.wait(LIMIT), 5)
    contains(tool.stderr.read(), 'SIGHUP passed on; exited with status 5')


@test
def sigterm_ends_the_group():
    tool = start(*shell('sleep 1000 & echo $$; wait'))
    group = int(tool.stdout.readline())
    tool.terminate()
    equal(tool.wait(LIMIT), -signal.SIGTERM)
    equal(group_members(group), [])


# --- The command's surroundings -------------------------------------------------------------------------------------


@test
def surroundings():
    done = run_text('--cwd', '/usr', '--env', 'A=1=2', '--env', 'B=', *shell('pwd; echo "$A-$B-$HOME"'))
    equal(done.stdout, f'/usr\n1=2--{os.environ.get("HOME", "")}\n')


@test
def name():
    contains(run_text('--name', 'the job', *shell('exit 1')).stderr, 'procstream: the job: exited with status 1')


@test
def standard_input():
    equal(run_text('--', 'cat', input='hello', stdin=None).stdout, 'hello')
    equal(run_text('--stdin', 'null', '--', 'cat', input='hello', stdin=None).stdout, '')


@test
def same_group():
    group = os.getpgrp()
    equal(int(run_text('--same-group', *python('import os; print(os.getpgrp())')).stdout), group)
    assert int(run_text(*python('import os; print(os.getpgrp())')).stdout) != group


@test
def options_of_the_command():
    equal(run_text('echo', '--json', '-q').stdout, '--json -q\n')
    equal(run_text('--', 'echo', '--', 'x').stdout, '-- x\n')


@test
def version_and_help():
    matches(run_text('--version').stdout, r'^procstream \d+\.\d+\.\d+\n$')
    contains(run_text('--help').stdout, '--wait-for')


@test
def json_on_stdout():
    done = run('--json', *python('import os; os.write(1, b"a\\xff\\"\\\\\\x01\\n"); os._exit(4)'))
    first, last = done.stdout.split(b'\n', 1)
    equal(first, b'a\xff"\\\x01')
    record = json.loads(last.decode('utf-8'))
    equal(record['tail'], [{'stream': 'stdout', 'line': 'a\ufffd"\\\x01'}])
    equal((record['exit_code'], record['status'], record['success'], record['cause']), (4, 4, False, 'exit'))
    equal(record['command'][0], sys.executable)
    assert record['pid'] > 0 and record['duration_seconds'] > 0


@test
def json_cannot_be_opened():
    """That is told before anything runs."""
    for path in ('/nonexistent/record', '/dev/fd/987'):
        done = run_text(f'--json={path}', *shell('echo x'))
        equal((done.stdout, done.returncode), ('', 125))
        contains(done.stderr, f'procstream: cannot open “{path}”: No such file')


def link_to_device(directory, name):
    """A device by another name: a tool that replaced what it is to write would replace the link, and not the device of this system."""
    path = f'{directory}/{name}'
    os.symlink(f'/dev/{name}', path)
    return path


@test
def json_cannot_be_written():
    with tempfile.TemporaryDirectory() as directory:
        full = link_to_device(directory, 'full')
        done = run_text(f'--json={full}', *shell('echo x'))
        equal((done.stdout, done.returncode), ('x\n', 125))
        contains(done.stderr, f'cannot write the record to {full}: No space left on device')
        equal(run(f'--json={full}', *shell('exit 3')).returncode, 3)


@test
def json_leaves_the_file_what_it_is():
    """It is written, not replaced: a link, a FIFO, a descriptor, a device; a file is emptied before the command runs."""
    with tempfile.TemporaryDirectory() as directory:
        path, link, fifo = (f'{directory}/{name}' for name in ('file', 'link', 'fifo'))
        with open(path, 'w', encoding='utf-8') as file:
            file.write('old' * 9999)
        os.symlink(path, link)
        equal(run_text(f'--json={link}', '--', 'wc', '-c', path).stdout, f'0 {path}\n')
        assert os.path.islink(link), 'the link was replaced'
        equal(json.load(open(path, encoding='utf-8'))['status'], 0)
        with open_fifo(fifo) as reader:
            equal(run(f'--json={fifo}', *shell('true')).returncode, 0)
            equal(json.loads(reader.read())['status'], 0)
        assert stat.S_ISFIFO(os.stat(fifo).st_mode), 'the FIFO was replaced'
        read, write = os.pipe()
        run(f'--json=/dev/fd/{write}', *shell('exit 4'), pass_fds=[write])
        os.close(write)
        with open(read, 'rb') as reader:
            equal(json.loads(reader.read())['status'], 4)
        null = link_to_device(directory, 'null')
        equal(run(f'--json={null}', *shell('true')).returncode, 0)
        assert os.path.islink(null), 'the link was replaced'


@test
def json_is_not_inherited():
    with tempfile.NamedTemporaryFile(suffix='.json') as file:
        script = 'import os; print([n for n in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{n}") == os.environ["FILE"]])'
        equal(run_text(f'--json={file.name}', '--env', f'FILE={file.name}', *python(script)).stdout, '[]\n')


@test
def json_waits_for_a_reader():
    """As a shell does for what it redirects to a FIFO; Ctrl-C ends that, and the command has not run."""
    with tempfile.TemporaryDirectory() as directory:
        os.mkfifo(f'{directory}/fifo')
        tool = start(f'--json={directory}/fifo', *shell('echo x'))
        wait_until(lambda: state(tool.pid) == 'S')
        tool.send_signal(signal.SIGINT)
        equal(tool.wait(LIMIT), -signal.SIGINT)
        equal(tool.stdout.read(), '')


@test
def json_never_takes_the_command():
    with tempfile.TemporaryDirectory() as directory:
        script = f'{directory}/script'
        with open(script, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho "$1"\n')
        os.chmod(script, 0o755)
        first, record = run_text('--json', './script', '-j2', cwd=directory).stdout.splitlines()
        equal((first, json.loads(record)['command']), ('-j2', ['./script', '-j2']))
        contains(open(script, encoding='utf-8').read(), 'echo')


@test
def json_begins_a_line():
    """Also when both streams go to one place, and what was left unfinished is the other one."""
    for options in ({}, {'stderr': subprocess.STDOUT}):
        for script in ('printf x', 'echo x') + (('printf x >&2',) if options else ()):
            done = subprocess.run([TOOL, '--json', *shell(script)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  text=True, check=True, timeout=LIMIT, **options)
            first, record = done.stdout.splitlines()
            equal((first, json.loads(record)['status']), ('x', 0))
    equal(json.loads(run('--json', *shell('true')).stdout)['status'], 0)
    equal(json.loads(run('--json', '--hide', *shell('printf x')).stdout)['status'], 0)


@test
def message_begins_a_line():
    matches(run_text('--tail', '0', *shell('printf x >&2; exit 1')).stderr, r'^x\nprocstream: sh: exited with status 1 after')


@test
def records_have_the_same_members():
    def members(*arguments):
        record = run_json(*arguments)[1]
        return {key: sorted(value) if isinstance(value, dict) else None for key, value in record.items()}

    equal(members('--', 'no-such-program-at-all'), members(*shell('true')))
    equal(members('--merge-stderr', '--', 'no-such-program-at-all'), members('--merge-stderr', *shell('true')))
    equal(list(members('--merge-stderr', *shell('true'))), list(members(*shell('true'))))
    equal(members('--wait-for', 'a', *shell('echo a')), members('--wait-for', 'a', *shell('true')))


@test
def tail_of_long_lines():
    """What was cut is marked, whether the line has ended, and however it came."""
    limit = 65536
    script = '''
import os, sys
for size in (65536, 65537, 200000):
    os.write(1, b"x" * size + b"\\r\\n")
    os.write(1, b"short\\n" * 3)
os.write(1, b"x" * 200000)
'''
    expected = ['x' * limit, *['short'] * 3]
    for size in (65537, 200000):
        expected += ['x' * limit + f'… ({size} bytes in all)', *['short'] * 3]
    expected.append('x' * limit + '… (200000 bytes in all)')
    _, record = run_json('--hide', *python(script))
    equal([line['line'] for line in record['tail']], expected)
    for tail in (1, 2):
        _, record = run_json('--hide', '--tail', str(tail), *python(script))
        equal([line['line'] for line in record['tail']], expected[-tail:])


@test
def cause_of_signals_that_were_passed_on():
    """It is that, whichever signal it was and whatever was passed on before."""
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            tool = start(f'--json={file.name}', *shell('ulimit -c 0; echo ready; exec sleep 1000'))
            equal(tool.stdout.readline(), 'ready\n')
            tool.send_signal(signum)
            user = signum in (signal.SIGUSR1, signal.SIGUSR2)
            equal(tool.wait(LIMIT), 128 + signum if user else -signum)
            record = json.load(open(file.name, encoding='utf-8'))
            equal((record['cause'], record['status'], record['signal_number']), ('signal-passed-on', 128 + signum, signum))


@test
def signal_that_nobody_asked_for():
    """The tool dies of nothing that it was not sent."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        equal(run(*shell(f'kill -{int(signum)} $$')).returncode, 128 + signum)


# --- Terminals ------------------------------------------------------------------------------------------------------


class Terminal:
    """The tool on a pseudo-terminal, below a shell that knows job control.

    The shell is a process of its own, because it must lead the session. It tells what it sees, a line each, and is told
    what to do, over two pipes.
    """

    def __init__(self, *arguments, foreground=True, program=TOOL):
        self.master, slave = os.openpty()
        events_read, events_write = os.pipe()
        orders_read, orders_write = os.pipe()
        self.text = ''
        self.shell = os.fork()
        if self.shell == 0:
            try:
                for fd in (self.master, events_read, orders_write):
                    os.close(fd)
                Terminal.run_shell(slave, [program, *arguments], foreground, os.fdopen(events_write, 'w', 1), os.fdopen(orders_read))
            finally:
                os._exit(1)
        for fd in (slave, events_write, orders_read):
            os.close(fd)
        self.events = os.fdopen(events_read)
        self.orders = os.fdopen(orders_write, 'w', 1)
        self.tool = int(self.events.readline())

    @staticmethod
    def run_shell(slave, argv, foreground, events, orders):
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.close(slave)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        tool = os.fork()
        if tool == 0:
            os.setpgid(0, 0)
            if foreground:
                os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            events.close()
            orders.close()
            os.execv(argv[0], argv)
        events.write(f'{tool}\n')
        while True:
            _, status = os.waitpid(tool, os.WUNTRACED)
            front = 'front' if os.tcgetpgrp(0) == tool else 'not'
            os.tcsetpgrp(0, os.getpgrp())
            if not os.WIFSTOPPED(status):
                break
            events.write(f'stopped {signal.Signals(os.WSTOPSIG(status)).name} {front}\n')
            if orders.readline() == 'fg\n':
                os.tcsetpgrp(0, tool)
            os.kill(-tool, signal.SIGCONT)
        events.write(f'ended {os.waitstatus_to_exitcode(status)} {front}\n')
        orders.readline()
        os._exit(0)

    def expect(self, pattern):
        """Reads the terminal until @pattern is in what came since the last one."""
        while not (found := re.search(pattern, self.text)):
            ready, _, _ = select.select([self.master], [], [], LIMIT)
            assert ready, f'{pattern!r} does not come after {self.text!r}'
            self.text += os.read(self.master, 65536).decode('utf-8', 'replace')
        self.text = self.text[found.end():]
        return found

    def type(self, text):
        os.write(self.master, text.encode())

    def event(self):
        ready, _, _ = select.select([self.events], [], [], LIMIT)
        assert ready, f'nothing happens; on the terminal: {self.text!r}'
        return self.events.readline().strip()

    def order(self, word):
        self.orders.write(f'{word}\n')

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for group in [self.tool, *self.children()]:
            try:
                if error[0]:
                    os.kill(-group, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.orders.close()
        os.close(self.master)
        os.waitpid(self.shell, 0)
        self.events.close()

    def children(self):
        try:
            threads = os.listdir(f'/proc/{self.tool}/task')
            return [int(pid) for thread in threads for pid in open(f'/proc/{self.tool}/task/{thread}/children', encoding='utf-8').read().split()]
        except (FileNotFoundError, ProcessLookupError):
            return []


READ_LINE = 'import os; print(f"ready {os.getpid()}."); print("got", input())'


@test
def terminal_is_read():
    with Terminal(*python(READ_LINE)) as terminal:
        terminal.expect('ready')
        terminal.type('hello\n')
        terminal.expect('got hello')
        equal(terminal.event(), 'ended 0 front')


@test
def pty_is_written_to():
    """The command sees a terminal, both outputs are one, and what comes out is what it wrote."""
    done, record = run_json('--pty', *python('import os, sys; print(os.isatty(1), os.isatty(2)); sys.stderr.write("err\\n")'))
    equal(done.stdout, 'True True\nerr\n')
    equal((record['status'], record['stderr']), (0, None))


@test
def pty_has_the_size_of_the_terminal():
    script = '''
import os, signal
def size(*ignored):
    print('%d x %d.' % os.get_terminal_size(1))
signal.signal(signal.SIGWINCH, size)
size()
while True:
    signal.pause()
'''
    with Terminal('--pty', *python(script)) as terminal:
        terminal.expect(r'\d+ x \d+\.')
        for columns, rows in ((100, 30), (50, 10)):
            termios.tcsetwinsize(terminal.master, (rows, columns))
            # The terminal tells the group in front only of what is a change.
            terminal.expect(f'{columns} x {rows}\\.')
        terminal.type('\x03')
        equal(terminal.event(), f'ended {-signal.SIGINT} front')


@test
def terminal_is_given_back():
    """Whoever comes after the tool finds the tool's group in front, as if the command had been in it."""
    with Terminal('--verbose', *shell('true')) as terminal:
        equal(terminal.event(), 'ended 0 front')
        terminal.expect('exited with status 0')


@test
def terminal_after_failed_start():
    with Terminal('--', 'no-such-program-at-all') as terminal:
        equal(terminal.event(), 'ended 127 front')


@test
def ctrl_c_comes_once():
    """A signal that is sent to the tool afterwards is passed on after all that came before; only then is counted."""
    script = '''
import signal
count = 0
def interrupted(n, frame):
    global count
    count += 1
    print("interrupted")
def asked(n, frame):
    print("count", count)
    raise SystemExit(0)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGUSR1, asked)
print("ready")
while True:
    signal.pause()
'''
    with Terminal(*python(script)) as terminal:
        terminal.expect('ready')
        terminal.type('\x03')
        terminal.expect('interrupted')
        os.kill(terminal.tool, signal.SIGUSR1)
        equal(terminal.expect(r'count (\d+)').group(1), '1')
        equal(terminal.event(), 'ended 0 front')


@test
def ctrl_c_ends_and_is_reported():
    with Terminal(*shell('echo ready; exec sleep 1000')) as terminal:
        terminal.expect('ready')
        terminal.type('\x03')
        terminal.expect('killed by SIGINT after')
        equal(terminal.event(), f'ended {-signal.SIGINT} front')


@test
def ctrl_c_while_a_line_is_waited_for():
    for script, ended in (('echo ready; exec sleep 1000', -signal.SIGINT), ('trap "exit 3" INT; echo ready; sleep 1000', 3)):
        with Terminal('--wait-for', 'never', *shell(script)) as terminal:
            terminal.expect('ready')
            terminal.type('\x03')
            equal(terminal.event(), f'ended {ended} front')


def interrupted_script(*options):
    """A script that runs the tool in a loop ends at the first Ctrl-C, as it would without the tool."""
    script = f'for i in 1 2 3; do {TOOL} {" ".join(options)} -q -- sh -c "echo run $i; exec sleep 1000"; done; echo after'
    with Terminal('-c', script, program='/bin/bash') as terminal:
        terminal.expect('run 1')
        terminal.type('\x03')
        equal(terminal.event(), f'ended {-signal.SIGINT} front')
        lacks(terminal.text, 'run 2')
        lacks(terminal.text, 'after')


@test
def ctrl_c_ends_a_script():
    interrupted_script()


@test
def ctrl_c_ends_a_script_without_terminal_for_the_command():
    interrupted_script('--stdin', 'null')


@test
def ctrl_c_ends_a_script_with_the_same_group():
    interrupted_script('--same-group')


@test
def ctrl_c_without_terminal_for_the_command():
    """The command reads nothing, so the tool is in front and passes the signal on, once."""
    script = '''
import signal
count = 0
def interrupted(n, frame):
    global count
    count += 1
    print("interrupted")
def asked(n, frame):
    print("count", count)
    raise SystemExit(0)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGUSR1, asked)
print("ready")
while True:
    signal.pause()
'''
    with Terminal('--stdin', 'null', *python(script)) as terminal:
        terminal.expect('ready')
        terminal.type('\x03')
        terminal.expect('interrupted')
        os.kill(terminal.tool, signal.SIGUSR1)
        equal(terminal.expect(r'count (\d+)').group(1), '1')
        equal(terminal.event(), 'ended 0 front')


def stop_and_continue(*options):
    with Terminal(*options, *python(READ_LINE if not options else 'import os, signal; print(f"ready {os.getpid()}."); signal.pause()')) as terminal:
        child = int(terminal.expect(r'ready (\d+)\.').group(1))
        for _ in range(3):
            terminal.type('\x1a')
            equal(terminal.event(), 'stopped SIGTSTP front')
            # The tool and the command are stopped, and continued, one after the other.
            wait_until(lambda: state(child) == 'T')
            terminal.order('fg')
            wait_until(lambda: state(child) != 'T')
        if options:
            os.kill(child, signal.SIGUSR1)
            equal(terminal.event(), f'ended {128 + signal.SIGUSR1} front')
        else:
            terminal.type('again\n')
            terminal.expect('got again')
            equal(terminal.event(), 'ended 0 front')


@test
def ctrl_z_stops_and_fg_continues():
    stop_and_continue()


@test
def ctrl_z_without_terminal_for_the_command():
    stop_and_continue('--stdin', 'null')


@test
def background_job_that_reads_stops():
    with Terminal(*python(READ_LINE), foreground=False) as terminal:
        equal(terminal.event(), 'stopped SIGTTIN not')
        terminal.order('bg')
        equal(terminal.event(), 'stopped SIGTTIN not')
        terminal.order('fg')
        terminal.type('late\n')
        terminal.expect('got late')
        equal(terminal.event(), 'ended 0 front')


@test
def stop_of_the_tool_alone():
    """The tool is stopped by somebody and the shell takes the terminal; after fg the command can read again."""
    with Terminal(*python(READ_LINE)) as terminal:
        terminal.expect('ready')
        os.kill(terminal.tool, signal.SIGSTOP)
        matches(terminal.event(), '^stopped SIGSTOP')
        terminal.order('fg')
        terminal.type('hello\n')
        terminal.expect('got hello')
        equal(terminal.event(), 'ended 0 front')


@test
def same_group_leaves_the_terminal_alone():
    with Terminal('--same-group', *python(READ_LINE)) as terminal:
        child = int(terminal.expect(r'ready (\d+)\.').group(1))
        equal(os.getpgid(child), terminal.tool)
        terminal.type('\x1a')
        equal(terminal.event(), 'stopped SIGTSTP front')
        terminal.order('fg')
        terminal.type('hello\n')
        terminal.expect('got hello')
        equal(terminal.event(), 'ended 0 front')


def local_modes(terminal):
    return termios.tcgetattr(terminal.master)[3] & (termios.ECHO | termios.ICANON)


@test
def modes_after_a_kill():
    """A command that was killed had no chance to tidy the terminal up."""
    with Terminal(*python('import os, tty; tty.setraw(0); print(f"raw {os.getpid()}."); input()')) as terminal:
        before = termios.ECHO | termios.ICANON
        child = int(terminal.expect(r'raw (\d+)\.').group(1))
        equal(local_modes(terminal), 0)
        os.kill(child, signal.SIGKILL)
        equal(terminal.event(), 'ended 137 front')
        equal(local_modes(terminal), before)


@test
def modes_after_an_exit():
    """What stty sets stays set."""
    with Terminal('--', 'stty', '-echo') as terminal:
        equal(terminal.event(), 'ended 0 front')
        equal(local_modes(terminal), termios.ICANON)


@test
def modes_while_stopped():
    """A full-screen command that is stopped leaves a usable terminal, and finds its own again."""
    script = 'import os, tty; tty.setcbreak(0); print(f"ready {os.getpid()}."); print("got", os.read(0, 1))'
    with Terminal(*python(script)) as terminal:
        terminal.expect('ready')
        equal(local_modes(terminal), 0)
        terminal.type('\x1a')
        equal(terminal.event(), 'stopped SIGTSTP front')
        equal(local_modes(terminal), termios.ECHO | termios.ICANON)
        terminal.order('fg')
        wait_until(lambda: local_modes(terminal) == 0)
        terminal.type('x')
        terminal.expect("got b'x'")
        equal(terminal.event(), 'ended 0 front')


# --- Running --------------------------------------------------------------------------------------------------------


def main():
    wanted = sys.argv[1:]
    chosen = [function for function in tests if not wanted or function.__name__ in wanted]
    failed = 0
    print(f'TAP version 13\n1..{len(chosen)}')
    for number, function in enumerate(chosen, 1):
        try:
            function()
            print(f'ok {number} {function.__name__}', flush=True)
        except Exception:  # a test that fails in whatever way has failed
            failed += 1
            print(''.join(f'# {line}\n' for line in traceback.format_exc().splitlines()), end='')
            print(f'not ok {number} {function.__name__}', flush=True)
    return 1 if failed else 0


def reset_signals():
    """What ran the tests may ignore some, as nohup and shells do in the background, and the command leaves those ignored."""
    for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


if __name__ == '__main__':
    reset_signals()
    sys.exit(main())

// SPDX-License-Identifier: LGPL-2.1-or-later
// The scenarios of SCENARIOS.md in JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Procstream from 'gi://Procstream?version=1.0';
import System from 'system';

import {
    TIMEOUT_MS, check, churn, collect, complete, config, decode, equal, join, main, raises, reliable, scenario, shell,
    sum,
} from './harness.js';

const BYTES = Uint8Array.from({length: 256}, (_, i) => i);
const PRINT_BYTES = `printf '${[...BYTES].map(i => `\\${i.toString(8).padStart(3, '0')}`).join('')}'`;
const NUMBERS = Array.from({length: 100000}, (_, i) => `${i + 1}`);
const MANY = NUMBERS.map(number => `${number}\n`).join('');
const PRINT_MANY = 'seq 1 100000';
const THREE_CHUNKS = 'printf one; read x; printf two; read x; printf three; read x';
const SIGKILL = 9;
const SIGTERM = 15;
const SIGUSR1 = 10;

const {ChildState, Collect, ConsumerState, Keep, MatchFlags, OutputState, Replay} = Procstream;
const {LOSSY, RELIABLE} = Procstream.Delivery;
const {PIPE} = Procstream.StdinMode;

/* A launcher whose lossy subscribers lose nearly everything when nobody reads. */
function lossy() {
    return reliable({stdout_config: config(LOSSY, {read_chunk_size: 4096, max_buffered_chunks: 4})});
}

function smallChunks() {
    return reliable({stdout_config: config(RELIABLE, {read_chunk_size: 4096})});
}

/* What make() makes belongs to a main context that nobody runs before runUntil(). */
class StarvedContext {
    #context = GLib.MainContext.new();

    make(make) {
        this.#context.push_thread_default();
        try {
            return make();
        } finally {
            this.#context.pop_thread_default();
        }
    }

    runUntil(condition) {
        while (!condition())
            this.#context.iteration(true);
    }
}

const Counter = GObject.registerClass(
class Counter extends Procstream.Consumer {
    chunks = 0;

    vfunc_chunk(_chunk) {
        this.chunks++;
    }
});

scenario(1, 'chunks', async () => {
    const child = reliable().spawnv(shell(PRINT_BYTES));
    const received = [];
    child.stdout.connect('chunk', (_output, chunk) => received.push(chunk));
    await complete(child);
    check(received.every(chunk => chunk instanceof GLib.Bytes));
    equal(received.flatMap(chunk => [...chunk.toArray()]), [...BYTES]);
});

scenario(2, 'kept chunks', async () => {
    const child = smallChunks().spawnv(shell(PRINT_MANY));
    const kept = [];
    child.stdout.connect('chunk', (_output, chunk) => kept.push(chunk));
    await complete(child);
    const other = reliable().spawnv(shell('head -c 4000000 /dev/zero'));
    other.stdout.connect('chunk', () => System.gc());
    await complete(other);
    equal(join(kept), MANY);
});

scenario(3, 'line', async () => {
    const child = reliable().spawnv(shell("printf 'one\\n\\ntwo\\nthree'"));
    const received = [];
    child.stdout.connect('line', (_output, line) => received.push(line));
    await complete(child);
    equal(received, ['one', '', 'two', 'three']);
});

scenario(4, 'lines', async () => {
    const child = smallChunks().spawnv(shell(PRINT_MANY));
    const batches = [];
    child.stdout.connect('lines', (_output, lines) => batches.push(lines));
    await complete(child);
    System.gc();
    check(batches.length > 1 && batches.every(batch => batch.length > 0));
    equal(batches.flat(), NUMBERS);
});

scenario(5, 'line options', async () => {
    const read = async (script, options = {}) => {
        const child = reliable({stdout_config: config(RELIABLE, options)}).create(shell(script));
        const received = [];
        child.stdout.connect('line', (_output, line) => received.push(line));
        child.start();
        await complete(child);
        return received;
    };
    const {LF, CRLF} = Procstream.LineSeparator;
    const {SPLIT, TRUNCATE} = Procstream.LineOverflow;

    equal(await read("printf 'a\\r\\nb\\nc\\r\\n'"), ['a', 'b', 'c']);
    equal(await read("printf 'a\\r\\nb\\n'", {line_separator: LF}), ['a\r', 'b']);
    equal(await read("printf 'a\\r\\nb\\nc\\r\\n'", {line_separator: CRLF}), ['a', 'b\nc']);
    equal(await read("printf 'abcdefghi\\nj\\n'", {max_line_length: 4, line_overflow: SPLIT}), ['abcd', 'efgh', 'i', 'j']);
    equal(await read("printf 'abcdefghi\\nj\\n'", {max_line_length: 4, line_overflow: TRUNCATE}), ['abcd', 'j']);
    equal(await read("printf 'a\\303\\251\\303\\251\\n'", {max_line_length: 4, line_overflow: SPLIT}), ['aé', 'é']);
    equal(await read("printf 'a\\377b\\000c\\n'"), ['a\ufffdb\ufffdc']);
});

scenario(6, 'gap', () => {
    const starved = new StarvedContext();
    const child = starved.make(() => lossy().create(shell(PRINT_MANY)));
    const output = child.stdout;
    const sizes = [], gaps = [], ended = [];
    output.connect('chunk', (_output, chunk) => sizes.push(chunk.get_size()));
    output.connect('gap', (_output, chunks, size) => gaps.push({chunks, size}));
    output.connect('ended', (_output, error) => ended.push(error));
    const counter = new Counter({delivery: RELIABLE});
    output.attach(counter);
    child.start();
    counter.wait(TIMEOUT_MS, null);
    starved.runUntil(() => ended.length > 0);
    equal(ended, [null]);
    check(gaps.length > 0 && sizes.length > 0);
    equal(sum(gaps.map(gap => gap.size)) + sum(sizes), MANY.length);
    equal(sum(gaps.map(gap => gap.chunks)) + sizes.length, counter.chunks);
    equal(output.bytes_dropped, sum(gaps.map(gap => gap.size)));
});

/* A child that has written three chunks and ended: it writes one when the last was read. */
async function makeThreeChunks(replay, replayLimit = 0) {
    const child = reliable({replay, replay_limit: replayLimit, stdin_mode: PIPE}).spawnv(shell(THREE_CHUNKS));
    child.stdout.connect('chunk', () => child.stdin.write_async(new GLib.Bytes('\n'), null, null));
    await complete(child);
    return child;
}

async function readLate(child) {
    const collector = collect(child.stdout);
    await collector.wait_async(null);
    equal(collector.state, ConsumerState.ENDED);
    return collector.dup_text();
}

scenario(7, 'replay last chunks', async () => {
    equal(await readLate(await makeThreeChunks(Replay.LAST_CHUNKS, 2)), 'twothree');
});

scenario(8, 'replay last bytes', async () => {
    equal(await readLate(await makeThreeChunks(Replay.LAST_BYTES, 5)), 'three');
    equal(await readLate(await makeThreeChunks(Replay.LAST_BYTES, 6)), 'twothree');
});

scenario(9, 'replay all', async () => {
    const child = await makeThreeChunks(Replay.ALL);
    equal(await readLate(child), 'onetwothree');
    equal(await readLate(child), 'onetwothree');
});

scenario(10, 'seal', async () => {
    const child = await makeThreeChunks(Replay.ALL);
    child.stdout.seal_replay();
    equal(await readLate(child), '');
});

scenario(11, 'create and start', async () => {
    const child = reliable().create(shell(PRINT_MANY));
    equal(child.state, ChildState.CREATED);
    const received = [];
    child.stdout.connect('chunk', (_output, chunk) => received.push(chunk));
    const collector = collect(child.stdout);
    const completed = complete(child);
    check(await child.start_async(null));
    await completed;
    equal(join(received), MANY);
    equal(collector.dup_text(), MANY);
});

scenario(12, 'handler after spawn', async () => {
    const child = reliable().spawnv(shell(PRINT_MANY));
    const received = [];
    child.stdout.connect('chunk', (_output, chunk) => received.push(chunk));
    await complete(child);
    equal(join(received), MANY);
});

scenario(13, 'handler after async spawn', async () => {
    const child = await reliable().spawn_async(shell(PRINT_MANY), null);
    const received = [];
    child.stdout.connect('chunk', (_output, chunk) => received.push(chunk));
    await complete(child);
    equal(join(received), MANY);
});

function makeReader(script, properties = {}) {
    const child = reliable(properties).create(shell(script));
    const reader = new Procstream.Reader();
    child.stdout.attach(reader);
    child.start();
    return [child, reader];
}

/* eslint-disable no-await-in-loop */
scenario(14, 'reader next', async () => {
    const [, reader] = makeReader(PRINT_MANY);
    const received = [];
    for (let chunk; (chunk = await reader.next_async(null));)
        received.push(chunk);
    equal(join(received), MANY);
    equal(reader.next(TIMEOUT_MS, null), null);
});

scenario(15, 'reader lines', async () => {
    const [, reader] = makeReader('seq 1 1000');
    const received = [];
    for (let line; (line = await reader.read_line_async(null)) !== null;)
        received.push(line);
    equal(received, NUMBERS.slice(0, 1000));

    const [, whole] = makeReader('seq 1 1000');
    const gone = [];
    for await (const line of whole)
        gone.push(line);
    equal(gone, received);
    // Who leaves lets the child go on.
    const [child, left] = makeReader('seq 1 200000');
    for await (const line of left) {
        if (line === '2')
            break;
    }
    check(await child.wait_async(null));
});
/* eslint-enable no-await-in-loop */

scenario(16, 'reader cancel', async () => {
    const [child, reader] = makeReader('printf ear; read x; echo ly', {stdin_mode: PIPE});
    const cancellable = new Gio.Cancellable();
    const pending = reader.read_line_async(cancellable);
    cancellable.cancel();
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, () => pending);
    child.stdin.close();
    equal(reader.read_line(TIMEOUT_MS, null), 'early');
    equal(reader.read_line(TIMEOUT_MS, null), null);
});

function collectMany(properties) {
    const child = reliable().create(shell(PRINT_MANY));
    const collector = new Procstream.Collector(properties);
    child.stdout.attach(collector);
    child.start();
    collector.wait(TIMEOUT_MS, null);
    return collector;
}

scenario(17, 'collector bytes', () => {
    for (const [keep, expected] of [[Keep.FIRST, MANY.slice(0, 10)], [Keep.LAST, MANY.slice(-10)]]) {
        const collector = collectMany({collect: Collect.BYTES, keep, max_bytes: 10});
        equal(decode(collector.dup_bytes()), expected);
        equal(collector.dup_text(), expected);
        equal(collector.bytes_seen, MANY.length);
        equal(collector.bytes_cut, MANY.length - 10);
        check(collector.truncated);
    }
});

scenario(18, 'collector lines', () => {
    for (const [keep, expected] of [[Keep.FIRST, ['1', '2', '3']], [Keep.LAST, ['99998', '99999', '100000']]]) {
        const collector = collectMany({collect: Collect.LINES, keep, max_lines: 3});
        equal(collector.dup_lines(), expected);
        equal(collector.lines_seen, 100000);
        equal(collector.lines_cut, 99997);
        check(collector.truncated);
    }
});

scenario(19, 'several subscribers', () => {
    const child = lossy().create(shell(PRINT_MANY));
    const log = new Procstream.Collector({collect: Collect.BYTES, keep: Keep.FIRST, delivery: RELIABLE});
    const tail = new Procstream.Collector({
        collect: Collect.LINES, keep: Keep.LAST, max_lines: 1, delivery: RELIABLE,
    });
    const view = new Procstream.Reader();
    for (const consumer of [log, tail, view])
        child.stdout.attach(consumer);
    child.start();
    log.wait(TIMEOUT_MS, null);
    tail.wait(TIMEOUT_MS, null);
    let seen = '';
    for (let chunk; (chunk = view.next(TIMEOUT_MS, null));)
        seen += decode(chunk);
    equal(log.dup_text(), MANY);
    equal(tail.dup_lines(), ['100000']);
    check(seen !== '' && MANY.endsWith(seen));
    check(view.bytes_lost > 0);
    equal(seen.length + view.bytes_lost, MANY.length);
    equal(log.bytes_lost, 0);
});

const Everything = GObject.registerClass(
class Everything extends Procstream.Consumer {
    bytes = [];
    batches = [];
    gapList = [];
    ends = [];

    vfunc_chunk(chunk) {
        this.bytes.push(chunk);
    }

    vfunc_lines(lines) {
        this.batches.push(lines);
    }

    vfunc_gap(chunks, size) {
        this.gapList.push({chunks, size});
    }

    vfunc_ended(error) {
        this.ends.push(error);
    }
});

scenario(20, 'custom consumer', () => {
    const starved = new StarvedContext();
    const consumer = starved.make(() => new Everything({delivery: LOSSY}));
    const child = lossy().create(shell(PRINT_MANY));
    const counter = new Counter({delivery: RELIABLE});
    child.stdout.attach(consumer);
    child.stdout.attach(counter);
    child.start();
    counter.wait(TIMEOUT_MS, null);
    starved.runUntil(() => consumer.state === ConsumerState.ENDED);
    const received = join(consumer.bytes);
    const lines = consumer.batches.flat();
    equal(consumer.ends, [null]);
    check(received !== '' && lines.length > 0 && MANY.endsWith(received));
    equal(lines, NUMBERS.slice(-lines.length));
    equal(received.length + sum(consumer.gapList.map(gap => gap.size)), MANY.length);
    equal(consumer.bytes.length + sum(consumer.gapList.map(gap => gap.chunks)), counter.chunks);
    equal(consumer.gaps, consumer.gapList.length);
    check(consumer.gaps > 0);
});

const Once = GObject.registerClass(
class Once extends Counter {
    vfunc_chunk(_chunk) {
        this.chunks++;
        return true;
    }
});

scenario(21, 'custom consumer done', async () => {
    const child = smallChunks().create(shell(PRINT_MANY));
    const once = new Once(), counter = new Counter();
    child.stdout.attach(once);
    child.stdout.attach(counter);
    child.start();
    await once.wait_async(null);
    equal(once.state, ConsumerState.DONE);
    await counter.wait_async(null);
    equal(once.chunks, 1);
    check(counter.chunks > 1);
});

const Faulty = GObject.registerClass(
class Faulty extends Counter {
    vfunc_chunk(_chunk) {
        this.chunks++;
        if (this.chunks === 1)
            throw new Error('expected');
    }
});

scenario(22, 'custom consumer goes on', async () => {
    const child = smallChunks().create(shell(PRINT_MANY));
    const faulty = new Faulty(), counter = new Counter();
    // GJS prints the exception as a warning, which is fatal in tests.
    const fatal = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR);
    child.stdout.attach(faulty);
    child.stdout.attach(counter);
    child.start();
    for (const consumer of [faulty, counter]) {
        // eslint-disable-next-line no-await-in-loop
        await consumer.wait_async(null);
        equal(consumer.state, ConsumerState.ENDED);
    }
    GLib.log_set_always_fatal(fatal);
    check(counter.chunks > 1);
    equal(faulty.chunks, counter.chunks);
});

const Empty = GObject.registerClass(
class Empty extends Procstream.Consumer {
});

scenario(23, 'custom consumer refused', async () => {
    const child = reliable().create(shell('true'));
    const consumer = new Empty();
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, () => child.stdout.attach(consumer));
    check(message.includes('Empty'), message);
    equal(consumer.state, ConsumerState.NONE);
});

scenario(24, 'wait async', async () => {
    const child = reliable().spawnv(shell('exit 3'));
    check(await child.wait_async(null));
    equal(child.exit_code, 3);
});

scenario(25, 'wait without loop', () => {
    const child = reliable({stdin_mode: PIPE}).spawnv(shell('echo ready; read x; exit 3'));
    const received = [];
    child.stdout.connect('line', (_output, line) => {
        received.push(line);
        child.stdin.close();
    });
    check(child.wait(TIMEOUT_MS, null));
    equal(received, ['ready']);
    equal(child.exit_code, 3);
});

scenario(26, 'wait timeout', async () => {
    const child = reliable({stdin_mode: PIPE}).spawnv(shell('read x'));
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => child.wait(10, null));
    equal(child.state, ChildState.RUNNING);
    child.stdin.close();
    check(child.wait(TIMEOUT_MS, null));
});

scenario(27, 'wait cancel', async () => {
    const child = reliable({stdin_mode: PIPE}).spawnv(shell('read x; exit 4'));
    const cancellable = new Gio.Cancellable();
    const pending = child.wait_async(cancellable);
    cancellable.cancel();
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED, () => pending);
    equal(child.state, ChildState.RUNNING);
    child.stdin.close();
    check(child.wait(TIMEOUT_MS, null));
    equal(child.exit_code, 4);
});

scenario(28, 'exited before completed', async () => {
    const directory = GLib.Dir.make_tmp('procstream-XXXXXX');
    const fifo = GLib.build_filenamev([directory, 'fifo']);
    // The grandchild holds the output open until something is written to the fifo.
    const child = reliable().create(['/bin/sh', '-c', 'mkfifo "$0"; (read x <"$0"; echo late) & echo early', fifo]);
    const order = [];
    child.stdout.connect('line', (_output, line) => order.push(line));
    child.stdout.connect('ended', () => order.push('ended'));
    child.connect('exited', () => {
        order.push('exited', child.stdout.state);
        reliable().spawnv(['/bin/sh', '-c', 'echo >"$0"', fifo]);
    });
    child.connect('completed', () => order.push('completed'));
    child.start();
    await complete(child);
    Gio.File.new_for_path(fifo).delete(null);
    Gio.File.new_for_path(directory).delete(null);
    equal(order.filter(entry => entry !== 'early'), ['exited', OutputState.OPEN, 'late', 'ended', 'completed']);
    check(order.indexOf('early') >= 0 && order.indexOf('early') < order.indexOf('late'));
});

scenario(29, 'result', async () => {
    const run = async script => {
        const child = reliable({name: 'job'}).spawnv(shell(script));
        const result = await complete(child);
        check(child.result === result);
        equal(result.name, 'job');
        check(result.duration_us > 0);
        return result;
    };
    const success = await run('exit 0');
    equal([success.success, success.exit_code, success.term_signal], [true, 0, 0]);
    const failure = await run('exit 3');
    equal([failure.success, failure.exit_code, failure.term_signal], [false, 3, 0]);
    check(failure.message.includes('job') && failure.message.includes('3'), failure.message);
    const killed = await run('kill -TERM $$');
    equal([killed.success, killed.exit_code, killed.term_signal], [false, -1, SIGTERM]);
    check(killed.message.includes('job'), killed.message);
});

scenario(30, 'signal the group', async () => {
    const child = reliable().spawnv(shell('sleep 1000 & echo ready; wait'));
    child.stdout.connect('line', () => child.send_signal(SIGTERM));
    // The grandchild holds the output open, so this ends only when it is gone too.
    await complete(child);
    equal(child.term_signal, SIGTERM);
});

scenario(31, 'kill', async () => {
    const child = reliable({stdin_mode: PIPE}).spawnv(shell('trap "" TERM; echo ready; read x; echo again; read x'));
    child.stdout.connect('line', (_output, line) => {
        if (line === 'ready') {
            child.send_signal(SIGTERM);
            child.stdin.write_async(new GLib.Bytes('\n'), null, null);
        } else {
            child.kill();
        }
    });
    await complete(child);
    equal(child.term_signal, SIGKILL);
});

scenario(32, 'spawn errors', async () => {
    const {SpawnError} = GLib;
    let message = await raises(SpawnError, SpawnError.NOENT, () => reliable().spawnv(['/nowhere/program']));
    check(message.includes('/nowhere/program'), message);
    message = await raises(SpawnError, SpawnError.ACCES, () => reliable().spawnv(['/etc/passwd']));
    check(message.includes('/etc/passwd'), message);
    message = await raises(SpawnError, SpawnError.CHDIR, () => reliable({cwd: '/nowhere'}).spawnv(['/bin/true']));
    check(message.includes('/nowhere'), message);
    const child = reliable().create(['/nowhere/program']);
    await raises(SpawnError, SpawnError.NOENT, () => child.start());
    equal(child.state, ChildState.FAILED);
    await raises(SpawnError, SpawnError.NOENT, () => reliable().spawn_async(['/nowhere/program'], null));
});

scenario(33, 'unset policy', async () => {
    const {ChildError} = Procstream;
    let message = await raises(ChildError, ChildError.UNSET_POLICY,
        () => new Procstream.Launcher().spawnv(['/bin/true']));
    check(message.includes('delivery'), message);
    message = await raises(ChildError, ChildError.UNSET_POLICY,
        () => new Procstream.Launcher({delivery: LOSSY}).spawnv(['/bin/true']));
    check(message.includes('replay'), message);
});

scenario(34, 'wrong state', async () => {
    const wrong = call => raises(Procstream.ChildError, Procstream.ChildError.WRONG_STATE, call);
    const child = reliable().create(['/bin/true']);
    await wrong(() => child.wait(TIMEOUT_MS, null));
    await wrong(() => child.wait_async(null));
    await wrong(() => child.send_signal(SIGTERM));
    child.start();
    await wrong(() => child.start());
    const collector = collect(child.stdout);
    await wrong(() => child.stdout.attach(collector));
    await wrong(() => new Procstream.Reader().next(TIMEOUT_MS, null));
    child.wait(TIMEOUT_MS, null);
});

scenario(35, 'stdin round trip', async () => {
    const data = new Uint8Array(256 * 4000).map((_, i) => i % 256);
    const child = reliable({stdin_mode: PIPE}).spawnv(['/bin/cat']);
    const collector = collect(child.stdout);
    check(await child.stdin.write_async(data, null));
    child.stdin.close();
    await collector.wait_async(null);
    check(collector.dup_bytes().equal(new GLib.Bytes(data)));
});

scenario(36, 'stdin broken pipe', async () => {
    const child = reliable({stdin_mode: PIPE}).spawnv(['/bin/true']);
    const broken = data => raises(Gio.IOErrorEnum, Gio.IOErrorEnum.BROKEN_PIPE, () => child.stdin.write_async(data, null));
    await broken(new Uint8Array(4000000));
    child.wait(TIMEOUT_MS, null);
    await broken(new Uint8Array(1));
});

scenario(37, 'merged stderr', async () => {
    const child = reliable({merge_stderr: true}).spawnv(shell('echo 1; echo 2 >&2; echo 3; echo 4 >&2'));
    const collector = collect(child.stdout);
    await complete(child);
    collector.wait(TIMEOUT_MS, null);
    equal(collector.dup_lines(), ['1', '2', '3', '4']);
    equal(child.stderr.bytes_received, 0);
    equal(child.stderr.state, OutputState.ENDED);
});

scenario(38, 'discard and inherit', async () => {
    const launcher = new Procstream.Launcher({
        stdout_config: Procstream.OutputConfig.new_discard(),
        stderr_config: Procstream.OutputConfig.new_inherit(),
    });
    const child = launcher.spawnv(shell('echo nobody sees this; echo "# seen by who runs the tests" >&2'));
    const ended = [];
    for (const output of [child.stdout, child.stderr])
        output.connect('ended', () => ended.push(output.name));
    await complete(child);
    equal(ended.sort(), ['stderr', 'stdout']);
    equal(child.stdout.bytes_received, 0);
    check(child.result.success);
});

scenario(39, 'output from fd', () => {
    const [, , , fd] = GLib.spawn_async_with_pipes(null, ['/usr/bin/printf', 'one\\ntwo\\n'], null,
        GLib.SpawnFlags.DEFAULT, null);
    const output = Procstream.Output.new_take_fd(fd, 'pipe', config(RELIABLE));
    const reader = new Procstream.Reader();
    const received = [];
    output.attach(reader);
    for (let line; (line = reader.read_line(TIMEOUT_MS, null)) !== null;)
        received.push(line);
    equal(received, ['one', 'two']);
    equal(output.name, 'pipe');
});

/* A class that is not GIO's own, so it is called in this thread's main context. */
const OwnStream = GObject.registerClass(
class OwnStream extends Gio.BufferedInputStream {
});

scenario(40, 'output from stream', async () => {
    const memory = () => Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes(new TextEncoder().encode(MANY)));

    for (const stream of [memory(), new OwnStream({base_stream: memory()})]) {
        const output = Procstream.Output.new_from_stream(stream, 'memory', config(RELIABLE));
        const collector = collect(output);
        // eslint-disable-next-line no-await-in-loop
        await collector.wait_async(null);
        equal(collector.dup_text(), MANY);
    }
});

scenario(41, 'line parser', () => {
    const parser = Procstream.LineParser.new(Procstream.LineSeparator.NEWLINE, 5, Procstream.LineOverflow.TRUNCATE);
    const push = text => parser.push(new TextEncoder().encode(text));
    equal(push('one\r\ntw'), ['one']);
    equal(push('o\ntoo long\nthree'), ['two', 'too l']);
    equal(parser.get_bytes_lost(), 3);
    equal(parser.finish(), ['three']);
});

scenario(42, 'environment and cwd', async () => {
    const launcher = reliable({cwd: '/'});
    launcher.set_environment(['PATH=/usr/bin:/bin', 'KEPT=kept', 'GONE=gone']);
    launcher.set_variable('ADDED', 'ädded');
    launcher.unset_variable('GONE');
    const child = launcher.spawnv(shell('echo "$KEPT"; echo "$ADDED"; echo "${GONE-unset}"; pwd'));
    const collector = collect(child.stdout);
    await complete(child);
    equal(collector.dup_lines(), ['kept', 'ädded', 'unset', '/']);
});

scenario(43, 'properties', async () => {
    const child = reliable({stdin_mode: PIPE, name: 'job'}).create(shell('echo $$; read x'));
    const states = [child.state];
    child.connect('notify::state', () => states.push(child.state));
    equal([child.name, child.pid, child.result, child.subprocess], ['job', 0, null, null]);
    const collector = collect(child.stdout);
    child.start();
    const {pid} = child;
    check(pid > 0 && child.state === ChildState.RUNNING);
    check(child.subprocess instanceof Gio.Subprocess);
    child.stdin.close();
    await complete(child);
    equal(collector.dup_text(), `${pid}\n`);
    equal([child.pid, child.exit_code, child.term_signal], [pid, 1, 0]);
    equal(states[0], ChildState.CREATED);
    equal(states.at(-1), ChildState.EXITED);
    check(child.elapsed_us > 0 && child.result.exit_code === 1);
    equal([child.stdout.name, child.stdout.state], ['stdout', OutputState.ENDED]);
    equal([child.stdout.bytes_received, child.stdout.bytes_dropped], [`${pid}\n`.length, 0]);
});

scenario(44, 'dropped in a handler', async () => {
    let child = smallChunks().create(shell(PRINT_MANY));
    const sizes = [];
    child.stdout.connect('chunk', (_output, chunk) => {
        child = null;
        System.gc();
        sizes.push(chunk.get_size());
    });
    const completed = complete(child);
    child.start();
    await completed;
    System.gc();
    equal(sum(sizes), MANY.length);
});

/* Gives out what comes before the first byte that is not UTF-8, and then an error. */
const FailingStream = GObject.registerClass(
class FailingStream extends Gio.ConverterInputStream {
});

async function readFailing(order, kept) {
    const base = Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes([...new TextEncoder().encode('one\ntwo'), 0xff]));
    const stream = new FailingStream({base_stream: base, converter: Gio.CharsetConverter.new('UTF-8', 'UTF-8')});
    const output = Procstream.Output.new_from_stream(stream, 'burning', config(RELIABLE));
    const consumer = new Everything();
    output.connect('chunk', (_output, chunk) => order.push(chunk));
    output.connect('line', (_output, line) => order.push(line));
    const ended = new Promise(resolve => output.connect('ended', (_output, error) => {
        order.push('ended');
        kept.push(error);
        resolve();
    }));
    output.attach(consumer);
    await ended;
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA, () => consumer.wait_async(null));
    equal([output.state, consumer.state], [OutputState.FAILED, ConsumerState.FAILED]);
    equal(join(consumer.bytes), 'one\ntwo');
    kept.push(...consumer.ends);
    return message;
}

scenario(45, 'read error', async () => {
    const order = [], errors = [], lines = [], results = [];
    const message = await readFailing(order, errors);
    check(message.includes('burning'), message);
    let child = reliable({name: 'job'}).spawnv(shell('echo kept; exit 3'));
    child.stdout.connect('line', (_output, line) => lines.push(line));
    child.connect('completed', (_child, result) => results.push(result));
    await complete(child);
    child = null;
    churn();
    equal(join(order.filter(entry => entry instanceof GLib.Bytes)), 'one\ntwo');
    equal(order.filter(entry => typeof entry === 'string'), ['one', 'two', 'ended']);
    equal(order.at(-1), 'ended');
    equal(errors.length, 2);
    for (const error of errors) {
        check(error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA), `another error: ${error}`);
        equal(error.message, message);
    }
    equal(lines, ['kept']);
    equal(results.map(result => [result.name, result.exit_code]), [['job', 3]]);
});

const FOUR_LINES = "printf 'one\\ntwo\\nthree\\nfour'";

scenario(46, 'replay last lines and milliseconds', async () => {
    const replayed = async (replay, limit, maxBytes) => {
        const kept = config(RELIABLE, {replay, replay_limit: limit, max_replay_bytes: maxBytes});
        const child = reliable({stdout_config: kept}).spawnv(shell(FOUR_LINES));
        await complete(child);
        return readLate(child);
    };

    equal(await replayed(Replay.LAST_LINES, 2, 100), 'three\nfour');
    equal(await replayed(Replay.LAST_LINES, 9, 100), 'one\ntwo\nthree\nfour');
    equal(await replayed(Replay.LAST_LINES, 9, 6), 'four');
    equal(await replayed(Replay.LAST_MS, 3600000, 100), 'one\ntwo\nthree\nfour');
    equal(await replayed(Replay.LAST_MS, 3600000, 5), '\nfour');
});

scenario(47, 'live only and sealed child', async () => {
    const script = 'echo before; read x; echo after; echo error >&2';
    const child = reliable({replay: Replay.ALL, stdin_mode: PIPE}).spawnv(shell(script));
    const output = child.stdout;
    const live = new Procstream.Collector({collect: Collect.BYTES, keep: Keep.FIRST, live_only: true});
    let all = null;
    const handler = output.connect('chunk', () => {
        output.disconnect(handler);
        output.attach(live);
        all = collect(output);
        child.stdin.close();
    });
    await complete(child);
    await live.wait_async(null);
    await all.wait_async(null);
    equal([live.dup_text(), all.dup_text()], ['after\n', 'before\nafter\n']);
    const errors = collect(child.stderr);
    await errors.wait_async(null);
    equal(errors.dup_text(), 'error\n');
    child.seal_replay();
    for (const sealed of [child.stdout, child.stderr]) {
        const late = collect(sealed);
        // eslint-disable-next-line no-await-in-loop
        await late.wait_async(null);
        equal(late.bytes_seen, 0);
    }
});

scenario(48, 'single', async () => {
    const only = config(RELIABLE, {backend: Procstream.Backend.SINGLE});
    const child = reliable({stdout_config: only, name: 'job'}).create(shell('echo text'));
    const first = collect(child.stdout);
    const second = new Procstream.Reader();
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, () => child.stdout.attach(second));
    check(message.includes('job'), message);
    first.cancel();
    child.stdout.attach(second);
    child.start();
    equal(await second.read_line_async(null), 'text');
});

scenario(49, 'pause, lag and stall', async () => {
    const small = config(RELIABLE, {max_buffered_chunks: 1});
    const child = reliable({stdout_config: small, stdin_mode: PIPE}).create(shell('printf one; read x; printf three'));
    const paused = new Counter();
    paused.pause();
    const stuck = new Procstream.Reader({max_stall_ms: 1});
    child.stdout.attach(paused);
    child.stdout.attach(stuck);
    child.start();
    await raises(Procstream.ChildError, Procstream.ChildError.STALLED, () => stuck.wait_async(null));
    equal([stuck.state, stuck.bytes_lost, child.stdout.consumers_dropped], [ConsumerState.FAILED, 3, 1]);
    equal([paused.paused, paused.chunks, paused.lag_chunks, paused.lag_bytes], [true, 0, 1, 3]);
    check(paused.lag_us >= 0);
    paused.resume();
    child.stdin.close();
    await paused.wait_async(null);
    equal([paused.paused, paused.chunks, paused.lag_chunks], [false, 2, 0]);
});

const ASK_TWICE = 'printf one; read x; printf two; read x; printf red >&2';

const Placed = GObject.registerClass(
class Placed extends Procstream.Consumer {
    infos = [];

    vfunc_chunk_info(info) {
        this.infos.push(info);
    }
});

function places(infos) {
    return infos.map(info => [decode(info.bytes), info.stream, info.sequence, info.offset, info.stream_offset]);
}

scenario(50, 'chunk info', async () => {
    const child = reliable({stdin_mode: PIPE}).create(shell(ASK_TWICE));
    const reader = Procstream.Reader.new(), placed = new Placed();
    const emitted = [], read = [];
    for (const output of [child.stdout, child.stderr])
        output.connect('chunk-info', (_output, info) => emitted.push(info));
    child.stdout.attach(placed);
    child.stdout.attach(reader);
    const completed = complete(child);
    child.start();
    for (let i = 0; i < 2; i++) {
        // eslint-disable-next-line no-await-in-loop
        read.push(await reader.next_info_async(null));
        child.stdin.write_async(new GLib.Bytes('\n'), null, null);
    }
    await completed;
    churn();
    const both = [['one', 'stdout', 0, 0, 0], ['two', 'stdout', 1, 3, 3]];
    equal(places(emitted), [...both, ['red', 'stderr', 0, 0, 0]]);
    equal(places(placed.infos), both);
    equal(places(read), both);
    equal(emitted.map(info => info.time_us), [...new Set(emitted.map(info => info.time_us))].sort((a, b) => a - b));
    check(emitted[0].time_us === read[0].time_us);
});

scenario(51, 'merged view', async () => {
    const child = reliable({merged_view: true, stdin_mode: PIPE}).create(shell(
        'printf be; read x; echo no >&2; read x; echo gin; read x; printf more >&2'));
    const reader = Procstream.Reader.new();
    const read = [], lines = [];
    child.merged.connect('line', (_output, line) => lines.push(line));
    child.merged.attach(reader);
    const completed = complete(child);
    child.start();
    for (;;) {
        // eslint-disable-next-line no-await-in-loop
        const info = await reader.next_info_async(null);

        if (info === null)
            break;
        read.push(`${info.stream} ${decode(info.bytes)}`);
        child.stdin.write_async(new GLib.Bytes('\n'), null, null);
    }
    await completed;
    equal(read, ['stdout be', 'stderr no\n', 'stdout gin\n', 'stderr more']);
    equal(lines, ['no', 'begin', 'more']);
    equal([child.stdout.bytes_received, child.stderr.bytes_received, child.merged.bytes_received], [6, 7, 13]);
    equal(reliable().create(shell(':')).merged, null);
});

scenario(52, 'exact order', async () => {
    const child = reliable({merged_view: true, exact_order: true}).create(shell(
        'for i in $(seq 1 300); do echo out $i; echo err $i >&2; done'));
    const expected = Array.from({length: 600}, (_, i) => `${i % 2 === 0 ? 'out' : 'err'} ${Math.floor(i / 2) + 1}`);
    const lines = [], infos = [];
    child.merged.connect('lines', (_output, batch) => lines.push(...batch));
    for (const output of [child.stdout, child.stderr])
        output.connect('chunk-info', (_output, info) => infos.push(info));
    const completed = complete(child);
    child.start();
    await completed;
    equal(lines, expected);
    infos.sort((a, b) => a.time_us - b.time_us);
    equal(join(infos.map(info => info.bytes)), expected.map(line => `${line}\n`).join(''));
});

/* Writes chunks with asynchronous calls. */
const Slow = GObject.registerClass(
class Slow extends Procstream.Consumer {
    stream = Gio.MemoryOutputStream.new_resizable();
    failAt = 0;
    doneAt = 0;
    chunks = 0;
    underWay = 0;
    hasEnded = false;

    async vfunc_chunk(chunk) {
        check(this.underWay === 0);
        this.underWay++;
        const number = ++this.chunks;
        equal(await this.stream.write_bytes_async(chunk, GLib.PRIORITY_DEFAULT, null), chunk.get_size());
        this.underWay--;
        if (number === this.failAt)
            throw new Error('expected');
        return number === this.doneAt;
    }

    async vfunc_ended(error) {
        check(this.underWay === 0 && error === null);
        await this.stream.close_async(GLib.PRIORITY_DEFAULT, null);
        this.hasEnded = true;
    }
});

/* A path in a directory of its own, which run() must leave as it was. */
async function withPath(run) {
    const directory = GLib.dir_make_tmp('procstream-XXXXXX');

    await run(GLib.build_filenamev([directory, 'log']));
    equal(GLib.rmdir(directory), 0);
}

function takeText(path) {
    const [, contents] = GLib.file_get_contents(path);

    GLib.unlink(path);
    return new TextDecoder().decode(contents);
}

scenario(54, 'writer to a file', () => withPath(async path => {
    const child = reliable().create(shell('seq 1 6'));
    const writer = new Procstream.Writer({
        file: Gio.File.new_for_path(path), file_mode: Procstream.FileMode.TRUNCATE,
        write_mode: Procstream.WriteMode.LINES, prefix: '%n: ', max_file_size: 40, max_backups: 1,
    });
    const broken = Procstream.Writer.new_for_path('/nowhere/log', Procstream.FileMode.APPEND);
    child.stdout.attach(writer);
    child.stdout.attach(broken);
    child.start();
    await writer.wait_async(null);
    equal(takeText(path), 'stdout: 5\nstdout: 6\n');
    equal(takeText(`${path}.1`), 'stdout: 1\nstdout: 2\nstdout: 3\nstdout: 4\n');
    equal([writer.bytes_written, writer.rotations], [60, 1]);
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, () => broken.wait(TIMEOUT_MS, null));
}));

/* A class that is not GIO's own, so it is called in this thread's main context. */
const OwnTarget = GObject.registerClass(
class OwnTarget extends Gio.BufferedOutputStream {
});

scenario(55, 'writer to a stream', async () => {
    for (const own of [false, true]) {
        const memory = Gio.MemoryOutputStream.new_resizable();
        const target = own ? new OwnTarget({base_stream: memory}) : memory;
        const child = reliable().create(shell(PRINT_MANY));
        const writer = new Procstream.Writer({stream: target, close_stream: true});
        child.stdout.attach(writer);
        child.start();
        // eslint-disable-next-line no-await-in-loop
        await writer.wait_async(null);
        check(target.is_closed());
        equal(decode(memory.steal_as_bytes()), MANY);
    }
});

scenario(56, 'output to a file', () => withPath(async path => {
    const straight = Procstream.OutputConfig.new_file(path, Procstream.FileMode.TRUNCATE);
    const first = reliable({stdout_config: straight}).spawnv(shell('echo one'));
    await complete(first);
    equal(first.stdout.file_writer, null);
    const beside = config(LOSSY, {file: Gio.File.new_for_path(path), file_mode: Procstream.FileMode.APPEND});
    const second = reliable({stdout_config: beside}).create(shell('echo two'));
    const collector = collect(second.stdout);
    second.start();
    await complete(second);
    equal(collector.dup_text(), 'two\n');
    equal(second.stdout.file_writer.bytes_written, 4);
    equal(takeText(path), 'one\ntwo\n');
}));

scenario(57, 'collector ends and spill', async () => {
    const collectMany = async properties => {
        const child = reliable().create(shell(PRINT_MANY));
        const collector = new Procstream.Collector(properties);
        child.stdout.attach(collector);
        child.start();
        await collector.wait_async(null);
        return collector;
    };
    const ends = await collectMany({
        collect: Collect.LINES, keep: Keep.FIRST_AND_LAST, max_lines: 3, first_lines: 2,
    });
    equal(ends.dup_first_lines(), ['1', '2']);
    equal(ends.dup_last_lines(), ['100000']);
    equal(ends.lines_cut, 99997);
    const spilled = await collectMany({collect: Collect.BYTES, keep: Keep.FIRST, spill_above: 1000});
    equal(decode(spilled.dup_bytes()), MANY);
    equal(spilled.open_stream().skip(10000000, null), MANY.length);
});

scenario(58, 'reader until and exactly', async () => {
    const child = reliable({stdin_mode: PIPE}).create(shell(
        "printf 'name> '; read answer; printf 'hello %s\\n\\1\\2\\3\\4tail' \"$answer\""));
    const reader = new Procstream.Reader();
    child.stdout.attach(reader);
    child.start();
    const prompt = new TextEncoder().encode('> ');
    equal(decode(await reader.read_until_async(prompt, 100, null)), 'name> ');
    check(await child.stdin.write_async(new TextEncoder().encode('you\n'), null));
    child.stdin.close();
    const line = await reader.next_line_async(null);
    equal([line.text, line.number, line.stream, line.terminated, line.cut], ['hello you', 1, 'stdout', true, false]);
    equal(decode(line.bytes), 'hello you');
    check(line.time_us > 0 && line.time_us <= GLib.get_monotonic_time() + 1000);
    equal([...(await reader.read_exactly_async(4, null)).toArray()], [1, 2, 3, 4]);
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.MESSAGE_TOO_LARGE, () => reader.read_until(prompt, 3, TIMEOUT_MS, null));
    equal(decode(reader.read_exactly(100, TIMEOUT_MS, null)), 'tail');
    equal(await reader.read_exactly_async(100, null), null);
});

scenario(59, 'line separators', async () => {
    const read = async (script, options) => {
        const child = reliable({stdout_config: config(RELIABLE, options)}).create(shell(script));
        const collector = collect(child.stdout, Procstream.Collect.LINES);
        child.start();
        await collector.wait_async(null);
        return collector.dup_lines();
    };
    const {ANY, NUL, CUSTOM} = Procstream.LineSeparator;
    equal(await read("printf '10%%\\r20%%\\r\\ndone\\n'", {line_separator: ANY}), ['10%', '20%', 'done']);
    equal(await read("printf './a\\000./b\\nc\\000'", {line_separator: NUL}), ['./a', './b\nc']);
    const custom = new GLib.Bytes(new TextEncoder().encode('--\n'));
    equal(await read("printf 'a\\nb--\\nc--\\n'", {line_separator: CUSTOM, custom_separator: custom}), ['a\nb', 'c']);
    const message = await raises(Procstream.ChildError, Procstream.ChildError.UNSET_POLICY,
        () => read('true', {line_separator: CUSTOM}));
    check(message.includes('custom-separator'));
});

const LineKeeper = GObject.registerClass(
class LineKeeper extends Procstream.Consumer {
    kept = [];

    vfunc_line_received(line) {
        return this.kept.push(line) === 3;
    }
});

scenario(60, 'line received', async () => {
    const child = reliable().create(shell("printf 'one\\nr\\377w\\n\\nlast'"));
    const keeper = new LineKeeper(), kept = [];
    child.stdout.attach(keeper);
    child.stdout.connect('line-received', (_output, line) => kept.push(line));
    child.start();
    await complete(child);
    churn();
    equal(kept.map(line => [line.text, [...line.bytes.toArray()], line.number, line.stream, line.terminated]), [
        ['one', [111, 110, 101], 1, 'stdout', true],
        ['r\ufffdw', [114, 255, 119], 2, 'stdout', true],
        ['', [], 3, 'stdout', true],
        ['last', [108, 97, 115, 116], 4, 'stdout', false],
    ]);
    equal(keeper.kept.map(line => line.text), ['one', 'r\ufffdw', '']);
    equal(keeper.state, ConsumerState.DONE);
});

scenario(61, 'encoding and escapes', async () => {
    const child = reliable({stdout_config: config(RELIABLE, {encoding: 'ISO-8859-1', strip_escapes: true})}).create(
        shell("printf '\\033[1mgr\\374n\\033[0m\\nplain\\n'"));
    const lines = [];
    child.stdout.connect('line', (_output, line) => lines.push(line));
    child.start();
    await complete(child);
    equal(lines, ['gr\u00fcn', 'plain']);
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_SUPPORTED,
        () => child.stdout.attach(new Procstream.Reader({encoding: 'no-such-encoding'})));
    check(message.includes('no-such-encoding'));
});

scenario(62, 'expect', async () => {
    const child = reliable({replay: Replay.ALL, stdin_mode: PIPE}).spawnv(
        shell('echo starting; echo "Ready on 8080" >&2; read x; echo last words; exit 3'));
    const match = child.expect(/ready on (?<port>\d+)(!)?/i, MatchFlags.NONE, TIMEOUT_MS);
    equal([match.text, match.pattern, match.line.stream], ['Ready on 8080', 0, 'stderr']);
    equal(match.groups, ['Ready on 8080', '8080', '']);
    equal([match.get_group(1), match.get_named_group('port'), match.get_group(2)], ['8080', '8080', null]);
    equal(child.expect('start').text, 'starting');
    equal(child.expect('starting', MatchFlags.WHOLE_LINE, TIMEOUT_MS, null).line.number, 1);
    let message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => child.expect('words', MatchFlags.NONE, 10));
    check(message.includes('a line with “words”') && message.includes('\n  starting'), message);
    child.stdin.close();
    message = await raises(Procstream.ChildError, Procstream.ChildError.NO_MATCH, () => child.expect_async('set'));
    check(message.includes('exited with status 3') && message.includes('\n  last words'), message);
    await raises(GLib.RegexError, GLib.RegexError.UNMATCHED_PARENTHESIS, () => child.expect('(', MatchFlags.REGEX));
});

scenario(63, 'expect async', async () => {
    const child = reliable({stdin_mode: PIPE}).create(shell('echo ready; printf "login: "; read x; exit 0'));
    const cancellable = new Gio.Cancellable();
    const ready = child.expect_async('ready', MatchFlags.NONE, TIMEOUT_MS, null);
    const login = child.expect_async('login: ', MatchFlags.PARTIAL);
    const never = raises(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED,
        () => child.expect_async('never', MatchFlags.NONE, -1, cancellable));
    const called = new Promise(resolve => child.expect_async('ready', (source, result) => resolve(source.expect_finish(result))));
    child.start();
    equal([(await ready).text, (await login).text, (await called).text], ['ready', 'login: ', 'ready']);
    check(!(await login).line.terminated);
    cancellable.cancel();
    await never;
    const completed = complete(child);
    child.stdin.close();
    await completed;
});

scenario(64, 'line waiter', async () => {
    const child = reliable().create(shell('echo one; echo two; echo three'));
    const waiter = new Procstream.LineWaiter();
    const asked = [];
    waiter.add_pattern('four');
    waiter.add_function(MatchFlags.NONE, line => {
        asked.push(line.text);
        return line.text === 'three';
    });
    waiter.add_pattern(/^thr/);
    child.attach_waiter(waiter);
    child.start();
    const match = await waiter.wait_match_async(null);
    equal([match.text, match.pattern, match.groups], ['three', 1, ['three']]);
    equal(asked, ['one', 'two', 'three']);
    equal(waiter.lines_searched, 3);
    equal(waiter.state, ConsumerState.DONE);
    check(waiter.match === match);
    await raises(Procstream.ChildError, Procstream.ChildError.WRONG_STATE, () => waiter.add_pattern('late'));
});

scenario(65, 'asynchronous consumer', async () => {
    const child = smallChunks().create(shell(PRINT_MANY));
    const slow = new Slow(), faulty = new Slow(), once = new Slow(), counter = new Counter();
    // GJS prints what a promise was rejected with as a warning, which is fatal in tests.
    const fatal = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR);
    faulty.failAt = once.doneAt = 2;
    for (const consumer of [slow, faulty, once, counter])
        child.stdout.attach(consumer);
    child.start();
    await Promise.all([slow, faulty, once, counter].map(consumer => consumer.wait_async(null)));
    GLib.log_set_always_fatal(fatal);
    for (const consumer of [slow, faulty]) {
        equal(consumer.state, ConsumerState.ENDED);
        check(consumer.hasEnded);
        equal(consumer.chunks, counter.chunks);
        equal(decode(consumer.stream.steal_as_bytes()), MANY);
    }
    equal(once.state, ConsumerState.DONE);
    equal([once.chunks, once.hasEnded], [2, false]);
});

/* Resolves when a condition on a list has become true. */
function listed(model, condition) {
    return new Promise(resolve => {
        if (condition()) {
            resolve();
            return;
        }
        const id = model.connect_after('items-changed', () => {
            if (condition()) {
                model.disconnect(id);
                resolve();
            }
        });
    });
}

scenario(66, 'log model', async () => {
    const script = 'echo one; read x; echo two >&2; read x; echo three; read x; printf four';
    const child = reliable({stdin_mode: PIPE}).create(shell(script));
    const model = new Procstream.LogModel({max_lines: 3});
    const changes = [];
    const handler = model.connect('items-changed', (_model, position, removed, added) => {
        changes.push([position, removed, added]);
        child.stdin.write_async(new GLib.Bytes('\n'), null, null);
    });
    const followers = [child.stdout, child.stderr].map(output => model.follow(output));
    child.start();
    await Promise.all(followers.map(follower => follower.wait_async(null)));
    await listed(model, () => changes.length === 5);
    equal(changes, [[0, 0, 1], [1, 0, 1], [2, 0, 1], [0, 1, 0], [2, 0, 1]]);
    equal([...model].map(line => line.text), ['two', 'three', 'four']);
    equal([...model].map(line => [line.stream, line.number]), [['stderr', 1], ['stdout', 2], ['stdout', 3]]);
    equal([model.n_items, model.lines_dropped, model.bytes_shown], [3, 1, 12]);
    const kept = model.get_item(1);
    check(model.get_item(1) === kept);
    model.disconnect(handler);
    model.clear();
    equal([model.get_n_items(), kept.text], [0, 'three']);
});

scenario(67, 'log model search and save', async () => {
    const {NONE, CASELESS, BACKWARD} = Procstream.FindFlags;
    const child = reliable().create(shell('printf "Apple\\nbanana\\napple 23\\n"'));
    const model = new Procstream.LogModel();
    const output = child.stdout;
    const follower = model.follow(output);
    child.start();
    await follower.wait_async(null);
    await listed(model, () => model.get_n_items() === 3);
    GLib.MainContext.default().iteration(false);
    // One that is connected after the end is told of it.
    equal(await new Promise(resolve => output.connect('ended', (_output, error) => resolve(error))), null);
    equal(model.find('apple', NONE, 0), 2);
    equal(model.find('apple', CASELESS, 0), 0);
    equal(model.find('pear', NONE, 0), -1);
    equal(await model.find_async('apple', CASELESS | BACKWARD, 1, null), 0);
    const regex = GLib.Regex.new('[0-9]+$', 0, 0);
    equal(model.find_regex(regex, NONE, 0, TIMEOUT_MS, null), 2);
    equal(await model.find_regex_async(regex, NONE, 0, null), 2);
    const directory = GLib.dir_make_tmp(null);
    const file = Gio.File.new_for_path(`${directory}/log`);
    check(await model.save_async(file, null));
    equal(new TextDecoder().decode(file.load_contents(null)[1]), 'Apple\nbanana\napple 23\n');
    const nowhere = Gio.File.new_for_path(`${directory}/no/log`);
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, () => model.save(nowhere, TIMEOUT_MS, null));
    file.delete(null);
    GLib.rmdir(directory);
    const stream = Gio.MemoryOutputStream.new_resizable();
    check(model.save_to_stream(stream, TIMEOUT_MS, null));
    equal(stream.get_data_size(), 22);
});

scenario(68, 'terminate', async () => {
    const script = 'trap "echo INT" INT; trap "echo TERM; exit 3" TERM; echo ready; while :; do sleep 1000; done';
    const child = reliable().spawnv(shell(script));
    const shutdown = Procstream.Shutdown.new_interrupt_terminate(1000, TIMEOUT_MS);
    const phases = [], received = [];
    child.connect('terminating', (_child, phase) => phases.push(phase.to_string()));
    child.stdout.connect('line', (_output, line) => {
        received.push(line);
        if (line === 'ready')
            child.terminate_async(shutdown, null);
    });
    await complete(child);
    equal(phases, ['SIGINT', 'SIGTERM']);
    equal(received, ['ready', 'INT', 'TERM']);
    equal(child.exit_code, 3);

    const cat = reliable({stdin_mode: PIPE}).spawnv(['cat']);
    const closing = new Procstream.Shutdown();
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, () => cat.terminate(closing, TIMEOUT_MS, null));
    closing.add_close_stdin(TIMEOUT_MS);
    equal(closing.phases.get_n_items(), 1);
    check(await cat.terminate_async(closing, null));
    equal(cat.exit_code, 0);
});

function isAlive(pid) {
    try {
        return !decode(new GLib.Bytes(GLib.file_get_contents(`/proc/${pid}/stat`)[1])).includes(') Z ');
    } catch (error) {
        return false;
    }
}

function spawnAndExit() {
    const child = reliable().create(shell('sleep 1000 & echo $!; wait'));
    const reader = new Procstream.Reader();
    child.stdout.attach(reader);
    child.start();
    const nothing = Procstream.OutputConfig.new_discard();
    const detached = reliable({
        lifetime: Procstream.Lifetime.DETACHED, stdout_config: nothing, stderr_config: nothing,
    });
    const survivor = detached.spawnv(['sleep', '1000']);
    print(`pids ${child.pid} ${reader.read_line(TIMEOUT_MS, null)} ${survivor.pid}`);
    System.exit(0);
}

scenario(69, 'lifetime', async () => {
    if (GLib.getenv('PROCSTREAM_SCENE'))
        spawnAndExit();
    const launcher = reliable();
    launcher.set_variable('PROCSTREAM_SCENE', 'yes');
    const script = GLib.filename_from_uri(import.meta.url)[0];
    const result = await launcher.run_async(['gjs', '-m', script, '69'], null, null);
    const [, child, grandchild, survivor] = result.stdout.text.match(/pids (\d+) (\d+) (\d+)/);
    check(!isAlive(child) && !isAlive(grandchild));
    check(isAlive(survivor));
    reliable().run(['kill', '-KILL', survivor], null, null);
});

scenario(70, 'complete', async () => {
    const {Cause, CompleteOptions, EndOn} = Procstream;
    const child = reliable().spawnv(shell('echo out; echo err >&2; exit 3'));
    let result = child.complete(null, null);
    equal([result.cause, result.exit_code], [Cause.EXITED, 3]);
    equal(decode(result.stdout.bytes), 'out\n');
    equal(result.stderr.text, 'err\n');
    equal(result.tail, 'err\n');
    const counted = reliable().spawnv(shell('seq 100; printf end'));
    result = counted.complete(new CompleteOptions({max_bytes: 3}), null);
    equal([result.stdout.text, result.stdout.lines_seen, result.stdout.lines_cut], ['1\n2', 101, 99]);
    const late = counted.complete(null, null);
    equal([late.stdout.text, late.stdout.bytes_missed, late.truncated], ['', 295, true]);
    try {
        late.check();
        check(false, 'no error');
    } catch (error) {
        check(error.matches(Procstream.ChildError, Procstream.ChildError.OUTPUT_CUT), `another error: ${error}`);
        check(error.message.includes('295 bytes of stdout'), error.message);
    }

    const slow = reliable().spawnv(shell('echo begun; sleep 1000'));
    result = await slow.complete_async(new CompleteOptions({timeout_ms: 1000, end_on: EndOn.TIMEOUT}), null);
    equal([result.cause, result.running], [Cause.TIMED_OUT, false]);
    equal([result.attempts.get_n_items(), result.attempts.get_item(0).signum], [1, SIGTERM]);
    equal(result.stdout.text, 'begun\n');

    const held = reliable().spawnv(shell('sleep 1000 & echo $!'));
    result = await held.complete_async(new CompleteOptions({drain_timeout_ms: 1000}), null);
    equal([result.exit_code, result.stdout.ended, result.truncated], [0, false, true]);
    check(await held.terminate_async(null, null));
});

scenario(71, 'run', async () => {
    equal(Procstream.run(['echo', 'one'], null).stdout.text, 'one\n');
    equal((await Procstream.run_async(['echo', 'three'], null)).stdout.text, 'three\n');
    // To ask for promises once more changes nothing.
    Gio._promisify(Procstream.Launcher.prototype, 'run_async', 'run_finish');
    for (const klass of Object.values(Procstream).filter(value => value?.prototype)) {
        for (const name of Object.getOwnPropertyNames(klass.prototype))
            check(!/^[a-z].*_async$/.test(name) || `_original_${name}` in klass.prototype, name);
    }
    const launcher = reliable();
    try {
        await launcher.run_async(shell('echo no >&2; exit 4'), null, null);
        check(false, 'no error');
    } catch (error) {
        check(error.matches(Procstream.ChildError, Procstream.ChildError.UNSUCCESSFUL), `another error: ${error}`);
        check(error.message.includes('status 4') && error.message.includes('no'), error.message);
        equal(Procstream.child_error_get_result(error).exit_code, 4);
    }
    launcher.set_success_statuses([0, 4]);
    check(launcher.run(shell('exit 4'), null, null).success);
    equal((await launcher.run_async(shell('echo two'), null, null)).stdout.text, 'two\n');
});

scenario(72, 'scope', async () => {
    const {Cause, ChildError, Scope} = Procstream;
    const sleeper = ['sleep', '1000'];
    let scope = new Scope();
    let launcher = reliable({scope});
    const children = [launcher.spawnv(sleeper), launcher.spawnv(sleeper)];
    while (scope.get_n_items() < 2)
        GLib.MainContext.default().iteration(true);
    check([...scope].every((child, i) => child === children[i]));
    equal(scope.n_running, 2);
    check(await scope.close_async(null));
    equal(children.map(child => child.term_signal), [SIGTERM, SIGTERM]);
    await raises(ChildError, ChildError.SCOPE_CLOSED, () => launcher.spawnv(sleeper));
    check(scope.close(TIMEOUT_MS, null));

    scope = new Scope({max_running: 1});
    launcher = reliable({scope});
    const failed = new Promise(resolve => scope.connect('start-failed', (_scope, _child, error) => resolve(error)));
    for (const argv of [['echo', 'one'], ['/nowhere/program'], ['echo', 'three']])
        scope.enqueue(launcher.create(argv));
    const results = await scope.complete_all_async(null, null);
    equal(results.map(result => result.dup_stdout_text()), ['one\n', null, 'three\n']);
    equal(results[1].cause, Cause.NOT_STARTED);
    await raises(GLib.SpawnError, GLib.SpawnError.NOENT, () => results[1].check());
    check((await failed).matches(GLib.SpawnError, GLib.SpawnError.NOENT));
    equal([scope.n_finished, scope.complete_all(null, null).length, scope.max_finished], [3, 3, 1000]);
    scope.max_finished = 1;
    equal(scope.complete_all(null, null).length, 1);

    scope = new Scope();
    launcher = reliable({scope});
    const removed = launcher.create(['echo']);
    const closed = launcher.create(['echo']);
    GLib.MainContext.default().iteration(false);
    equal(scope.get_n_items(), 0);
    check(scope.remove(removed));
    await raises(ChildError, ChildError.NOT_STARTED, () => removed.start());
    check(scope.close(TIMEOUT_MS, null));
    await raises(ChildError, ChildError.SCOPE_CLOSED, () => closed.start());
    equal([removed.state, closed.state], [Procstream.ChildState.FAILED, Procstream.ChildState.FAILED]);

    scope = new Scope();
    let child = reliable({scope}).spawnv(sleeper);
    let late = 0;
    child.connect('exited', () => late++);
    child.stdout.connect('ended', () => late++);
    scope.abort();
    check(await scope.close_async(null));
    equal([late, child.term_signal], [0, SIGKILL]);

    // What a block does where the engine has them, and by hand.
    scope = new Scope();
    try {
        child = reliable({scope}).spawnv(sleeper);
    } finally {
        if (Symbol.dispose)
            scope[Symbol.dispose]();
        else
            scope.close(TIMEOUT_MS, null);
    }
    equal([child.term_signal, scope.closed], [SIGTERM, true]);
    if (Symbol.asyncDispose) {
        scope = new Scope();
        child = reliable({scope}).spawnv(sleeper);
        await scope[Symbol.asyncDispose]();
        equal(child.term_signal, SIGTERM);
    }
});

scenario(73, 'process settings', async () => {
    const plain = reliable().spawnv(shell('nice'));
    const nice = collect(plain.stdout);
    await complete(plain);
    const ownNice = parseInt(nice.dup_lines()[0]);

    const [, , , fd] = GLib.spawn_async_with_pipes(null, ['/usr/bin/printf', 'given\\n'], null, GLib.SpawnFlags.DEFAULT, null);
    GLib.setenv('SCENARIO_GONE', 'here', true);
    const launcher = reliable({
        nice: 3,
        umask: 0o27,
        containment: Procstream.Containment.SESSION,
        search_environment_path: true,
    });
    launcher.set_limit(Procstream.Limit.CORE_SIZE, 0, Procstream.NO_LIMIT);
    launcher.take_fd(fd, 7);
    launcher.clear_environment();
    const child = launcher.spawnv(['sh', '-c',
        'nice; umask; ulimit -S -c; echo "${SCENARIO_GONE-unset}"; cat <&7; cut -d" " -f1,6 /proc/$$/stat']);
    launcher.close_fd(7);
    const collector = collect(child.stdout);
    await complete(child);
    equal(collector.dup_lines(),
        [`${Math.min(ownNice + 3, 19)}`, '0027', '0', 'unset', 'given', `${child.pid} ${child.pid}`]);
    equal(launcher.get_limit(Procstream.Limit.CORE_SIZE), [true, 0, -1]);
    launcher.name_parts = Procstream.NameParts.ARGUMENTS;
    equal(launcher.create(['/bin/prog', '--token', 'x', 'y']).name, 'prog "--token" "***" "y"');
    for (const [name, spoil] of [
        ['open-files', odd => odd.set_limit(Procstream.Limit.OPEN_FILES, 64, 32)],
        ['umask', odd => (odd.umask = 0o7777)],
        ['256', odd => odd.set_success_statuses([256])],
        ['variable', odd => odd.set_variable('A=b', 'c')],
    ]) {
        const odd = reliable();
        spoil(odd);
        const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, () => odd.create(['cat']));
        check(message.includes(name), message);
    }
});

scenario(74, 'pseudo-terminal', async () => {
    const launcher = reliable({pty: true, stdin_mode: Procstream.StdinMode.PTY, pty_columns: 132, pty_rows: 50});
    const child = launcher.create(shell('tty >/dev/null && stty size; read -r text; stty size; echo "$text" >&2; cat'));
    const lines = [], ends = [];
    child.stdout.connect('line', (_output, line) => {
        lines.push(line);
        if (line === '50 132') {
            child.resize(100, 30);
            child.stdin.write_async(new TextEncoder().encode('typed\nmore\n'), null, null);
            child.stdin.close();
        }
    });
    child.stdout.connect('ended', (_output, error) => ends.push(error));
    child.start();
    await complete(child);
    equal(lines, ['50 132', '30 100', 'typed', 'more']);
    equal(ends, [null]);
    equal(child.exit_code, 0);
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT,
        () => reliable({stdin_mode: Procstream.StdinMode.PTY}).create(['cat']));
});

scenario(75, 'tree', async () => {
    const child = reliable({containment: Procstream.Containment.TREE})
        .create(shell('setsid sleep 1000 & (sleep 1000 &); echo "$$"; exit 3'));
    const collector = collect(child.stdout);
    child.start();
    // It ends when those have gone that hold it open.
    await complete(child);
    equal(collector.dup_lines(), [`${child.pid}`]);
    equal(child.exit_code, 3);
});

scenario(76, 'tree that is kept', () => {
    const launcher = reliable({containment: Procstream.Containment.TREE, keep_descendants: true, guard_grace_ms: 0});
    equal([launcher.keep_descendants, launcher.guard_grace_ms], [true, 0]);
    const child = launcher.create(shell("setsid sh -c 'sleep 1000' & exit 3"));
    child.start();
    child.wait(Procstream.NO_TIMEOUT, null);
    equal(child.exit_code, 3);
    equal(child.stdout.state, Procstream.OutputState.OPEN);
    child.terminate(null, Procstream.NO_TIMEOUT, null);
    // What held the output open is gone.
    const result = child.complete(null, null);
    check(result.user_time_us >= 0);
    check(result.system_time_us >= 0);
    check(result.peak_memory > 0);
});

scenario(77, 'stdin sources', async () => {
    const encode = text => new GLib.Bytes(new TextEncoder().encode(text));
    const memory = text => Gio.MemoryInputStream.new_from_bytes(encode(text));
    const path = GLib.build_filenamev([GLib.Dir.make_tmp('scenario-XXXXXX'), 'input']);
    const launcher = reliable({stdin_file: path});
    equal(launcher.stdin_mode, Procstream.StdinMode.FILE);
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.NOT_FOUND, () => launcher.spawnv(['cat']));
    check(message.includes(path));
    GLib.file_set_contents(path, 'from a file');
    equal((await launcher.run_async(['cat'], null, null)).dup_stdout_text(), 'from a file');
    GLib.unlink(path);
    GLib.rmdir(GLib.path_get_dirname(path));

    for (const source of [{stdin_bytes: encode(MANY)}, {stdin_stream: memory(MANY)},
        {stdin_stream: new OwnStream({base_stream: memory(MANY)})}]) {
        // eslint-disable-next-line no-await-in-loop
        equal((await reliable(source).run_async(['cat'], null, null)).dup_stdout_text(), MANY);
    }

    const broken = Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes([...new TextEncoder().encode('one'), 0xff]));
    const failing = new FailingStream({base_stream: broken, converter: Gio.CharsetConverter.new('UTF-8', 'UTF-8')});
    const cut = reliable({stdin_stream: failing}).spawnv(['cat']);
    const result = await cut.complete_async(null, null);
    equal(result.dup_stdout_text(), 'one');
    check(result.dup_input_error().matches(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA));
    check(cut.stdin.feed_error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_DATA));
    await raises(Procstream.ChildError, Procstream.ChildError.INPUT_CUT, () => result.check());

    const child = reliable({stdin_mode: Procstream.StdinMode.PIPE}).create(['cat']);
    const {stdin} = child;
    const collector = collect(child.stdout);
    stdin.max_queued_bytes = 4;
    check(stdin.write_utf8('ünd'));
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.WOULD_BLOCK, () => stdin.write_bytes(new TextEncoder().encode('x')));
    equal(stdin.bytes_queued, 4);
    stdin.connect('notify::bytes-queued', () => {
        if (stdin.bytes_written === 4 && stdin.bytes_queued === 0) {
            stdin.write_utf8('x');
            stdin.close();
        }
    });
    child.start();
    await complete(child);
    equal(collector.dup_text(), 'ündx');
    equal(stdin.bytes_written, 5);
});

function joinStages(...argvs) {
    const pipeline = new Procstream.Pipeline();
    for (const argv of argvs)
        pipeline.append(reliable(), argv);
    return pipeline;
}

scenario(78, 'pipeline', async () => {
    const three = joinStages(shell('printf "b\\na\\nc\\n"; echo one >&2'), shell('sort; echo two >&2'), ['head', '-n', '1']);
    three.start();
    let result = three.complete(null, null);
    check(result.check());
    equal(result.dup_stdout_text(), 'a\n');
    equal([0, 1, 2].map(i => result.get_stage(i).dup_stderr_text()), ['one\n', 'two\n', '']);

    const observed = joinStages(shell(PRINT_MANY), ['wc', '-l']);
    observed.set_observed(0, true);
    await observed.start_async(null);
    const collector = collect(observed.get_stage(0).stdout);
    result = await observed.complete_async(null, null);
    equal(parseInt(result.dup_stdout_text()), 100000);
    equal(collector.dup_text(), MANY);

    const enough = joinStages(['yes'], ['head', '-n', '1']);
    enough.start();
    result = await enough.complete_async(null, null);
    check(result.success && result.is_excused(0));
    equal(result.get_stage(0).term_signal, 13);

    const blamed = joinStages(['yes'], shell('exit 4'));
    blamed.start();
    result = await blamed.complete_async(null, null);
    equal(result.blamed, 1);
    let message = await raises(Procstream.ChildError, Procstream.ChildError.UNSUCCESSFUL, () => result.check());
    check(message.startsWith('Stage 2 of 2: '));

    const missing = joinStages(['cat'], ['/nowhere/program']);
    message = await raises(GLib.SpawnError, GLib.SpawnError.NOENT, () => missing.start_async(null));
    check(message.startsWith('Stage 2 of 2: '));

    const endless = joinStages(['sleep', '1000'], ['cat']);
    endless.start();
    await endless.terminate_async(null, null);
    equal([0, 1].map(i => endless.get_stage(i).state), [Procstream.ChildState.EXITED, Procstream.ChildState.EXITED]);
});

scenario(81, 'joined lines', async () => {
    const read = async (script, options = {}) => {
        const child = reliable({stdout_config: config(RELIABLE, options)}).create(shell(script));
        const joined = [], lines = [], after = [];
        child.stdout.connect('joined-lines', (_output, text, separator) => joined.push(separator, ...text.split(separator)));
        child.stdout.connect('lines', (output, batch) => {
            check(output === child.stdout);
            lines.push(...batch);
        });
        child.stdout.connect_after('lines', (_output, batch) => after.push(...batch));
        child.stdout.disconnect(child.stdout.connect('lines', () => check(false)));
        child.start();
        await complete(child);
        equal(lines, joined.slice(1));
        equal(after, lines);
        return joined;
    };

    equal(await read("printf 'a\\n\\nb\\377\\n'"), ['\n', 'a', '', 'b\ufffd']);
    equal(await read("printf 'a\\r\\nb\\nc\\r\\n'", {line_separator: Procstream.LineSeparator.CRLF}), ['\x01', 'a', 'b\nc']);
});

scenario(84, 'collector raw lines', async () => {
    const collectFrom = async (script, what, keep) => {
        const child = reliable().create(shell(script));
        const collector = new Procstream.Collector({collect: what, keep, max_bytes: 9});
        child.stdout.attach(collector);
        child.start();
        await collector.wait_async(null);
        return collector;
    };
    const raw = lines => lines.map(line => [...line.toArray()]);
    const lines = await collectFrom("printf 'caf\\351\\n\\nok\\n'", Collect.LINES, Keep.FIRST);
    equal(lines.dup_lines(), ['caf\ufffd', '', 'ok']);
    equal(raw(lines.dup_raw_lines()), [[99, 97, 102, 0o351], [], [111, 107]]);
    const ends = await collectFrom("printf 'a\\377\\nlonger\\nok\\n'", Collect.LINES, Keep.FIRST_AND_LAST);
    equal(raw(ends.dup_first_raw_lines()), [[97, 0o377]]);
    equal(raw(ends.dup_last_raw_lines()), [[111, 107]]);
    equal(lines.chunks_cut, 0);
    const cut = await collectFrom('printf 0123456789', Collect.BYTES, Keep.LAST);
    equal(cut.chunks_cut, 1);
});

scenario(90, 'line waiter elsewhere', async () => {
    let child = reliable({merged_view: true}).create(shell('echo one; echo ready >&2'));
    const merged = new Procstream.LineWaiter();
    merged.add_pattern('ready');
    child.merged.attach(merged);
    child.start();
    const match = await merged.wait_match_async(null);
    equal([match.text, match.line.stream], ['ready', 'stderr']);

    const only = config(RELIABLE, {backend: Procstream.Backend.SINGLE});
    child = reliable({stdout_config: only, stdin_mode: PIPE}).create(shell('echo one; echo ready; read x; echo set'));
    const waiter = new Procstream.LineWaiter();
    waiter.add_pattern('ready');
    child.stdout.attach(waiter);
    waiter.pause();
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.BUSY, () => child.stdout.attach(new Procstream.Collector()));
    child.start();
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => waiter.wait_match(10, null));
    waiter.resume();
    equal((await waiter.wait_match_async(null)).text, 'ready');
    const last = collect(child.stdout);
    const marked = new Procstream.LineWaiter();
    marked.add_pattern('never');
    child.stderr.attach(marked);
    marked.mark_done();
    await raises(Procstream.ChildError, Procstream.ChildError.NO_MATCH, () => marked.wait_match_async(null));
    equal(marked.match, null);
    child.stdin.close();
    last.wait(TIMEOUT_MS, null);
    equal(last.dup_text(), 'set\n');
});

scenario(91, 'idle', async () => {
    const silences = [];
    const child = reliable({stdin_mode: PIPE, idle_timeout_ms: 20}).create(['cat']);
    child.connect('idle', (_child, silentMs) => {
        silences.push(silentMs);
        if (silences.length === 1)
            child.stdin.write_async(new TextEncoder().encode('x'), null, null);
        else
            child.stdin.close();
    });
    child.start();
    await complete(child);
    equal(silences.length, 2);
    check(Math.min(...silences) >= 20);

    const silent = reliable({idle_timeout_ms: 20}).create(['sleep', '1000']);
    silent.connect('idle', () => silent.kill());
    silent.start();
    check(silent.wait(TIMEOUT_MS, null));
    equal(silent.term_signal, SIGKILL);

    const unheard = reliable({
        idle_timeout_ms: 20,
        idle_stderr: false,
        stdout_config: Procstream.OutputConfig.new_discard(),
    });
    equal([unheard.idle_timeout_ms, unheard.idle_stdout, unheard.idle_stderr], [20, true, false]);
    const message = await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, () => unheard.create(['cat']));
    check(message.includes('idle-timeout-ms'));
});

scenario(95, 'expect next', async () => {
    const child = reliable({replay: Replay.ALL, stdin_mode: PIPE}).spawnv(
        shell('for i in 1 2; do printf "> "; read -r word; echo "said $word"; done; read -r word'));
    const answer = async word => {
        await child.expect_async('> ', MatchFlags.PARTIAL | MatchFlags.NEXT, TIMEOUT_MS);
        child.stdin.write_utf8(`${word}\n`);
        const match = await child.expect_async(/said (\w+)/, MatchFlags.NEXT, TIMEOUT_MS);
        return [match.groups[1], match.text, match.line.torn, match.end_offset];
    };

    equal(await answer('one'), ['one', 'said one', true, 10]);
    equal(await answer('two'), ['two', 'said two', true, 21]);
    const none = () => raises(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => child.expect('said', MatchFlags.NEXT, 0));
    await none();
    const again = child.expect('said', MatchFlags.NONE, TIMEOUT_MS);
    equal([again.text, again.line.torn, again.end_offset], ['> said one', false, 6]);
    await none();
    const waiter = new Procstream.LineWaiter();
    waiter.add_pattern('a', MatchFlags.NEXT);
    await raises(Gio.IOErrorEnum, Gio.IOErrorEnum.INVALID_ARGUMENT, () => waiter.add_pattern('b'));
});

/* A program of the scenario, as a child of the scenario itself. */
function createScene(number, scene) {
    const launcher = reliable();
    launcher.set_variable('PROCSTREAM_SCENE', scene);
    return launcher.create(['gjs', '-m', GLib.filename_from_uri(import.meta.url)[0], number]);
}

/* A child that says something when it is asked to end, which is written to a file. */
function spawnWritten(path) {
    const child = reliable().create(shell("trap 'echo bye; exit' TERM; echo up; sleep 1000 & wait"));
    child.stdout.attach(Procstream.Writer.new_for_path(path, Procstream.FileMode.TRUNCATE));
    child.start();
    child.expect('up', MatchFlags.NONE, TIMEOUT_MS);
    return child;
}

function readFile(path) {
    return decode(new GLib.Bytes(GLib.file_get_contents(path)[1]));
}

async function deinitAndDie(path) {
    const {ChildError} = Procstream;
    const child = spawnWritten(path);
    Procstream.deinit();
    check(!isAlive(child.pid));
    equal(readFile(path), 'up\nbye\n');
    await raises(ChildError, ChildError.WRONG_STATE, () => reliable().spawnv(['true']));
    // There is no other way to send a signal.
    Gio.Subprocess.new(['kill', '-KILL', `${new Gio.Credentials().get_unix_pid()}`], Gio.SubprocessFlags.NONE).wait(null);
}

function makeFile() {
    const [file, stream] = Gio.File.new_tmp('procstream-XXXXXX');
    stream.close(null);
    return file;
}

scenario(96, 'deinit', async () => {
    if (GLib.getenv('PROCSTREAM_SCENE'))
        await deinitAndDie(GLib.getenv('PROCSTREAM_SCENE'));
    const file = makeFile();
    const program = createScene('96', file.get_path());
    program.start();
    equal(program.complete(null, null).term_signal, SIGKILL);
    equal(readFile(file.get_path()), 'up\nbye\n');
    file.delete(null);
});

scenario(97, 'writer at the exit', async () => {
    if (GLib.getenv('PROCSTREAM_SCENE')) {
        spawnWritten(GLib.getenv('PROCSTREAM_SCENE'));
        System.exit(0);
    }
    const file = makeFile();
    const program = createScene('97', file.get_path());
    program.start();
    check((await program.complete_async(null, null)).success);
    equal(readFile(file.get_path()), 'up\nbye\n');
    file.delete(null);
});

scenario(98, 'death in a run', async () => {
    // What runs has the standard output of the program that runs it, as that is not there to be told.
    const script = "exec 9> /proc/$PPID/fd/1; trap 'echo asked >&9; kill -9 $!; exit' TERM; sleep 1000 9>&- & " +
        'echo up >&9; wait';
    if (GLib.getenv('PROCSTREAM_SCENE')) {
        reliable().run(shell(script), null, null);
        check(false, 'it lives');
    }
    const program = createScene('98', 'yes');
    const collector = collect(program.stdout);
    program.start();
    await program.expect_async('up', MatchFlags.NONE, TIMEOUT_MS);
    program.kill();
    await collector.wait_async(null);
    check(collector.dup_text().endsWith('up\nasked\n'), collector.dup_text());
});

scenario(99, 'log model after an abort', async () => {
    const model = new Procstream.LogModel();
    const scope = new Procstream.Scope();
    const changes = [];
    const handler = model.connect('items-changed', (_model, ...change) => changes.push(change));
    const followTwice = properties => {
        const script = 'read x; echo one; read x; echo two; read x';
        const child = reliable({stdin_mode: PIPE, ...properties}).create(shell(script));
        model.follow(child.stdout);
        child.start();
        return child;
    };
    const writeUntilChanged = async (child, nChanges) => {
        child.stdin.write_utf8('\n');
        await listed(model, () => changes.length === nChanges);
    };

    const aborted = followTwice({scope});
    const other = followTwice({});
    await writeUntilChanged(aborted, 1);
    aborted.stdin.write_utf8('\n');
    // Without a main loop nothing is shown meanwhile.
    while (aborted.stdout.bytes_received < 'one\ntwo\n'.length)
        GLib.usleep(1000);
    scope.abort();
    await writeUntilChanged(other, 2);
    await writeUntilChanged(other, 3);
    check(await aborted.wait_async(null));
    other.stdin.write_utf8('\n');
    check(await other.wait_async(null));
    equal([...model].map(line => line.text), ['one', 'one', 'two']);
    equal(changes, [[0, 0, 1], [1, 0, 1], [2, 0, 1]]);
    model.disconnect(handler);
});

function endProgram() {
    const child = reliable().spawnv(['sleep', '1000']);
    Procstream.deinit();
    const result = child.complete(null, null);
    print(`ended ${result.cause === Procstream.Cause.PARENT_EXIT} ${result.term_signal} ${result.running}`);
    System.exit(0);
}

scenario(104, 'causes', async () => {
    if (GLib.getenv('PROCSTREAM_SCENE'))
        endProgram();
    const {Cause, CompleteOptions, EndOn, Scope} = Procstream;
    const facts = result => [result.cause, result.exit_code, result.term_signal, result.running];

    async function ended(end, options = {}, launcher = reliable()) {
        const child = launcher.spawnv(shell('echo ready; exec sleep 1000'));
        const completed = child.complete_async(new CompleteOptions(options), null);
        end(child);
        const result = await completed;
        equal(facts(child.result), facts(result));
        return facts(result);
    }
    const nobody = () => {};

    equal(facts(reliable().spawnv(shell('exit 3')).complete(null, null)), [Cause.EXITED, 3, 0, false]);
    equal(await ended(child => reliable().run(['kill', '-USR1', `${child.pid}`], null, null)),
        [Cause.SIGNALLED, -1, SIGUSR1, false]);
    equal(await ended(child => child.terminate(null, TIMEOUT_MS, null)), [Cause.TERMINATED, -1, SIGTERM, false]);
    equal(await ended(child => child.kill()), [Cause.KILLED, -1, SIGKILL, false]);
    equal(await ended(nobody, {timeout_ms: 1000, end_on: EndOn.TIMEOUT}), [Cause.TIMED_OUT, -1, SIGTERM, false]);
    equal(await ended(nobody, {idle_timeout_ms: 1000, end_on: EndOn.IDLE}), [Cause.IDLE, -1, SIGTERM, false]);
    equal(await ended(nobody, {output_limit: 3, end_on: EndOn.OUTPUT_LIMIT}), [Cause.OUTPUT_LIMIT, -1, SIGTERM, false]);
    const cancellable = new Gio.Cancellable();
    const cancelled = reliable().spawnv(['sleep', '1000'])
        .complete_async(new CompleteOptions({end_on: EndOn.CANCEL}), cancellable);
    cancellable.cancel();
    equal(facts(await cancelled), [Cause.CANCELLED, -1, SIGTERM, false]);
    const scope = new Scope();
    equal(await ended(() => scope.close(TIMEOUT_MS, null), {}, reliable({scope})), [Cause.TERMINATED, -1, SIGTERM, false]);

    const program = createScene('104', 'yes');
    program.start();
    const {text} = (await program.complete_async(null, null)).stdout;
    check(text.includes(`ended true ${SIGTERM} false\n`), text);
});

function hurryAndExit() {
    const child = reliable({shutdown: Procstream.Shutdown.new_terminate(1000000)})
        .spawnv(shell("trap '' TERM; echo up; exec sleep 1000"));
    child.expect('up', MatchFlags.NONE, TIMEOUT_MS, null);
    Procstream.deinit_hurry();
    Procstream.deinit();
    check(!isAlive(child.pid));
    System.exit(7);
}

scenario(105, 'deinit hurry', () => {
    if (GLib.getenv('PROCSTREAM_SCENE'))
        hurryAndExit();
    const program = createScene('105', 'yes');
    program.start();
    equal(program.complete(null, null).exit_code, 7);
});

scenario(107, 'other settings', async () => {
    async function printed(launcher, script) {
        const child = launcher.create(shell(script));
        const collector = collect(child.stdout);
        child.start();
        await complete(child);
        return decode(collector.dup_bytes());
    }

    const named = reliable({name_parts: Procstream.NameParts.ARGUMENTS, name_redact: 'colour'});
    equal(named.create(['/bin/prog', '--colour', 'x', '--token', 'y']).name, 'prog "--colour" "***" "--token" "y"');
    const dying = reliable({oom_score_adjust: 900, parent_death_signal: SIGKILL});
    equal([dying.oom_score_adjust, dying.parent_death_signal], [900, SIGKILL]);
    equal(await printed(dying, 'cat /proc/self/oom_score_adj'), '900\n');
    const terminal = reliable({pty: true, pty_flags: Procstream.PtyFlags.CRLF});
    equal(await printed(terminal, 'echo line'), 'line\r\n');

    const merging = reliable({merged_view: true, merged_config: config(RELIABLE, {replay: Replay.ALL})});
    const child = merging.spawnv(shell('echo out; echo err >&2'));
    await complete(child);
    const late = collect(child.merged);
    await late.wait_async(null);
    equal(decode(late.dup_bytes()).split('\n').sort(), ['', 'err', 'out']);
});

await main();

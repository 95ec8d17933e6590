// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs numbered scenarios and prints TAP.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';
import System from 'system';

const WATCHDOG_SECONDS = 60;
export const TIMEOUT_MS = WATCHDOG_SECONDS * 1000;

const PAIRS = [
    [Gio.OutputStream, 'close'],
    [Gio.OutputStream, 'write_bytes'],
];
// Of this library all are promises already.
for (const [klass, name] of PAIRS)
    Gio._promisify(klass.prototype, `${name}_async`, `${name}_finish`);

const scenarios = [];

export function scenario(number, name, run) {
    scenarios.push([`${String(number).padStart(2, '0')} ${name}`, run]);
}

export async function main() {
    const chosen = scenarios.filter(([name]) => ARGV.length === 0 || name.startsWith(ARGV[0]));
    let failures = 0;

    print(`1..${chosen.length}`);
    for (const [i, [name, run]] of chosen.entries()) {
        const watchdog = GLib.timeout_add_seconds(GLib.PRIORITY_HIGH, WATCHDOG_SECONDS, () => {
            print(`not ok ${i + 1} - ${name}\n# took more than ${WATCHDOG_SECONDS} s`);
            System.exit(1);
        });
        try {
            // eslint-disable-next-line no-await-in-loop
            await run();
            System.gc();
            print(`ok ${i + 1} - ${name}`);
        } catch (error) {
            failures++;
            print(`not ok ${i + 1} - ${name}`);
            printerr(`${error}\n${error.stack}`);
        } finally {
            GLib.source_remove(watchdog);
        }
    }
    System.exit(failures > 0 ? 1 : 0);
}

export function check(condition, message = 'not true') {
    if (!condition)
        throw new Error(message);
}

export function equal(actual, expected) {
    const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];

    check(a === e, `${`${a}`.slice(0, 300)} instead of ${`${e}`.slice(0, 300)}`);
}

/* Calls a function, which must fail, and returns the message. */
export async function raises(domain, code, call) {
    try {
        await call();
    } catch (error) {
        check(error instanceof GLib.Error && error.matches(domain, code), `another error: ${error}`);
        return error.message;
    }
    throw new Error('no error');
}

export function reliable(properties = {}) {
    return new Procstream.Launcher({
        delivery: Procstream.Delivery.RELIABLE,
        replay: Procstream.Replay.NONE,
        ...properties,
    });
}

export function config(delivery, properties = {}) {
    const result = Procstream.OutputConfig.new(delivery, Procstream.Replay.NONE);

    return Object.assign(result, properties);
}

export function shell(script) {
    return ['/bin/sh', '-c', script];
}

/* Resolves with the result when everything of a child has been emitted. */
export function complete(child) {
    return new Promise(resolve => child.connect('completed', (_child, result) => resolve(result)));
}

export function collect(output, what = Procstream.Collect.BYTES, keep = Procstream.Keep.FIRST) {
    const collector = Procstream.Collector.new(what, keep);

    output.attach(collector);
    return collector;
}

export function decode(bytes) {
    return new TextDecoder().decode(bytes.toArray());
}

export function join(chunks) {
    return chunks.map(decode).join('');
}

export function sum(numbers) {
    return numbers.reduce((total, number) => total + number, 0);
}

/* Makes and drops many errors and strings, so that memory that nobody holds becomes something else. */
export function churn() {
    for (let i = 0; i < 3000; i++) {
        try {
            GLib.file_get_contents(`/nowhere/${'x'.repeat(i % 200)}`);
        } catch (error) {
            check(error instanceof GLib.Error);
        }
    }
    System.gc();
}

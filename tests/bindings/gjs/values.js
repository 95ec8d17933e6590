// SPDX-License-Identifier: LGPL-2.1-or-later
// What JavaScript says in its own way.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Procstream from 'gi://Procstream?version=1.0';

import {check, decode, equal, main, reliable, scenario, shell} from './harness.js';

const encode = text => new TextEncoder().encode(text);

const Separated = GObject.registerClass(class Separated extends Procstream.Consumer {
    vfunc_lines(_lines) {
        return false;
    }
});

const Initialised = GObject.registerClass(class Initialised extends Procstream.Consumer {
    _init(properties) {
        super._init(properties);
    }

    vfunc_lines(_lines) {
        return false;
    }
});

scenario(1, 'bytes', () => {
    for (const data of [encode('one'), new GLib.Bytes(encode('one'))]) {
        for (const name of ['stdin_bytes', 'stdinBytes', 'stdin-bytes']) {
            equal(reliable({[name]: data}).run(['cat'], null, null).stdout.text, 'one');
            const launcher = reliable();

            launcher[name] = data;
            equal(decode(launcher[name]), 'one');
            equal(launcher.run(['cat'], null, null).stdout.text, 'one');
            launcher[name] = null;
            equal(launcher[name], null);
        }
        for (const made of [Procstream.Reader, Procstream.OutputConfig, Separated, Initialised])
            equal(decode(new made({custom_separator: data}).customSeparator), 'one');
    }
    equal(new Procstream.Launcher().stdin_bytes, null);
    let refused = null;
    try {
        reliable({stdin_bytes: 'one'});
    } catch (error) {
        refused = error;
    }
    check(refused);
});

scenario(2, 'the result of an error', async () => {
    const failing = shell('echo out; exit 3');
    const pipeline = new Procstream.Pipeline();

    pipeline.append(reliable(), failing);
    pipeline.append(reliable(), ['cat']);
    pipeline.start();
    const whole = pipeline.complete(null, null);
    const calls = [
        () => reliable().run(failing, null, null),
        () => reliable().run_async(failing, null, null),
        () => Procstream.run(failing, null),
        () => Procstream.run_async(failing),
        () => reliable().spawnv(failing).complete(null, null).check(),
        () => whole.check(),
    ];

    for (const call of calls) {
        let found = null;
        try {
            // eslint-disable-next-line no-await-in-loop
            await call();
        } catch (error) {
            found = error;
        }
        check(found.matches(Procstream.ChildError, Procstream.ChildError.UNSUCCESSFUL), `${found}`);
        equal(found.result.exit_code, 3);
        check(found.result === Procstream.child_error_get_result(found), 'another result');
    }
    // One that has none.
    const launcher = new Procstream.Launcher();
    try {
        launcher.spawnv(['true']);
        check(false);
    } catch (error) {
        check(error.matches(Procstream.ChildError, Procstream.ChildError.UNSET_POLICY), `${error}`);
        equal(error.result, null);
    }
});

await main();

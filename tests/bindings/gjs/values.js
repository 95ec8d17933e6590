// SPDX-License-Identifier: LGPL-2.1-or-later
// What JavaScript says in its own way.

import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Procstream from 'gi://Procstream?version=1.0';

import {check, decode, equal, main, reliable, scenario} from './harness.js';

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

await main();

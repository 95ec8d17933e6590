// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers a prompt, and reads what comes in as many ways as it needs.

import Gio from 'gi://Gio';
import Procstream from 'gi://Procstream?version=1.0';

const SCRIPT = "printf 'name> '; read name; printf 'hello %s\\n4\\nabcdmo' $name; read x; echo re";
const encode = text => new TextEncoder().encode(text);
const decode = bytes => new TextDecoder().decode(bytes.toArray());

// [talk]
const launcher = new Procstream.Launcher({
    delivery: Procstream.Delivery.RELIABLE,
    replay: Procstream.Replay.NONE,
    stdin_mode: Procstream.StdinMode.PIPE,
});
const child = launcher.create(['sh', '-c', SCRIPT]);
const reader = new Procstream.Reader();
child.stdout.attach(reader);
child.start();

// A prompt is no line: nothing ends it.
const prompt = await reader.read_until_async(encode('> '), 100, null);
print(`prompt: ${decode(prompt)}`);
await child.stdin.write_async(encode('you\n'), null);
print(await reader.read_line_async(null));
// A number of bytes, after the line that says how many.
const size = Number(await reader.read_line_async(null));
print(`${size} bytes: ${decode(await reader.read_exactly_async(size, null))}`);
// A read that times out, or is cancelled, loses nothing of what it had.
const cancellable = new Gio.Cancellable();
const line = reader.read_line_async(cancellable);
cancellable.cancel();
await line.catch(() => print('not yet'));
child.stdin.close();
print(await reader.read_line_async(null));
// [/talk]

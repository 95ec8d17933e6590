// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers what a child asks, and looks once more at what it said.

import Gio from 'gi://Gio';
import Procstream from 'gi://Procstream?version=1.0';

Gio._promisify(Procstream.Input.prototype, 'write_async', 'write_finish');

const ASK = 'printf "name? "; read -r name; echo "hello $name"; printf "sure? "; read -r sure';
const {MatchFlags} = Procstream;

const launcher = new Procstream.Launcher({
    delivery: Procstream.Delivery.RELIABLE,
    replay: Procstream.Replay.ALL,
    stdin_mode: Procstream.StdinMode.PIPE,
});
const child = launcher.spawnv(['sh', '-c', ASK]);

// [answer]
async function answer(prompt, text) {
    const asked = await child.expect_async(prompt, MatchFlags.PARTIAL, 30000);
    print(`it asks: ${asked.text.trim()}`);
    await child.stdin.write_async(new TextEncoder().encode(`${text}\n`), null);
}

await answer('name? ', 'world');
const greeting = await child.expect_async(/hello \w+/, MatchFlags.NONE, 30000);
print(`it says: ${greeting.groups[0]}`);
await answer('sure? ', 'yes');
// What replay kept is searched first, so this is found again.
const again = await child.expect_async(/hello \w+/, MatchFlags.NONE, 0);
print(`it said: ${again.groups[0]}`);
// [/answer]
child.wait(Procstream.NO_TIMEOUT, null);

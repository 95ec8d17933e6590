// SPDX-License-Identifier: LGPL-2.1-or-later
// Answers what a child asks, twice with the same prompt, and looks once more at what it said.

import Procstream from 'gi://Procstream?version=1.0';

const ASK = 'for i in 1 2; do printf "word? "; read -r word; echo "you said $word"; done';
const {MatchFlags} = Procstream;

const launcher = new Procstream.Launcher({
    delivery: Procstream.Delivery.RELIABLE,
    replay: Procstream.Replay.ALL,
    stdin_mode: Procstream.StdinMode.PIPE,
});
const child = launcher.spawnv(['sh', '-c', ASK]);

// [answer]
async function answer(text) {
    await child.expect_async('word? ', MatchFlags.PARTIAL | MatchFlags.NEXT, 30000);
    child.stdin.write_utf8(`${text}\n`);
    const said = await child.expect_async(/you said (\w+)/, MatchFlags.NEXT, 30000);
    return said.groups[1];
}

print(`it says: ${await answer('hello')}`);
print(`it says: ${await answer('world')}`);
// Without NEXT everything that replay kept is searched, from its beginning.
const first = await child.expect_async(/you said (\w+)/, MatchFlags.NONE, 0);
print(`it said first: ${first.groups[1]}`);
// [/answer]
child.wait(Procstream.NO_TIMEOUT, null);

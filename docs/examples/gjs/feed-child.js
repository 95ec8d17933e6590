// SPDX-License-Identifier: LGPL-2.1-or-later
// Gives children something to read: bytes, a stream, and what comes by and by.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import Procstream from 'gi://Procstream?version=1.0';

const policy = {delivery: Procstream.Delivery.RELIABLE, replay: Procstream.Replay.NONE};

// [bytes]
const bytes = new GLib.Bytes(new TextEncoder().encode('pear\napple\n'));
const sorted = await new Procstream.Launcher({...policy, stdin_bytes: bytes}).run_async(['sort'], null, null);
print(sorted.dup_stdout_text().trim().split('\n').join(' '));
// [/bytes]

// [stream]
const packed = Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes([0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]));
const stream = Gio.ConverterInputStream.new(packed, Gio.ZlibDecompressor.new(Gio.ZlibCompressorFormat.RAW));
const unpacked = await new Procstream.Launcher({...policy, stdin_stream: stream}).run_async(['cat'], null, null);
print(unpacked.dup_stdout_text());
// [/stream]

// [queue]
// Queues as much as there is room for, and goes on when there is more.
function feed(stdin, words) {
    const goOn = () => {
        try {
            while (words.length > 0) {
                stdin.write_utf8(words[0]);
                words.shift();
            }
            stdin.close();
        } catch (error) {
            if (!error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.WOULD_BLOCK))
                print(`not everything was read: ${error.message}`);
        }
    };
    stdin.connect('notify::bytes-queued', goOn);
    goOn();
}

const child = new Procstream.Launcher({...policy, stdin_mode: Procstream.StdinMode.PIPE}).spawnv(['wc', '-c']);
child.stdin.max_queued_bytes = 16;
feed(child.stdin, Array(1000).fill('many words, '));
const counted = await child.complete_async(null, null);
print(counted.dup_stdout_text().trim());
// [/queue]

// SPDX-License-Identifier: LGPL-2.1-or-later
// Joins children, looks at what goes through, and asks who is to blame.

import Procstream from 'gi://Procstream?version=1.0';

const launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE);

// [pipeline]
const pipeline = new Procstream.Pipeline();
pipeline.append(launcher, ['printf', 'pear\\napple\\nbanana\\n']);
pipeline.append(launcher, ['sort']);
pipeline.append(launcher, ['head', '-n', '1']);
await pipeline.start_async(null);
let result = await pipeline.complete_async(null, null);
result.check();
print(`smallest: ${result.dup_stdout_text().trim()}`);
// [/pipeline]

// [observed]
const observed = new Procstream.Pipeline();
const numbers = observed.append(launcher, ['seq', '1', '3']);
observed.append(launcher, ['wc', '-l']);
observed.set_observed(0, true);
const collector = Procstream.Collector.new(Procstream.Collect.LINES, Procstream.Keep.FIRST);
numbers.stdout.attach(collector);
await observed.start_async(null);
result = await observed.complete_async(null, null);
print(`counted: ${result.dup_stdout_text().trim()}`);
await collector.wait_async(null);
print(`on the way: ${collector.dup_lines().join(' ')}`);
// [/observed]

// [blame]
const failing = new Procstream.Pipeline();
failing.append(launcher, ['cat', '/nowhere']);
failing.append(launcher, ['sort']);
await failing.start_async(null);
result = await failing.complete_async(null, null);
const blamed = result.get_stage(result.blamed);
print(`to blame: ${blamed.name} with status ${blamed.exit_code}`);
// [/blame]

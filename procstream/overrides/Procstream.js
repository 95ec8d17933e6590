// SPDX-License-Identifier: LGPL-2.1-or-later
// What the introspection data cannot say to GJS, which loads this by itself.

/* exported _init */

const Gi = imports._gi;
const {Gio, GLib} = imports.gi;

/* GJS hands boxed arguments of a virtual function over without a reference, so a chunk that is kept would turn into
 * something else. The copy shares the bytes and has a reference of its own. */
function keepable(chunk) {
    return chunk.new_from_bytes(0, chunk.get_size());
}

/* A virtual function may return a promise: the consumer is held until it is settled. As an exception, a rejection is
 * told, and the consumer goes on. */
function settle(consumer, result) {
    if (typeof result?.then !== 'function')
        return result;
    consumer.hold();
    Promise.resolve(result).then(done => {
        if (done)
            consumer.mark_done();
    }).catch(logError).then(() => consumer.release());
    return false;
}

/* GJS takes several times as long to make an array of lines as to split one long text, so handlers of `lines` are connected to the signal
 * that brings it, and see the array. An output that has ended notices a handler when it is asked for its state. */
function wrapConnect(prototype, method) {
    const connect = prototype[method];

    prototype[method] = function (signal, callback) {
        let id;

        if (signal !== 'lines' || typeof callback !== 'function') {
            id = connect.call(this, signal, callback);
        } else {
            id = connect.call(this, 'joined-lines', function (self, text, separator) {
                return callback.call(this, self, text.split(separator));
            });
        }
        this.get_state();
        return id;
    };
}

function* iterateList() {
    for (let i = 0; i < this.get_n_items(); i++)
        yield this.get_item(i);
}

/* The source of a pattern and its flags, of text or of a RegExp, of whose syntax GRegex lacks \u. An escaped backslash begins nothing. */
function toPattern(pattern, flags, {REGEX}) {
    if (!(pattern instanceof RegExp))
        return [pattern, flags];
    const letters = ['i', 'm', 's'].filter(letter => pattern.flags.includes(letter)).join('');
    const source = pattern.source.replace(/\\(?:\\|u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4}))/g,
        (all, braced, four) => braced || four ? `\\x{${braced ?? four}}` : all);
    return [letters ? `(?${letters})${source}` : source, flags | REGEX];
}

/* child.expect_async(pattern, flags, timeout_ms, cancellable), of which all but the first may be left out, is a promise
 * of the match; with a callback as its last argument it is as in C. */
function waitForLines({Child, LineWaiter, MatchFlags}) {
    const {expect, expect_async: expectAsync} = Child.prototype;
    const {add_pattern: addPattern} = LineWaiter.prototype;

    LineWaiter.prototype.add_pattern = function (pattern, flags = MatchFlags.NONE) {
        return addPattern.call(this, ...toPattern(pattern, flags, MatchFlags));
    };
    Child.prototype.expect = function (pattern, flags = MatchFlags.NONE, timeoutMs = -1, cancellable = null) {
        return expect.call(this, ...toPattern(pattern, flags, MatchFlags), timeoutMs, cancellable);
    };
    // A promise already.
    Child.prototype._original_expect_async = expectAsync;
    Child.prototype.expect_async = function (pattern, ...args) {
        const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
        const [flags = MatchFlags.NONE, timeoutMs = -1, cancellable = null] = args;
        const start = done => expectAsync.call(this, ...toPattern(pattern, flags, MatchFlags), timeoutMs, cancellable, done);

        if (callback)
            return start(callback);
        return new Promise((resolve, reject) => start((_child, result) => {
            try {
                resolve(this.expect_finish(result));
            } catch (error) {
                reject(error);
            }
        }));
    };
}

/* Every asynchronous method is a promise unless it is given a callback, as if Gio._promisify() had been called for each: who calls that
 * as well changes nothing. */
function promisify(prototype) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
        if (name.endsWith('_async') && !name.startsWith('_'))
            Gio._promisify(prototype, name, name.replace(/async$/, 'finish'));
    }
}

/* The same for the function, which has no object. */
function promisifyRun(namespace) {
    const {run_async: runAsync, run_finish: runFinish} = namespace;

    namespace.run_async = function (argv, cancellable = null, callback = undefined) {
        if (callback)
            return runAsync(argv, cancellable, callback);
        return new Promise((resolve, reject) => runAsync(argv, cancellable, (_source, result) => {
            try {
                resolve(runFinish(result));
            } catch (error) {
                reject(error);
            }
        }));
    };
}

/* `for await (const line of reader)` takes line after line to the end of the output. Leaving the block cancels the reader, and so lets its
 * output go on without it. */
async function* iterateLines() {
    try {
        for (;;) {
            // eslint-disable-next-line no-await-in-loop
            const line = await this.read_line_async(null);

            if (line === null)
                return;
            yield line;
        }
    } finally {
        this.cancel();
    }
}

/* Where the engine knows of such blocks, `using` and `await using` close a scope at their end. */
function closeAtEnd({prototype}) {
    if (Symbol.dispose) {
        prototype[Symbol.dispose] = function () {
            this.close(-1, null);
        };
    }
    if (Symbol.asyncDispose) {
        const {close_async: closeAsync} = prototype;

        prototype[Symbol.asyncDispose] = function () {
            return new Promise((resolve, reject) => closeAsync.call(this, null, (_scope, result) => {
                try {
                    resolve(this.close_finish(result));
                } catch (error) {
                    reject(error);
                }
            }));
        };
    }
}

/* Where C has a GBytes, properties take a Uint8Array too, as methods do, set one by one or given to the constructor. */
function takeBytes({prototype}, property) {
    const {_init: init, [`set_${property}`]: set, [`get_${property}`]: get} = prototype;
    const names = [property, property.replaceAll('_', '-'), property.replace(/_(.)/g, (_all, letter) => letter.toUpperCase())];

    prototype._init = function (properties = {}, ...rest) {
        const converted = {...properties};

        for (const name of names) {
            if (converted[name] instanceof Uint8Array)
                converted[name] = new GLib.Bytes(converted[name]);
        }
        return init.call(this, converted, ...rest);
    };
    for (const name of names)
        Object.defineProperty(prototype, name, {get, set, configurable: true});
}

/* error.result is what child_error_get_result() gives. */
function giveResult(namespace) {
    Object.defineProperty(namespace.ChildError.prototype, 'result', {
        get() {
            return namespace.child_error_get_result(this);
        },
        configurable: true,
    });
}

function _init() {
    giveResult(this);
    takeBytes(this.Launcher, 'stdin_bytes');
    takeBytes(this.Consumer, 'custom_separator');
    takeBytes(this.OutputConfig, 'custom_separator');

    this.LogModel.prototype[Symbol.iterator] = iterateList;
    this.Scope.prototype[Symbol.iterator] = iterateList;
    closeAtEnd(this.Scope);

    wrapConnect(this.Output.prototype, 'connect');
    wrapConnect(this.Output.prototype, 'connect_after');

    waitForLines(this);
    for (const name of ['Child', 'Consumer', 'Input', 'Launcher', 'LineWaiter', 'LogModel', 'Pipeline', 'Reader', 'Scope'])
        promisify(this[name].prototype);
    promisifyRun(this);
    this.Reader.prototype[Symbol.asyncIterator] = iterateLines;

    const {prototype} = this.Consumer;
    const hookUp = prototype[Gi.hook_up_vfunc_symbol];

    prototype[Gi.hook_up_vfunc_symbol] = function (name, implementation) {
        let wrapper = implementation;

        if (name === 'chunk') {
            wrapper = function (chunk) {
                return settle(this, implementation.call(this, keepable(chunk)));
            };
        } else if (['chunk_info', 'lines', 'line_received', 'gap', 'ended'].includes(name)) {
            wrapper = function (first, second) {
                return settle(this, implementation.call(this, first, second));
            };
        }
        return hookUp.call(this, name, wrapper);
    };
}

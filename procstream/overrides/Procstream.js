// SPDX-License-Identifier: LGPL-2.1-or-later
// What the introspection data cannot say to GJS, which loads this by itself.

/* exported _init */

const Gi = imports._gi;

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

function _init() {
    this.LogModel.prototype[Symbol.iterator] = iterateList;

    wrapConnect(this.Output.prototype, 'connect');
    wrapConnect(this.Output.prototype, 'connect_after');

    const {prototype} = this.Consumer;
    const hookUp = prototype[Gi.hook_up_vfunc_symbol];

    prototype[Gi.hook_up_vfunc_symbol] = function (name, implementation) {
        let wrapper = implementation;

        if (name === 'chunk') {
            wrapper = function (chunk) {
                return settle(this, implementation.call(this, keepable(chunk)));
            };
        } else if (['chunk_info', 'lines', 'gap', 'ended'].includes(name)) {
            wrapper = function (first, second) {
                return settle(this, implementation.call(this, first, second));
            };
        }
        return hookUp.call(this, name, wrapper);
    };
}

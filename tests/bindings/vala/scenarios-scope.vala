// SPDX-License-Identifier: LGPL-2.1-or-later
// Children that belong to something, and end with it.

using Procstream;

string[] sleeper () {
    return { "sleep", "1000" };
}

Launcher launcher_of (Scope scope) {
    var launcher = reliable ();
    launcher.scope = scope;
    return launcher;
}

Child leave_block () throws Error {
    var scope = new Scope ();
    return launcher_of (scope).spawnv (sleeper ());
}

async void scope_of_children () throws Error {
    var scope = new Scope ();
    var launcher = launcher_of (scope);
    var first = launcher.spawnv (sleeper ());
    var second = launcher.spawnv (sleeper ());
    run_until (() => scope.get_n_items () == 2);
    assert (scope.get_item (1) == second);
    assert (scope.n_running == 2);
    assert (yield scope.close_async (null));
    assert (first.term_signal == ProcessSignal.TERM && second.term_signal == ProcessSignal.TERM);
    try {
        launcher.spawnv (sleeper ());
        assert_not_reached ();
    } catch (ChildError.SCOPE_CLOSED error) {
    }
    assert (scope.close (TIMEOUT_MS, null));

    var pool = new Scope () { max_running = 1 };
    launcher = launcher_of (pool);
    int failed = 0;
    pool.start_failed.connect ((child, error) => {
        assert (error is SpawnError.NOENT);
        failed++;
    });
    pool.enqueue (launcher.create ({ "echo", "one" }));
    pool.enqueue (launcher.create ({ "/nowhere/program" }));
    pool.enqueue (launcher.create ({ "echo", "three" }));
    var results = yield pool.complete_all_async (null, null);
    assert (results.length == 3);
    assert (results[0].stdout.text == "one\n" && results[2].stdout.text == "three\n");
    assert (results[1].cause == Cause.NOT_STARTED);
    try {
        results[1].check ();
        assert_not_reached ();
    } catch (SpawnError.NOENT error) {
    }
    run_until (() => failed == 1);
    assert (pool.n_finished == 3 && pool.complete_all (null, null).length == 3);
    assert (pool.max_finished == 1000);
    pool.max_finished = 1;
    assert (pool.complete_all (null, null).length == 1);

    var idle = new Scope ();
    launcher = launcher_of (idle);
    var removed = launcher.create ({ "echo" });
    var closed = launcher.create ({ "echo" });
    while (MainContext.default ().iteration (false));
    assert (idle.get_n_items () == 0);
    assert (idle.remove (removed));
    try {
        removed.start ();
        assert_not_reached ();
    } catch (ChildError.NOT_STARTED error) {
    }
    assert (idle.close (TIMEOUT_MS, null));
    try {
        closed.start ();
        assert_not_reached ();
    } catch (ChildError.SCOPE_CLOSED error) {
    }
    assert (removed.state == ChildState.FAILED && closed.state == ChildState.FAILED);

    var aborted = new Scope ();
    var child = launcher_of (aborted).spawnv (sleeper ());
    bool late = false;
    child.exited.connect (() => late = true);
    child.stdout.ended.connect ((error) => late = true);
    aborted.abort ();
    assert (yield aborted.close_async (null));
    assert (!late && child.term_signal == Posix.Signal.KILL);

    // The end of a block drops the reference, and that ends the children.
    child = leave_block ();
    assert (child.wait (TIMEOUT_MS, null));
    assert (child.term_signal == ProcessSignal.TERM);
}

private Child follow_twice (LogModel model, Scope? scope) throws Error {
    var launcher = with_pipe ();

    launcher.scope = scope;
    var child = launcher.create (shell ("read x; echo one; read x; echo two; read x"));
    model.follow (child.stdout);
    child.start ();
    return child;
}

void log_model_after_an_abort () throws Error {
    var model = new LogModel ();
    var scope = new Scope ();
    var aborted = follow_twice (model, scope);
    var other = follow_twice (model, null);
    int n_changes = 0;
    var handler = model.items_changed.connect ((position, removed, added) => n_changes++);

    aborted.stdin.write_utf8 ("\n");
    run_until (() => n_changes == 1);
    aborted.stdin.write_utf8 ("\n");
    // Without a main loop nothing is shown meanwhile.
    while (aborted.stdout.bytes_received < "one\ntwo\n".length)
        Thread.usleep (1000);
    scope.abort ();
    for (int i = 2; i <= 3; i++) {
        other.stdin.write_utf8 ("\n");
        run_until (() => n_changes == i);
    }
    assert (aborted.wait (TIMEOUT_MS, null));
    other.stdin.write_utf8 ("\n");
    assert (other.wait (TIMEOUT_MS, null));
    assert_cmpstr (texts (model), CompareOperator.EQ, "one|one|two");
    assert (n_changes == 3);
    model.disconnect (handler);
}

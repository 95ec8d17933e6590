// SPDX-License-Identifier: LGPL-2.1-or-later
// How children are set up.

using Procstream;

void assert_refused (Launcher launcher, string name) throws Error {
    try {
        launcher.create ({ "cat" });
        assert_not_reached ();
    } catch (IOError.INVALID_ARGUMENT error) {
        assert (error.message.contains (name));
    }
}

void process_settings () throws Error {
    int fds[2];
    int64 soft, hard;
    var plain = reliable ().spawnv (shell ("nice"));
    var nice = collect (plain.stdout);
    complete (plain);
    int own_nice = int.parse (collected (nice));

    Unix.open_pipe (fds, Posix.FD_CLOEXEC);
    Posix.write (fds[1], "given\n", 6);
    Posix.close (fds[1]);
    Environment.set_variable ("SCENARIO_GONE", "here", true);
    var launcher = reliable ();
    launcher.nice = 3;
    launcher.umask = 027;
    launcher.containment = Containment.SESSION;
    launcher.search_environment_path = true;
    launcher.set_limit (Limit.CORE_SIZE, 0, NO_LIMIT);
    launcher.take_fd (fds[0], 7);
    launcher.clear_environment ();
    var child = launcher.spawnv ({
        "sh", "-c", "nice; umask; ulimit -S -c; echo \"${SCENARIO_GONE-unset}\"; cat <&7; cut -d' ' -f1,6 /proc/$$/stat"
    });
    launcher.close_fd (7);
    var collector = collect (child.stdout);
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ,
                   "%d\n0027\n0\nunset\ngiven\n%d %d\n".printf (int.min (own_nice + 3, 19), child.pid, child.pid));
    assert (launcher.get_limit (Limit.CORE_SIZE, out soft, out hard));
    assert (soft == 0 && hard == NO_LIMIT);
    launcher.name_parts = NameParts.ARGUMENTS;
    assert_cmpstr (launcher.create ({ "/bin/prog", "--token", "x", "y" }).name, CompareOperator.EQ, "prog \"--token\" \"***\" \"y\"");
    var odd = reliable ();
    odd.set_limit (Limit.OPEN_FILES, 64, 32);
    assert_refused (odd, "open-files");
    odd = reliable ();
    odd.umask = 07777;
    assert_refused (odd, "umask");
    odd = reliable ();
    odd.set_success_statuses ({ 256 });
    assert_refused (odd, "256");
    odd = reliable ();
    odd.set_variable ("A=b", "c");
    assert_refused (odd, "variable");
}

void pseudo_terminal () throws Error {
    var launcher = reliable ();
    launcher.pty = true;
    launcher.stdin_mode = StdinMode.PTY;
    launcher.pty_columns = 132;
    launcher.pty_rows = 50;
    var child = launcher.create (shell ("tty >/dev/null && stty size; read -r text; stty size; echo \"$text\" >&2; cat"));
    var lines = new StringBuilder ();
    int ends = 0;
    child.stdout.line.connect ((line) => {
        lines.append_printf ("%s\n", line);
        if (line == "50 132") {
            try {
                child.resize (100, 30);
            } catch (Error error) {
                assert_not_reached ();
            }
            child.stdin.write_async.begin (new Bytes ("typed\nmore\n".data), null);
            child.stdin.close ();
        }
    });
    child.stdout.ended.connect ((error) => {
        assert (error == null);
        ends++;
    });
    child.start ();
    complete (child);
    assert_cmpstr (lines.str, CompareOperator.EQ, "50 132\n30 100\ntyped\nmore\n");
    assert (ends == 1);
    assert (child.exit_code == 0);
    launcher.pty = false;
    try {
        launcher.create ({ "cat" });
        assert_not_reached ();
    } catch (IOError.INVALID_ARGUMENT error) {
        assert (error.message.contains ("stdin-mode"));
    }
}

void idle () throws Error {
    var launcher = with_pipe ();
    launcher.idle_timeout_ms = 20;
    var child = launcher.create ({ "cat" });
    int64[] silences = {};
    child.idle.connect ((silent_ms) => {
        silences += silent_ms;
        if (silences.length == 1)
            child.stdin.write_async.begin (new Bytes ("x".data), null);
        else
            child.stdin.close ();
    });
    child.start ();
    complete (child);
    assert (silences.length == 2);
    assert (silences[0] >= 20 && silences[1] >= 20);

    var silent = launcher.create ({ "sleep", "1000" });
    silent.idle.connect ((source, silent_ms) => {
        try {
            source.kill ();
        } catch (Error error) {
            assert_not_reached ();
        }
    });
    silent.start ();
    silent.wait (TIMEOUT_MS, null);
    assert (silent.term_signal == ProcessSignal.KILL);

    launcher.idle_stderr = false;
    launcher.stdout_config = new OutputConfig.discard ();
    try {
        launcher.create ({ "cat" });
        assert_not_reached ();
    } catch (IOError.INVALID_ARGUMENT error) {
        assert (error.message.contains ("idle-timeout-ms"));
    }
}

void tree () throws Error {
    var launcher = reliable ();
    launcher.containment = Containment.TREE;
    var child = launcher.create (shell ("setsid sleep 1000 & (sleep 1000 &); echo \"$$\"; exit 3"));
    var collector = collect (child.stdout);
    child.start ();
    // It ends when those have gone that hold it open.
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "%d\n".printf (child.pid));
    assert (child.exit_code == 3);
}

void tree_kept () throws Error {
    var launcher = reliable ();
    launcher.containment = Containment.TREE;
    launcher.keep_descendants = true;
    launcher.guard_grace_ms = 0;
    assert (launcher.keep_descendants && launcher.guard_grace_ms == 0);
    var child = launcher.create (shell ("setsid sh -c 'sleep 1000' & exit 3"));
    child.start ();
    child.wait (NO_TIMEOUT, null);
    assert (child.exit_code == 3);
    assert (child.stdout.state == OutputState.OPEN);
    child.terminate (null, NO_TIMEOUT, null);
    // What held the output open is gone.
    var result = child.complete (null, null);
    assert (result.user_time_us >= 0);
    assert (result.system_time_us >= 0);
    assert (result.peak_memory > 0);
}

private string printed (Launcher launcher, string script) throws Error {
    var child = launcher.create (shell (script));
    var collector = collect (child.stdout);

    child.start ();
    complete (child);
    return collected (collector);
}

void other_settings () throws Error {
    var named = reliable ();
    named.name_parts = NameParts.ARGUMENTS;
    named.name_redact = "colour";
    assert_cmpstr (named.create ({ "/bin/prog", "--colour", "x", "--token", "y" }).name, CompareOperator.EQ,
                   "prog \"--colour\" \"***\" \"--token\" \"y\"");
    var dying = reliable ();
    dying.oom_score_adjust = 900;
    dying.parent_death_signal = ProcessSignal.KILL;
    assert (dying.oom_score_adjust == 900 && dying.parent_death_signal == ProcessSignal.KILL);
    assert_cmpstr (printed (dying, "cat /proc/self/oom_score_adj"), CompareOperator.EQ, "900\n");
    var terminal = reliable ();
    terminal.pty = true;
    terminal.pty_flags = PtyFlags.CRLF;
    assert_cmpstr (printed (terminal, "echo line"), CompareOperator.EQ, "line\r\n");

    var merging = reliable ();
    merging.merged_view = true;
    merging.merged_config = new OutputConfig (Delivery.RELIABLE, Replay.ALL);
    var child = merging.spawnv (shell ("echo out; echo err >&2"));
    complete (child);
    string text = collected (collect (child.merged));
    assert (text == "out\nerr\n" || text == "err\nout\n");
    var unheard = reliable ();
    unheard.idle_timeout_ms = 20;
    unheard.idle_stdout = false;
    unheard.idle_stderr = false;
    assert (!unheard.idle_stdout && !unheard.idle_stderr);
    assert_refused (unheard, "idle-timeout-ms");
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// What children read: from elsewhere, and from each other.

using Procstream;

// A class that is not GIO's own, so it is called in this thread's main context. It gives a text, and then its end or an error.
class Spring : InputStream {
    private string text;
    private bool fails;
    private int given = 0;

    public Spring (string text, bool fails) {
        this.text = text;
        this.fails = fails;
    }

    public override ssize_t read (uint8[] buffer, Cancellable? cancellable = null) throws IOError {
        int n = int.min (text.length - given, buffer.length);

        if (n == 0 && fails)
            throw new IOError.INVALID_DATA ("no more of it");
        Memory.copy (buffer, (uint8*) text + given, n);
        given += n;
        return n;
    }

    public override bool close (Cancellable? cancellable = null) throws IOError {
        return true;
    }
}

void check_cat (Launcher launcher, string expected) throws Error {
    assert_cmpstr (launcher.run ({ "cat" }, null, null).dup_stdout_text (), CompareOperator.EQ, expected);
}

void check_file () throws Error {
    var directory = DirUtils.make_tmp ("scenario-XXXXXX");
    var path = Path.build_filename (directory, "input");
    var launcher = reliable ();
    launcher.stdin_file = path;
    assert (launcher.stdin_mode == StdinMode.FILE);
    try {
        launcher.spawnv ({ "cat" });
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
        assert (error.message.contains (path));
    }
    FileUtils.set_contents (path, "from a file");
    check_cat (launcher, "from a file");
    FileUtils.unlink (path);
    DirUtils.remove (directory);
}

void check_failing () throws Error {
    var launcher = reliable ();
    launcher.stdin_stream = new Spring ("one", true);
    var result = launcher.spawnv ({ "cat" }).complete (null, null);
    assert_cmpstr (result.dup_stdout_text (), CompareOperator.EQ, "one");
    assert (result.dup_input_error () is IOError.INVALID_DATA);
    try {
        result.check ();
        assert_not_reached ();
    } catch (ChildError.INPUT_CUT error) {
        assert (error.message.contains ("no more of it"));
    }
}

void check_queue () throws Error {
    var child = with_pipe ().create ({ "cat" });
    var collector = collect (child.stdout);
    child.stdin.max_queued_bytes = 4;
    assert (child.stdin.write_utf8 ("ünd"));
    try {
        child.stdin.write_bytes (new Bytes ("x".data));
        assert_not_reached ();
    } catch (IOError.WOULD_BLOCK error) {
        assert (child.stdin.bytes_queued == 4);
    }
    child.stdin.notify["bytes-queued"].connect (() => {
        if (child.stdin.bytes_written != 4 || child.stdin.bytes_queued > 0)
            return;
        try {
            child.stdin.write_utf8 ("x");
        } catch (Error error) {
            assert_not_reached ();
        }
        child.stdin.close ();
    });
    child.start ();
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "ündx");
    assert (child.stdin.bytes_written == 5);
}

void stdin_sources () throws Error {
    var bytes = new Bytes (many ().data);
    var launcher = reliable ();

    check_file ();
    launcher.stdin_bytes = bytes;
    check_cat (launcher, many ());
    launcher.stdin_stream = new MemoryInputStream.from_bytes (bytes);
    check_cat (launcher, many ());
    launcher.stdin_stream = new Spring (many (), false);
    check_cat (launcher, many ());
    check_failing ();
    check_queue ();
}

Pipeline join_stages (string[] scripts) throws Error {
    var pipeline = new Pipeline ();

    foreach (var script in scripts)
        pipeline.append (reliable (), shell (script));
    return pipeline;
}

async void check_observed () throws Error {
    var pipeline = join_stages ({ PRINT_MANY, "wc -l" });
    pipeline.set_observed (0, true);
    yield pipeline.start_async (null);
    var collector = collect (pipeline.get_stage (0).stdout);
    var result = yield pipeline.complete_async (null, null);
    assert (int.parse (result.dup_stdout_text ()) == 100000);
    assert_cmpstr (collected (collector), CompareOperator.EQ, many ());
}

void check_blame () throws Error {
    var enough = join_stages ({ "exec yes", "exec head -n 1" });
    enough.start ();
    var result = enough.complete (null, null);
    assert (result.success && result.is_excused (0));
    assert (result.get_stage (0).term_signal == Posix.Signal.PIPE);

    var blamed = join_stages ({ "exec yes", "exit 4" });
    blamed.start ();
    result = blamed.complete (null, null);
    assert (result.blamed == 1);
    try {
        result.check ();
        assert_not_reached ();
    } catch (ChildError.UNSUCCESSFUL error) {
        assert (error.message.has_prefix ("Stage 2 of 2: "));
    }
}

async void pipeline () throws Error {
    var three = join_stages ({ "printf 'b\\na\\nc\\n'; echo one >&2", "sort; echo two >&2", "exec head -n 1" });
    three.start ();
    var result = three.complete (null, null);
    assert (result.check ());
    assert_cmpstr (result.dup_stdout_text (), CompareOperator.EQ, "a\n");
    assert_cmpstr (result.get_stage (0).dup_stderr_text (), CompareOperator.EQ, "one\n");
    assert_cmpstr (result.get_stage (1).dup_stderr_text (), CompareOperator.EQ, "two\n");

    yield check_observed ();
    check_blame ();

    var missing = join_stages ({ "exec cat" });
    missing.append (reliable (), { "/nowhere/program" });
    try {
        missing.start ();
        assert_not_reached ();
    } catch (SpawnError.NOENT error) {
        assert (error.message.has_prefix ("Stage 2 of 2: "));
    }

    var endless = join_stages ({ "exec sleep 1000", "exec cat" });
    endless.start ();
    assert (yield endless.terminate_async (null, null));
    assert (endless.get_stage (0).state == ChildState.EXITED && endless.get_stage (1).state == ChildState.EXITED);
}

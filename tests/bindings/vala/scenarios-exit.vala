// SPDX-License-Identifier: LGPL-2.1-or-later
// How programs end.

using Procstream;

// A program of the scenario, as a child of the scenario itself.
private Child create_scene (string number, string scene) throws Error {
    var launcher = reliable ();

    launcher.set_variable ("PROCSTREAM_SCENE", scene);
    return launcher.create ({ FileUtils.read_link ("/proc/self/exe"), number });
}

// A child that says something when it is asked to end, which is written to a file.
private Child spawn_written (string path) throws Error {
    var child = reliable ().create (shell ("trap 'echo bye; exit' TERM; echo up; sleep 1000 & wait"));

    child.stdout.attach (new Writer.for_path (path, FileMode.TRUNCATE));
    child.start ();
    child.expect ("up", MatchFlags.NONE, TIMEOUT_MS, null);
    return child;
}

private void check_written (string path) throws Error {
    string text;

    FileUtils.get_contents (path, out text);
    assert_cmpstr (text, CompareOperator.EQ, "up\nbye\n");
}

private string make_file () throws Error {
    string path;

    FileUtils.close (FileUtils.open_tmp ("procstream-XXXXXX", out path));
    return path;
}

private void deinit_and_die (string path) throws Error {
    var child = spawn_written (path);

    Procstream.deinit ();
    assert (!is_alive (child.pid.to_string ()));
    check_written (path);
    try {
        reliable ().spawnv ({ "true" });
        assert_not_reached ();
    } catch (ChildError.WRONG_STATE error) {
        Posix.kill (Posix.getpid (), Posix.Signal.KILL);
    }
}

void deinit_program () throws Error {
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null)
        deinit_and_die (Environment.get_variable ("PROCSTREAM_SCENE"));

    string path = make_file ();
    var program = create_scene ("96", path);
    program.start ();
    assert (program.complete ().term_signal == ProcessSignal.KILL);
    check_written (path);
    FileUtils.unlink (path);
}

private void hurry_and_exit () throws Error {
    var launcher = reliable ();

    launcher.shutdown = new Shutdown.terminate (1000000);
    var child = launcher.spawnv (shell ("trap '' TERM; echo up; exec sleep 1000"));
    child.expect ("up", MatchFlags.NONE, TIMEOUT_MS, null);
    Procstream.deinit_hurry ();
    Procstream.deinit ();
    assert (!is_alive (child.pid.to_string ()));
    Process.exit (7);
}

void deinit_hurry_program () throws Error {
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null)
        hurry_and_exit ();
    var program = create_scene ("105", "yes");
    program.start ();
    assert (program.complete ().exit_code == 7);
}

void writer_at_exit () throws Error {
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null) {
        spawn_written (Environment.get_variable ("PROCSTREAM_SCENE"));
        Process.exit (0);
    }

    string path = make_file ();
    var program = create_scene ("97", path);
    program.start ();
    assert (program.complete ().success);
    check_written (path);
    FileUtils.unlink (path);
}

void death_in_a_run () throws Error {
    // What runs has the standard output of the program that runs it, as that is not there to be told.
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null) {
        reliable ().run (shell ("exec 9> /proc/$PPID/fd/1; trap 'echo asked >&9; kill -9 $!; exit' TERM; sleep 1000 9>&- & " +
                                "echo up >&9; wait"));
        assert_not_reached ();
    }

    var program = create_scene ("98", "yes");
    var collector = collect (program.stdout);
    program.start ();
    program.expect ("up", MatchFlags.NONE, TIMEOUT_MS, null);
    program.kill ();
    assert (collected (collector).has_suffix ("up\nasked\n"));
}

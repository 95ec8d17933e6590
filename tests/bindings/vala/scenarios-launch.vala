// SPDX-License-Identifier: LGPL-2.1-or-later
// How children are set up.

using Procstream;

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
}

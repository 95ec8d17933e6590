// SPDX-License-Identifier: LGPL-2.1-or-later
// Why children end.

using Procstream;

private delegate void End (Child child) throws Error;

private void check_ended (Procstream.Result result, Cause cause, int exit_code, int term_signal) {
    assert (result.cause == cause && !result.running);
    assert (result.exit_code == exit_code && result.term_signal == term_signal);
}

private void check_end (Cause cause, int term_signal, CompleteOptions options, End end, Scope? scope = null) throws Error {
    var launcher = reliable ();

    launcher.scope = scope;
    var child = launcher.spawnv (shell ("echo ready; exec sleep 1000"));
    end (child);
    check_ended (child.complete (options), cause, -1, term_signal);
    check_ended (child.result, cause, -1, term_signal);
}

private void end_program () throws Error {
    var child = reliable ().spawnv ({ "sleep", "1000" });

    Procstream.deinit ();
    check_ended (child.complete (), Cause.PARENT_EXIT, -1, ProcessSignal.TERM);
    stdout.printf ("ended with the program\n");
    stdout.flush ();
    Process.exit (0);
}

public void causes () throws Error {
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null)
        end_program ();

    var plain = new CompleteOptions ();
    var timeout = new CompleteOptions () { timeout_ms = 1000, end_on = EndOn.TIMEOUT };
    var silence = new CompleteOptions () { idle_timeout_ms = 1000, end_on = EndOn.IDLE };
    var much = new CompleteOptions () { output_limit = 3, end_on = EndOn.OUTPUT_LIMIT };
    var cancellable = new Cancellable ();
    var scope = new Scope ();
    var launcher = reliable ();

    check_ended (reliable ().spawnv (shell ("exit 3")).complete (), Cause.EXITED, 3, 0);
    check_end (Cause.SIGNALLED, Posix.Signal.USR1, plain, (child) => Posix.kill (child.pid, Posix.Signal.USR1));
    check_end (Cause.TERMINATED, ProcessSignal.TERM, plain, (child) => child.terminate ());
    check_end (Cause.KILLED, ProcessSignal.KILL, plain, (child) => child.kill ());
    check_end (Cause.TIMED_OUT, ProcessSignal.TERM, timeout, (child) => {});
    check_end (Cause.IDLE, ProcessSignal.TERM, silence, (child) => {});
    check_end (Cause.OUTPUT_LIMIT, ProcessSignal.TERM, much, (child) => {});
    check_end (Cause.TERMINATED, ProcessSignal.TERM, plain, (child) => scope.close (TIMEOUT_MS), scope);
    cancellable.cancel ();
    var cancelled = reliable ().spawnv ({ "sleep", "1000" });
    check_ended (cancelled.complete (new CompleteOptions () { end_on = EndOn.CANCEL }, cancellable),
                 Cause.CANCELLED, -1, ProcessSignal.TERM);

    launcher.set_variable ("PROCSTREAM_SCENE", "yes");
    var result = launcher.run ({ FileUtils.read_link ("/proc/self/exe"), "104" });
    assert (result.stdout.text.contains ("ended with the program\n"));
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs numbered scenarios and prints TAP.

using Procstream;

public const int TIMEOUT_MS = 60000;
public const string PRINT_MANY = "seq 1 100000";

public delegate void Scenario () throws Error;
public delegate bool Condition ();

private string only = null;
private string current;
private int n_run = 0;
private int failures = 0;

private void watchdog (int signum) {
    print ("Bail out! took more than 60 s: %s\n", current);
    Process.exit (1);
}

public void start (string[] args) {
    only = args.length > 1 ? args[1] : null;
    Process.signal (ProcessSignal.ALRM, watchdog);
}

public void scenario (int number, string name, Scenario run) {
    current = "%02d %s".printf (number, name);
    if (only != null && !current.has_prefix (only))
        return;
    Posix.alarm (TIMEOUT_MS / 1000);
    n_run++;
    try {
        run ();
        stdout.printf ("ok %d - %s\n", n_run, current);
    } catch (Error error) {
        stdout.printf ("not ok %d - %s\n# %s\n", n_run, current, error.message);
        failures++;
    }
    stdout.flush ();
    Posix.alarm (0);
}

public int finish () {
    stdout.printf ("1..%d\n", n_run);
    return failures > 0 ? 1 : 0;
}

// What the shell prints for PRINT_MANY.
public string many () {
    var text = new StringBuilder ();

    for (int i = 1; i <= 100000; i++)
        text.append_printf ("%d\n", i);
    return text.str;
}

public Launcher reliable () {
    return new Launcher (Delivery.RELIABLE, Replay.NONE);
}

public Launcher with_pipe () {
    return new Launcher (Delivery.RELIABLE, Replay.NONE) { stdin_mode = StdinMode.PIPE };
}

public Launcher small_chunks () {
    return new Launcher (Delivery.RELIABLE, Replay.NONE) {
        stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { read_chunk_size = 4096 }
    };
}

// Lossy subscribers lose nearly everything when nobody reads.
public Launcher lossy () {
    return new Launcher (Delivery.RELIABLE, Replay.NONE) {
        stdout_config = new OutputConfig (Delivery.LOSSY, Replay.NONE) { read_chunk_size = 4096, max_buffered_chunks = 4 }
    };
}

public string[] shell (string script) {
    return { "/bin/sh", "-c", script };
}

public void run_until (Condition condition, MainContext? context = null) {
    unowned MainContext running = context ?? MainContext.default ();

    while (!condition ())
        running.iteration (true);
}

// Runs a main loop until everything of a child has been emitted.
public void complete (Child child) {
    bool completed = false;
    var id = child.completed.connect ((result) => completed = true);

    run_until (() => completed);
    child.disconnect (id);
}

public Collector collect (Output output) throws Error {
    var collector = new Collector (Collect.BYTES, Keep.FIRST);

    output.attach (collector);
    return collector;
}

public string collected (Collector collector) throws Error {
    collector.wait (TIMEOUT_MS, null);
    return collector.dup_text ();
}

public string join (GenericArray<Bytes> chunks) {
    var all = new ByteArray ();

    foreach (unowned var chunk in chunks)
        all.append (chunk.get_data ());
    all.append ({ 0 });
    return (string) all.data;
}

public void check_lines (GenericArray<string> lines, string joined) {
    assert_cmpstr (string.joinv ("|", lines.data), CompareOperator.EQ, joined);
}

// Makes and drops many errors and strings, so that memory that nobody holds becomes something else.
public void churn () {
    for (int i = 0; i < 3000; i++) {
        try {
            string contents;
            FileUtils.get_contents ("/nowhere/" + string.nfill (i % 200, 'x'), out contents);
            assert_not_reached ();
        } catch (FileError error) {
        }
    }
}

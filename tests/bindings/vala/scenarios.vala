// SPDX-License-Identifier: LGPL-2.1-or-later
// The scenarios of SCENARIOS.md in Vala.

using Procstream;

const string THREE_CHUNKS = "printf one; read x; printf two; read x; printf three; read x";

// --- Output ---

void chunks () throws Error {
    var script = new StringBuilder ("printf '");
    for (int i = 0; i < 256; i++)
        script.append_printf ("\\%03o", i);
    script.append ("'");

    var child = reliable ().spawnv (shell (script.str));
    var received = new ByteArray ();
    child.stdout.chunk.connect ((bytes) => received.append (bytes.get_data ()));
    complete (child);
    assert_cmpint (received.data.length, CompareOperator.EQ, 256);
    for (int i = 0; i < 256; i++)
        assert_cmpint (received.data[i], CompareOperator.EQ, i);
}

void kept_chunks () throws Error {
    var child = small_chunks ().spawnv (shell (PRINT_MANY));
    var kept = new GenericArray<Bytes> ();
    child.stdout.chunk.connect ((bytes) => kept.add (bytes));
    complete (child);
    var other = reliable ().spawnv (shell ("head -c 4000000 /dev/zero"));
    var others = new GenericArray<Bytes> ();
    other.stdout.chunk.connect ((bytes) => others.add (bytes));
    complete (other);
    child = null;
    other = null;
    assert_cmpstr (join (kept), CompareOperator.EQ, many ());
}

void line () throws Error {
    var child = reliable ().spawnv (shell ("printf 'one\\n\\ntwo\\nthree'"));
    var received = new GenericArray<string> ();
    child.stdout.line.connect ((line) => received.add (line));
    complete (child);
    check_lines (received, "one||two|three");
}

class Batch {
    public string[] lines;
}

void lines () throws Error {
    var child = small_chunks ().spawnv (shell (PRINT_MANY));
    var batches = new GenericArray<Batch> ();
    child.stdout.lines.connect ((lines) => batches.add (new Batch () { lines = lines }));
    complete (child);
    var all = new StringBuilder ();
    foreach (unowned var batch in batches) {
        assert_cmpint (batch.lines.length, CompareOperator.GT, 0);
        foreach (unowned var line in batch.lines)
            all.append (line).append ("\n");
    }
    assert_cmpint (batches.length, CompareOperator.GT, 1);
    assert_cmpstr (all.str, CompareOperator.EQ, many ());
}

void check_options (string script, LineSeparator separator, uint max_length, LineOverflow overflow,
                    string expected) throws Error {
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) {
        line_separator = separator, max_line_length = max_length, line_overflow = overflow
    };
    var child = launcher.spawnv (shell (script));
    var received = new GenericArray<string> ();
    child.stdout.line.connect ((line) => received.add (line));
    complete (child);
    check_lines (received, expected);
}

void line_options () throws Error {
    const LineOverflow SPLIT = LineOverflow.SPLIT;
    const LineSeparator NEWLINE = LineSeparator.NEWLINE;

    check_options ("printf 'a\\r\\nb\\nc\\r\\n'", NEWLINE, 100, SPLIT, "a|b|c");
    check_options ("printf 'a\\r\\nb\\n'", LineSeparator.LF, 100, SPLIT, "a\r|b");
    check_options ("printf 'a\\r\\nb\\nc\\r\\n'", LineSeparator.CRLF, 100, SPLIT, "a|b\nc");
    check_options ("printf 'abcdefghi\\nj\\n'", NEWLINE, 4, SPLIT, "abcd|efgh|i|j");
    check_options ("printf 'abcdefghi\\nj\\n'", NEWLINE, 4, LineOverflow.TRUNCATE, "abcd|j");
    check_options ("printf 'a\\303\\251\\303\\251\\n'", NEWLINE, 4, SPLIT, "aé|é");
    check_options ("printf 'a\\377b\\000c\\n'", NEWLINE, 100, SPLIT, "a\uFFFDb\uFFFDc");
}

void check_joined (string script, LineSeparator separator, string expected_separator, string expected) throws Error {
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { line_separator = separator };
    var child = launcher.spawnv (shell (script));
    var received = new GenericArray<string> ();
    child.stdout.joined_lines.connect ((text, found) => {
        assert_cmpstr (found, CompareOperator.EQ, expected_separator);
        foreach (unowned var line in text.split (found))
            received.add (line);
    });
    complete (child);
    check_lines (received, expected);
}

void joined_lines () throws Error {
    check_joined ("printf 'a\\n\\nb\\377\\n'", LineSeparator.NEWLINE, "\n", "a||b\uFFFD");
    check_joined ("printf 'a\\r\\nb\\nc\\r\\n'", LineSeparator.CRLF, "\x01", "a|b\nc");
}

class Counter : Consumer {
    public uint64 chunks = 0;
    public bool once = false;

    public override bool chunk (Bytes bytes) {
        chunks++;
        return once;
    }
}

// The signals belong to a main context that nobody runs before everything was read.
void gap () throws Error {
    var context = new MainContext ();
    context.push_thread_default ();
    var child = lossy ().create (shell (PRINT_MANY));
    context.pop_thread_default ();

    uint64 chunks = 0, size = 0, lost_chunks = 0, lost_size = 0;
    int gaps = 0, ends = 0;
    child.stdout.chunk.connect ((bytes) => {
        chunks++;
        size += bytes.length;
    });
    child.stdout.gap.connect ((chunks, bytes) => {
        gaps++;
        lost_chunks += chunks;
        lost_size += bytes;
    });
    child.stdout.ended.connect ((error) => {
        assert (error == null);
        ends++;
    });
    var counter = new Counter () { delivery = Delivery.RELIABLE };
    child.stdout.attach (counter);
    child.start ();
    counter.wait (TIMEOUT_MS, null);
    run_until (() => ends > 0, context);
    assert_cmpint (gaps, CompareOperator.GT, 0);
    assert (size > 0 && size + lost_size == many ().length);
    assert (chunks + lost_chunks == counter.chunks);
    assert (child.stdout.bytes_dropped == lost_size);
}

// A child that has written three chunks and ended: it writes one when the last was read.
Child make_three_chunks (Replay replay, uint64 limit = 0) throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, replay) { replay_limit = limit, stdin_mode = StdinMode.PIPE };
    var child = launcher.spawnv (shell (THREE_CHUNKS));
    var input = child.stdin;
    child.stdout.chunk.connect ((bytes) => input.write_async.begin (new Bytes ({ '\n' }), null));
    complete (child);
    return child;
}

void check_late (Child child, string expected) throws Error {
    var collector = collect (child.stdout);
    assert_cmpstr (collected (collector), CompareOperator.EQ, expected);
    assert (collector.state == ConsumerState.ENDED);
}

void replay_last_chunks () throws Error {
    check_late (make_three_chunks (Replay.LAST_CHUNKS, 2), "twothree");
}

void replay_last_bytes () throws Error {
    check_late (make_three_chunks (Replay.LAST_BYTES, 5), "three");
    check_late (make_three_chunks (Replay.LAST_BYTES, 6), "twothree");
}

void replay_all () throws Error {
    var child = make_three_chunks (Replay.ALL);
    check_late (child, "onetwothree");
    check_late (child, "onetwothree");
}

void seal () throws Error {
    var child = make_three_chunks (Replay.ALL);
    child.stdout.seal_replay ();
    check_late (child, "");
}

async void create_and_start () throws Error {
    var child = reliable ().create (shell (PRINT_MANY));
    assert (child.state == ChildState.CREATED);
    var received = new GenericArray<Bytes> ();
    child.stdout.chunk.connect ((bytes) => received.add (bytes));
    var collector = collect (child.stdout);
    yield child.start_async (null);
    complete (child);
    assert_cmpstr (join (received), CompareOperator.EQ, many ());
    assert_cmpstr (collected (collector), CompareOperator.EQ, many ());
}

void handler_after_spawn () throws Error {
    var child = reliable ().spawnv (shell (PRINT_MANY));
    var received = new GenericArray<Bytes> ();
    child.stdout.chunk.connect ((bytes) => received.add (bytes));
    complete (child);
    assert_cmpstr (join (received), CompareOperator.EQ, many ());
}

async void handler_after_async_spawn () throws Error {
    var child = yield reliable ().spawn_async (shell (PRINT_MANY), null);
    var received = new GenericArray<Bytes> ();
    child.stdout.chunk.connect ((bytes) => received.add (bytes));
    complete (child);
    assert_cmpstr (join (received), CompareOperator.EQ, many ());
}

// --- Consumers ---

Reader make_reader (Child child) throws Error {
    var reader = new Reader ();
    child.stdout.attach (reader);
    child.start ();
    return reader;
}

void reader_next () throws Error {
    var reader = make_reader (reliable ().create (shell (PRINT_MANY)));
    var received = new GenericArray<Bytes> ();
    Bytes? bytes;
    while ((bytes = reader.next (TIMEOUT_MS, null)) != null)
        received.add (bytes);
    assert_cmpstr (join (received), CompareOperator.EQ, many ());
    assert (reader.next (TIMEOUT_MS, null) == null);
}

async void reader_lines () throws Error {
    var reader = make_reader (reliable ().create (shell ("seq 1 1000")));
    for (int i = 1; i <= 1000; i++)
        assert_cmpstr (yield reader.read_line_async (null), CompareOperator.EQ, i.to_string ());
    assert ((yield reader.read_line_async (null)) == null);
}

async void reader_cancel () throws Error {
    var child = with_pipe ().create (shell ("printf ear; read x; echo ly"));
    var reader = make_reader (child);
    var cancellable = new Cancellable ();
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield reader.read_line_async (cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED error) {
    }
    child.stdin.close ();
    assert_cmpstr (reader.read_line (TIMEOUT_MS, null), CompareOperator.EQ, "early");
    assert (reader.read_line (TIMEOUT_MS, null) == null);
}

void collect_many (Collector collector) throws Error {
    var child = reliable ().create (shell (PRINT_MANY));
    child.stdout.attach (collector);
    child.start ();
    collector.wait (TIMEOUT_MS, null);
}

void check_collected_bytes (Keep keep, string expected) throws Error {
    var collector = new Collector (Collect.BYTES, keep) { max_bytes = 10 };
    collect_many (collector);
    assert (collector.dup_bytes ().compare (new Bytes (expected.data)) == 0);
    assert_cmpstr (collector.dup_text (), CompareOperator.EQ, expected);
    assert (collector.bytes_seen == many ().length);
    assert (collector.bytes_cut == many ().length - 10);
    assert (collector.truncated);
}

void collector_bytes () throws Error {
    check_collected_bytes (Keep.FIRST, "1\n2\n3\n4\n5\n");
    check_collected_bytes (Keep.LAST, "99\n100000\n");
}

void check_collected_lines (Keep keep, string expected) throws Error {
    var collector = new Collector (Collect.LINES, keep) { max_lines = 3 };
    collect_many (collector);
    assert_cmpstr (string.joinv ("|", collector.dup_lines ()), CompareOperator.EQ, expected);
    assert (collector.lines_seen == 100000);
    assert (collector.lines_cut == 99997);
    assert (collector.truncated);
}

void collector_lines () throws Error {
    check_collected_lines (Keep.FIRST, "1|2|3");
    check_collected_lines (Keep.LAST, "99998|99999|100000");
}

void several_subscribers () throws Error {
    var child = lossy ().create (shell (PRINT_MANY));
    var log = new Collector (Collect.BYTES, Keep.FIRST) { delivery = Delivery.RELIABLE };
    var tail = new Collector (Collect.LINES, Keep.LAST) { delivery = Delivery.RELIABLE, max_lines = 1 };
    var view = new Reader ();
    child.stdout.attach (log);
    child.stdout.attach (tail);
    child.stdout.attach (view);
    child.start ();
    assert_cmpstr (collected (log), CompareOperator.EQ, many ());
    assert_cmpstr (collected (tail), CompareOperator.EQ, "100000\n");
    var received = new GenericArray<Bytes> ();
    Bytes? bytes;
    while ((bytes = view.next (TIMEOUT_MS, null)) != null)
        received.add (bytes);
    var seen = join (received);
    assert (seen != "" && many ().has_suffix (seen));
    assert (view.bytes_lost > 0);
    assert (seen.length + view.bytes_lost == many ().length);
    assert (log.bytes_lost == 0);
}

class Everything : Consumer {
    public GenericArray<Bytes> received = new GenericArray<Bytes> ();
    public GenericArray<string> all_lines = new GenericArray<string> ();
    public int gap_count = 0;
    public uint64 chunks_missed = 0;
    public uint64 bytes_missed = 0;
    public int ends = 0;
    public Error? error = null;

    public override bool chunk (Bytes bytes) {
        received.add (bytes);
        return false;
    }

    public override bool lines (string[] lines) {
        foreach (unowned var line in lines)
            all_lines.add (line);
        return false;
    }

    public override bool gap (uint64 chunks, uint64 bytes) {
        gap_count++;
        chunks_missed += chunks;
        bytes_missed += bytes;
        return false;
    }

    public override void ended (Error? error) {
        this.error = error;
        ends++;
    }
}

// The consumer belongs to a main context that nobody runs before everything was read.
void custom_consumer () throws Error {
    var context = new MainContext ();
    context.push_thread_default ();
    var consumer = new Everything () { delivery = Delivery.LOSSY };
    context.pop_thread_default ();
    var child = lossy ().create (shell (PRINT_MANY));
    var counter = new Counter () { delivery = Delivery.RELIABLE };
    child.stdout.attach (consumer);
    child.stdout.attach (counter);
    child.start ();
    counter.wait (TIMEOUT_MS, null);
    run_until (() => consumer.state == ConsumerState.ENDED, context);
    var received = join (consumer.received);
    assert_cmpint (consumer.ends, CompareOperator.EQ, 1);
    assert (many ().has_suffix (received));
    assert (received != "" && consumer.all_lines.length > 0);
    for (int i = 0; i < consumer.all_lines.length; i++)
        assert_cmpint (int.parse (consumer.all_lines[i]), CompareOperator.EQ, 100000 - consumer.all_lines.length + i + 1);
    assert (received.length + consumer.bytes_missed == many ().length);
    assert (consumer.received.length + consumer.chunks_missed == counter.chunks);
    assert (consumer.gap_count > 0);
    assert (consumer.gaps == consumer.gap_count);
}

void run_two_counters (Counter first, ConsumerState state) throws Error {
    var child = small_chunks ().create (shell (PRINT_MANY));
    var second = new Counter ();
    child.stdout.attach (first);
    child.stdout.attach (second);
    child.start ();
    first.wait (TIMEOUT_MS, null);
    assert (first.state == state);
    second.wait (TIMEOUT_MS, null);
    assert (second.chunks > 1);
    assert (first.chunks == (first.once ? 1 : second.chunks));
}

void custom_consumer_done () throws Error {
    run_two_counters (new Counter () { once = true }, ConsumerState.DONE);
}

// A virtual function throws nothing in Vala, and must return: what both come to is false.
void custom_consumer_goes_on () throws Error {
    run_two_counters (new Counter (), ConsumerState.ENDED);
}

class Empty : Consumer {
}

void custom_consumer_refused () throws Error {
    var child = reliable ().create (shell ("true"));
    var consumer = new Empty ();
    try {
        child.stdout.attach (consumer);
        assert_not_reached ();
    } catch (IOError.INVALID_ARGUMENT error) {
        assert (error.message.contains ("Empty"));
    }
    assert (consumer.state == ConsumerState.NONE);
}

// --- Children ---

async void wait_async () throws Error {
    var child = reliable ().spawnv (shell ("exit 3"));
    assert (yield child.wait_async ());
    assert_cmpint (child.exit_code, CompareOperator.EQ, 3);
}

void wait_without_loop () throws Error {
    var child = with_pipe ().spawnv (shell ("echo ready; read x; exit 3"));
    var input = child.stdin;
    var received = new GenericArray<string> ();
    child.stdout.line.connect ((line) => {
        received.add (line);
        input.close ();
    });
    assert (child.wait (TIMEOUT_MS, null));
    check_lines (received, "ready");
    assert_cmpint (child.exit_code, CompareOperator.EQ, 3);
}

void wait_timeout () throws Error {
    var child = with_pipe ().spawnv (shell ("read x"));
    try {
        child.wait (10, null);
        assert_not_reached ();
    } catch (IOError.TIMED_OUT error) {
    }
    assert (child.state == ChildState.RUNNING);
    child.stdin.close ();
    assert (child.wait (TIMEOUT_MS, null));
}

async void wait_cancel () throws Error {
    var child = with_pipe ().spawnv (shell ("read x; exit 4"));
    var cancellable = new Cancellable ();
    Idle.add (() => {
        cancellable.cancel ();
        return Source.REMOVE;
    });
    try {
        yield child.wait_async (cancellable);
        assert_not_reached ();
    } catch (IOError.CANCELLED error) {
    }
    assert (child.state == ChildState.RUNNING);
    child.stdin.close ();
    assert (child.wait (TIMEOUT_MS, null));
    assert_cmpint (child.exit_code, CompareOperator.EQ, 4);
}

// The grandchild holds the output open until something is written to the fifo.
void exited_before_completed () throws Error {
    var directory = DirUtils.make_tmp ("procstream-XXXXXX");
    var fifo = Path.build_filename (directory, "fifo");
    var child = reliable ().create ({ "/bin/sh", "-c", "mkfifo \"$0\"; (read x <\"$0\"; echo late) & echo early", fifo });
    bool early = false;
    var order = new StringBuilder ();
    child.stdout.line.connect ((line) => {
        if (line == "early")
            early = true;
        else
            order.append (line).append (" ");
    });
    child.stdout.ended.connect ((error) => order.append ("ended "));
    child.exited.connect ((child) => {
        assert (child.stdout.state == OutputState.OPEN);
        order.append ("exited ");
        try {
            reliable ().spawnv ({ "/bin/sh", "-c", "echo >\"$0\"", fifo });
        } catch (Error error) {
            assert_not_reached ();
        }
    });
    child.completed.connect ((result) => order.append ("completed"));
    child.start ();
    complete (child);
    FileUtils.unlink (fifo);
    DirUtils.remove (directory);
    assert (early);
    assert_cmpstr (order.str, CompareOperator.EQ, "exited late ended completed");
}

Procstream.Result check_result (string script, int exit_code, int term_signal) throws Error {
    var launcher = reliable ();
    launcher.name = "job";
    var child = launcher.spawnv (shell (script));
    complete (child);
    var result = child.result;
    assert_cmpstr (result.name, CompareOperator.EQ, "job");
    assert (result.duration_us > 0);
    assert (result.success == (exit_code == 0));
    assert_cmpint (result.exit_code, CompareOperator.EQ, exit_code);
    assert_cmpint (result.term_signal, CompareOperator.EQ, term_signal);
    return result;
}

void result () throws Error {
    check_result ("exit 0", 0, 0);
    var failure = check_result ("exit 3", 3, 0);
    assert (failure.message.contains ("job") && failure.message.contains ("3"));
    var killed = check_result ("kill -TERM $$", -1, ProcessSignal.TERM);
    assert (killed.message.contains ("job"));
}


void signal_the_group () throws Error {
    var child = reliable ().spawnv (shell ("sleep 1000 & echo ready; wait"));
    unowned var running = child;
    child.stdout.line.connect ((line) => {
        try {
            running.send_signal (ProcessSignal.TERM);
        } catch (Error error) {
            assert_not_reached ();
        }
    });
    // The grandchild holds the output open, so this ends only when it is gone too.
    complete (child);
    assert_cmpint (child.term_signal, CompareOperator.EQ, ProcessSignal.TERM);
}

void kill_child () throws Error {
    var child = with_pipe ().spawnv (shell ("trap '' TERM; echo ready; read x; echo again; read x"));
    unowned var running = child;
    child.stdout.line.connect ((line) => {
        try {
            if (line == "ready") {
                running.send_signal (ProcessSignal.TERM);
                running.stdin.write_async.begin (new Bytes ({ '\n' }), null);
            } else {
                running.kill ();
            }
        } catch (Error error) {
            assert_not_reached ();
        }
    });
    complete (child);
    assert_cmpint (child.term_signal, CompareOperator.EQ, ProcessSignal.KILL);
}

delegate void Failing () throws Error;

void check_error (Error expected, string named, Failing call) {
    try {
        call ();
    } catch (Error error) {
        if (!error.matches (expected.domain, expected.code) || !error.message.contains (named))
            GLib.error ("another error: %s", error.message);
        return;
    }
    assert_not_reached ();
}

void spawn_errors () throws Error {
    string[] missing = { "/nowhere/program" };
    var launcher = reliable ();
    check_error (new SpawnError.NOENT (""), missing[0], () => launcher.spawnv (missing));
    check_error (new SpawnError.ACCES (""), "/etc/passwd", () => launcher.spawnv ({ "/etc/passwd" }));
    var child = launcher.create (missing);
    check_error (new SpawnError.NOENT (""), missing[0], () => child.start ());
    assert (child.state == ChildState.FAILED);
    AsyncResult? result = null;
    launcher.spawn_async.begin (missing, null, (source, r) => result = r);
    run_until (() => result != null);
    check_error (new SpawnError.NOENT (""), missing[0], () => launcher.spawn_async.end (result));
    launcher.cwd = "/nowhere";
    check_error (new SpawnError.CHDIR (""), "/nowhere", () => launcher.spawnv ({ "/bin/true" }));
}

void unset_policy () throws Error {
    var launcher = new Launcher (Delivery.UNSET, Replay.UNSET);
    check_error (new ChildError.UNSET_POLICY (""), "delivery", () => launcher.spawnv ({ "/bin/true" }));
    launcher.delivery = Delivery.LOSSY;
    check_error (new ChildError.UNSET_POLICY (""), "replay", () => launcher.spawnv ({ "/bin/true" }));
}

void wrong_state () throws Error {
    var wrong = new ChildError.WRONG_STATE ("");
    var child = reliable ().create ({ "/bin/true" });
    check_error (wrong, "", () => child.wait (TIMEOUT_MS, null));
    check_error (wrong, "", () => child.send_signal (ProcessSignal.TERM));
    child.start ();
    check_error (wrong, "", () => child.start ());
    var collector = collect (child.stdout);
    check_error (wrong, "", () => child.stdout.attach (collector));
    var reader = new Reader ();
    check_error (wrong, "", () => reader.next (TIMEOUT_MS, null));
    child.wait (TIMEOUT_MS, null);
}

async void stdin_round_trip () throws Error {
    var data = new uint8[1024000];
    for (int i = 0; i < data.length; i++)
        data[i] = (uint8) i;
    var child = with_pipe ().spawnv ({ "/bin/cat" });
    var collector = collect (child.stdout);
    assert (yield child.stdin.write_async (new Bytes (data), null));
    child.stdin.close ();
    yield collector.wait_async ();
    assert (collector.dup_bytes ().compare (new Bytes (data)) == 0);
}

async void check_broken (Input input, Bytes bytes) throws Error {
    try {
        yield input.write_async (bytes, null);
        assert_not_reached ();
    } catch (IOError.BROKEN_PIPE error) {
    }
}

async void stdin_broken_pipe () throws Error {
    var child = with_pipe ().spawnv ({ "/bin/true" });
    yield check_broken (child.stdin, new Bytes (new uint8[4000000]));
    child.wait (TIMEOUT_MS, null);
    yield check_broken (child.stdin, new Bytes ({ 'x' }));
}

void merged_stderr () throws Error {
    var launcher = reliable ();
    launcher.merge_stderr = true;
    var child = launcher.spawnv (shell ("echo 1; echo 2 >&2; echo 3; echo 4 >&2"));
    var collector = collect (child.stdout);
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "1\n2\n3\n4\n");
    assert (child.stderr.bytes_received == 0);
    assert (child.stderr.state == OutputState.ENDED);
}

void discard_and_inherit () throws Error {
    var launcher = new Launcher (Delivery.UNSET, Replay.UNSET) {
        stdout_config = new OutputConfig.discard (), stderr_config = new OutputConfig.inherit ()
    };
    var child = launcher.spawnv (shell ("echo nobody sees this; echo '# seen by who runs the tests' >&2"));
    int count = 0;
    child.stdout.ended.connect ((error) => count++);
    child.stderr.ended.connect ((error) => count++);
    complete (child);
    assert_cmpint (count, CompareOperator.EQ, 2);
    assert (child.stdout.bytes_received == 0);
    assert (child.result.success);
}

void output_from_fd () throws Error {
    int fds[2];
    Unix.open_pipe (fds, Posix.FD_CLOEXEC);
    Posix.write (fds[1], "one\ntwo\n", 8);
    Posix.close (fds[1]);
    var output = new Output.take_fd (fds[0], "pipe", new OutputConfig (Delivery.RELIABLE, Replay.NONE));
    var reader = new Reader ();
    output.attach (reader);
    assert_cmpstr (reader.read_line (TIMEOUT_MS, null), CompareOperator.EQ, "one");
    assert_cmpstr (reader.read_line (TIMEOUT_MS, null), CompareOperator.EQ, "two");
    assert (reader.read_line (TIMEOUT_MS, null) == null);
    assert_cmpstr (output.name, CompareOperator.EQ, "pipe");
}

// A class that is not GIO's own, so it is called in this thread's main context.
class OwnStream : BufferedInputStream {
    public OwnStream (InputStream base_stream) {
        Object (base_stream: base_stream);
    }
}

void check_stream (InputStream stream) throws Error {
    var output = new Output.from_stream (stream, "memory", new OutputConfig (Delivery.RELIABLE, Replay.NONE));
    assert_cmpstr (collected (collect (output)), CompareOperator.EQ, many ());
}

void output_from_stream () throws Error {
    check_stream (new MemoryInputStream.from_bytes (new Bytes (many ().data)));
    check_stream (new OwnStream (new MemoryInputStream.from_bytes (new Bytes (many ().data))));
}

void line_parser () throws Error {
    var parser = new LineParser (LineSeparator.NEWLINE, 5, LineOverflow.TRUNCATE);
    assert_cmpstr (string.joinv ("|", parser.push (new Bytes ("one\r\ntw".data))), CompareOperator.EQ, "one");
    assert_cmpstr (string.joinv ("|", parser.push (new Bytes ("o\ntoo long\nthree".data))), CompareOperator.EQ, "two|too l");
    assert (parser.get_bytes_lost () == 3);
    assert_cmpstr (string.joinv ("|", parser.finish ()), CompareOperator.EQ, "three");
}

void environment_and_cwd () throws Error {
    var launcher = reliable ();
    launcher.cwd = "/";
    launcher.set_environment ({ "PATH=/usr/bin:/bin", "KEPT=kept", "GONE=gone" });
    launcher.set_variable ("ADDED", "ädded");
    launcher.unset_variable ("GONE");
    var child = launcher.spawnv (shell ("echo \"$KEPT\"; echo \"$ADDED\"; echo \"${GONE-unset}\"; pwd"));
    var collector = collect (child.stdout);
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "kept\nädded\nunset\n/\n");
}

void properties () throws Error {
    var launcher = with_pipe ();
    launcher.name = "job";
    var child = launcher.create (shell ("echo $$; read x"));
    ChildState last = child.state;
    child.notify["state"].connect ((object, pspec) => last = ((Child) object).state);
    assert (last == ChildState.CREATED);
    assert_cmpstr (child.name, CompareOperator.EQ, "job");
    assert (child.pid == 0 && child.result == null && child.subprocess == null);
    var collector = collect (child.stdout);
    child.start ();
    int pid = child.pid;
    assert (pid > 0 && child.state == ChildState.RUNNING);
    assert (child.subprocess is Subprocess);
    child.stdin.close ();
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "%d\n".printf (pid));
    assert_cmpint (child.pid, CompareOperator.EQ, pid);
    assert_cmpint (child.exit_code, CompareOperator.EQ, 1);
    assert_cmpint (child.term_signal, CompareOperator.EQ, 0);
    assert (last == ChildState.EXITED);
    assert (child.elapsed_us > 0 && child.result.exit_code == 1);
    assert_cmpstr (child.stdout.name, CompareOperator.EQ, "stdout");
    assert (child.stdout.state == OutputState.ENDED);
    assert (child.stdout.bytes_received == "%d\n".printf (pid).length && child.stdout.bytes_dropped == 0);
}

void dropped_in_a_handler () throws Error {
    Child? child = small_chunks ().create (shell (PRINT_MANY));
    int64 size = 0;
    bool completed = false;
    child.completed.connect ((result) => completed = true);
    child.stdout.chunk.connect ((bytes) => {
        child = null;
        size += bytes.length;
    });
    child.start ();
    run_until (() => completed);
    assert (child == null);
    assert (size == many ().length);
}

// Gives out what comes before the first byte that is not UTF-8, and then an error.
class FailingStream : ConverterInputStream {
    public FailingStream (InputStream base_stream) throws Error {
        Object (base_stream: base_stream, converter: new CharsetConverter ("UTF-8", "UTF-8"));
    }
}

class Kept {
    public StringBuilder order = new StringBuilder ();
    public Error? of_handler = null;
    public Error? of_consumer = null;
    public string message = null;
}

Kept read_failing () throws Error {
    var bytes = new Bytes ({ 'o', 'n', 'e', '\n', 't', 'w', 'o', 0xff });
    var stream = new FailingStream (new MemoryInputStream.from_bytes (bytes));
    var output = new Output.from_stream (stream, "burning", new OutputConfig (Delivery.RELIABLE, Replay.NONE));
    var consumer = new Everything ();
    var kept = new Kept ();
    var received = new GenericArray<Bytes> ();
    output.chunk.connect ((bytes) => received.add (bytes));
    output.line.connect ((line) => kept.order.append (line).append (" "));
    output.ended.connect ((error) => {
        kept.order.append ("ended");
        kept.of_handler = error;
    });
    output.attach (consumer);
    run_until (() => kept.order.str.has_suffix ("ended") && consumer.ends > 0);
    assert (output.state == OutputState.FAILED && consumer.state == ConsumerState.FAILED);
    assert_cmpstr (join (received), CompareOperator.EQ, "one\ntwo");
    assert_cmpstr (join (consumer.received), CompareOperator.EQ, "one\ntwo");
    kept.of_consumer = consumer.error;
    try {
        consumer.wait (TIMEOUT_MS, null);
        assert_not_reached ();
    } catch (IOError.INVALID_DATA error) {
        kept.message = error.message;
    }
    return kept;
}

void read_error () throws Error {
    var kept = read_failing ();
    var launcher = reliable ();
    launcher.name = "job";
    var child = launcher.spawnv (shell ("echo kept; exit 3"));
    var lines = new GenericArray<string> ();
    Procstream.Result? result = null;
    child.stdout.line.connect ((line) => lines.add (line));
    child.completed.connect ((r) => result = r);
    complete (child);
    child = null;
    churn ();
    assert (kept.message.contains ("burning"));
    assert_cmpstr (kept.order.str, CompareOperator.EQ, "one two ended");
    assert (kept.of_handler is IOError.INVALID_DATA && kept.of_consumer is IOError.INVALID_DATA);
    assert_cmpstr (kept.of_handler.message, CompareOperator.EQ, kept.message);
    assert_cmpstr (kept.of_consumer.message, CompareOperator.EQ, kept.message);
    check_lines (lines, "kept");
    assert_cmpstr (result.name, CompareOperator.EQ, "job");
    assert_cmpint (result.exit_code, CompareOperator.EQ, 3);
}

void check_replayed (Replay replay, uint64 limit, uint64 max_bytes, string expected) throws Error {
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, replay) { replay_limit = limit, max_replay_bytes = max_bytes };
    var child = launcher.spawnv (shell ("printf 'one\\ntwo\\nthree\\nfour'"));
    complete (child);
    check_late (child, expected);
}

void replay_last_lines_and_ms () throws Error {
    check_replayed (Replay.LAST_LINES, 2, 100, "three\nfour");
    check_replayed (Replay.LAST_LINES, 9, 100, "one\ntwo\nthree\nfour");
    check_replayed (Replay.LAST_LINES, 9, 6, "four");
    check_replayed (Replay.LAST_MS, 3600000, 100, "one\ntwo\nthree\nfour");
    check_replayed (Replay.LAST_MS, 3600000, 5, "\nfour");
}

void live_only_and_sealed_child () throws Error {
    var launcher = new Launcher (Delivery.RELIABLE, Replay.ALL) { stdin_mode = StdinMode.PIPE };
    var child = launcher.spawnv (shell ("echo before; read x; echo after; echo error >&2"));
    size_t size = 0;
    child.stdout.chunk.connect ((bytes) => size += bytes.length);
    run_until (() => size > 0);
    var live = new Collector (Collect.BYTES, Keep.FIRST) { live_only = true };
    child.stdout.attach (live);
    var all = collect (child.stdout);
    child.stdin.close ();
    complete (child);
    assert_cmpstr (collected (live), CompareOperator.EQ, "after\n");
    assert_cmpstr (collected (all), CompareOperator.EQ, "before\nafter\n");
    assert_cmpstr (collected (collect (child.stderr)), CompareOperator.EQ, "error\n");
    child.seal_replay ();
    assert_cmpstr (collected (collect (child.stdout)), CompareOperator.EQ, "");
    assert_cmpstr (collected (collect (child.stderr)), CompareOperator.EQ, "");
}

void single () throws Error {
    var launcher = reliable ();
    launcher.name = "job";
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { backend = Backend.SINGLE };
    var child = launcher.create (shell ("echo text"));
    var first = collect (child.stdout);
    var second = new Reader ();
    check_error (new IOError.BUSY (""), "job", () => child.stdout.attach (second));
    first.cancel ();
    child.stdout.attach (second);
    child.start ();
    assert_cmpstr (second.read_line (TIMEOUT_MS, null), CompareOperator.EQ, "text");
}

void pause_lag_and_stall () throws Error {
    var launcher = with_pipe ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { max_buffered_chunks = 1 };
    var child = launcher.create (shell ("printf one; read x; printf three"));
    var paused = new Counter ();
    paused.pause ();
    var stuck = new Reader () { max_stall_ms = 1 };
    child.stdout.attach (paused);
    child.stdout.attach (stuck);
    child.start ();
    check_error (new ChildError.STALLED (""), "", () => stuck.wait (TIMEOUT_MS, null));
    assert (stuck.state == ConsumerState.FAILED);
    assert (stuck.bytes_lost == 3 && child.stdout.consumers_dropped == 1);
    assert (paused.paused && paused.chunks == 0);
    assert (paused.lag_chunks == 1 && paused.lag_bytes == 3 && paused.lag_us >= 0);
    paused.resume ();
    child.stdin.close ();
    paused.wait (TIMEOUT_MS, null);
    assert (!paused.paused && paused.chunks == 2 && paused.lag_chunks == 0);
}

// --- Asynchronous scenarios ---

delegate void Begin (owned AsyncReadyCallback callback);

AsyncResult run_async (Begin begin) {
    AsyncResult? result = null;
    begin ((source, r) => result = r);
    run_until (() => result != null);
    return result;
}

class Placed : Consumer {
    public GenericArray<ChunkInfo> infos = new GenericArray<ChunkInfo> ();

    public override bool chunk_info (ChunkInfo info) {
        infos.add (info);
        return false;
    }
}

string places (GenericArray<ChunkInfo> infos) {
    var text = new StringBuilder ();

    foreach (unowned var info in infos) {
        var bytes = new GenericArray<Bytes> ();
        bytes.add (info.bytes);
        text.append ("%s %s %d %d %d|".printf (join (bytes), info.stream, (int) info.sequence, (int) info.offset, (int) info.stream_offset));
    }
    return text.str;
}

async void chunk_info () throws Error {
    var child = with_pipe ().create (shell ("printf one; read x; printf two; read x; printf red >&2"));
    var reader = new Reader ();
    var placed = new Placed ();
    var emitted = new GenericArray<ChunkInfo> ();
    var read = new GenericArray<ChunkInfo> ();
    child.stdout.chunk_info.connect ((info) => emitted.add (info));
    child.stderr.chunk_info.connect ((info) => emitted.add (info));
    child.stdout.attach (placed);
    child.stdout.attach (reader);
    child.start ();
    for (int i = 0; i < 2; i++) {
        read.add (yield reader.next_info_async (null));
        // Not awaited: the child could be complete before anybody waits for that.
        child.stdin.write_async.begin (new Bytes ("\n".data), null);
    }
    complete (child);
    churn ();
    var both = "one stdout 0 0 0|two stdout 1 3 3|";
    assert_cmpstr (places (emitted), CompareOperator.EQ, both + "red stderr 0 0 0|");
    assert_cmpstr (places (placed.infos), CompareOperator.EQ, both);
    assert_cmpstr (places (read), CompareOperator.EQ, both);
    assert (emitted[0].time_us < emitted[1].time_us);
    assert (emitted[1].time_us < emitted[2].time_us);
    assert (emitted[0].time_us == read[0].time_us);
}

void merged_view () throws Error {
    var launcher = with_pipe ();
    launcher.merged_view = true;
    var child = launcher.create (shell ("printf be; read x; echo no >&2; read x; echo gin; read x; printf more >&2"));
    var input = child.stdin;
    var read = new GenericArray<string> ();
    var lines = new GenericArray<string> ();
    child.merged.line.connect ((line) => lines.add (line));
    child.merged.chunk_info.connect ((info) => {
        var bytes = new GenericArray<Bytes> ();
        bytes.add (info.bytes);
        read.add (info.stream + " " + join (bytes));
        input.write_async.begin (new Bytes ("\n".data), null);
    });
    child.start ();
    complete (child);
    check_lines (read, "stdout be|stderr no\n|stdout gin\n|stderr more");
    check_lines (lines, "no|begin|more");
    assert (child.stdout.bytes_received == 6);
    assert (child.stderr.bytes_received == 7);
    assert (child.merged.bytes_received == 13);
    assert (reliable ().create (shell (":")).merged == null);
}

void exact_order () throws Error {
    var launcher = reliable ();
    launcher.merged_view = true;
    launcher.exact_order = true;
    var child = launcher.create (shell ("for i in $(seq 1 300); do echo out $i; echo err $i >&2; done"));
    var expected = new StringBuilder ();
    var lines = new StringBuilder ();
    var infos = new GenericArray<ChunkInfo> ();
    for (int i = 1; i <= 300; i++)
        expected.append ("out %d\nerr %d\n".printf (i, i));
    child.merged.line.connect ((line) => lines.append (line + "\n"));
    child.stdout.chunk_info.connect ((info) => infos.add (info));
    child.stderr.chunk_info.connect ((info) => infos.add (info));
    child.start ();
    complete (child);
    assert_cmpstr (lines.str, CompareOperator.EQ, expected.str);
    infos.sort ((a, b) => a.time_us < b.time_us ? -1 : (int) (a.time_us > b.time_us));
    var bytes = new GenericArray<Bytes> ();
    foreach (unowned var info in infos)
        bytes.add (info.bytes);
    assert_cmpstr (join (bytes), CompareOperator.EQ, expected.str);
}

// Writes chunks with asynchronous calls.
class Slow : Consumer {
    public MemoryOutputStream stream = new MemoryOutputStream.resizable ();
    public int fail_at = 0;
    public int done_at = 0;
    public int chunks = 0;
    public int failures = 0;
    public bool has_ended = false;
    private int under_way = 0;

    private async void write (Bytes bytes) throws Error {
        int number = chunks;

        assert_cmpint ((int) yield stream.write_bytes_async (bytes), CompareOperator.EQ, (int) bytes.length);
        if (number == fail_at)
            throw new IOError.FAILED ("expected");
        if (number == done_at)
            mark_done ();
    }

    public override bool chunk (Bytes bytes) {
        assert (under_way == 0);
        under_way++;
        chunks++;
        hold ();
        write.begin (bytes, (source, result) => {
            try {
                write.end (result);
            } catch (Error error) {
                assert (error.message == "expected");
                failures++;
            }
            under_way--;
            release ();
        });
        return false;
    }

    public override void ended (Error? error) {
        assert (under_way == 0 && error == null);
        hold ();
        stream.close_async.begin (Priority.DEFAULT, null, (source, result) => {
            has_ended = true;
            release ();
        });
    }
}

void asynchronous_consumer () throws Error {
    var child = small_chunks ().create (shell (PRINT_MANY));
    var slow = new Slow ();
    var faulty = new Slow () { fail_at = 2 };
    var once = new Slow () { done_at = 2 };
    var counter = new Counter ();
    Consumer[] consumers = { slow, faulty, once, counter };

    foreach (unowned var consumer in consumers)
        child.stdout.attach (consumer);
    child.start ();
    foreach (unowned var consumer in consumers)
        consumer.wait (TIMEOUT_MS, null);
    foreach (unowned var consumer in new Slow[] { slow, faulty }) {
        assert (consumer.state == ConsumerState.ENDED);
        assert (consumer.has_ended && consumer.chunks == counter.chunks);
        assert (consumer.failures == (consumer.fail_at > 0 ? 1 : 0));
        assert (consumer.stream.steal_as_bytes ().compare (new Bytes (many ().data)) == 0);
    }
    assert (once.state == ConsumerState.DONE);
    assert (once.chunks == 2 && !once.has_ended);
}

async void reader_until_and_exactly () throws Error {
    var child = with_pipe ().create (shell ("printf 'name> '; read answer; printf 'hello %s\\n\\1\\2\\3\\4tail' \"$answer\""));
    var reader = make_reader (child);
    var prompt = new Bytes ("> ".data);
    assert ((yield reader.read_until_async (prompt, 100, null)).compare (new Bytes ("name> ".data)) == 0);
    assert (yield child.stdin.write_async (new Bytes ("you\n".data), null));
    child.stdin.close ();
    var line = yield reader.next_line_async (null);
    assert_cmpstr (line.text, CompareOperator.EQ, "hello you");
    assert (line.bytes.compare (new Bytes ("hello you".data)) == 0);
    assert (line.number == 1 && line.terminated && !line.cut);
    assert_cmpstr (line.stream, CompareOperator.EQ, "stdout");
    assert (line.time_us > 0 && line.time_us <= get_monotonic_time () + 1000);
    assert ((yield reader.read_exactly_async (4, null)).compare (new Bytes ({ 1, 2, 3, 4 })) == 0);
    try {
        reader.read_until (prompt, 3, TIMEOUT_MS, null);
        assert_not_reached ();
    } catch (IOError.MESSAGE_TOO_LARGE error) {
    }
    assert (reader.read_exactly (100, TIMEOUT_MS, null).compare (new Bytes ("tail".data)) == 0);
    assert (reader.read_exactly (100, TIMEOUT_MS, null) == null);
}

string read_separated (string script, LineSeparator separator, Bytes? custom = null) throws Error {
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) {
        line_separator = separator, custom_separator = custom
    };
    var child = launcher.create (shell (script));
    var collector = new Collector (Collect.LINES, Keep.FIRST);
    child.stdout.attach (collector);
    child.start ();
    collector.wait (TIMEOUT_MS, null);
    return string.joinv ("|", collector.dup_lines ());
}

void line_separators () throws Error {
    assert_cmpstr (read_separated ("printf '10%%\\r20%%\\r\\ndone\\n'", LineSeparator.ANY), CompareOperator.EQ, "10%|20%|done");
    assert_cmpstr (read_separated ("printf './a\\000./b\\nc\\000'", LineSeparator.NUL), CompareOperator.EQ, "./a|./b\nc");
    assert_cmpstr (read_separated ("printf 'a\\nb--\\nc--\\n'", LineSeparator.CUSTOM, new Bytes ("--\n".data)), CompareOperator.EQ, "a\nb|c");
    try {
        read_separated ("true", LineSeparator.CUSTOM);
        assert_not_reached ();
    } catch (ChildError.UNSET_POLICY error) {
        assert (error.message.contains ("custom-separator"));
    }
}

class LineKeeper : Consumer {
    public GenericArray<Line> kept = new GenericArray<Line> ();

    public override bool line_received (Line line) {
        kept.add (line);
        return kept.length == 3;
    }
}

string describe_lines (GenericArray<Line> lines) {
    var text = new StringBuilder ();
    foreach (var line in lines)
        text.append_printf ("%s %d %d %s %s|", line.text, (int) line.bytes.length, (int) line.number, line.stream, line.terminated.to_string ());
    return text.str;
}

void line_received () throws Error {
    var child = reliable ().create (shell ("printf 'one\\nr\\377w\\n\\nlast'"));
    var keeper = new LineKeeper ();
    var kept = new GenericArray<Line> ();
    child.stdout.attach (keeper);
    child.stdout.line_received.connect ((line) => kept.add (line));
    child.start ();
    complete (child);
    assert_cmpstr (describe_lines (kept), CompareOperator.EQ,
                   "one 3 1 stdout true|r\xef\xbf\xbdw 3 2 stdout true| 0 3 stdout true|last 4 4 stdout false|");
    assert (kept[1].bytes.compare (new Bytes ({ 'r', 255, 'w' })) == 0);
    assert_cmpstr (describe_lines (keeper.kept), CompareOperator.EQ,
                   "one 3 1 stdout true|r\xef\xbf\xbdw 3 2 stdout true| 0 3 stdout true|");
    assert (keeper.state == ConsumerState.DONE);
}

void encoding_and_escapes () throws Error {
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { encoding = "ISO-8859-1", strip_escapes = true };
    var child = launcher.create (shell ("printf '\\033[1mgr\\374n\\033[0m\\nplain\\n'"));
    string[] lines = {};
    child.stdout.line.connect ((line) => { lines += line; });
    child.start ();
    complete (child);
    assert_cmpstr (string.joinv ("|", lines), CompareOperator.EQ, "grün|plain");
    try {
        child.stdout.attach (new Reader () { encoding = "no-such-encoding" });
        assert_not_reached ();
    } catch (IOError.NOT_SUPPORTED error) {
        assert (error.message.contains ("no-such-encoding"));
    }
}

string texts (LogModel model) {
    string[] all = {};
    for (uint i = 0; i < model.get_n_items (); i++)
        all += ((Line) model.get_item (i)).text;
    return string.joinv ("|", all);
}

void log_model () throws Error {
    var child = with_pipe ().create (shell ("echo one; read x; echo two >&2; read x; echo three; read x; printf four"));
    var model = new LogModel () { max_lines = 3 };
    var changes = new StringBuilder ();
    var count = 0;
    var handler = model.items_changed.connect ((position, removed, added) => {
        changes.append_printf ("%u-%u+%u ", position, removed, added);
        count++;
        child.stdin.write_async.begin (new Bytes ({ '\n' }), null);
    });
    Consumer[] followers = { model.follow (child.stdout), model.follow (child.stderr) };
    child.start ();
    run_until (() => count == 5);
    foreach (unowned var follower in followers)
        follower.wait (TIMEOUT_MS, null);
    assert_cmpstr (changes.str, CompareOperator.EQ, "0-0+1 1-0+1 2-0+1 0-1+0 2-0+1 ");
    assert_cmpstr (texts (model), CompareOperator.EQ, "two|three|four");
    var kept = (Line) model.get_item (1);
    assert (model.get_item (1) == kept);
    assert (kept.stream == "stdout" && kept.number == 2);
    assert (((Line) model.get_item (0)).stream == "stderr");
    assert (model.lines_dropped == 1 && model.bytes_shown == 12);
    model.disconnect (handler);
    model.clear ();
    assert (model.get_n_items () == 0 && kept.text == "three");
}

async void log_model_search_and_save () throws Error {
    var child = reliable ().create (shell ("printf 'Apple\\nbanana\\napple 23\\n'"));
    var model = new LogModel ();
    var output = child.stdout;
    var follower = model.follow (output);
    child.start ();
    yield follower.wait_async ();
    run_until (() => model.get_n_items () == 3);
    // One that is connected after the end is told of it, once the state is read.
    bool ended = false;
    MainContext.default ().iteration (false);
    output.ended.connect (() => ended = true);
    assert (output.state == OutputState.ENDED);
    run_until (() => ended);
    assert (model.find ("apple", FindFlags.NONE, 0) == 2);
    assert (model.find ("apple", FindFlags.CASELESS, 0) == 0);
    assert (model.find ("pear", FindFlags.NONE, 0) == -1);
    assert ((yield model.find_async ("apple", FindFlags.CASELESS | FindFlags.BACKWARD, 1)) == 0);
    var regex = /[0-9]+$/;
    assert (model.find_regex (regex, FindFlags.NONE, 0, TIMEOUT_MS) == 2);
    assert ((yield model.find_regex_async (regex, FindFlags.NONE, 0)) == 2);
    var directory = DirUtils.make_tmp ("procstream-XXXXXX");
    var file = File.new_for_path (directory + "/log");
    assert (yield model.save_async (file));
    string contents;
    FileUtils.get_contents (file.get_path (), out contents);
    assert_cmpstr (contents, CompareOperator.EQ, "Apple\nbanana\napple 23\n");
    try {
        model.save (File.new_for_path (directory + "/no/log"), TIMEOUT_MS);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
    }
    file.delete ();
    DirUtils.remove (directory);
    var stream = new MemoryOutputStream.resizable ();
    assert (model.save_to_stream (stream, TIMEOUT_MS));
    assert (stream.get_data_size () == 22);
}

// --- How children end --------------------------------------------------------------------------------------------------------

void terminate_child () throws Error {
    var child = reliable ().spawnv (shell (
        "trap 'echo INT' INT; trap 'echo TERM; exit 3' TERM; echo ready; while :; do sleep 1000; done"));
    var shutdown = new Shutdown.interrupt_terminate (1000, TIMEOUT_MS);
    var phases = new GenericArray<string> ();
    var lines = new GenericArray<string> ();

    child.terminating.connect ((phase) => phases.add (phase.to_string ()));
    child.stdout.line.connect ((line) => {
        lines.add (line);
        if (line == "ready")
            child.terminate_async.begin (shutdown, null);
    });
    complete (child);
    check_lines (phases, "SIGINT|SIGTERM");
    check_lines (lines, "ready|INT|TERM");
    assert (child.exit_code == 3);

    var cat = with_pipe ().spawnv ({ "cat" });
    var closing = new Shutdown ();
    try {
        cat.terminate (closing, TIMEOUT_MS, null);
        assert_not_reached ();
    } catch (IOError.INVALID_ARGUMENT error) {
    }
    closing.add_close_stdin (TIMEOUT_MS);
    assert (closing.phases.get_n_items () == 1);
    assert (cat.terminate (closing, TIMEOUT_MS, null));
    assert (cat.exit_code == 0);
}

bool is_alive (string pid) {
    string stat;

    try {
        FileUtils.get_contents ("/proc/%s/stat".printf (pid), out stat);
        return !stat.contains (") Z ");
    } catch (FileError error) {
        return false;
    }
}

void spawn_and_exit () throws Error {
    var child = reliable ().create (shell ("sleep 1000 & echo $!; wait"));
    var reader = new Reader ();
    var nothing = new OutputConfig.discard ();
    var detached = new Launcher (Delivery.RELIABLE, Replay.NONE) {
        lifetime = Lifetime.DETACHED, stdout_config = nothing, stderr_config = nothing
    };

    child.stdout.attach (reader);
    child.start ();
    var survivor = detached.spawnv ({ "sleep", "1000" });
    stdout.printf ("pids %d %s %d\n", child.pid, reader.read_line (TIMEOUT_MS, null), survivor.pid);
    stdout.flush ();
    Process.exit (0);
}

void lifetime () throws Error {
    if (Environment.get_variable ("PROCSTREAM_SCENE") != null)
        spawn_and_exit ();

    var launcher = reliable ();
    MatchInfo match;

    launcher.set_variable ("PROCSTREAM_SCENE", "yes");
    var result = launcher.run ({ FileUtils.read_link ("/proc/self/exe"), "69" }, null, null);
    assert (/pids (\d+) (\d+) (\d+)/.match (result.stdout.text, 0, out match));
    assert (!is_alive (match.fetch (1)) && !is_alive (match.fetch (2)));
    assert (is_alive (match.fetch (3)));
    Posix.kill (int.parse (match.fetch (3)), Posix.Signal.KILL);
}

void complete_child () throws Error {
    var child = reliable ().spawnv (shell ("echo out; echo err >&2; exit 3"));
    var result = child.complete ();

    assert (result.cause == Cause.EXITED && result.exit_code == 3);
    assert (result.stdout.text == "out\n" && result.stderr.text == "err\n");
    assert (result.tail == "err\n");
    child = reliable ().spawnv (shell ("seq 100; printf end"));
    var counted = child.complete (new CompleteOptions () { max_bytes = 3 }, null).stdout;
    assert (counted.text == "1\n2" && counted.lines_seen == 101 && counted.lines_cut == 99);
    var late = child.complete ();
    assert (late.stdout.text == "" && late.stdout.bytes_missed == 295 && late.truncated);
    try {
        late.check ();
        assert_not_reached ();
    } catch (ChildError.OUTPUT_CUT error) {
        assert (error.message.contains ("295 bytes of stdout"));
    }

    var slow = reliable ().spawnv (shell ("echo begun; sleep 1000"));
    result = slow.complete (new CompleteOptions () { timeout_ms = 1000, end_on = EndOn.TIMEOUT }, null);
    assert (result.cause == Cause.TIMED_OUT && !result.running);
    assert (result.attempts.get_n_items () == 1);
    assert (((ShutdownAttempt) result.attempts.get_item (0)).signum == ProcessSignal.TERM);
    assert (result.stdout.text == "begun\n");

    var held = reliable ().spawnv (shell ("sleep 1000 & echo $!"));
    result = held.complete (new CompleteOptions () { drain_timeout_ms = 1000 }, null);
    assert (result.exit_code == 0 && !result.stdout.ended && result.truncated);
    assert (held.terminate ());
}

async void run_program () throws Error {
    assert (Procstream.run ({ "echo", "one" }, null).stdout.text == "one\n");
    var launcher = reliable ();
    try {
        launcher.run (shell ("echo no >&2; exit 4"), null, null);
        assert_not_reached ();
    } catch (ChildError.UNSUCCESSFUL error) {
        assert (error.message.contains ("status 4") && error.message.contains ("no"));
        assert (ChildError.get_result (error).exit_code == 4);
    }
    launcher.set_success_statuses ({ 0, 4 });
    assert (launcher.run (shell ("exit 4")).success);
    var result = yield launcher.run_async (shell ("echo two"));
    assert (result.stdout.text == "two\n");
    result = yield Procstream.run_async ({ "echo", "three" });
    assert (result.stdout.text == "three\n");
}

void check_failure (Child child, string pattern, MatchFlags flags, int64 timeout_ms, Error expected, string first, string second) {
    try {
        child.expect (pattern, flags, timeout_ms, null);
        assert_not_reached ();
    } catch (Error error) {
        assert_error (error, expected.domain, expected.code);
        assert (first in error.message && second in error.message);
    }
}

void expect () throws Error {
    var launcher = with_pipe ();
    launcher.replay = Replay.ALL;
    var child = launcher.spawnv (shell ("echo starting; echo 'Ready on 8080' >&2; read x; echo last words; exit 3"));
    var match = child.expect ("(?i)ready on (?<port>\\d+)(!)?", MatchFlags.REGEX, TIMEOUT_MS, null);

    assert (match.text == "Ready on 8080" && match.pattern == 0 && match.line.stream == "stderr");
    assert (string.joinv ("|", match.groups) == "Ready on 8080|8080|");
    assert (match.get_group (1) == "8080" && match.get_named_group ("port") == "8080" && match.get_group (2) == null);
    assert (child.expect ("start", MatchFlags.NONE, TIMEOUT_MS, null).text == "starting");
    assert (child.expect ("starting", MatchFlags.WHOLE_LINE, TIMEOUT_MS, null).line.number == 1);
    check_failure (child, "words", MatchFlags.NONE, 10, new IOError.TIMED_OUT (""), "a line with “words”", "\n  starting");
    child.stdin.close ();
    check_failure (child, "set", MatchFlags.NONE, TIMEOUT_MS, new ChildError.NO_MATCH (""), "exited with status 3", "\n  last words");
    check_failure (child, "(", MatchFlags.REGEX, TIMEOUT_MS, new RegexError.UNMATCHED_PARENTHESIS (""), "", "");
}

async void expect_async () throws Error {
    var child = with_pipe ().create (shell ("echo ready; printf 'login: '; read x; exit 0"));
    var cancellable = new Cancellable ();
    string? login = null;
    bool cancelled = false;

    child.expect_async.begin ("login: ", MatchFlags.PARTIAL, TIMEOUT_MS, null, (source, result) => {
        try {
            login = child.expect_async.end (result).text;
        } catch (Error error) {
            assert_not_reached ();
        }
    });
    child.expect_async.begin ("never", MatchFlags.NONE, NO_TIMEOUT, cancellable, (source, result) => {
        try {
            child.expect_async.end (result);
        } catch (Error error) {
            cancelled = error is IOError.CANCELLED;
        }
    });
    child.start ();
    assert ((yield child.expect_async ("ready", MatchFlags.NONE, TIMEOUT_MS)).text == "ready");
    run_until (() => login != null);
    assert (login == "login: ");
    cancellable.cancel ();
    run_until (() => cancelled);
    child.stdin.close ();
    complete (child);
}

void line_waiter () throws Error {
    var child = reliable ().create (shell ("echo one; echo two; echo three"));
    var waiter = new LineWaiter ();
    var asked = new StringBuilder ();

    waiter.add_pattern ("four", MatchFlags.NONE);
    waiter.add_function (MatchFlags.NONE, (line) => {
        asked.append (line.text + "|");
        return line.text == "three";
    });
    waiter.add_regex (/^thr/, MatchFlags.NONE);
    child.attach_waiter (waiter);
    child.start ();
    var match = waiter.wait_match (TIMEOUT_MS, null);
    assert (match.text == "three" && match.pattern == 1 && match.groups[0] == "three");
    assert (asked.str == "one|two|three|");
    assert (waiter.lines_searched == 3);
    assert (waiter.state == ConsumerState.DONE);
    assert (waiter.match == match);
    try {
        waiter.add_pattern ("late", MatchFlags.NONE);
        assert_not_reached ();
    } catch (ChildError error) {
        assert (error is ChildError.WRONG_STATE);
    }
}

void line_waiter_in_merged_view () throws Error {
    var launcher = reliable ();
    launcher.merged_view = true;
    var child = launcher.create (shell ("echo one; echo ready >&2"));
    var waiter = new LineWaiter ();

    waiter.add_pattern ("ready", MatchFlags.NONE);
    child.merged.attach (waiter);
    child.start ();
    var match = waiter.wait_match (TIMEOUT_MS, null);
    assert_cmpstr (match.text, CompareOperator.EQ, "ready");
    assert_cmpstr (match.line.stream, CompareOperator.EQ, "stderr");
}

void check_answer (Child child, string word, uint64 end) throws Error {
    child.expect ("> ", MatchFlags.PARTIAL | MatchFlags.NEXT, TIMEOUT_MS, null);
    child.stdin.write_utf8 (@"$word\n");
    var match = child.expect ("said (\\w+)", MatchFlags.REGEX | MatchFlags.NEXT, TIMEOUT_MS, null);

    assert (match.get_group (1) == word && match.text == @"said $word");
    assert (match.line.torn && match.end_offset == end);
}

void expect_next () throws Error {
    var launcher = with_pipe ();
    launcher.replay = Replay.ALL;
    var child = launcher.spawnv (shell ("for i in 1 2; do printf '> '; read -r word; echo \"said $word\"; done; read -r word"));
    var waiter = new LineWaiter ();

    check_answer (child, "one", 10);
    check_answer (child, "two", 21);
    check_failure (child, "said", MatchFlags.NEXT, 0, new IOError.TIMED_OUT (""), "", "");
    var again = child.expect ("said", MatchFlags.NONE, TIMEOUT_MS, null);

    assert (again.text == "> said one" && !again.line.torn && again.end_offset == 6);
    check_failure (child, "said", MatchFlags.NEXT, 0, new IOError.TIMED_OUT (""), "", "");
    waiter.add_pattern ("a", MatchFlags.NEXT);
    try {
        waiter.add_pattern ("b", MatchFlags.NONE);
        assert_not_reached ();
    } catch (Error error) {
        assert (error is IOError.INVALID_ARGUMENT);
    }
}

void line_waiter_elsewhere () throws Error {
    line_waiter_in_merged_view ();
    var launcher = with_pipe ();
    launcher.stdout_config = new OutputConfig (Delivery.RELIABLE, Replay.NONE) { backend = Backend.SINGLE };
    var child = launcher.create (shell ("echo one; echo ready; read x; echo set"));
    var waiter = new LineWaiter ();

    waiter.add_pattern ("ready", MatchFlags.NONE);
    child.stdout.attach (waiter);
    waiter.pause ();
    check_error (new IOError.BUSY (""), "", () => child.stdout.attach (new Reader ()));
    child.start ();
    check_error (new IOError.TIMED_OUT (""), "ready", () => waiter.wait_match (10, null));
    waiter.resume ();
    assert_cmpstr (waiter.wait_match (TIMEOUT_MS, null).text, CompareOperator.EQ, "ready");
    var last = collect (child.stdout);
    var marked = new LineWaiter ();
    marked.add_pattern ("never", MatchFlags.NONE);
    child.stderr.attach (marked);
    marked.mark_done ();
    check_error (new ChildError.NO_MATCH (""), "marked as done", () => marked.wait_match (TIMEOUT_MS, null));
    assert (marked.match == null);
    child.stdin.close ();
    assert_cmpstr (collected (last), CompareOperator.EQ, "set\n");
}

int main (string[] args) {
    start (args);
    scenario (1, "chunks", chunks);
    scenario (2, "kept chunks", kept_chunks);
    scenario (3, "line", line);
    scenario (4, "lines", lines);
    scenario (5, "line options", line_options);
    scenario (6, "gap", gap);
    scenario (7, "replay last chunks", replay_last_chunks);
    scenario (8, "replay last bytes", replay_last_bytes);
    scenario (9, "replay all", replay_all);
    scenario (10, "seal", seal);
    scenario (11, "create and start", () => create_and_start.end (run_async ((callback) => create_and_start.begin (callback))));
    scenario (12, "handler after spawn", handler_after_spawn);
    scenario (13, "handler after async spawn",
              () => handler_after_async_spawn.end (run_async ((callback) => handler_after_async_spawn.begin (callback))));
    scenario (14, "reader next", reader_next);
    scenario (15, "reader lines", () => reader_lines.end (run_async ((callback) => reader_lines.begin (callback))));
    scenario (16, "reader cancel", () => reader_cancel.end (run_async ((callback) => reader_cancel.begin (callback))));
    scenario (17, "collector bytes", collector_bytes);
    scenario (18, "collector lines", collector_lines);
    scenario (19, "several subscribers", several_subscribers);
    scenario (20, "custom consumer", custom_consumer);
    scenario (21, "custom consumer done", custom_consumer_done);
    scenario (22, "custom consumer goes on", custom_consumer_goes_on);
    scenario (23, "custom consumer refused", custom_consumer_refused);
    scenario (24, "wait async", () => wait_async.end (run_async ((callback) => wait_async.begin (callback))));
    scenario (25, "wait without loop", wait_without_loop);
    scenario (26, "wait timeout", wait_timeout);
    scenario (27, "wait cancel", () => wait_cancel.end (run_async ((callback) => wait_cancel.begin (callback))));
    scenario (28, "exited before completed", exited_before_completed);
    scenario (29, "result", result);
    scenario (30, "signal the group", signal_the_group);
    scenario (31, "kill", kill_child);
    scenario (32, "spawn errors", spawn_errors);
    scenario (33, "unset policy", unset_policy);
    scenario (34, "wrong state", wrong_state);
    scenario (35, "stdin round trip", () => stdin_round_trip.end (run_async ((callback) => stdin_round_trip.begin (callback))));
    scenario (36, "stdin broken pipe", () => stdin_broken_pipe.end (run_async ((callback) => stdin_broken_pipe.begin (callback))));
    scenario (37, "merged stderr", merged_stderr);
    scenario (38, "discard and inherit", discard_and_inherit);
    scenario (39, "output from fd", output_from_fd);
    scenario (40, "output from stream", output_from_stream);
    scenario (41, "line parser", line_parser);
    scenario (42, "environment and cwd", environment_and_cwd);
    scenario (43, "properties", properties);
    scenario (44, "dropped in a handler", dropped_in_a_handler);
    scenario (45, "read error", read_error);
    scenario (46, "replay last lines and milliseconds", replay_last_lines_and_ms);
    scenario (47, "live only and sealed child", live_only_and_sealed_child);
    scenario (48, "single", single);
    scenario (49, "pause, lag and stall", pause_lag_and_stall);
    scenario (50, "chunk info", () => chunk_info.end (run_async ((callback) => chunk_info.begin (callback))));
    scenario (51, "merged view", merged_view);
    scenario (52, "exact order", exact_order);
    scenario (54, "writer to a file", writer_to_a_file);
    scenario (55, "writer to a stream", writer_to_a_stream);
    scenario (56, "output to a file", output_to_a_file);
    scenario (57, "collector ends and spill", collector_ends_and_spill);
    scenario (58, "reader until and exactly",
              () => reader_until_and_exactly.end (run_async ((callback) => reader_until_and_exactly.begin (callback))));
    scenario (59, "line separators", line_separators);
    scenario (60, "line received", line_received);
    scenario (61, "encoding and escapes", encoding_and_escapes);
    scenario (62, "expect", expect);
    scenario (63, "expect async", () => expect_async.end (run_async ((callback) => expect_async.begin (callback))));
    scenario (64, "line waiter", line_waiter);
    scenario (65, "asynchronous consumer", asynchronous_consumer);
    scenario (66, "log model", log_model);
    scenario (67, "log model search and save", () => log_model_search_and_save.end (run_async ((callback) => log_model_search_and_save.begin (callback))));
    scenario (68, "terminate", terminate_child);
    scenario (69, "lifetime", lifetime);
    scenario (70, "complete", complete_child);
    scenario (71, "run", () => run_program.end (run_async ((callback) => run_program.begin (callback))));
    scenario (72, "scope", () => scope_of_children.end (run_async ((callback) => scope_of_children.begin (callback))));
    scenario (73, "process settings", process_settings);
    scenario (74, "pseudo-terminal", pseudo_terminal);
    scenario (75, "tree", tree);
    scenario (76, "tree that is kept", tree_kept);
    scenario (77, "stdin sources", stdin_sources);
    scenario (78, "pipeline", () => pipeline.end (run_async ((callback) => pipeline.begin (callback))));
    scenario (81, "joined lines", joined_lines);
    scenario (84, "collector raw lines", collector_raw_lines);
    scenario (90, "line waiter elsewhere", line_waiter_elsewhere);
    scenario (91, "idle", idle);
    scenario (95, "expect next", expect_next);
    scenario (96, "deinit", deinit_program);
    scenario (97, "writer at the exit", writer_at_exit);
    scenario (98, "death in a run", death_in_a_run);
    scenario (99, "log model after an abort", log_model_after_an_abort);
    scenario (104, "causes", causes);
    scenario (105, "deinit hurry", deinit_hurry_program);
    scenario (107, "other settings", other_settings);
    return finish ();
}

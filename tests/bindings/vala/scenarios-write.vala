// SPDX-License-Identifier: LGPL-2.1-or-later
// What is written to files and streams, and what is kept.

using Procstream;

private string make_path () throws Error {
    return Path.build_filename (DirUtils.make_tmp ("procstream-XXXXXX"), "log");
}

private string take_text (string path) throws Error {
    string text;

    FileUtils.get_contents (path, out text);
    FileUtils.unlink (path);
    return text;
}

private void remove_directory (string path) {
    assert (DirUtils.remove (Path.get_dirname (path)) == 0);
}

void writer_to_a_file () throws Error {
    string path = make_path ();
    var child = reliable ().create (shell ("seq 1 6"));
    var writer = new Writer.for_path (path, FileMode.TRUNCATE);
    var broken = new Writer.for_path ("/nowhere/log", FileMode.APPEND);
    writer.write_mode = WriteMode.LINES;
    writer.prefix = "%n: ";
    writer.max_file_size = 40;
    writer.max_backups = 1;
    child.stdout.attach (writer);
    child.stdout.attach (broken);
    child.start ();
    writer.wait (TIMEOUT_MS);
    assert_cmpstr (take_text (path), CompareOperator.EQ, "stdout: 5\nstdout: 6\n");
    assert_cmpstr (take_text (path + ".1"), CompareOperator.EQ, "stdout: 1\nstdout: 2\nstdout: 3\nstdout: 4\n");
    assert (writer.bytes_written == 60);
    assert (writer.rotations == 1);
    try {
        broken.wait (TIMEOUT_MS);
        assert_not_reached ();
    } catch (IOError.NOT_FOUND error) {
    }
    remove_directory (path);
}

// A class that is not GIO's own, so it is called in this thread's main context.
class OwnTarget : BufferedOutputStream {
    public OwnTarget (OutputStream base_stream) {
        Object (base_stream: base_stream);
    }
}

void writer_to_a_stream () throws Error {
    for (int own = 0; own < 2; own++) {
        var memory = new MemoryOutputStream.resizable ();
        OutputStream target = memory;
        if (own > 0)
            target = new OwnTarget (memory);
        var child = reliable ().create (shell (PRINT_MANY));
        var writer = new Writer.for_stream (target);
        writer.close_stream = true;
        child.stdout.attach (writer);
        child.start ();
        writer.wait (TIMEOUT_MS);
        assert (target.is_closed ());
        assert (memory.steal_as_bytes ().compare (new Bytes (many ().data)) == 0);
    }
}

void output_to_a_file () throws Error {
    string path = make_path ();
    var launcher = reliable ();
    launcher.stdout_config = new OutputConfig.to_file (path, FileMode.TRUNCATE);
    var child = launcher.spawnv (shell ("echo one"));
    complete (child);
    assert (child.stdout.file_writer == null);
    var beside = new OutputConfig (Delivery.LOSSY, Replay.NONE);
    beside.file = File.new_for_path (path);
    beside.file_mode = FileMode.APPEND;
    launcher.stdout_config = beside;
    child = launcher.create (shell ("echo two"));
    var collector = collect (child.stdout);
    child.start ();
    complete (child);
    assert_cmpstr (collected (collector), CompareOperator.EQ, "two\n");
    assert (child.stdout.file_writer.bytes_written == 4);
    assert_cmpstr (take_text (path), CompareOperator.EQ, "one\ntwo\n");
    remove_directory (path);
}

private void collect_all (Collector collector) throws Error {
    var child = reliable ().create (shell (PRINT_MANY));
    child.stdout.attach (collector);
    child.start ();
    collector.wait (TIMEOUT_MS);
}

void collector_ends_and_spill () throws Error {
    var ends = new Collector (Collect.LINES, Keep.FIRST_AND_LAST);
    ends.max_lines = 3;
    ends.first_lines = 2;
    collect_all (ends);
    assert_cmpstr (string.joinv ("|", ends.dup_first_lines ()), CompareOperator.EQ, "1|2");
    assert_cmpstr (string.joinv ("|", ends.dup_last_lines ()), CompareOperator.EQ, "100000");
    assert (ends.lines_cut == 99997);
    var spilled = new Collector (Collect.BYTES, Keep.FIRST);
    spilled.spill_above = 1000;
    collect_all (spilled);
    assert (spilled.dup_bytes ().compare (new Bytes (many ().data)) == 0);
    assert (spilled.open_stream ().skip (10000000) == many ().length);
}

Collector collect_from (string script, Collect what, Keep keep) throws Error {
    var child = reliable ().create (shell (script));
    var collector = new Collector (what, keep);
    collector.max_bytes = 9;
    child.stdout.attach (collector);
    child.start ();
    collector.wait (TIMEOUT_MS, null);
    return collector;
}

void assert_raw (List<Bytes> lines, uint8[] joined) {
    var all = new ByteArray ();
    foreach (var line in lines) {
        all.append (line.get_data ());
        all.append ("|".data);
    }
    assert (new Bytes (all.data).compare (new Bytes (joined)) == 0);
}

void collector_raw_lines () throws Error {
    var lines = collect_from ("printf 'caf\\351\\n\\nok\\n'", Collect.LINES, Keep.FIRST);
    assert_cmpstr (string.joinv ("|", lines.dup_lines ()), CompareOperator.EQ, "caf\xef\xbf\xbd||ok");
    assert_raw (lines.dup_raw_lines (), "caf\xe9||ok|".data);
    var ends = collect_from ("printf 'a\\377\\nlonger\\nok\\n'", Collect.LINES, Keep.FIRST_AND_LAST);
    assert_raw (ends.dup_first_raw_lines (), "a\xff|".data);
    assert_raw (ends.dup_last_raw_lines (), "ok|".data);
    assert (lines.chunks_cut == 0);
    var cut = collect_from ("printf 0123456789", Collect.BYTES, Keep.LAST);
    assert (cut.chunks_cut == 1);
}

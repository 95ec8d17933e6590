/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- A directory -------------------------------------------------------------------------------------------------------------- */

static char *
make_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("procstream-XXXXXX", NULL);

  return g_build_filename (directory, "log", NULL);
}

/* @number 0: the file itself. It is then gone. */
static char *
take_text (const char *path,
           guint       number)
{
  g_autofree char *name = number > 0 ? g_strdup_printf ("%s.%u", path, number) : g_strdup (path);
  char            *text = NULL;

  g_file_get_contents (name, &text, NULL, NULL);
  g_unlink (name);
  return text;
}

static void
remove_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
attach (ProcstreamChild *child,
        gpointer         consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (procstream_child_get_stdout (child), consumer, &error);
  g_assert_no_error (error);
}

static void
start (ProcstreamChild *child)
{
  g_autoptr (GError) error = NULL;

  procstream_child_start (child, &error);
  g_assert_no_error (error);
}

/* --- Writers ------------------------------------------------------------------------------------------------------------------ */

void
scenario_writer_to_a_file (void)
{
  g_autofree char *path = make_path ();
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), "seq 1 6");
  g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_path (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamWriter) broken = procstream_writer_new_for_path ("/nowhere/log", PROCSTREAM_FILE_MODE_APPEND);
  g_autoptr (GError) error = NULL;
  g_autofree char *newest = NULL;
  g_autofree char *older = NULL;

  procstream_writer_set_write_mode (writer, PROCSTREAM_WRITE_MODE_LINES);
  procstream_writer_set_prefix (writer, "%n: ");
  procstream_writer_set_max_file_size (writer, 40);
  procstream_writer_set_max_backups (writer, 1);
  attach (child, writer);
  attach (child, broken);
  start (child);
  harness_wait (PROCSTREAM_CONSUMER (writer));
  newest = take_text (path, 0);
  older = take_text (path, 1);
  g_assert_cmpstr (newest, ==, "stdout: 5\nstdout: 6\n");
  g_assert_cmpstr (older, ==, "stdout: 1\nstdout: 2\nstdout: 3\nstdout: 4\n");
  g_assert_cmpuint (procstream_writer_get_bytes_written (writer), ==, 60);
  g_assert_cmpuint (procstream_writer_get_rotations (writer), ==, 1);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (broken), TIMEOUT_MS, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  remove_directory (path);
}

/* A class that is not GIO's own, so it is called in this thread's main context. */
typedef GBufferedOutputStream      OwnTarget;
typedef GBufferedOutputStreamClass OwnTargetClass;

static GType own_target_get_type (void);
G_DEFINE_TYPE (OwnTarget, own_target, G_TYPE_BUFFERED_OUTPUT_STREAM)

static void
own_target_class_init (OwnTargetClass *klass)
{
}

static void
own_target_init (OwnTarget *self)
{
}

void
scenario_writer_to_a_stream (void)
{
  for (int own = FALSE; own <= TRUE; own++)
    {
      g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), PRINT_MANY);
      g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
      g_autoptr (GOutputStream) target = own ? g_object_new (own_target_get_type (), "base-stream", memory, NULL) : g_object_ref (memory);
      g_autoptr (ProcstreamWriter) writer = procstream_writer_new_for_stream (target);
      g_autoptr (GBytes) bytes = NULL;

      procstream_writer_set_close_stream (writer, TRUE);
      attach (child, writer);
      start (child);
      harness_wait (PROCSTREAM_CONSUMER (writer));
      g_assert_true (g_output_stream_is_closed (target));
      bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), harness_many (), strlen (harness_many ()));
    }
}

/* --- Files of outputs --------------------------------------------------------------------------------------------------------- */

void
scenario_output_to_a_file (void)
{
  g_autofree char *path = make_path ();
  g_autoptr (ProcstreamLauncher) launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) straight = procstream_output_config_new_file (path, PROCSTREAM_FILE_MODE_TRUNCATE);
  g_autoptr (ProcstreamOutputConfig) beside = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamCollector) collector = NULL;
  g_autofree char *text = NULL;

  procstream_launcher_set_stdout_config (launcher, straight);
  child = harness_spawn (g_object_ref (launcher), "echo one");
  harness_complete (child);
  g_assert_null (procstream_output_get_file_writer (procstream_child_get_stdout (child)));
  g_clear_object (&child);

  procstream_output_config_set_file (beside, file);
  procstream_output_config_set_file_mode (beside, PROCSTREAM_FILE_MODE_APPEND);
  procstream_launcher_set_stdout_config (launcher, beside);
  child = harness_create (g_object_ref (launcher), "echo two");
  collector = harness_collect (procstream_child_get_stdout (child));
  start (child);
  harness_complete (child);
  harness_assert_collected (collector, "two\n");
  g_assert_cmpuint (procstream_writer_get_bytes_written (procstream_output_get_file_writer (procstream_child_get_stdout (child))), ==, 4);
  text = take_text (path, 0);
  g_assert_cmpstr (text, ==, "one\ntwo\n");
  remove_directory (path);
}

/* --- Collectors --------------------------------------------------------------------------------------------------------------- */

static ProcstreamCollector *
collect (ProcstreamCollector *collector)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), PRINT_MANY);

  attach (child, collector);
  start (child);
  harness_wait (PROCSTREAM_CONSUMER (collector));
  return collector;
}

void
scenario_collector_ends_and_spill (void)
{
  g_autoptr (ProcstreamCollector) ends = g_object_new (PROCSTREAM_TYPE_COLLECTOR, "collect", PROCSTREAM_COLLECT_LINES, "keep",
                                                       PROCSTREAM_KEEP_FIRST_AND_LAST, "max-lines", (guint64) 3, "first-lines", (guint64) 2, NULL);
  g_autoptr (ProcstreamCollector) spilled = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_auto (GStrv) first = NULL;
  g_auto (GStrv) last = NULL;
  const char *const expected_first[] = { "1", "2", NULL };
  const char *const expected_last[] = { "100000", NULL };

  collect (ends);
  first = procstream_collector_dup_first_lines (ends);
  last = procstream_collector_dup_last_lines (ends);
  g_assert_cmpstrv (first, expected_first);
  g_assert_cmpstrv (last, expected_last);
  g_assert_cmpuint (procstream_collector_get_lines_cut (ends), ==, 99997);

  procstream_collector_set_spill_above (spilled, 1000);
  collect (spilled);
  bytes = procstream_collector_dup_bytes (spilled);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), harness_many (), strlen (harness_many ()));
  stream = procstream_collector_open_stream (spilled);
  g_assert_cmpint (g_input_stream_skip (stream, 10000000, NULL, NULL), ==, strlen (harness_many ()));
}

static ProcstreamCollector *
collect_from (const char       *script,
              ProcstreamCollect what,
              ProcstreamKeep    keep)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_reliable (), script);
  ProcstreamCollector *collector = g_object_new (PROCSTREAM_TYPE_COLLECTOR, "collect", what, "keep", keep, "max-bytes", (guint64) 9, NULL);

  attach (child, collector);
  start (child);
  harness_wait (PROCSTREAM_CONSUMER (collector));
  return collector;
}

static void
assert_raw (GList      *lines, /* (transfer full) */
            const char *joined)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (GList *l = lines; l; l = l->next)
    {
      gsize       size;
      const char *data = g_bytes_get_data (l->data, &size);

      g_string_append_len (all, data, size);
      g_string_append_c (all, '|');
    }
  g_assert_cmpstr (all->str, ==, joined);
  g_list_free_full (lines, (GDestroyNotify) g_bytes_unref);
}

void
scenario_collector_raw_lines (void)
{
  g_autoptr (ProcstreamCollector) lines = collect_from ("printf 'caf\\351\\n\\nok\\n'", PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamCollector) ends = collect_from ("printf 'a\\377\\nlonger\\nok\\n'", PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST_AND_LAST);
  g_autoptr (ProcstreamCollector) cut = collect_from ("printf 0123456789", PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_LAST);
  g_auto (GStrv) text = procstream_collector_dup_lines (lines);
  const char *const expected[] = { "caf\357\277\275", "", "ok", NULL };

  g_assert_cmpstrv (text, expected);
  assert_raw (procstream_collector_dup_raw_lines (lines), "caf\351||ok|");
  assert_raw (procstream_collector_dup_first_raw_lines (ends), "a\377|");
  assert_raw (procstream_collector_dup_last_raw_lines (ends), "ok|");
  g_assert_cmpuint (procstream_collector_get_chunks_cut (lines), ==, 0);
  g_assert_cmpuint (procstream_collector_get_chunks_cut (cut), ==, 1);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <string.h>

/* --- A class ------------------------------------------------------------------------------------------------------------------ */

#define TYPE_PLACED (placed_get_type ())
G_DECLARE_FINAL_TYPE (Placed, placed, TEST, PLACED, ProcstreamConsumer)

struct _Placed
{
  ProcstreamConsumer parent_instance;

  GPtrArray *infos;
};

G_DEFINE_FINAL_TYPE (Placed, placed, PROCSTREAM_TYPE_CONSUMER)

static gboolean
placed_chunk_info (ProcstreamConsumer  *consumer,
                   ProcstreamChunkInfo *info)
{
  g_ptr_array_add (TEST_PLACED (consumer)->infos, g_object_ref (info));
  return FALSE;
}

static void
placed_finalize (GObject *object)
{
  g_ptr_array_unref (TEST_PLACED (object)->infos);
  G_OBJECT_CLASS (placed_parent_class)->finalize (object);
}

static void
placed_class_init (PlacedClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = placed_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->chunk_info = placed_chunk_info;
}

static void
placed_init (Placed *self)
{
  self->infos = g_ptr_array_new_with_free_func (g_object_unref);
}

/* --- Chunk info --------------------------------------------------------------------------------------------------------------- */

static void
chunk_info_cb (ProcstreamOutput    *output,
               ProcstreamChunkInfo *info,
               GPtrArray           *infos)
{
  g_ptr_array_add (infos, g_object_ref (info));
}

static void
assert_places (GPtrArray  *infos,
               const char *expected)
{
  g_autoptr (GString) places = g_string_new (NULL);

  for (guint i = 0; i < infos->len; i++)
    {
      ProcstreamChunkInfo *info = g_ptr_array_index (infos, i);
      gsize                size;
      const char          *data = g_bytes_get_data (procstream_chunk_info_get_bytes (info), &size);

      g_string_append_printf (places, "%.*s %s %d %d %d|", (int) size, data, procstream_chunk_info_get_stream (info),
                              (int) procstream_chunk_info_get_sequence (info), (int) procstream_chunk_info_get_offset (info),
                              (int) procstream_chunk_info_get_stream_offset (info));
    }
  g_assert_cmpstr (places->str, ==, expected);
}

static void
read_two (ProcstreamChild  *child,
          ProcstreamReader *reader,
          GPtrArray        *infos)
{
  g_autoptr (GBytes) line = g_bytes_new_static ("\n", 1);

  for (guint i = 0; i < 2; i++)
    {
      GAsyncResult        *result = NULL;
      ProcstreamChunkInfo *info;

      procstream_reader_next_info_async (reader, NULL, harness_store_cb, &result);
      info = procstream_reader_next_info_finish (reader, harness_await (&result), NULL);
      g_object_unref (result);
      g_assert_nonnull (info);
      g_ptr_array_add (infos, info);
      procstream_input_write_async (procstream_child_get_stdin (child), line, NULL, NULL, NULL);
    }
}

void
scenario_chunk_info (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (Placed) placed = g_object_new (TYPE_PLACED, NULL);
  g_autoptr (GPtrArray) emitted = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) read = g_ptr_array_new_with_free_func (g_object_unref);

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  child = harness_create (launcher, "printf one; read x; printf two; read x; printf red >&2");
  g_signal_connect (procstream_child_get_stdout (child), "chunk-info", G_CALLBACK (chunk_info_cb), emitted);
  g_signal_connect (procstream_child_get_stderr (child), "chunk-info", G_CALLBACK (chunk_info_cb), emitted);
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (placed), NULL));
  g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), PROCSTREAM_CONSUMER (reader), NULL));
  g_assert_true (procstream_child_start (child, NULL));
  read_two (child, reader, read);
  harness_complete (child);
  harness_churn ();
  assert_places (emitted, "one stdout 0 0 0|two stdout 1 3 3|red stderr 0 0 0|");
  assert_places (placed->infos, "one stdout 0 0 0|two stdout 1 3 3|");
  assert_places (read, "one stdout 0 0 0|two stdout 1 3 3|");
  for (guint i = 1; i < emitted->len; i++)
    g_assert_cmpint (procstream_chunk_info_get_time_us (emitted->pdata[i - 1]), <, procstream_chunk_info_get_time_us (emitted->pdata[i]));
  g_assert_cmpint (procstream_chunk_info_get_time_us (emitted->pdata[0]), ==, procstream_chunk_info_get_time_us (read->pdata[0]));
}

/* --- Both in one -------------------------------------------------------------------------------------------------------------- */

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         GString          *lines)
{
  g_string_append_printf (lines, "%s|", line);
}

static void
answer_cb (ProcstreamOutput    *output,
           ProcstreamChunkInfo *info,
           ProcstreamInput     *input)
{
  g_autoptr (GBytes) newline = g_bytes_new_static ("\n", 1);

  procstream_input_write_async (input, newline, NULL, NULL, NULL);
}

void
scenario_merged_view (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (ProcstreamChild) other = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GPtrArray) infos = g_ptr_array_new_with_free_func (g_object_unref);
  ProcstreamOutput *merged;

  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_PIPE);
  procstream_launcher_set_merged_view (launcher, TRUE);
  child = harness_create (launcher, "printf be; read x; echo no >&2; read x; echo gin; read x; printf more >&2");
  merged = procstream_child_get_merged (child);
  g_signal_connect (merged, "line", G_CALLBACK (line_cb), lines);
  g_signal_connect (merged, "chunk-info", G_CALLBACK (chunk_info_cb), infos);
  g_signal_connect (merged, "chunk-info", G_CALLBACK (answer_cb), procstream_child_get_stdin (child));
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  assert_places (infos, "be stdout 0 0 0|no\n stderr 1 2 0|gin\n stdout 2 5 2|more stderr 3 9 3|");
  g_assert_cmpstr (lines->str, ==, "no|begin|more|");
  g_assert_cmpuint (procstream_output_get_bytes_received (merged), ==, 13);
  other = harness_create (harness_reliable (), ":");
  g_assert_null (procstream_child_get_merged (other));
}

/* --- The order of the child --------------------------------------------------------------------------------------------------- */

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 first = procstream_chunk_info_get_time_us (*(ProcstreamChunkInfo *const *) a);
  gint64 second = procstream_chunk_info_get_time_us (*(ProcstreamChunkInfo *const *) b);

  return first < second ? -1 : first > second;
}

static void
assert_sorted_text (GPtrArray  *infos,
                    const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_ptr_array_sort (infos, compare_times);
  for (guint i = 0; i < infos->len; i++)
    {
      gsize       size;
      const char *data = g_bytes_get_data (procstream_chunk_info_get_bytes (infos->pdata[i]), &size);

      g_string_append_len (text, data, size);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

void
scenario_exact_order (void)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamChild) child = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autoptr (GString) expected_lines = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GPtrArray) infos = g_ptr_array_new_with_free_func (g_object_unref);

  procstream_launcher_set_merged_view (launcher, TRUE);
  procstream_launcher_set_exact_order (launcher, TRUE);
  child = harness_create (launcher, "for i in $(seq 1 300); do echo out $i; echo err $i >&2; done");
  for (int i = 1; i <= 300; i++)
    {
      g_string_append_printf (expected_lines, "out %d|err %d|", i, i);
      g_string_append_printf (expected, "out %d\nerr %d\n", i, i);
    }
  g_signal_connect (procstream_child_get_merged (child), "line", G_CALLBACK (line_cb), lines);
  g_signal_connect (procstream_child_get_stdout (child), "chunk-info", G_CALLBACK (chunk_info_cb), infos);
  g_signal_connect (procstream_child_get_stderr (child), "chunk-info", G_CALLBACK (chunk_info_cb), infos);
  g_assert_true (procstream_child_start (child, NULL));
  harness_complete (child);
  g_assert_cmpstr (lines->str, ==, expected_lines->str);
  assert_sorted_text (infos, expected->str);
}

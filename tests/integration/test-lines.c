/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-stream.h"
#include "test-utils.h"

#include <string.h>
#include <unistd.h>

/* What there is to say of a line, and what is done to bytes before they are lines, for all who are told of lines. */

/* --- A class of one's own --------------------------------------------------------------------------------------------------------- */

#define TEST_TYPE_KEEPER (keeper_get_type ())
G_DECLARE_FINAL_TYPE (Keeper, keeper, TEST, KEEPER, ProcstreamConsumer)

struct _Keeper
{
  ProcstreamConsumer parent_instance;

  GPtrArray *lines;
  guint      done_after; /* 0: never */
};

G_DEFINE_FINAL_TYPE (Keeper, keeper, PROCSTREAM_TYPE_CONSUMER)

static gboolean
keeper_line_received (ProcstreamConsumer *consumer,
                      ProcstreamLine     *line)
{
  Keeper *self = TEST_KEEPER (consumer);

  g_ptr_array_add (self->lines, g_object_ref (line));
  return self->lines->len == self->done_after;
}

static void
keeper_finalize (GObject *object)
{
  g_ptr_array_unref (TEST_KEEPER (object)->lines);
  G_OBJECT_CLASS (keeper_parent_class)->finalize (object);
}

static void
keeper_class_init (KeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = keeper_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->line_received = keeper_line_received;
}

static void
keeper_init (Keeper *self)
{
  self->lines = g_ptr_array_new_with_free_func (g_object_unref);
}

/* --- Helpers ---------------------------------------------------------------------------------------------------------------------- */

static TestStream *
new_stream (void)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
}

static void
attach (TestStream *stream,
        gpointer    consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_output_attach (stream->output, consumer, &error);
  g_assert_no_error (error);
}

/* Each as its number, its bytes, and how it ended: “.” at a separator, “-” at the limit, “$” at the end. */
static void
assert_lines (GPtrArray  *lines,
              const char *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    {
      ProcstreamLine *line = g_ptr_array_index (lines, i);
      gsize           size;
      const char     *data = g_bytes_get_data (procstream_line_get_bytes (line), &size);

      g_string_append_printf (all, "%d", (int) procstream_line_get_number (line));
      g_string_append_len (all, data, size);
      g_string_append_c (all, procstream_line_get_terminated (line) ? '.' : procstream_line_get_cut (line) ? '-'
                                                                                                           : '$');
    }
  g_assert_cmpstr (all->str, ==, expected);
}

static void
keep_cb (ProcstreamOutput *output,
         ProcstreamLine   *line,
         GPtrArray        *lines)
{
  g_ptr_array_add (lines, g_object_ref (line));
}

static void
wait_for (gpointer consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
  g_assert_no_error (error);
}

/* --- What there is to say of a line ----------------------------------------------------------------------------------------------- */

static void
test_signal (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_object_unref);
  gint64          before = g_get_monotonic_time ();
  ProcstreamLine *line;

  g_signal_connect (stream->output, "line-received", G_CALLBACK (keep_cb), lines);
  test_stream_listen (stream, "lLe");
  test_stream_write_read (stream, "one\nr\377w\nbeg");
  test_stream_write_read (stream, "un\r\n\nlast");
  test_stream_close (stream);
  test_stream_run_to_end (stream);
  assert_lines (lines, "1one.2r\377w.3begun.4.5last$");
  /* Who wants them in another way too gets the same. */
  for (guint i = 0; i < lines->len; i++)
    {
      line = g_ptr_array_index (lines, i);
      g_assert_cmpstr (procstream_line_get_text (line), ==, g_ptr_array_index (stream->line, i));
      g_assert_cmpstr (procstream_line_get_text (line), ==, g_ptr_array_index (stream->lines, i));
      g_assert_cmpstr (procstream_line_get_stream (line), ==, procstream_output_get_name (stream->output));
      g_assert_cmpint (procstream_line_get_time_us (line), >=, before);
      g_assert_cmpint (procstream_line_get_time_us (line), <=, g_get_monotonic_time () + 1000);
    }
  /* The time is that of the chunk that it ended in. */
  g_assert_cmpint (procstream_line_get_time_us (lines->pdata[0]), ==, procstream_line_get_time_us (lines->pdata[1]));
  g_assert_cmpint (procstream_line_get_time_us (lines->pdata[1]), <, procstream_line_get_time_us (lines->pdata[2]));
  g_signal_handlers_disconnect_by_data (stream->output, lines);
}

static gboolean
has_two_lines (gpointer data)
{
  return ((TestStream *) data)->lines->len == 2;
}

/* Lines count from the first that this subscriber was given, whether it wanted to know so much of them or not. */
static void
test_late_handler (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_object_unref);

  test_stream_listen (stream, "Le");
  test_stream_write_read (stream, "one\ntwo\n");
  test_run_until (NULL, "two lines", has_two_lines, stream);
  g_signal_connect (stream->output, "line-received", G_CALLBACK (keep_cb), lines);
  test_stream_write_read (stream, "three\n");
  test_stream_close (stream);
  test_stream_run_to_end (stream);
  assert_lines (lines, "3three.");
  g_signal_handlers_disconnect_by_data (stream->output, lines);
}

static void
test_class (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (Keeper) keeper = g_object_new (TEST_TYPE_KEEPER, NULL);
  g_autoptr (Keeper) short_one = g_object_new (TEST_TYPE_KEEPER, "max-line-length", 4, NULL);
  g_autoptr (Keeper) once = g_object_new (TEST_TYPE_KEEPER, NULL);

  once->done_after = 2;
  attach (stream, keeper);
  attach (stream, short_one);
  attach (stream, once);
  test_stream_write (stream, "one\nlong line\nlast");
  test_stream_close (stream);
  wait_for (keeper);
  wait_for (short_one);
  wait_for (once);
  assert_lines (keeper->lines, "1one.2long line.3last$");
  assert_lines (short_one->lines, "1one.2long-3 lin-4e.5last$");
  assert_lines (once->lines, "1one.2long line.");
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (once)), ==, PROCSTREAM_CONSUMER_STATE_DONE);
}

/* --- Encodings and escapes ---------------------------------------------------------------------------------------------------------- */

#define WRITE(stream, literal) \
  g_assert_cmpint (write (stream->write_fd, literal, sizeof literal - 1), ==, sizeof literal - 1)

/* All who are told of lines, in an encoding in which a LF is not one byte, cut within characters. */
static void
test_encoding (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (Keeper) keeper = g_object_new (TEST_TYPE_KEEPER, "encoding", "UTF-16LE", NULL);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (ProcstreamReader) bytes_reader = procstream_reader_new ();
  g_autofree char *line = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_auto (GStrv) collected = NULL;
  const char *const expected[] = { "a\342\202\254", "b", "\357\277\275", NULL };

  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (collector), "UTF-16LE");
  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (reader), "UTF-16LE");
  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (bytes_reader), "UTF-16LE");
  attach (stream, keeper);
  attach (stream, collector);
  attach (stream, reader);
  attach (stream, bytes_reader);
  WRITE (stream, "a\0\254");
  WRITE (stream, "\040\n");
  WRITE (stream, "\0b\0\n\0c");
  test_stream_close (stream);
  wait_for (keeper);
  wait_for (collector);
  assert_lines (keeper->lines, "1a\342\202\254.2b.3\357\277\275$");
  collected = procstream_collector_dup_lines (collector);
  g_assert_cmpstrv (collected, expected);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *read = procstream_reader_read_line (reader, 60000, NULL, NULL);

      g_assert_cmpstr (read, ==, expected[i]);
    }
  /* Not valid, and so counted. */
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (keeper)), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (collector)), ==, 1);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (PROCSTREAM_CONSUMER (reader)), ==, 1);
  /* All that a reader reads is text. */
  bytes = procstream_reader_read_exactly (bytes_reader, 100, 60000, NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "a\342\202\254\nb\n\357\277\275", 10);
}

static void
test_unknown_encoding (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  g_autoptr (GError) error = NULL;

  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (reader), "no-such-thing");
  g_assert_false (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (reader), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "no-such-thing"));
  /* It was not attached, and still can be. */
  procstream_consumer_set_encoding (PROCSTREAM_CONSUMER (reader), NULL);
  attach (stream, reader);
  test_stream_close (stream);
}

static void
test_strip_escapes (void)
{
  g_autoptr (TestStream) stream = new_stream ();
  g_autoptr (Keeper) keeper = g_object_new (TEST_TYPE_KEEPER, "strip-escapes", TRUE, NULL);
  g_autoptr (Keeper) other = g_object_new (TEST_TYPE_KEEPER, NULL);
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();

  procstream_consumer_set_strip_escapes (PROCSTREAM_CONSUMER (reader), TRUE);
  attach (stream, keeper);
  attach (stream, other);
  attach (stream, reader);
  test_stream_write_read (stream, "\033[1mbo\033[");
  test_stream_write_read (stream, "0mld\nplain\n\033]0;title");
  test_stream_write_read (stream, "\007x\n\033]0;hostile\nkept");
  test_stream_close (stream);
  wait_for (keeper);
  wait_for (other);
  assert_lines (keeper->lines, "1bold.2plain.3x.4.5kept$");
  assert_lines (other->lines, "1\033[1mbo\033[0mld.2plain.3\033]0;title\007x.4\033]0;hostile.5kept$");
  for (guint i = 0; i < keeper->lines->len; i++)
    {
      g_autofree char *read = procstream_reader_read_line (reader, 60000, NULL, NULL);

      g_assert_cmpstr (read, ==, procstream_line_get_text (g_ptr_array_index (keeper->lines, i)));
    }
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/lines/signal", test_signal);
  g_test_add_func ("/lines/late-handler", test_late_handler);
  g_test_add_func ("/lines/class", test_class);
  g_test_add_func ("/lines/encoding", test_encoding);
  g_test_add_func ("/lines/unknown-encoding", test_unknown_encoding);
  g_test_add_func ("/lines/strip-escapes", test_strip_escapes);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-stream.h"

#include "test-utils.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

static ProcstreamOutputConfig *
make_config (const TestStreamOptions *options)
{
  ProcstreamOutputConfig *config = procstream_output_config_new (options->delivery, options->replay);

  procstream_output_config_set_replay_limit (config, options->replay_limit);
  if (options->reader)
    procstream_output_config_set_reader (config, options->reader);
  if (options->max_chunks)
    procstream_output_config_set_max_buffered_chunks (config, options->max_chunks);
  if (options->chunk_size)
    procstream_output_config_set_read_chunk_size (config, options->chunk_size);
  if (options->backend)
    procstream_output_config_set_backend (config, options->backend);
  if (options->max_stall_ms)
    procstream_output_config_set_max_stall_ms (config, options->max_stall_ms);
  return config;
}

static TestStream *
new_for_output (ProcstreamOutput *output,
                int               write_fd)
{
  TestStream *self = g_new0 (TestStream, 1);

  self->output = output;
  self->write_fd = write_fd;
  self->bytes = g_string_new (NULL);
  self->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->line = g_ptr_array_new_with_free_func (g_free);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->order = g_string_new (NULL);
  return self;
}

TestStream *
test_stream_new (const TestStreamOptions *options)
{
  g_autoptr (ProcstreamOutputConfig) config = make_config (options);
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output;
  int               fds[2];

  g_unix_open_pipe (fds, FD_CLOEXEC, &error);
  g_assert_no_error (error);
  output = procstream_output_new_take_fd (fds[0], "test", config, &error);
  g_assert_no_error (error);
  return new_for_output (output, fds[1]);
}

TestStream *
test_stream_new_from_input (const TestStreamOptions *options,
                            GInputStream            *input)
{
  g_autoptr (ProcstreamOutputConfig) config = make_config (options);
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *output = procstream_output_new_from_stream (input, "test", config, &error);

  g_assert_no_error (error);
  return new_for_output (output, -1);
}

void
test_stream_free (TestStream *self)
{
  test_stream_close (self);
  if (self->output)
    g_signal_handlers_disconnect_by_data (self->output, self);
  g_clear_object (&self->output);
  g_string_free (self->bytes, TRUE);
  g_ptr_array_unref (self->chunks);
  g_ptr_array_unref (self->line);
  g_ptr_array_unref (self->lines);
  g_string_free (self->order, TRUE);
  g_clear_error (&self->error);
  g_free (self);
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          TestStream       *self)
{
  gsize         size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_string_append_len (self->bytes, data, size);
  g_ptr_array_add (self->chunks, g_bytes_ref (bytes));
  g_string_append_c (self->order, 'c');
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         TestStream       *self)
{
  g_ptr_array_add (self->line, g_strdup (line));
  g_string_append_c (self->order, 'l');
}

static void
lines_cb (ProcstreamOutput  *output,
          const char *const *lines,
          TestStream        *self)
{
  for (; *lines; lines++)
    g_ptr_array_add (self->lines, g_strdup (*lines));
  g_string_append_c (self->order, 'L');
}

static void
gap_cb (ProcstreamOutput *output,
        guint64           chunks,
        guint64           bytes,
        TestStream       *self)
{
  self->n_gaps++;
  self->gap_chunks += chunks;
  self->gap_bytes += bytes;
  g_string_append_c (self->order, 'g');
}

static void
ended_cb (ProcstreamOutput *output,
          const GError     *error,
          TestStream       *self)
{
  g_assert_false (self->ended);
  self->ended = TRUE;
  self->error = error ? g_error_copy (error) : NULL;
  g_string_append_c (self->order, 'e');
}

void
test_stream_listen (TestStream *self,
                    const char *signals)
{
  if (strchr (signals, 'c'))
    g_signal_connect (self->output, "chunk", G_CALLBACK (chunk_cb), self);
  if (strchr (signals, 'l'))
    g_signal_connect (self->output, "line", G_CALLBACK (line_cb), self);
  if (strchr (signals, 'L'))
    g_signal_connect (self->output, "lines", G_CALLBACK (lines_cb), self);
  if (strchr (signals, 'g'))
    g_signal_connect (self->output, "gap", G_CALLBACK (gap_cb), self);
  if (strchr (signals, 'e'))
    g_signal_connect (self->output, "ended", G_CALLBACK (ended_cb), self);
}

void
test_stream_write (TestStream *self,
                   const char *text)
{
  g_assert_cmpint (write (self->write_fd, text, strlen (text)), ==, strlen (text));
}

void
test_stream_write_read (TestStream *self,
                        const char *text)
{
  guint64 before = procstream_output_get_bytes_received (self->output);
  gint64  deadline = g_get_monotonic_time () + TEST_WATCHDOG_SECONDS * G_USEC_PER_SEC;

  test_stream_write (self, text);
  while (procstream_output_get_bytes_received (self->output) < before + strlen (text))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (200);
    }
}

void
test_stream_close (TestStream *self)
{
  if (self->write_fd >= 0)
    close (self->write_fd);
  self->write_fd = -1;
}

void
test_stream_run_to_end (TestStream *self)
{
  test_stream_close (self);
  test_run_until_set (NULL, "the end of the stream", &self->ended);
}

typedef struct
{
  TestStream *stream;
  gsize       n;
} Until;

static gboolean
has_bytes (gpointer user_data)
{
  Until *until = user_data;

  return until->stream->bytes->len >= until->n;
}

void
test_stream_run_until_bytes (TestStream *self,
                             gsize       n)
{
  Until until = { self, n };

  test_run_until (NULL, "bytes of the stream", has_bytes, &until);
}

void
test_iterate (void)
{
  GMainContext *context = g_main_context_get_thread_default ();

  for (int i = 0; i < 20; i++)
    g_main_context_iteration (context, FALSE);
}

char *
test_join (GPtrArray *strings)
{
  GString *joined = g_string_new (NULL);

  for (guint i = 0; i < strings->len; i++)
    g_string_append_printf (joined, "%s%s", i > 0 ? "|" : "", (char *) g_ptr_array_index (strings, i));
  return g_string_free (joined, FALSE);
}

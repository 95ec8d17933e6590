/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char current[64];

static void
watchdog_cb (int signum)
{
  /* Only what is safe in a signal handler. */
  const char text[] = "Bail out! took more than 60 s: ";

  if (write (STDOUT_FILENO, text, sizeof text - 1) < 0 || write (STDOUT_FILENO, current, strlen (current)) < 0)
    _exit (2);
  _exit (1);
}

int
harness_run (const Scenario *scenarios,
             gsize           n_scenarios,
             const char     *only)
{
  int i = 0;

  signal (SIGALRM, watchdog_cb);
  g_print ("1..%d\n", only ? 1 : (int) n_scenarios);
  for (gsize s = 0; s < n_scenarios; s++)
    {
      g_snprintf (current, sizeof current, "%02d %s", scenarios[s].number, scenarios[s].name);
      if (only && !g_str_has_prefix (current, only))
        continue;
      alarm (TIMEOUT_MS / 1000);
      scenarios[s].run ();
      alarm (0);
      g_print ("ok %d - %s\n", ++i, current);
      fflush (stdout);
    }
  return i > 0 ? 0 : 1;
}

const char *
harness_many (void)
{
  static char *many = NULL;
  GString     *text;

  if (many)
    return many;
  text = g_string_new (NULL);
  for (int i = 1; i <= 100000; i++)
    g_string_append_printf (text, "%d\n", i);
  many = g_string_free (text, FALSE);
  return many;
}

ProcstreamLauncher *
harness_reliable (void)
{
  return procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
}

static ProcstreamLauncher *
new_small_chunks (ProcstreamDelivery delivery)
{
  ProcstreamLauncher *launcher = harness_reliable ();
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (delivery, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_read_chunk_size (config, 4096);
  if (delivery == PROCSTREAM_DELIVERY_LOSSY)
    procstream_output_config_set_max_buffered_chunks (config, 4);
  procstream_launcher_set_stdout_config (launcher, config);
  return launcher;
}

ProcstreamLauncher *
harness_small_chunks (void)
{
  return new_small_chunks (PROCSTREAM_DELIVERY_RELIABLE);
}

ProcstreamLauncher *
harness_lossy (void)
{
  return new_small_chunks (PROCSTREAM_DELIVERY_LOSSY);
}

ProcstreamChild *
harness_create (ProcstreamLauncher *launcher,
                const char         *script)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_create (launcher, argv, &error);

  g_assert_no_error (error);
  g_object_unref (launcher);
  return child;
}

ProcstreamChild *
harness_spawn (ProcstreamLauncher *launcher,
               const char         *script)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  ProcstreamChild *child = procstream_launcher_spawnv (launcher, argv, &error);

  g_assert_no_error (error);
  g_object_unref (launcher);
  return child;
}

static void
completed_cb (ProcstreamChild  *child,
              ProcstreamResult *result,
              gpointer          user_data)
{
  gboolean *completed = user_data;

  g_assert_true (PROCSTREAM_IS_RESULT (result));
  *completed = TRUE;
}

void
harness_complete (ProcstreamChild *child)
{
  gboolean completed = FALSE;
  gulong   id = g_signal_connect (child, "completed", G_CALLBACK (completed_cb), &completed);

  g_object_ref (child);
  while (!completed)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (child, id);
  g_object_unref (child);
}

void
harness_churn (void)
{
  for (int i = 0; i < 3000; i++)
    {
      g_autofree char *name = g_strnfill (i % 200, 'x');
      g_autofree char *path = g_strconcat ("/nowhere/", name, NULL);
      g_autofree char *contents = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_false (g_file_get_contents (path, &contents, NULL, &error));
    }
}

void
harness_store_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  g_assert_null (*stored);
  *stored = g_object_ref (result);
}

GAsyncResult *
harness_await (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

Record *
record_new (void)
{
  Record *self = g_new0 (Record, 1);

  self->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
record_free (Record *self)
{
  g_ptr_array_unref (self->chunks);
  g_ptr_array_unref (self->lines);
  g_clear_error (&self->error);
  g_free (self);
}

void
record_chunk (Record *self,
              GBytes *bytes)
{
  g_ptr_array_add (self->chunks, g_bytes_ref (bytes));
}

void
record_lines (Record            *self,
              const char *const *lines)
{
  g_assert_nonnull (lines[0]);
  for (guint i = 0; lines[i]; i++)
    g_ptr_array_add (self->lines, g_strdup (lines[i]));
}

void
record_gap (Record *self,
            guint64 chunks,
            guint64 bytes)
{
  self->gaps++;
  self->chunks_lost += chunks;
  self->bytes_lost += bytes;
}

void
record_end (Record       *self,
            const GError *error)
{
  g_assert_cmpuint (self->ends++, ==, 0);
  self->error = error ? g_error_copy (error) : NULL;
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gpointer          user_data)
{
  record_chunk (user_data, bytes);
}

static void
line_cb (ProcstreamOutput *output,
         const char       *line,
         gpointer          user_data)
{
  Record *self = user_data;

  g_ptr_array_add (self->lines, g_strdup (line));
}

void
record_connect_chunk (Record           *self,
                      ProcstreamOutput *output)
{
  g_signal_connect (output, "chunk", G_CALLBACK (chunk_cb), self);
}

void
record_connect_line (Record           *self,
                     ProcstreamOutput *output)
{
  g_signal_connect (output, "line", G_CALLBACK (line_cb), self);
}

GByteArray *
record_join (Record *self)
{
  GByteArray *all = g_byte_array_new ();

  for (guint i = 0; i < self->chunks->len; i++)
    {
      gsize         size;
      gconstpointer data = g_bytes_get_data (self->chunks->pdata[i], &size);

      g_byte_array_append (all, data, size);
    }
  g_byte_array_append (all, (const guint8 *) "", 1);
  g_byte_array_set_size (all, all->len - 1);
  return all;
}

void
record_assert_text (Record     *self,
                    const char *text)
{
  g_autoptr (GByteArray) all = record_join (self);

  g_assert_cmpmem (all->data, all->len, text, strlen (text));
}

void
record_assert_lines (Record     *self,
                     const char *joined)
{
  g_autofree char *actual = NULL;

  g_ptr_array_add (self->lines, NULL);
  actual = g_strjoinv ("|", (char **) self->lines->pdata);
  g_ptr_array_set_size (self->lines, self->lines->len - 1);
  g_assert_cmpstr (actual, ==, joined);
}

ProcstreamCollector *
harness_collect (ProcstreamOutput *output)
{
  ProcstreamCollector *collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_autoptr (GError) error = NULL;

  procstream_output_attach (output, PROCSTREAM_CONSUMER (collector), &error);
  g_assert_no_error (error);
  return collector;
}

void
harness_wait (ProcstreamConsumer *consumer)
{
  g_autoptr (GError) error = NULL;

  procstream_consumer_wait (consumer, TIMEOUT_MS, NULL, &error);
  g_assert_no_error (error);
}

void
harness_assert_collected (ProcstreamCollector *collector,
                          const char          *text)
{
  g_autoptr (GBytes) bytes = NULL;

  harness_wait (PROCSTREAM_CONSUMER (collector));
  bytes = procstream_collector_dup_bytes (collector);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-model-private.h"

#include "test-hold.h"
#include "test-stream.h"
#include "test-utils.h"

#include <dlfcn.h>
#include <gio/gunixoutputstream.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a log model holds while it saves, and what a forked copy of the program can do with one. */

typedef struct
{
  TestStream         *stream;
  ProcstreamLogModel *model;
} Fixture;

static void
set_up (Fixture    *f,
        const char *text)
{
  g_autoptr (GError) error = NULL;

  f->stream = test_stream_new (&(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  f->model = procstream_log_model_new ();
  g_object_unref (procstream_log_model_follow (f->model, f->stream->output, &error));
  g_assert_no_error (error);
  test_stream_write_read (f->stream, text);
  test_hold_pass ();
  test_iterate ();
}

static void
tear_down (Fixture *f)
{
  g_assert_finalize_object (f->model);
  test_stream_free (f->stream);
}

/* --- The last reference of the stream ------------------------------------------------------------------------------------------- */

/* A thread that sends the last reference of a stream to the main context stops there until it is let go. */
static struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean stops;
  gboolean stopped;
  gboolean let_go;
} at_sending;

guint
g_source_attach (GSource      *source,
                 GMainContext *context)
{
  guint (*attach) (GSource *, GMainContext *) = (guint (*) (GSource *, GMainContext *)) dlsym (RTLD_NEXT, "g_source_attach");
  guint id = attach (source, context);

  g_mutex_lock (&at_sending.mutex);
  if (at_sending.stops && g_strcmp0 (g_source_get_name (source), "procstream-unref") == 0)
    {
      g_atomic_int_set (&at_sending.stopped, TRUE);
      while (!at_sending.let_go)
        g_cond_wait (&at_sending.cond, &at_sending.mutex);
    }
  g_mutex_unlock (&at_sending.mutex);
  return id;
}

static void
gone_cb (gpointer data,
         GObject *stream)
{
  g_atomic_pointer_set ((GThread **) data, g_thread_self ());
}

static gboolean
is_gone (gpointer data)
{
  return g_atomic_pointer_get ((GThread **) data) != NULL;
}

/* Unless the worker was done before whoever waited was told, and so let go first. */
static gboolean
is_sent_or_gone (gpointer data)
{
  return g_atomic_int_get (&at_sending.stopped) || is_gone (data);
}

/* Nobody waits any more, so the worker lets go last, and the context is quick: the stream goes there all the same. */
static void
test_stream_of_worker (void)
{
  Fixture          f;
  g_autofree char *text = g_strnfill (1000 * 200, '\n');
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult  *result = NULL;
  GOutputStream *stream;
  GThread       *gone_in = NULL;
  struct pollfd  readable;
  int            fds[2];

  set_up (&f, text);
  g_assert_cmpint (pipe (fds), ==, 0);
  stream = g_unix_output_stream_new (fds[1], TRUE);
  g_object_weak_ref (G_OBJECT (stream), gone_cb, &gone_in);
  at_sending.stops = TRUE;
  procstream_log_model_save_to_stream_async (f.model, stream, cancellable, test_store_result_cb, &result);
  g_object_unref (stream);
  /* The list has more than the pipe, so it writes until it is told to stop. */
  readable = (struct pollfd){ fds[0], POLLIN, 0 };
  g_assert_cmpint (poll (&readable, 1, TEST_WATCHDOG_SECONDS * 1000), ==, 1);
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "the cancelling", &result);
  g_assert_false (procstream_log_model_save_to_stream_finish (f.model, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);

  test_run_until (NULL, "the worker", is_sent_or_gone, &gone_in);
  test_iterate ();
  g_mutex_lock (&at_sending.mutex);
  at_sending.let_go = TRUE;
  g_cond_signal (&at_sending.cond);
  g_mutex_unlock (&at_sending.mutex);
  test_run_until (NULL, "the end of the stream", is_gone, &gone_in);
  g_assert_true (gone_in == g_thread_self ());
  at_sending.stops = FALSE;
  close (fds[0]);
  tear_down (&f);
}

/* A program without a main loop has everything back when the call returns. */
static void
test_stream_without_loop (void)
{
  Fixture f;
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();

  set_up (&f, "one\ntwo\n");
  g_assert_true (procstream_log_model_save_to_stream (f.model, memory, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  g_assert_cmpuint (g_atomic_int_get (&G_OBJECT (memory)->ref_count), ==, 1);
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), ==, 8);
  tear_down (&f);
}

/* --- Forked copies -------------------------------------------------------------------------------------------------------------- */

/* In a copy, whose lock nobody will ever give back. */
static void
use_in_copy (ProcstreamLogModel *model)
{
  GListModel *list = G_LIST_MODEL (model);
  g_autoptr (ProcstreamLine) line = g_list_model_get_item (list, 1);
  g_autoptr (ProcstreamConsumer) consumer = procstream_log_model_add_consumer (model);

  g_assert_cmpstr (procstream_line_get_text (line), ==, "two");
  g_assert_cmpstr (procstream_line_get_stream (line), ==, "test");
  procstream_log_model_set_max_lines (model, 5);
  procstream_log_model_set_show_gaps (model, TRUE);
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (model), ==, 0);
  g_assert_cmpint (procstream_log_model_find (model, "TWO", PROCSTREAM_FIND_FLAGS_CASELESS, 0), ==, 1);
  procstream_log_model_clear (model);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 0);
  g_object_unref (model);
}

static void
test_forked (void)
{
  Fixture f;
  GMutex *mutex;
  int     status;
  pid_t   pid;

  set_up (&f, "one\ntwo\n");
  mutex = procstream_log_record_peek_mutex (procstream_log_model_get_record (f.model));
  g_mutex_lock (mutex);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      alarm (TEST_WATCHDOG_SECONDS);
      use_in_copy (f.model);
      test_exit_copy (0);
    }
  g_mutex_unlock (mutex);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  tear_down (&f);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/log-save/stream-of-worker", test_stream_of_worker);
  g_test_add_func ("/log-save/stream-without-loop", test_stream_without_loop);
  g_test_add_func ("/log-save/forked", test_forked);
  return g_test_run ();
}

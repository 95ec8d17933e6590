/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-output-private.h"
#include "test-hold.h"
#include "test-process.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* --- A view ------------------------------------------------------------------------------------------------------------------- */

/* Knows only what items-changed told it, and looks after each whether the list is what it must be by that. */
typedef struct _View View;
struct _View
{
  ProcstreamLogModel *model; /* NULL: dropped */
  GListModel         *list;  /* the same, not owned */
  GPtrArray          *texts;
  GString            *changes; /* position-removed+added, with a space after each */
  GThread            *thread;
  gulong              handler;
  void (*act) (View *self); /* in the next handler; once */
  GSourceFunc source;       /* for act */
};

static void
assert_equal (View *self)
{
  GListModel *list = self->list;

  g_assert_cmpuint (g_list_model_get_n_items (list), ==, self->texts->len);
  for (guint i = 0; i < self->texts->len; i++)
    {
      g_autoptr (ProcstreamLine) line = g_list_model_get_item (list, i);

      g_assert_cmpstr (procstream_line_get_text (line), ==, g_ptr_array_index (self->texts, i));
    }
  g_assert_null (g_list_model_get_item (list, self->texts->len));
}

static void
changed_cb (GListModel *list,
            guint       position,
            guint       removed,
            guint       added,
            gpointer    user_data)
{
  View *self = user_data;
  void (*act) (View *) = g_steal_pointer (&self->act);

  g_assert_true (g_thread_self () == self->thread);
  g_string_append_printf (self->changes, "%u-%u+%u ", position, removed, added);
  g_assert_cmpuint (position + removed, <=, self->texts->len);
  if (removed > 0)
    g_ptr_array_remove_range (self->texts, position, removed);
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (ProcstreamLine) line = g_list_model_get_item (list, i);

      g_ptr_array_insert (self->texts, i, g_strdup (procstream_line_get_text (line)));
    }
  assert_equal (self);
  if (act)
    act (self);
}

static View *
view_new (ProcstreamLogModel *model)
{
  View *self = g_new0 (View, 1);

  self->model = model;
  self->list = G_LIST_MODEL (model);
  self->texts = g_ptr_array_new_with_free_func (g_free);
  self->changes = g_string_new (NULL);
  self->thread = g_thread_self ();
  self->handler = g_signal_connect (model, "items-changed", G_CALLBACK (changed_cb), self);
  return self;
}

static void
view_free (View *self)
{
  g_clear_object (&self->model);
  g_ptr_array_unref (self->texts);
  g_string_free (self->changes, TRUE);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (View, view_free)

static void
view_assert (View       *self,
             const char *lines, /* with “|” between them */
             const char *changes)
{
  g_autofree char *joined = NULL;

  assert_equal (self);
  joined = test_join (self->texts);
  g_assert_cmpstr (joined, ==, lines);
  if (changes)
    g_assert_cmpstr (self->changes->str, ==, changes);
  g_string_truncate (self->changes, 0);
}

/* --- Fixture ------------------------------------------------------------------------------------------------------------------ */

static TestStream *
new_stream (ProcstreamDelivery delivery,
            guint              max_chunks)
{
  return test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = max_chunks });
}

static ProcstreamConsumer *
follow (View       *view,
        TestStream *stream)
{
  g_autoptr (GError) error = NULL;
  ProcstreamConsumer *feed = procstream_log_model_follow (view->model, stream->output, &error);

  g_assert_no_error (error);
  return feed;
}

/* Written, read, and so in what is pending, but nothing was shown. */
static void
feed (TestStream *stream,
      const char *text)
{
  test_stream_write_read (stream, text);
  test_hold_pass ();
}

static void
iterate_once (void)
{
  g_main_context_iteration (NULL, FALSE);
}

/* --- Lines -------------------------------------------------------------------------------------------------------------------- */

static void
test_lines (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (ProcstreamConsumer) consumer = follow (view, stream);
  g_autoptr (ProcstreamLine) line = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before = g_get_monotonic_time ();

  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (view->model)) == PROCSTREAM_TYPE_LINE);
  view_assert (view, "", "");
  feed (stream, "one\ntwo\nthr");
  view_assert (view, "", "");
  test_iterate ();
  view_assert (view, "one|two", "0-0+2 ");
  feed (stream, "ee\n\xff\n");
  feed (stream, "last");
  test_stream_close (stream);
  g_assert_true (procstream_consumer_wait (consumer, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  test_iterate ();
  view_assert (view, "one|two|three|\xef\xbf\xbd|last", NULL);
  line = g_list_model_get_item (G_LIST_MODEL (view->model), 3);
  g_assert_cmpuint (procstream_line_get_number (line), ==, 4);
  g_assert_cmpstr (procstream_line_get_stream (line), ==, "test");
  g_assert_cmpint (procstream_line_get_time_us (line), >=, before);
  g_assert_cmpint (procstream_line_get_time_us (line), <=, g_get_monotonic_time ());
  g_assert_true (procstream_line_get_terminated (line));
  g_assert_cmpmem (g_bytes_get_data (procstream_line_get_bytes (line), NULL), g_bytes_get_size (procstream_line_get_bytes (line)), "\xff", 1);
  g_assert_cmpuint (procstream_line_get_bytes_lost (line), ==, 0);
  g_clear_object (&line);
  line = g_list_model_get_item (G_LIST_MODEL (view->model), 4);
  g_assert_false (procstream_line_get_terminated (line));
  g_assert_cmpuint (procstream_log_model_get_bytes_shown (view->model), ==, 16);
}

/* Two outputs, in the order in which they were read; and a third when the others have ended. */
static void
test_several_outputs (void)
{
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  TestStream *streams[3];

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    streams[i] = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  for (guint i = 0; i < 2; i++)
    g_object_unref (follow (view, streams[i]));
  feed (streams[0], "a1\n");
  feed (streams[1], "b1\n");
  feed (streams[1], "b");
  feed (streams[0], "a2\n");
  feed (streams[1], "2\n");
  test_iterate ();
  view_assert (view, "a1|b1|a2|b2", "0-0+4 ");
  for (guint i = 0; i < 2; i++)
    test_stream_free (streams[i]);
  g_object_unref (follow (view, streams[2]));
  feed (streams[2], "c1\n");
  test_iterate ();
  view_assert (view, "a1|b1|a2|b2|c1", NULL);
  test_stream_free (streams[2]);
}

/* A whole child: what a program would do, with nothing but a blocking call. */
static void
test_child (void)
{
  g_autoptr (TestProcess) process = test_process_new ();
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (GError) error = NULL;
  ProcstreamOutput *outputs[2];

  test_process_create (process, "echo out; echo err >&2");
  outputs[0] = procstream_child_get_stdout (process->child);
  outputs[1] = procstream_child_get_stderr (process->child);
  for (guint i = 0; i < 2; i++)
    g_object_unref (procstream_log_model_follow (view->model, outputs[i], &error));
  test_process_start (process);
  g_assert_true (procstream_child_wait (process->child, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  while (view->texts->len < 2)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (ProcstreamLine) line = g_list_model_get_item (G_LIST_MODEL (view->model), i);

      g_assert_cmpstr (procstream_line_get_stream (line), ==, g_str_equal (procstream_line_get_text (line), "out") ? "stdout" : "stderr");
      g_assert_cmpuint (procstream_line_get_number (line), ==, 1);
    }
}

/* A blocking call in the thread of the context shows what came. */
static void
test_blocking (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (ProcstreamConsumer) consumer = follow (view, stream);

  feed (stream, "one\n");
  g_assert_false (procstream_consumer_wait (consumer, 0, NULL, NULL));
  view_assert (view, "one", "0-0+1 ");
}

/* --- Limits ------------------------------------------------------------------------------------------------------------------- */

static void
test_max_lines (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 3, NULL));

  g_object_unref (follow (view, stream));
  feed (stream, "1\n2\n");
  iterate_once ();
  view_assert (view, "1|2", "0-0+2 ");
  feed (stream, "3\n4\n5\n");
  iterate_once ();
  /* As one change: nothing of it stays. */
  view_assert (view, "3|4|5", "0-2+3 ");
  feed (stream, "6\n7\n");
  iterate_once ();
  view_assert (view, "5|6|7", "0-2+0 1-0+2 ");
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (view->model), ==, 4);
  /* More than fits, while nobody looks. */
  feed (stream, "8\n9\n10\n");
  feed (stream, "11\n12\n");
  iterate_once ();
  view_assert (view, "10|11|12", "0-3+3 ");
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (view->model), ==, 9);
}

static void
test_max_bytes (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-bytes", (guint64) 6, NULL));

  g_object_unref (follow (view, stream));
  feed (stream, "aa\n\nbb\n");
  iterate_once ();
  view_assert (view, "aa||bb", "0-0+3 ");
  feed (stream, "ccc\n");
  iterate_once ();
  view_assert (view, "|bb|ccc", "0-1+0 2-0+1 ");
  feed (stream, "ddddddd\n");
  iterate_once ();
  view_assert (view, "", "0-3+0 ");
  feed (stream, "e\n");
  iterate_once ();
  view_assert (view, "e", "0-0+1 ");
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (view->model), ==, 5);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    count)
{
  ++*(guint *) count;
}

static void
test_limits_change (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  guint n_items_notified = 0, dropped_notified = 0;

  g_signal_connect (view->model, "notify::n-items", G_CALLBACK (count_cb), &n_items_notified);
  g_signal_connect (view->model, "notify::lines-dropped", G_CALLBACK (count_cb), &dropped_notified);
  g_object_unref (follow (view, stream));
  feed (stream, "1\n2\n3\n4\n5\n");
  test_iterate ();
  g_assert_cmpuint (n_items_notified, ==, 1);
  procstream_log_model_set_max_lines (view->model, 3);
  view_assert (view, "1|2|3|4|5", NULL);
  test_iterate ();
  view_assert (view, "3|4|5", "0-2+0 ");
  procstream_log_model_set_max_bytes (view->model, 1);
  procstream_log_model_set_max_lines (view->model, 10);
  test_iterate ();
  view_assert (view, "5", "0-2+0 ");
  g_assert_cmpuint (n_items_notified, ==, 3);
  g_assert_cmpuint (dropped_notified, ==, 2);
  /* What was dropped while it was small is not followed by what was before it. */
  feed (stream, "6\n7\n8\n");
  procstream_log_model_set_max_bytes (view->model, 100);
  test_iterate ();
  view_assert (view, "8", NULL);
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (view->model), ==, 7);
}

/* However often something comes while a handler runs, an iteration changes the list once. */
static void
feed_more (View *self)
{
  feed ((TestStream *) self->source, "more\n");
}

static void
test_once_in_an_iteration (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 2, NULL));

  g_object_unref (follow (view, stream));
  view->source = (GSourceFunc) stream;
  view->act = feed_more;
  feed (stream, "1\n2\n");
  iterate_once ();
  view_assert (view, "1|2", "0-0+2 ");
  view->act = feed_more;
  iterate_once ();
  view_assert (view, "2|more", "0-1+0 1-0+1 ");
  iterate_once ();
  view_assert (view, "more|more", "0-1+0 1-0+1 ");
  iterate_once ();
  view_assert (view, "more|more", "");
}

/* --- Items -------------------------------------------------------------------------------------------------------------------- */

static gpointer
unref_in_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

static void
test_items (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 200, NULL));
  GListModel     *list = G_LIST_MODEL (view->model);
  ProcstreamLine *held, *again;

  g_object_unref (follow (view, stream));
  for (guint i = 0; i < 200; i++)
    test_stream_write (stream, "line\n");
  while (procstream_output_get_bytes_received (stream->output) < 1000)
    g_usleep (100);
  /* It counts what came before it gives it out. */
  test_hold_pass ();
  test_iterate ();
  held = g_list_model_get_item (list, 100);
  /* Many come and go, some of them in another thread. */
  for (guint i = 0; i < 1000; i++)
    {
      ProcstreamLine *line = g_list_model_get_item (list, i % 200);

      if (i % 100 == 1)
        g_thread_join (g_thread_new ("collector", unref_in_thread, line));
      else
        g_object_unref (line);
    }
  again = g_list_model_get_item (list, 100);
  g_assert_true (again == held);
  g_object_unref (again);
  /* It moves with the list, and stays when its line is gone. */
  feed (stream, "a\nb\n");
  test_iterate ();
  again = g_list_model_get_item (list, 98);
  g_assert_true (again == held);
  g_object_unref (again);
  procstream_log_model_clear (view->model);
  g_assert_cmpuint (procstream_line_get_number (held), ==, 101);
  g_assert_cmpstr (procstream_line_get_text (held), ==, "line");
  g_assert_cmpint (G_OBJECT (held)->ref_count, ==, 1);
  g_object_unref (held);
}

/* --- Gaps --------------------------------------------------------------------------------------------------------------------- */

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gpointer          user_data)
{
}

/* The feed never falls behind, so what it missed is what went before: a lossy output that nobody took from when it was attached. */
static void
test_gaps (void)
{
  for (int show = 0; show < 2; show++)
    {
      g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_LOSSY, 2);
      g_autoptr (View) view = view_new (procstream_log_model_new ());
      g_autoptr (ProcstreamConsumer) consumer = NULL;
      g_autoptr (ProcstreamLine) line = NULL;

      procstream_log_model_set_show_gaps (view->model, show);
      g_signal_connect (stream->output, "chunk", G_CALLBACK (chunk_cb), NULL);
      for (guint i = 0; i < 5; i++)
        feed (stream, "12345\n");
      consumer = follow (view, stream);
      test_hold_pass ();
      test_iterate ();
      view_assert (view, show ? "[18 bytes lost]|12345|12345" : "12345|12345", NULL);
      g_assert_cmpuint (procstream_log_model_get_gaps (view->model), ==, 1);
      g_assert_cmpuint (procstream_log_model_get_bytes_lost (view->model), ==, 18);
      g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, 18);
      line = g_list_model_get_item (G_LIST_MODEL (view->model), 0);
      g_assert_cmpuint (procstream_line_get_bytes_lost (line), ==, show ? 18 : 0);
      g_assert_cmpuint (procstream_line_get_chunks_lost (line), ==, show ? 3 : 0);
      g_assert_cmpuint (procstream_line_get_number (line), ==, show ? 0 : 1);
    }
}

/* What is lost of lines that had begun before, or are too long, is no gap, but counts as it does with the consumer. */
static void
test_torn_lines (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 100);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (ProcstreamConsumer) consumer = NULL;

  feed (stream, "begun ");
  test_iterate ();
  consumer = follow (view, stream);
  feed (stream, "before\nwhole\n");
  test_hold_pass ();
  test_iterate ();
  view_assert (view, "whole", NULL);
  g_assert_cmpuint (procstream_log_model_get_gaps (view->model), ==, 0);
  g_assert_cmpuint (procstream_log_model_get_bytes_lost (view->model), ==, 6);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, 6);
}

/* --- Clearing, and handlers that do what they like ---------------------------------------------------------------------------- */

static void
test_clear (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());

  g_object_unref (follow (view, stream));
  procstream_log_model_clear (view->model);
  feed (stream, "1\n2\n");
  test_iterate ();
  feed (stream, "3\n4");
  procstream_log_model_clear (view->model);
  view_assert (view, "", "0-0+2 0-2+0 ");
  test_iterate ();
  feed (stream, "\n5\n");
  test_iterate ();
  view_assert (view, "4|5", "0-0+2 ");
  g_assert_cmpuint (procstream_log_model_get_lines_dropped (view->model), ==, 0);
}

static void
clear (View *self)
{
  procstream_log_model_clear (self->model);
  /* Not before everybody has heard of what is being told. */
  assert_equal (self);
}

/* Both views see the same changes in the same order, whatever the handlers of the first do. */
static void
test_clear_in_handler (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 2, NULL));
  g_autoptr (View) other = view_new (g_object_ref (view->model));

  g_object_unref (follow (view, stream));
  feed (stream, "1\n2\n");
  view->act = clear;
  iterate_once ();
  view_assert (view, "", "0-0+2 0-2+0 ");
  view_assert (other, "", "0-0+2 0-2+0 ");
  feed (stream, "3\n4\n");
  iterate_once ();
  iterate_once ();
  g_string_truncate (view->changes, 0);
  g_string_truncate (other->changes, 0);
  /* In the first of two: what comes with the second was there before it was cleared. */
  feed (stream, "5\n");
  view->act = clear;
  iterate_once ();
  view_assert (view, "", "0-1+0 1-0+1 0-2+0 ");
  view_assert (other, "", "0-1+0 1-0+1 0-2+0 ");
  feed (stream, "6\n");
  test_iterate ();
  view_assert (view, "6", "0-0+1 ");
}

static void
feed_and_iterate (View *self)
{
  feed ((TestStream *) self->source, "nested\n");
  test_iterate ();
  assert_equal (self);
}

static void
test_iterate_in_handler (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 2, NULL));
  g_autoptr (View) other = view_new (g_object_ref (view->model));

  g_object_unref (follow (view, stream));
  view->source = (GSourceFunc) stream;
  feed (stream, "1\n2\n");
  view->act = feed_and_iterate;
  iterate_once ();
  view_assert (other, "1|2", "0-0+2 ");
  test_iterate ();
  view_assert (other, "2|nested", "0-1+0 1-0+1 ");
  view_assert (view, "2|nested", NULL);
}

static void
drop (View *self)
{
  g_clear_object (&self->model);
}

static void
test_drop_in_handler (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 2, NULL));
  g_autoptr (ProcstreamConsumer) consumer = follow (view, stream);
  gpointer gone = view->model;

  g_object_add_weak_pointer (G_OBJECT (view->model), &gone);
  feed (stream, "1\n2\n");
  iterate_once ();
  feed (stream, "3\n");
  view->act = drop;
  iterate_once ();
  g_assert_null (gone);
  /* The emission that was under way went on to its end. */
  g_assert_cmpstr (view->changes->str, ==, "0-0+2 0-1+0 1-0+1 ");
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
}

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

/* Nothing is emitted, and nothing comes later. */
static void
test_drop_with_pending (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (ProcstreamConsumer) consumer = follow (view, stream);
  gpointer gone = view->model;

  g_object_add_weak_pointer (G_OBJECT (view->model), &gone);
  feed (stream, "1\n2\n");
  g_object_run_dispose (G_OBJECT (view->model));
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_clear_object (&view->model);
  g_assert_null (gone);
  feed (stream, "3\n");
  test_iterate ();
  g_assert_cmpstr (view->changes->str, ==, "");
}

/* The model keeps what it follows, and no longer than needed. */
static void
test_consumers (void)
{
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (TestStream) other = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  g_autoptr (GError) error = NULL;
  ProcstreamConsumer *consumer = procstream_log_model_add_consumer (view->model);
  ProcstreamConsumer *cancelled = follow (view, other);
  gpointer            alive[2] = { consumer, cancelled };

  for (guint i = 0; i < 2; i++)
    g_object_add_weak_pointer (alive[i], &alive[i]);
  procstream_consumer_set_max_line_length (consumer, PROCSTREAM_SMALLEST_MAX_LINE_LENGTH);
  g_assert_true (procstream_output_attach (stream->output, consumer, &error));
  g_assert_false (procstream_output_attach (stream->output, consumer, &error));
  g_object_unref (consumer);
  g_object_unref (cancelled);
  feed (stream, "12345678\n");
  feed (other, "other\n");
  test_iterate ();
  view_assert (view, "1234|5678|other", NULL);
  procstream_consumer_cancel (cancelled);
  feed (other, "cancelled\n");
  test_iterate ();
  g_assert_nonnull (alive[0]);
  g_assert_null (alive[1]);
  test_stream_close (stream);
  while (alive[0])
    g_main_context_iteration (NULL, TRUE);
  view_assert (view, "1234|5678|other", NULL);
}

/* One that refuses is an error, and nothing of it stays. */
static void
test_follow_fails (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamLogModel) model = procstream_log_model_new ();
  g_autoptr (TestStream) stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamConsumer) consumer = procstream_log_model_add_consumer (model);
  g_autoptr (GError) error = NULL;

  procstream_consumer_set_max_line_length (consumer, 1);
  g_assert_false (procstream_output_attach (stream->output, consumer, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static gpointer
flood_in_thread (gpointer data)
{
  TestStream *stream = data;

  for (guint i = 0; i < 2000; i++)
    test_stream_write (stream, "1\n2\n3\n4\n5\n");
  test_stream_close (stream);
  return NULL;
}

/* A flood, in a context of another thread than the one that made the streams. */
static gpointer
show_in_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  TestStream **streams = data;
  GThread     *writers[2];
  View        *view;
  guint64      shown = 0;

  g_main_context_push_thread_default (context);
  view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 100, NULL));
  for (guint i = 0; i < 2; i++)
    g_object_unref (follow (view, streams[i]));
  for (guint i = 0; i < 2; i++)
    writers[i] = g_thread_new ("writer", flood_in_thread, streams[i]);
  while ((shown = view->texts->len + procstream_log_model_get_lines_dropped (view->model)) < 20000)
    {
      g_string_truncate (view->changes, 0);
      g_main_context_iteration (context, TRUE);
      g_assert_cmpuint (strlen (view->changes->str), <, 30);
    }
  g_assert_cmpuint (shown, ==, 20000);
  g_assert_cmpuint (view->texts->len, ==, 100);
  for (guint i = 0; i < 2; i++)
    g_thread_join (writers[i]);
  view_free (view);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_flood (void)
{
  TestStream *streams[2] = { new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0), new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0) };

  test_iterate ();
  g_thread_join (g_thread_new ("view", show_in_thread, streams));
  for (guint i = 0; i < 2; i++)
    test_stream_free (streams[i]);
}

/* --- Muting ------------------------------------------------------------------------------------------------------------------- */

/* Two outputs, of which the first is muted sooner or later. */
typedef struct
{
  View               *view;
  TestStream         *muted;
  TestStream         *other;
  ProcstreamConsumer *feed; /* of muted */
} Muting;

static TestStream *muted_stream;

static void
mute (View *view)
{
  procstream_output_mute (muted_stream->output);
}

static void
muting_init (Muting *self)
{
  self->view = view_new (g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 3, NULL));
  self->muted = muted_stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  self->other = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  self->feed = follow (self->view, self->muted);
  g_object_unref (follow (self->view, self->other));
}

static void
muting_clear (Muting *self)
{
  g_assert_cmpint (procstream_consumer_get_state (self->feed), ==, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  g_object_unref (self->feed);
  test_stream_free (self->muted);
  test_stream_free (self->other);
  view_free (self->view);
}

/* What came of it and is not shown yet never is. */
static void
test_muted (void)
{
  Muting fixture;

  muting_init (&fixture);
  feed (fixture.muted, "1\n");
  test_iterate ();
  view_assert (fixture.view, "1", "0-0+1 ");
  feed (fixture.other, "a\n");
  feed (fixture.muted, "2\n");
  feed (fixture.other, "b\n");
  mute (fixture.view);
  test_stream_write (fixture.muted, "3\n");
  test_iterate ();
  view_assert (fixture.view, "1|a|b", "1-0+2 ");
  feed (fixture.other, "c\n");
  test_iterate ();
  view_assert (fixture.view, "a|b|c", "0-1+0 2-0+1 ");
  muting_clear (&fixture);
}

/* In the middle of a change, after what goes was told of. */
static void
test_muted_in_handler (void)
{
  Muting fixture;

  muting_init (&fixture);
  feed (fixture.muted, "1\n2\n");
  test_iterate ();
  view_assert (fixture.view, "1|2", "0-0+2 ");
  feed (fixture.muted, "3\n");
  feed (fixture.other, "a\n");
  fixture.view->act = mute;
  test_iterate ();
  view_assert (fixture.view, "2|a", "0-1+0 1-0+1 ");
  feed (fixture.other, "b\nc\n");
  test_iterate ();
  view_assert (fixture.view, "a|b|c", "0-1+0 1-0+2 ");
  muting_clear (&fixture);
}

/* Also when there was so much of it that what is shown would have gone. */
static void
test_muted_after_drop (void)
{
  Muting fixture;

  muting_init (&fixture);
  feed (fixture.muted, "1\n");
  test_iterate ();
  view_assert (fixture.view, "1", "0-0+1 ");
  feed (fixture.muted, "2\n3\n4\n5\n");
  mute (fixture.view);
  test_iterate ();
  view_assert (fixture.view, "1", "");
  feed (fixture.other, "a\n");
  test_iterate ();
  view_assert (fixture.view, "1|a", "1-0+1 ");
  muting_clear (&fixture);
}

/* Long after it has ended: only who shows knows of it then. */
static void
test_muted_after_end (void)
{
  g_autoptr (View) view = view_new (procstream_log_model_new ());
  TestStream *stream = new_stream (PROCSTREAM_DELIVERY_RELIABLE, 0);
  g_autoptr (ProcstreamConsumer) consumer = follow (view, stream);

  feed (stream, "1\n2\n");
  test_stream_close (stream);
  while (procstream_consumer_get_state (consumer) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
    test_hold_pass ();
  procstream_output_mute (stream->output);
  test_iterate ();
  view_assert (view, "", "");
  test_stream_free (stream);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/log-model/lines", test_lines);
  g_test_add_func ("/log-model/several-outputs", test_several_outputs);
  g_test_add_func ("/log-model/child", test_child);
  g_test_add_func ("/log-model/blocking", test_blocking);
  g_test_add_func ("/log-model/max-lines", test_max_lines);
  g_test_add_func ("/log-model/max-bytes", test_max_bytes);
  g_test_add_func ("/log-model/limits-change", test_limits_change);
  g_test_add_func ("/log-model/once-in-an-iteration", test_once_in_an_iteration);
  g_test_add_func ("/log-model/items", test_items);
  g_test_add_func ("/log-model/gaps", test_gaps);
  g_test_add_func ("/log-model/torn-lines", test_torn_lines);
  g_test_add_func ("/log-model/clear", test_clear);
  g_test_add_func ("/log-model/clear-in-handler", test_clear_in_handler);
  g_test_add_func ("/log-model/iterate-in-handler", test_iterate_in_handler);
  g_test_add_func ("/log-model/drop-in-handler", test_drop_in_handler);
  g_test_add_func ("/log-model/drop-with-pending", test_drop_with_pending);
  g_test_add_func ("/log-model/consumers", test_consumers);
  g_test_add_func ("/log-model/follow-fails", test_follow_fails);
  g_test_add_func ("/log-model/flood", test_flood);
  g_test_add_func ("/log-model/muted", test_muted);
  g_test_add_func ("/log-model/muted-after-end", test_muted_after_end);
  g_test_add_func ("/log-model/muted-in-handler", test_muted_in_handler);
  g_test_add_func ("/log-model/muted-after-drop", test_muted_after_drop);
  return g_test_run ();
}

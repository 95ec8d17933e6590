/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-stream.h"
#include "test-utils.h"

#include <string.h>

/* Consumers that begin, in a virtual function, what is not over when it returns. */

/* A class of the program's own that holds itself where it is told to. */
typedef struct
{
  ProcstreamConsumer parent_instance;
  GString           *order;     /* what it was told, with a space after each */
  const char        *hold_at;   /* the kinds, c L g e, in which it holds */
  guint              n_holds;   /* how often */
  GSourceFunc        operation; /* begun then, in an idle of the context */
  GThread           *thread;
} Holder;
typedef ProcstreamConsumerClass HolderClass;

static GType holder_get_type (void);
G_DEFINE_TYPE (Holder, holder, PROCSTREAM_TYPE_CONSUMER)

static guint holders_alive;

static gboolean
note (Holder     *self,
      char        kind,
      const char *text)
{
  g_assert_true (g_thread_self () == self->thread);
  g_string_append_printf (self->order, "%c:%s ", kind, text);
  if (!strchr (self->hold_at, kind))
    return FALSE;
  for (guint i = 0; i < self->n_holds; i++)
    procstream_consumer_hold (PROCSTREAM_CONSUMER (self));
  if (self->operation)
    g_idle_add_full (G_PRIORITY_LOW, self->operation, g_object_ref (self), g_object_unref);
  return FALSE;
}

static gboolean
holder_chunk (ProcstreamConsumer *consumer,
              GBytes             *bytes)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  return note ((Holder *) consumer, 'c', g_strdelimit (text, "\n", '/'));
}

static gboolean
holder_lines (ProcstreamConsumer *consumer,
              const char *const  *lines)
{
  g_autofree char *text = g_strjoinv (",", (char **) lines);

  return note ((Holder *) consumer, 'L', text);
}

static gboolean
holder_gap (ProcstreamConsumer *consumer,
            guint64             chunks,
            guint64             bytes)
{
  g_autofree char *text = g_strdup_printf ("%d,%d", (int) chunks, (int) bytes);

  return note ((Holder *) consumer, 'g', text);
}

static void
holder_ended (ProcstreamConsumer *consumer,
              const GError       *error)
{
  note ((Holder *) consumer, 'e', error ? error->message : "");
}

static void
holder_finalize (GObject *object)
{
  g_string_free (((Holder *) object)->order, TRUE);
  g_assert_true (g_thread_self () == ((Holder *) object)->thread);
  holders_alive--;
  G_OBJECT_CLASS (holder_parent_class)->finalize (object);
}

static void
holder_class_init (HolderClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = holder_finalize;
  klass->chunk = holder_chunk;
  klass->gap = holder_gap;
  klass->ended = holder_ended;
}

static void
holder_init (Holder *self)
{
  self->order = g_string_new (NULL);
  self->hold_at = "";
  self->n_holds = 1;
  self->thread = g_thread_self ();
  holders_alive++;
}

/* One that has lines too. */
typedef Holder      LineHolder;
typedef HolderClass LineHolderClass;

static GType line_holder_get_type (void);
G_DEFINE_TYPE (LineHolder, line_holder, holder_get_type ())

static void
line_holder_class_init (LineHolderClass *klass)
{
  klass->lines = holder_lines;
}

static void
line_holder_init (LineHolder *self)
{
}

typedef struct
{
  TestStream *stream;
  Holder     *holder;
} Fixture;

static void
set_up (Fixture           *f,
        ProcstreamDelivery delivery,
        guint              max_chunks,
        const char        *hold_at)
{
  f->stream = test_stream_new (&(TestStreamOptions){ .delivery = delivery, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = max_chunks });
  f->holder = g_object_new (strchr (hold_at, 'L') ? line_holder_get_type () : holder_get_type (), NULL);
  f->holder->hold_at = hold_at;
  test_iterate ();
  g_assert_true (procstream_output_attach (f->stream->output, PROCSTREAM_CONSUMER (f->holder), NULL));
}

static void
tear_down (Fixture *f)
{
  if (f->holder)
    procstream_consumer_cancel (PROCSTREAM_CONSUMER (f->holder));
  test_iterate ();
  test_stream_free (f->stream);
  g_clear_object (&f->holder);
  g_assert_cmpuint (holders_alive, ==, 0);
}

typedef struct
{
  Holder     *holder;
  const char *order;
} Expected;

static gboolean
is_expected (gpointer data)
{
  const Expected *expected = data;

  g_assert_true (g_str_has_prefix (expected->order, expected->holder->order->str));
  return strcmp (expected->holder->order->str, expected->order) == 0;
}

/* Everything so far is @order; what comes for nothing shows in the next one of these. */
static void
await (Fixture    *f,
       const char *order)
{
  test_run_until (NULL, order, is_expected, &(Expected){ f->holder, order });
  test_iterate ();
  g_assert_cmpstr (f->holder->order->str, ==, order);
}

static void
release (Fixture *f)
{
  procstream_consumer_release (PROCSTREAM_CONSUMER (f->holder));
}

static void
assert_state (Fixture                *f,
              ProcstreamConsumerState state)
{
  g_assert_cmpint (procstream_consumer_get_state (PROCSTREAM_CONSUMER (f->holder)), ==, state);
}

/* --- What waits --------------------------------------------------------------------------------------------------------------- */

/* The child has to wait, and nothing is lost. */
static void
test_reliable (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 1, "c");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  while (procstream_output_get_state (f.stream->output) != PROCSTREAM_OUTPUT_STATE_PAUSED)
    g_usleep (100);
  test_stream_write (f.stream, "three");
  await (&f, "c:one ");
  g_assert_cmpuint (procstream_output_get_bytes_received (f.stream->output), ==, 6);
  release (&f);
  g_assert_cmpstr (f.holder->order->str, ==, "c:one ");
  await (&f, "c:one c:two ");
  release (&f);
  await (&f, "c:one c:two c:three ");
  release (&f);
  test_stream_close (f.stream);
  await (&f, "c:one c:two c:three e: ");
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_ENDED);
  tear_down (&f);
}

/* What did not fit meanwhile is a gap. */
static void
test_lossy (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_LOSSY, 2, "cg");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  test_stream_write_read (f.stream, "three");
  test_stream_write_read (f.stream, "four");
  test_stream_write_read (f.stream, "five");
  await (&f, "c:one ");
  release (&f);
  await (&f, "c:one g:2,8 ");
  release (&f);
  await (&f, "c:one g:2,8 c:four ");
  f.holder->hold_at = "";
  release (&f);
  await (&f, "c:one g:2,8 c:four c:five ");
  tear_down (&f);
}

/* The lines of a chunk come after what the chunk was held for. */
static void
test_lines (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "cL");
  test_stream_write_read (f.stream, "a\nb\n");
  test_stream_write_read (f.stream, "c\n");
  await (&f, "c:a/b/ ");
  release (&f);
  await (&f, "c:a/b/ L:a,b ");
  release (&f);
  await (&f, "c:a/b/ L:a,b c:c/ ");
  f.holder->hold_at = "";
  release (&f);
  await (&f, "c:a/b/ L:a,b c:c/ L:c ");
  tear_down (&f);
}

static void
test_counted (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "c");
  f.holder->n_holds = 3;
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  f.holder->hold_at = "";
  release (&f);
  release (&f);
  await (&f, "c:one ");
  release (&f);
  await (&f, "c:one c:two ");
  tear_down (&f);
}

static void
test_before_attach (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  Fixture f = { stream, g_object_new (holder_get_type (), NULL) };

  procstream_consumer_hold (PROCSTREAM_CONSUMER (f.holder));
  g_assert_true (procstream_output_attach (stream->output, PROCSTREAM_CONSUMER (f.holder), NULL));
  test_stream_write_read (stream, "one");
  await (&f, "");
  release (&f);
  await (&f, "c:one ");
  g_steal_pointer (&stream);
  tear_down (&f);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

/* It comes after what it was held for, and has not come before what it is held for itself. */
static void
test_end (void)
{
  Fixture f;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "ce");
  procstream_consumer_wait_async (PROCSTREAM_CONSUMER (f.holder), NULL, test_store_result_cb, &result);
  test_stream_write_read (f.stream, "one");
  test_stream_close (f.stream);
  while (procstream_output_get_state (f.stream->output) != PROCSTREAM_OUTPUT_STATE_ENDED)
    g_usleep (100);
  await (&f, "c:one ");
  release (&f);
  await (&f, "c:one e: ");
  g_assert_null (result);
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  release (&f);
  test_wait_result (NULL, "the end", &result);
  g_assert_true (procstream_consumer_wait_finish (PROCSTREAM_CONSUMER (f.holder), result, &error));
  g_assert_no_error (error);
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_clear_object (&result);
  g_assert_cmpstr (f.holder->order->str, ==, "c:one e: ");
  tear_down (&f);
}

/* Nothing comes any more, whenever the operation ends. */
static void
test_cancel (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 1, "c");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.holder));
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  /* Nor does the child wait for it any more. */
  test_stream_write_read (f.stream, "three");
  await (&f, "c:one ");
  release (&f);
  test_stream_close (f.stream);
  await (&f, "c:one ");
  tear_down (&f);
}

static void
test_cancel_in_end (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 1, "e");
  test_stream_close (f.stream);
  await (&f, "e: ");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.holder));
  release (&f);
  await (&f, "e: ");
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  tear_down (&f);
}

/* It keeps itself as long as it is attached, and an operation that was forgotten keeps nothing once it is over. */
static void
test_dropped (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 1, "c");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  g_object_unref (f.holder);
  g_assert_cmpuint (holders_alive, ==, 1);
  release (&f);
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  await (&f, "c:one c:two ");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.holder));
  f.holder = NULL;
  test_iterate ();
  tear_down (&f);
}

static gpointer
mark_done_in_thread (gpointer holder)
{
  procstream_consumer_mark_done (holder);
  procstream_consumer_release (holder);
  return NULL;
}

static void
test_done (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 1, "c");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  test_stream_write_read (f.stream, "two");
  g_thread_join (g_thread_new ("operation", mark_done_in_thread, f.holder));
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (f.holder), 0, NULL, &error));
  g_assert_no_error (error);
  await (&f, "c:one ");
  procstream_consumer_mark_done (PROCSTREAM_CONSUMER (f.holder));
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.holder));
  assert_state (&f, PROCSTREAM_CONSUMER_STATE_DONE);
  tear_down (&f);
}

/* --- Threads and blocking calls ----------------------------------------------------------------------------------------------- */

static void
release_cb (gpointer holder)
{
  procstream_consumer_release (holder);
}

/* The context sleeps, and is woken by nothing else. */
static void
test_release_from_thread (void)
{
  Fixture           f;
  TestInterruption *interruption;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "c");
  test_stream_write_read (f.stream, "one");
  test_stream_write_read (f.stream, "two");
  await (&f, "c:one ");
  f.holder->hold_at = "";
  interruption = test_interrupt (release_cb, f.holder);
  while (f.holder->order->len < strlen ("c:one c:two "))
    g_main_context_iteration (NULL, TRUE);
  test_interruption_end (interruption);
  await (&f, "c:one c:two ");
  tear_down (&f);
}

static gboolean
release_in_idle_cb (gpointer holder)
{
  procstream_consumer_release (holder);
  return G_SOURCE_REMOVE;
}

/* The operations need the context, and nobody runs it but the blocking call. */
static void
test_blocking (void)
{
  Fixture f;
  g_autoptr (GError) error = NULL;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "ce");
  f.holder->operation = release_in_idle_cb;
  test_stream_write_read (f.stream, "one");
  test_stream_write_read (f.stream, "two");
  test_stream_close (f.stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (f.holder), TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (f.holder->order->str, ==, "c:one c:two e: ");
  tear_down (&f);
}

static gboolean
set_cb (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* A blocking call leaves the sources of others alone again, also when an operation was forgotten. */
static void
test_blocking_after (void)
{
  Fixture  f;
  gboolean called = FALSE;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "c");
  test_stream_write_read (f.stream, "one");
  await (&f, "c:one ");
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (f.holder));
  test_iterate ();
  g_clear_object (&f.holder);
  g_idle_add (set_cb, &called);
  f.holder = g_object_new (holder_get_type (), NULL);
  g_assert_true (procstream_output_attach (f.stream->output, PROCSTREAM_CONSUMER (f.holder), NULL));
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (f.holder), 0, NULL, NULL));
  test_stream_close (f.stream);
  g_assert_true (procstream_consumer_wait (PROCSTREAM_CONSUMER (f.holder), TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  g_assert_false (called);
  test_run_until_set (NULL, "the idle", &called);
  tear_down (&f);
}

/* A nested iteration gives it nothing either. */
static gboolean
nest_cb (gpointer holder)
{
  test_iterate ();
  procstream_consumer_release (holder);
  return G_SOURCE_REMOVE;
}

static void
test_nested (void)
{
  Fixture f;

  set_up (&f, PROCSTREAM_DELIVERY_RELIABLE, 0, "c");
  f.holder->operation = nest_cb;
  test_stream_write_read (f.stream, "one");
  test_stream_write_read (f.stream, "two");
  test_stream_write_read (f.stream, "three");
  await (&f, "c:one c:two c:three ");
  tear_down (&f);
}

/* --- Misuse ------------------------------------------------------------------------------------------------------------------- */

static void
test_misuse (void)
{
  g_autoptr (ProcstreamReader) reader = procstream_reader_new ();
  Holder *holder = g_object_new (holder_get_type (), NULL);

  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*was_held*");
  procstream_consumer_release (PROCSTREAM_CONSUMER (holder));
  g_test_assert_expected_messages ();
  g_test_expect_message ("Procstream", G_LOG_LEVEL_CRITICAL, "*IS_DERIVED*");
  procstream_consumer_hold (PROCSTREAM_CONSUMER (reader));
  g_test_assert_expected_messages ();
  g_object_unref (holder);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/consumer-hold/reliable", test_reliable);
  g_test_add_func ("/consumer-hold/lossy", test_lossy);
  g_test_add_func ("/consumer-hold/lines", test_lines);
  g_test_add_func ("/consumer-hold/counted", test_counted);
  g_test_add_func ("/consumer-hold/before-attach", test_before_attach);
  g_test_add_func ("/consumer-hold/end", test_end);
  g_test_add_func ("/consumer-hold/cancel", test_cancel);
  g_test_add_func ("/consumer-hold/cancel-in-end", test_cancel_in_end);
  g_test_add_func ("/consumer-hold/dropped", test_dropped);
  g_test_add_func ("/consumer-hold/done", test_done);
  g_test_add_func ("/consumer-hold/release-from-thread", test_release_from_thread);
  g_test_add_func ("/consumer-hold/blocking", test_blocking);
  g_test_add_func ("/consumer-hold/blocking-after", test_blocking_after);
  g_test_add_func ("/consumer-hold/nested", test_nested);
  g_test_add_func ("/consumer-hold/misuse", test_misuse);
  return g_test_run ();
}

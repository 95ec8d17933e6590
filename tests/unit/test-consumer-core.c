/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-consumer-core-private.h"
#include "procstream-consumer-private.h"
#include "procstream-emission-private.h"
#include "procstream-output-record-private.h"

#include <procstream/procstream.h>

#include "test-core.h"
#include "test-noter.h"
#include "test-utils.h"

#include <string.h>

/* What a consumer of the library's own was told; it outlives its core. */
typedef struct
{
  ProcstreamConsumerCore *core;
  GString                *events; /* a letter each: c g e (chunk, gap, end) O (over) F (freed) */
  gboolean                done;   /* what it answers */
  ProcstreamConsumerState state_when_over;
  gboolean                waited_when_over;
} Native;

static gboolean
event_cb (gpointer                  native,
          const ProcstreamLogEvent *event)
{
  Native *self = native;

  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    g_string_append_c (self->events, 'c');
  else
    g_string_append_c (self->events, event->type == PROCSTREAM_LOG_EVENT_GAP ? 'g' : 'e');
  return self->done;
}

/* No lock is held: the core can be asked. */
static void
over_cb (gpointer native)
{
  Native *self = native;

  g_string_append_c (self->events, 'O');
  self->state_when_over = procstream_consumer_core_get_state (self->core);
  self->waited_when_over = procstream_waiters_is_complete (self->core->waiters);
}

static void
ready_cb (gpointer native)
{
}

static void
free_cb (gpointer native)
{
  Native *self = native;

  g_string_append_c (self->events, 'F');
}

static const ProcstreamNativeClass pushed_class = { .event = event_cb, .over = over_cb, .free = free_cb };
static const ProcstreamNativeClass pulling_class = { .ready = ready_cb, .over = over_cb, .free = free_cb };

static void
native_init (Native                      *self,
             const ProcstreamNativeClass *klass)
{
  *self = (Native){ .core = procstream_consumer_core_new (), .events = g_string_new (NULL) };
  self->core->klass = klass;
  self->core->native = self;
}

/* All references are gone, and all that was said is @events. */
static void
native_assert_gone (Native     *self,
                    const char *events)
{
  procstream_consumer_core_unref (self->core);
  g_assert_cmpstr (self->events->str, ==, events);
  g_string_free (self->events, TRUE);
}

static void
attach (Native               *native,
        ProcstreamOutputCore *output)
{
  g_assert_true (procstream_consumer_core_begin (native->core, NULL));
  procstream_consumer_core_subscribe (native->core, output, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
}

static gboolean
has_subscription (Native *native)
{
  ProcstreamOutputCore   *output = NULL;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (native->core, &output);

  if (subscription == NULL)
    return FALSE;
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  return TRUE;
}

/* --- Attaching ---------------------------------------------------------------------------------------------------------------- */

static void
assert_cannot_begin (Native *native)
{
  g_autoptr (GError) error = NULL;
  ProcstreamConsumerState state = procstream_consumer_core_get_state (native->core);

  g_assert_false (procstream_consumer_core_begin (native->core, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_cmpint (procstream_consumer_core_get_state (native->core), ==, state);
}

static void
test_once (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;
  Native                cancelled;

  native_init (&native, &pushed_class);
  g_assert_cmpint (procstream_consumer_core_get_state (native.core), ==, PROCSTREAM_CONSUMER_STATE_NONE);
  attach (&native, output);
  g_assert_cmpint (procstream_consumer_core_get_state (native.core), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  assert_cannot_begin (&native);
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_DONE, NULL);
  assert_cannot_begin (&native);
  native_assert_gone (&native, "OF");

  native_init (&cancelled, &pushed_class);
  procstream_consumer_core_finish (cancelled.core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  assert_cannot_begin (&cancelled);
  native_assert_gone (&cancelled, "OF");
  test_core_free (output);
}

/* Another thread cancels between the two halves of attaching: nothing stays subscribed, and nothing comes. */
static void
test_cancelled_while_attaching (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;

  native_init (&native, &pushed_class);
  g_assert_true (procstream_consumer_core_begin (native.core, NULL));
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  procstream_consumer_core_subscribe (native.core, output, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
  g_assert_false (has_subscription (&native));
  test_core_feed (output, "text");
  native_assert_gone (&native, "OF");
  test_core_free (output);
}

typedef struct
{
  ProcstreamConsumer   *consumer;
  ProcstreamOutputCore *output;
} Attaching;

static gpointer
attach_in_thread (gpointer data)
{
  Attaching *self = data;
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_consumer_attach (self->consumer, self->output, PROCSTREAM_DELIVERY_RELIABLE, &error));
  g_assert_no_error (error);
  return NULL;
}

/* The same for a class of the program's own. */
static void
test_derived_cancelled_while_attaching (void)
{
  TestNoter *noter = test_noter_new ();
  Attaching  attaching = { PROCSTREAM_CONSUMER (noter), test_core_new (0) };
  GThread   *thread;

  /* So that it cannot subscribe before it is cancelled. */
  g_mutex_lock (&attaching.output->mutex);
  thread = g_thread_new ("attaches", attach_in_thread, &attaching);
  while (procstream_consumer_get_state (attaching.consumer) != PROCSTREAM_CONSUMER_STATE_ATTACHED)
    g_thread_yield ();
  procstream_consumer_cancel (attaching.consumer);
  g_mutex_unlock (&attaching.output->mutex);
  g_thread_join (thread);
  g_assert_cmpuint (attaching.output->pulling->len + attaching.output->pushed->len, ==, 0);
  test_core_feed (attaching.output, "text");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  test_noter_free (noter, "");
  g_assert_cmpuint (test_noter_count_alive (), ==, 0);
  test_core_free (attaching.output);
}

/* The output was over before: what it has to say comes within the call. */
static void
test_attached_after_end (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;

  procstream_output_core_feed_end (output, NULL);
  native_init (&native, &pushed_class);
  attach (&native, output);
  while (procstream_consumer_core_get_state (native.core) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (procstream_consumer_core_get_state (native.core), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_false (has_subscription (&native));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  native_assert_gone (&native, "eOF");
  test_core_free (output);
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

/* Over is told once, when the state is final and before those who wait go on. */
static void
assert_over (Native                 *native,
             ProcstreamConsumerState state)
{
  g_assert_cmpint (procstream_consumer_core_get_state (native->core), ==, state);
  g_assert_cmpint (native->state_when_over, ==, state);
  g_assert_false (native->waited_when_over);
  g_assert_true (procstream_waiters_is_complete (native->core->waiters));
  g_assert_false (has_subscription (native));
}

static gboolean
wait_for (Native  *native,
          GError **error)
{
  return procstream_waiters_wait (native->core->waiters, g_main_context_default (), g_thread_self (), "it", 0, NULL, error);
}

static void
test_ended (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;
  g_autoptr (GError) error = NULL;

  native_init (&native, &pushed_class);
  attach (&native, output);
  g_assert_true (has_subscription (&native));
  test_core_feed (output, "text");
  test_core_feed (output, "text");
  procstream_output_core_feed_end (output, NULL);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_true (wait_for (&native, &error));
  g_assert_null (procstream_consumer_core_dup_error (native.core));
  native_assert_gone (&native, "cceOF");
  test_core_free (output);
}

static void
test_failed (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;

  native_init (&native, &pushed_class);
  attach (&native, output);
  test_core_feed (output, "text");
  procstream_output_core_feed_end (output, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the reason"));
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_false (wait_for (&native, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==, "the reason");
  copy = procstream_consumer_core_dup_error (native.core);
  g_assert_error (copy, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  native_assert_gone (&native, "ceOF");
  test_core_free (output);
}

/* It says that it needs no more: nothing more comes, and that is success. */
static void
test_done (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;

  native_init (&native, &pushed_class);
  attach (&native, output);
  test_core_feed (output, "text");
  native.done = TRUE;
  test_core_feed (output, "text");
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_DONE);
  test_core_feed (output, "text");
  procstream_output_core_feed_end (output, NULL);
  g_assert_true (wait_for (&native, NULL));
  native_assert_gone (&native, "ccOF");
  test_core_free (output);
}

/* Done with the very last event it is all the same told apart: it has seen everything. */
static void
test_done_at_end (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;

  native_init (&native, &pushed_class);
  attach (&native, output);
  native.done = TRUE;
  procstream_output_core_feed_end (output, NULL);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_ENDED);
  native_assert_gone (&native, "eOF");
  test_core_free (output);
}

static void
test_cancelled (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;
  g_autoptr (GError) error = NULL;

  native_init (&native, &pushed_class);
  attach (&native, output);
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_CANCELLED);
  test_core_feed (output, "text");
  g_assert_false (wait_for (&native, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  native_assert_gone (&native, "OF");
  test_core_free (output);
}

/* The first end counts, with its error, whatever is said later. */
static void
test_first_counts (void)
{
  g_autoptr (GError) first = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "first");
  g_autoptr (GError) second = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "second");
  g_autoptr (GError) error = NULL;
  Native native;

  native_init (&native, &pulling_class);
  g_assert_true (procstream_consumer_core_begin (native.core, NULL));
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_FAILED, first);
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_FAILED, second);
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_false (wait_for (&native, &error));
  g_assert_cmpstr (error->message, ==, "first");
  native_assert_gone (&native, "OF");
}

/* One that pulls is not told of the end, but takes it, and lives as long as it is subscribed. */
static void
test_pulling (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  Native                native;

  native_init (&native, &pulling_class);
  attach (&native, output);
  test_core_feed (output, "text");
  procstream_output_core_feed_end (output, NULL);
  g_assert_cmpint (procstream_consumer_core_get_state (native.core), ==, PROCSTREAM_CONSUMER_STATE_ATTACHED);
  g_assert_true (has_subscription (&native));
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_ENDED, NULL);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_ENDED);
  native_assert_gone (&native, "OF");
  test_core_free (output);
}

static void
test_gaps (void)
{
  Native native;

  native_init (&native, &pushed_class);
  procstream_consumer_core_count_gap (native.core, 2, 5000000000);
  procstream_consumer_core_count_gap (native.core, 3, 7);
  g_assert_cmpuint (native.core->gaps, ==, 2);
  g_assert_cmpuint (native.core->chunks_lost, ==, 5);
  g_assert_cmpuint (native.core->bytes_lost, ==, 5000000007);
  native_assert_gone (&native, "F");
}

/* --- Its place ---------------------------------------------------------------------------------------------------------------- */

static ProcstreamOutputCore *
new_single (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_SINGLE);
  return test_core_new_for (config);
}

static gpointer
cancel_thread (gpointer data)
{
  procstream_consumer_core_finish (((Native *) data)->core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  return NULL;
}

/* Whoever sees that it is over can have its place, though the thread that ended it has yet to take it out of the output. */
static void
test_place_is_free_at_once (void)
{
  ProcstreamOutputCore *output = new_single ();
  Native                first, second;
  GThread              *thread;

  native_init (&first, &pushed_class);
  native_init (&second, &pushed_class);
  g_assert_true (procstream_consumer_core_begin_at (first.core, output, NULL, NULL, NULL));
  procstream_consumer_core_subscribe (first.core, output, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_LINE_MARK_NONE);
  g_assert_false (procstream_consumer_core_begin_at (second.core, output, NULL, NULL, NULL));
  g_assert_cmpint (procstream_consumer_core_get_state (second.core), ==, PROCSTREAM_CONSUMER_STATE_NONE);
  /* It cannot be taken out while somebody is given something. */
  g_mutex_lock (&output->push_mutex);
  thread = g_thread_new ("cancel", cancel_thread, &first);
  while (procstream_consumer_core_get_state (first.core) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
    g_thread_yield ();
  g_assert_cmpuint (output->pushed->len, ==, 1);
  g_assert_true (procstream_consumer_core_begin_at (second.core, output, NULL, NULL, NULL));
  g_mutex_unlock (&output->push_mutex);
  g_thread_join (thread);
  procstream_consumer_core_subscribe (second.core, output, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_LINE_MARK_NONE);
  g_assert_false (procstream_output_core_claim (output, NULL));
  procstream_consumer_core_finish (second.core, PROCSTREAM_CONSUMER_STATE_DONE, NULL);
  g_assert_true (procstream_output_core_claim (output, NULL));
  native_assert_gone (&first, "OF");
  native_assert_gone (&second, "OF");
  test_core_free (output);
}

/* Holds what the end of a subscription needs until it is told. */
typedef struct
{
  ProcstreamOutputCore *output;
  GMutex                mutex;
  GCond                 cond;
  gboolean              held;
  gboolean              let_go;
} Holder;

static gpointer
hold_thread (gpointer data)
{
  Holder *self = data;

  g_mutex_lock (&self->output->push_mutex);
  g_mutex_lock (&self->mutex);
  self->held = TRUE;
  g_cond_broadcast (&self->cond);
  while (!self->let_go)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->output->push_mutex);
  return NULL;
}

static void
let_go (gpointer data)
{
  Holder *self = data;

  g_mutex_lock (&self->mutex);
  self->let_go = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static gpointer
cancel_consumer_thread (gpointer data)
{
  procstream_consumer_cancel (data);
  return NULL;
}

/* Its state is final, and another thread is about to tell those who wait: that needs nobody, so a handler can wait for it, too. */
static void
test_waited_for_in_handler (void)
{
  ProcstreamOutputCore *output = test_core_new (0);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  Holder             holder = { .output = output };
  ProcstreamEmission emission;
  TestInterruption  *interruption;
  GThread           *threads[2];
  g_autoptr (GError) error = NULL;

  g_assert_true (procstream_consumer_attach (PROCSTREAM_CONSUMER (collector), output, PROCSTREAM_DELIVERY_RELIABLE, &error));
  procstream_emission_begin (&emission, procstream_output_core_get_family (output));
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), 0, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK);
  g_clear_error (&error);

  threads[0] = g_thread_new ("hold", hold_thread, &holder);
  g_mutex_lock (&holder.mutex);
  while (!holder.held)
    g_cond_wait (&holder.cond, &holder.mutex);
  g_mutex_unlock (&holder.mutex);
  threads[1] = g_thread_new ("cancel", cancel_consumer_thread, collector);
  while (procstream_consumer_get_state (PROCSTREAM_CONSUMER (collector)) == PROCSTREAM_CONSUMER_STATE_ATTACHED)
    g_thread_yield ();
  interruption = test_interrupt (let_go, &holder);
  g_assert_false (procstream_consumer_wait (PROCSTREAM_CONSUMER (collector), TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  test_interruption_end (interruption);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  procstream_emission_end (&emission);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  test_core_free (output);
}

static gboolean
refuse_cb (gpointer                     native,
           const ProcstreamLineOptions *lines,
           gboolean                    *wants_lines,
           GError                     **error)
{
  g_string_append_c (((Native *) native)->events, 'a');
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "Not like this");
  return FALSE;
}

static const ProcstreamNativeClass refusing_class = { .attach = refuse_cb, .event = event_cb, .over = over_cb, .free = free_cb };

/* One that turns out to have been attached before, or that cannot begin, takes no place; and one that gets none does not begin. */
static void
test_place_is_not_taken (void)
{
  ProcstreamOutputCore *output = new_single ();
  Native                native;
  g_autoptr (GError) error = NULL;

  native_init (&native, &refusing_class);
  g_assert_false (procstream_consumer_core_begin_at (native.core, output, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (procstream_output_core_claim (output, NULL));
  g_assert_false (procstream_consumer_core_begin_at (native.core, output, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  procstream_output_core_unclaim (output);
  native_assert_gone (&native, "aF");

  native_init (&native, &pushed_class);
  procstream_consumer_core_finish (native.core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
  g_assert_false (procstream_consumer_core_begin_at (native.core, output, NULL, NULL, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WRONG_STATE);
  g_assert_true (procstream_output_core_claim (output, NULL));
  native_assert_gone (&native, "OF");
  test_core_free (output);
}

/* --- Standing still ----------------------------------------------------------------------------------------------------------- */

/* What it lost when it was dropped is counted before anybody who waits for it goes on. */
static void
test_dropped (void)
{
  ProcstreamOutputCore *output = test_core_new (2);
  Native                native;
  g_autoptr (GError) error = NULL;

  native_init (&native, &pulling_class);
  native.core->max_stall_ms = G_MAXINT32;
  attach (&native, output);
  test_core_feed (output, "abc");
  test_core_feed (output, "d");
  procstream_output_core_check_stalls (output, G_MAXINT64);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_cmpuint (native.core->gaps, ==, 1);
  g_assert_cmpuint (native.core->chunks_lost, ==, 2);
  g_assert_cmpuint (native.core->bytes_lost, ==, 4);
  g_assert_false (wait_for (&native, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED);
  native_assert_gone (&native, "OF");
  test_core_free (output);
}

/* One that is pushed to is told as well: what it has begun is not going to be finished. */
static void
test_dropped_while_paused (void)
{
  ProcstreamOutputCore *output = test_core_new (2);
  Native                native;

  native_init (&native, &pushed_class);
  native.core->max_stall_ms = G_MAXINT32;
  attach (&native, output);
  test_core_feed (output, "a");
  procstream_consumer_core_set_paused (native.core, TRUE);
  test_core_feed (output, "bc");
  test_core_feed (output, "d");
  procstream_output_core_check_stalls (output, G_MAXINT64);
  assert_over (&native, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_cmpuint (native.core->gaps, ==, 1);
  g_assert_cmpuint (native.core->bytes_lost, ==, 3);
  native_assert_gone (&native, "cgeOF");
  test_core_free (output);
}

/* So a line that was torn by that is counted. */
static void
test_dropped_in_line (void)
{
  ProcstreamOutputCore *output = test_core_new (2);
  g_autoptr (ProcstreamCollector) collector = procstream_collector_new (PROCSTREAM_COLLECT_LINES, PROCSTREAM_KEEP_FIRST);
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (collector);
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  procstream_consumer_set_max_stall_ms (consumer, G_MAXINT32);
  procstream_consumer_attach (consumer, output, PROCSTREAM_DELIVERY_RELIABLE, &error);
  g_assert_no_error (error);
  test_core_feed (output, "whole\npart");
  procstream_consumer_pause (consumer);
  test_core_feed (output, " of");
  test_core_feed (output, " it\n");
  procstream_output_core_check_stalls (output, G_MAXINT64);
  g_assert_cmpint (procstream_consumer_get_state (consumer), ==, PROCSTREAM_CONSUMER_STATE_FAILED);
  g_assert_cmpuint (procstream_consumer_get_bytes_lost (consumer), ==, strlen ("part of it\n"));
  lines = procstream_collector_dup_lines (collector);
  g_assert_cmpuint (g_strv_length (lines), ==, 1);
  g_assert_cmpstr (lines[0], ==, "whole");
  test_core_free (output);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/consumer-core/once", test_once);
  g_test_add_func ("/consumer-core/cancelled-while-attaching", test_cancelled_while_attaching);
  g_test_add_func ("/consumer-core/derived-cancelled-while-attaching", test_derived_cancelled_while_attaching);
  g_test_add_func ("/consumer-core/attached-after-end", test_attached_after_end);
  g_test_add_func ("/consumer-core/ended", test_ended);
  g_test_add_func ("/consumer-core/failed", test_failed);
  g_test_add_func ("/consumer-core/done", test_done);
  g_test_add_func ("/consumer-core/done-at-end", test_done_at_end);
  g_test_add_func ("/consumer-core/cancelled", test_cancelled);
  g_test_add_func ("/consumer-core/first-counts", test_first_counts);
  g_test_add_func ("/consumer-core/pulling", test_pulling);
  g_test_add_func ("/consumer-core/gaps", test_gaps);
  g_test_add_func ("/consumer-core/waited-for-in-handler", test_waited_for_in_handler);
  g_test_add_func ("/consumer-core/place/free-at-once", test_place_is_free_at_once);
  g_test_add_func ("/consumer-core/place/not-taken", test_place_is_not_taken);
  g_test_add_func ("/consumer-core/dropped", test_dropped);
  g_test_add_func ("/consumer-core/dropped/while-paused", test_dropped_while_paused);
  g_test_add_func ("/consumer-core/dropped/in-line", test_dropped_in_line);
  return g_test_run ();
}

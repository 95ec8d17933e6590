/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scenarios-consumer.h"

#include <string.h>

/* Consumers whose functions begin what is not over when they return, and the model of a log. */

/* Writes chunks with asynchronous calls. */
G_DECLARE_FINAL_TYPE (Slow, slow, TEST, SLOW, ProcstreamConsumer)

struct _Slow
{
  ProcstreamConsumer parent_instance;
  GOutputStream     *stream;
  guint              done_at;
  guint              chunks;
  guint              under_way;
  gboolean           ended;
};

G_DEFINE_FINAL_TYPE (Slow, slow, PROCSTREAM_TYPE_CONSUMER)

static void
written_cb (GObject      *stream,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (Slow) self = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_output_stream_write_bytes_finish (G_OUTPUT_STREAM (stream), result, &error), >, 0);
  g_assert_no_error (error);
  self->under_way--;
  if (self->chunks == self->done_at)
    procstream_consumer_mark_done (PROCSTREAM_CONSUMER (self));
  procstream_consumer_release (PROCSTREAM_CONSUMER (self));
}

static gboolean
slow_chunk (ProcstreamConsumer *consumer,
            GBytes             *bytes)
{
  Slow *self = TEST_SLOW (consumer);

  g_assert_cmpuint (self->under_way++, ==, 0);
  self->chunks++;
  procstream_consumer_hold (consumer);
  g_output_stream_write_bytes_async (self->stream, bytes, G_PRIORITY_DEFAULT, NULL, written_cb, g_object_ref (self));
  return FALSE;
}

static void
closed_cb (GObject      *stream,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (Slow) self = user_data;

  self->ended = TRUE;
  procstream_consumer_release (PROCSTREAM_CONSUMER (self));
}

static void
slow_ended (ProcstreamConsumer *consumer,
            const GError       *error)
{
  Slow *self = TEST_SLOW (consumer);

  g_assert_cmpuint (self->under_way, ==, 0);
  procstream_consumer_hold (consumer);
  g_output_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, closed_cb, g_object_ref (self));
}

static void
slow_finalize (GObject *object)
{
  g_clear_object (&TEST_SLOW (object)->stream);
  G_OBJECT_CLASS (slow_parent_class)->finalize (object);
}

static void
slow_class_init (SlowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = slow_finalize;
  PROCSTREAM_CONSUMER_CLASS (klass)->chunk = slow_chunk;
  PROCSTREAM_CONSUMER_CLASS (klass)->ended = slow_ended;
}

static void
slow_init (Slow *self)
{
  self->stream = g_memory_output_stream_new_resizable ();
}

/* What an operation in C comes to is for its callback to say: the one that fails is missing here. */
void
scenario_asynchronous_consumer (void)
{
  g_autoptr (ProcstreamChild) child = harness_create (harness_small_chunks (), PRINT_MANY);
  g_autoptr (Slow) slow = g_object_new (slow_get_type (), NULL);
  g_autoptr (Slow) once = g_object_new (slow_get_type (), NULL);
  g_autoptr (Counter) counter = counter_new (PROCSTREAM_DELIVERY_RELIABLE);
  ProcstreamConsumer *consumers[] = { PROCSTREAM_CONSUMER (slow), PROCSTREAM_CONSUMER (once), PROCSTREAM_CONSUMER (counter) };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  once->done_at = 2;
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    g_assert_true (procstream_output_attach (procstream_child_get_stdout (child), consumers[i], NULL));
  g_assert_true (procstream_child_start (child, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (consumers); i++)
    harness_wait (consumers[i]);
  g_assert_cmpint (procstream_consumer_get_state (consumers[0]), ==, PROCSTREAM_CONSUMER_STATE_ENDED);
  g_assert_true (slow->ended);
  g_assert_cmpuint (slow->chunks, ==, counter_get_chunks (counter));
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (slow->stream));
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), harness_many (), strlen (harness_many ()));
  g_assert_cmpint (procstream_consumer_get_state (consumers[1]), ==, PROCSTREAM_CONSUMER_STATE_DONE);
  g_assert_cmpuint (once->chunks, ==, 2);
  g_assert_false (once->ended);
}

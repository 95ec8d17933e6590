/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-feeder-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-output-config-private.h"

/*
 * From an output to an input: a reliable subscriber that pulls, and takes a chunk when the input has room. What is between the two is
 * never more than the live window of the output and the queue of the input, which both are bounded; when both are full, reading pauses,
 * and so does whoever writes.
 *
 * It works in the I/O thread and is one source there. Whatever happens (there is something to take, there is room, either has come to
 * its end) makes the source ready, and move() looks at what is so by then. All that is here is the I/O thread's.
 *
 * Until it is over one reference belongs to the source and one to the subscription; the input has one for ever. from and to are set exactly until
 * it is over, so that no circle of references outlives that. It is over when the output has ended or the input takes no more, and
 * that is when the child that reads it is gone, at the latest.
 */
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamOutputCore   *from;
  ProcstreamInputCore    *to;
  ProcstreamSubscription *subscription;
  GSource                *source;
  gboolean                ends_from;
} Feeder;

static gpointer
feeder_ref_cb (gpointer data)
{
  Feeder *self = data;

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
feeder_unref_cb (gpointer data)
{
  Feeder *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_source_unref (self->source);
  g_free (self);
}

/* Something happened. Any thread. */
static void
poke_cb (gpointer data)
{
  Feeder *self = data;

  g_source_set_ready_time (self->source, 0);
}

static const ProcstreamSubscriberOps ops = {
  .ready = poke_cb,
  .ref = feeder_ref_cb,
  .unref = feeder_unref_cb,
};

static void
finish (Feeder *self)
{
  ProcstreamOutputCore *from = g_steal_pointer (&self->from);
  ProcstreamInputCore  *to = g_steal_pointer (&self->to);

  procstream_output_core_unsubscribe (from, self->subscription);
  procstream_subscription_unref (g_steal_pointer (&self->subscription));
  if (self->ends_from)
    procstream_output_core_cut (from);
  procstream_output_core_unref (from);
  procstream_input_core_unref (to);
  g_source_destroy (self->source);
}

/* TRUE: there may be more to move. */
static gboolean
move_event (Feeder *self)
{
  ProcstreamLogEvent event = { 0 };
  g_autoptr (GBytes) bytes = NULL;

  switch (procstream_output_core_take (self->from, self->subscription, &event))
    {
    case PROCSTREAM_LOG_EVENT_NOTHING:
      return FALSE;
    case PROCSTREAM_LOG_EVENT_CHUNK:
      bytes = procstream_chunk_to_bytes (event.chunk);
      procstream_input_core_write (self->to, bytes, PROCSTREAM_INPUT_ROLE_FEEDER, NULL);
      break;
    case PROCSTREAM_LOG_EVENT_END:
      procstream_input_core_end_feed (self->to, event.error);
      break;
    default:
      break; /* a reliable cursor has no gaps */
    }
  procstream_log_event_clear (&event);
  return TRUE;
}

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  Feeder             *self = user_data;
  ProcstreamInputRoom room;

  g_source_set_ready_time (source, -1);
  do
    room = procstream_input_core_get_room (self->to);
  while (room == PROCSTREAM_INPUT_ROOM_NOW && move_event (self));
  if (room != PROCSTREAM_INPUT_ROOM_NEVER)
    return G_SOURCE_CONTINUE;
  finish (self);
  return G_SOURCE_REMOVE;
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

void
procstream_feed (ProcstreamOutputCore *from,
                 ProcstreamInputCore  *to,
                 gboolean              ends_from)
{
  Feeder *self = g_new0 (Feeder, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->from = procstream_output_core_ref (from);
  self->to = procstream_input_core_ref (to);
  self->ends_from = ends_from;
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "procstream-feeder");
  g_source_set_callback (self->source, NULL, self, feeder_unref_cb);
  self->subscription = procstream_output_core_subscribe (from, &ops, self, PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_LINE_MARK_NONE);
  procstream_input_core_set_feeder (to, poke_cb, feeder_ref_cb (self), feeder_unref_cb);
  /* From here on it is the I/O thread's. */
  g_source_set_ready_time (self->source, 0);
  g_source_attach (self->source, procstream_io_thread_get_context ());
}

/* --- Streams ------------------------------------------------------------------------------------------------------------------ */

/* What is read ahead, beside what is queued: enough to read and to write at the same time. */
#define CHUNKS_AHEAD 4

void
procstream_feed_stream (GInputStream        *stream,
                        const char          *name,
                        GMainContext        *context,
                        ProcstreamInputCore *to)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  ProcstreamOutputSettings settings;
  ProcstreamOutputCore    *core;

  procstream_output_config_set_max_buffered_chunks (config, CHUNKS_AHEAD);
  if (!procstream_output_config_resolve (config, name, PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, &settings, NULL))
    g_assert_not_reached ();
  core = procstream_output_core_new (name, &settings, context, NULL);
  procstream_feed (core, to, FALSE);
  procstream_output_core_open_stream (core, stream);
  procstream_output_core_unref (core);
  g_object_unref (stream);
}

static GQuark
get_quark (void)
{
  static GQuark quark;

  if (quark == 0)
    quark = g_quark_from_static_string ("procstream-feeds");
  return quark;
}

gboolean
procstream_feed_claim (GInputStream *stream,
                       gpointer      owner)
{
  return g_object_replace_qdata (G_OBJECT (stream), get_quark (), NULL, owner, NULL, NULL);
}

void
procstream_feed_unclaim (GInputStream *stream,
                         gpointer      owner)
{
  g_object_replace_qdata (G_OBJECT (stream), get_quark (), owner, NULL, NULL, NULL);
}

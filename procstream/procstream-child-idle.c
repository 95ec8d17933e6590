/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-record-private.h"

#include "procstream-io-thread-private.h"
#include "procstream-output-config-private.h"
#include "procstream-silence-private.h"

/*
 * The watchdog of a child that is to say something now and then. It works in the I/O thread, so whoever attends to the outputs, or nobody, makes
 * no difference to it.
 *
 * It is one source, from when the child runs until it has exited, or everything that is watched has ended. It is set anew only when it
 * fires: for when the silence that there is by then would be long enough. What comes meanwhile only makes it fire too early; and once a
 * silence was told of, no other can be long enough before the same time has passed again. So it fires at most once in that time, however
 * much the child writes, and no chunk costs anything.
 *
 * A silence is known by the last that came before it, and told of once. While the child is being shut down none is noticed: whoever does that need
 * not be told.
 *
 * What was noticed here is told in the context of the child, which may be busy. By then the child may have said something, and is not idle:
 * so it is told only if it is still so. Whenever mutex is free: silence_noticed is TRUE from when a silence was noticed until the outer
 * object was about to tell of it; silence_since_us says then when it began. silence_told_us is what came last before the silence that was
 * noticed last, -1 if none was, or it was over before it was told.
 */

#define NOTHING_TOLD (-1)

/* --- What is watched ---------------------------------------------------------------------------------------------------------- */

gboolean
procstream_child_options_check_silence (const ProcstreamChildOptions *options,
                                        GError                      **error)
{
  const char *why = "is about outputs that this program does not read, so that nothing would be noticed";

  if (options->idle_timeout_ms < 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (options->idle); i++)
    if (options->idle[i] && procstream_output_settings_is_read (&options->outputs[i]))
      return TRUE;
  if (!options->idle[0] && !options->idle[1])
    why = "needs an output that it is about: “idle-stdout”, “idle-stderr” or both";
  else if (options->merge_stderr && !options->idle[0])
    why = "needs “idle-stdout” where the standard error goes to the standard output";
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "“%s”: the property “idle-timeout-ms” %s", options->name, why);
  return FALSE;
}

/* Without the lock: the outputs have locks of their own. */
static void
look (ProcstreamChildCore    *self,
      gint64                  now_us,
      ProcstreamSilenceFacts *facts)
{
  const ProcstreamSilence silence = {
    .outputs = { self->outputs[0], self->outputs[1] },
    .watched = { self->options.idle[0], self->options.idle[1] },
    .in_step = self->options.exact_order,
  };

  procstream_silence_look (&silence, self->start_us, now_us, facts);
}

/* --- In the I/O thread -------------------------------------------------------------------------------------------------------- */

static gint64
get_timeout_us (ProcstreamChildCore *self)
{
  return self->options.idle_timeout_ms * 1000;
}

static void
notice (ProcstreamChildCore          *self,
        const ProcstreamSilenceFacts *facts)
{
  gboolean is_new;

  g_mutex_lock (&self->mutex);
  is_new = self->silence_told_us != facts->last_us;
  if (is_new)
    {
      self->silence_told_us = facts->last_us;
      self->silence_since_us = facts->since_us;
      self->silence_noticed = TRUE;
    }
  g_mutex_unlock (&self->mutex);
  if (is_new)
    procstream_child_core_ring (self);
}

gint64
procstream_child_core_look_for_silence (ProcstreamChildCore *self,
                                        gint64               now_us)
{
  ProcstreamSilenceFacts facts;

  if (procstream_child_core_is_being_ended (self))
    return now_us + get_timeout_us (self);
  look (self, now_us, &facts);
  if (facts.over)
    return -1;
  if (now_us - facts.since_us < get_timeout_us (self))
    return facts.since_us + get_timeout_us (self);
  notice (self, &facts);
  return now_us + get_timeout_us (self);
}

static gboolean
idle_source_dispatch (GSource    *source,
                      GSourceFunc callback,
                      gpointer    user_data)
{
  gint64 next_us = procstream_child_core_look_for_silence (user_data, g_get_monotonic_time ());

  g_source_set_ready_time (source, next_us);
  if (next_us >= 0)
    return G_SOURCE_CONTINUE;
  procstream_child_core_unwatch_silence (user_data);
  return G_SOURCE_REMOVE;
}

static GSourceFuncs idle_source_funcs = { .dispatch = idle_source_dispatch };

static void
unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

void
procstream_child_core_watch_silence (ProcstreamChildCore *self)
{
  self->silence_told_us = NOTHING_TOLD;
  /* What is too far away to be told is no limit. */
  if (procstream_waiters_get_deadline (self->options.idle_timeout_ms) < 0)
    return;
  self->idle_source = g_source_new (&idle_source_funcs, sizeof (GSource));
  g_source_set_static_name (self->idle_source, "procstream-idle");
  g_source_set_callback (self->idle_source, NULL, procstream_child_core_ref (self), unref_cb);
  g_source_set_ready_time (self->idle_source, self->start_us + get_timeout_us (self));
  g_source_attach (self->idle_source, procstream_io_thread_get_context ());
}

void
procstream_child_core_unwatch_silence (ProcstreamChildCore *self)
{
  GSource *source = g_steal_pointer (&self->idle_source);

  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

/* --- In the context of the child ---------------------------------------------------------------------------------------------- */

gboolean
procstream_child_core_take_silence (ProcstreamChildCore *self,
                                    gint64              *silent_ms)
{
  ProcstreamSilenceFacts facts;
  gint64                 now_us, since_us;
  gboolean               noticed;

  g_mutex_lock (&self->mutex);
  noticed = self->silence_noticed && self->state != PROCSTREAM_CHILD_STATE_EXITED;
  since_us = self->silence_since_us;
  self->silence_noticed = FALSE;
  g_mutex_unlock (&self->mutex);
  if (!noticed || procstream_child_core_is_being_ended (self))
    return FALSE;
  now_us = g_get_monotonic_time ();
  look (self, now_us, &facts);
  if (!facts.over && facts.since_us == since_us)
    {
      *silent_ms = (now_us - since_us) / 1000;
      return TRUE;
    }
  /* It may be that nothing came, but that reading paused. */
  g_mutex_lock (&self->mutex);
  if (!self->silence_noticed)
    self->silence_told_us = NOTHING_TOLD;
  g_mutex_unlock (&self->mutex);
  return FALSE;
}

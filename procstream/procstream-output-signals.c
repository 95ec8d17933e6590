/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-signals-private.h"

#include "procstream-emitter-private.h"
#include "procstream-output-private.h"
#include "procstream-platform-private.h"

/*
 * What the thread that reads may know of the outer object: whether handlers are connected. GObject has no way to be told of a
 * connection, so that thread looks, before each chunk, while there is no subscription for them.
 *
 * It is atomically counted, held by the outer and by the core's probe. Whenever its mutex is free: outer is the living object,
 * not yet disposed of, or NULL; a subscription is made only under the mutex and only while outer is set, so dispose, which
 * clears it under the mutex and then cancels, is followed by no other one.
 *
 * muted is set once, and then no subscription is made any more, either.
 *
 * opening is TRUE from the making until the owner's part of the start is over: until then the subscription at byte 0 is
 * kept, taken from by nobody.
 */
struct _ProcstreamOutputSignals
{
  gatomicrefcount       ref_count;
  GMutex                mutex;
  ProcstreamOutput     *outer;
  ProcstreamOutputCore *core; /* valid while outer is set */
  ProcstreamEmitter    *emitter;
  gboolean              subscribed; /* atomic; a hint for the thread that reads */
  gboolean              opening;    /* atomic */
  gboolean              ended;      /* atomic; the end was emitted */
  gboolean              muted;

  void (*drained) (gpointer);
  gpointer drained_data;
};

enum
{
  CHUNK,
  CHUNK_INFO,
  LINE,
  LINES,
  JOINED_LINES,
  LINE_RECEIVED,
  GAP,
  ENDED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* --- What the thread that reads may know -------------------------------------------------------------------------------------- */

static ProcstreamOutputSignals *
signals_ref (ProcstreamOutputSignals *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_output_signals_unref (gpointer data)
{
  ProcstreamOutputSignals *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->emitter, procstream_emitter_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
has_handler (ProcstreamOutput *self,
             guint             signal)
{
  return g_signal_has_handler_pending (self, signals[signal], 0, TRUE);
}

static gboolean
has_line_handler (ProcstreamOutput *self)
{
  return has_handler (self, LINE) || has_handler (self, LINES) || has_handler (self, JOINED_LINES) ||
         has_handler (self, LINE_RECEIVED);
}

static gboolean
has_any_handler (ProcstreamOutput *self)
{
  for (guint i = 0; i < N_SIGNALS; i++)
    if (has_handler (self, i))
      return TRUE;
  return FALSE;
}

/* A discarded output has no policy, and nothing that one could apply to. */
ProcstreamDelivery
procstream_output_core_get_delivery (ProcstreamOutputCore *self)
{
  ProcstreamDelivery delivery = procstream_output_core_get_settings (self)->delivery;

  return delivery ? delivery : PROCSTREAM_DELIVERY_LOSSY;
}

static void
subscribe_locked (ProcstreamOutputSignals *self)
{
  if (self->muted)
    return;
  g_atomic_int_set (&self->subscribed, TRUE);
  procstream_emitter_subscribe (self->emitter, self->core, procstream_output_core_get_delivery (self->core), has_line_handler (self->outer), FALSE);
}

static void
probe (gpointer data)
{
  ProcstreamOutputSignals *self = data;

  if (g_atomic_int_get (&self->subscribed))
    return;
  g_mutex_lock (&self->mutex);
  if (self->outer && !self->subscribed && has_any_handler (self->outer))
    subscribe_locked (self);
  g_mutex_unlock (&self->mutex);
}

/* --- Emission ----------------------------------------------------------------------------------------------------------------- */

static ProcstreamWants
output_wants (gpointer target)
{
  ProcstreamOutputSignals *self = procstream_output_get_signals (target);
  ProcstreamWants          wants = { 0 };

  wants.hold = g_atomic_int_get (&self->opening);
  /* Only now that the context iterates is the opening over, for consumers too. */
  if (!wants.hold)
    procstream_output_core_set_opening (self->core, FALSE);
  wants.chunks = has_handler (target, CHUNK);
  wants.infos = has_handler (target, CHUNK_INFO);
  wants.each_line = has_handler (target, LINE);
  wants.lines = wants.each_line || has_handler (target, LINES) || has_handler (target, JOINED_LINES);
  wants.records = has_handler (target, LINE_RECEIVED);
  wants.anything = wants.chunks || wants.infos || wants.lines || wants.records || has_handler (target, GAP) || has_handler (target, ENDED);
  return wants;
}

static gboolean
output_chunk (gpointer target,
              GBytes  *bytes)
{
  g_signal_emit (target, signals[CHUNK], 0, bytes);
  return FALSE;
}

static gboolean
output_chunk_info (gpointer             target,
                   ProcstreamChunkInfo *info)
{
  g_signal_emit (target, signals[CHUNK_INFO], 0, info);
  return FALSE;
}

static gboolean
output_lines (gpointer             target,
              ProcstreamLineBatch *batch)
{
  if (has_handler (target, LINES))
    g_signal_emit (target, signals[LINES], 0, batch->lines);
  if (has_handler (target, JOINED_LINES))
    {
      g_autofree char *separator = NULL;
      g_autofree char *text = procstream_line_batch_join (batch, &separator);

      g_signal_emit (target, signals[JOINED_LINES], 0, text, separator);
    }
  return FALSE;
}

static gboolean
output_line (gpointer    target,
             const char *line)
{
  g_signal_emit (target, signals[LINE], 0, line);
  return FALSE;
}

static gboolean
output_line_received (gpointer        target,
                      ProcstreamLine *line)
{
  g_signal_emit (target, signals[LINE_RECEIVED], 0, line);
  return FALSE;
}

static gboolean
output_gap (gpointer target,
            guint64  chunks,
            guint64  bytes)
{
  g_signal_emit (target, signals[GAP], 0, chunks, bytes);
  return FALSE;
}

static void
output_ended (gpointer      target,
              const GError *error)
{
  g_atomic_int_set (&procstream_output_get_signals (target)->ended, TRUE);
  g_signal_emit (target, signals[ENDED], 0, error);
}

static void
output_left (gpointer target,
             gboolean ended)
{
  ProcstreamOutputSignals *self = procstream_output_get_signals (target);

  g_atomic_int_set (&self->subscribed, FALSE);
  if (self->drained && procstream_output_signals_is_drained (self))
    self->drained (self->drained_data);
}

static void
output_muted (gpointer target)
{
  procstream_output_signals_mute (procstream_output_get_signals (target));
}

static const ProcstreamEmitterOps emitter_ops = {
  output_wants,
  output_chunk,
  output_lines,
  output_line,
  output_gap,
  output_ended,
  output_left,
  output_chunk_info,
  output_line_received,
  output_muted,
};

/* --- Interface ---------------------------------------------------------------------------------------------------------------- */

ProcstreamOutputSignals *
procstream_output_signals_new (ProcstreamOutput     *outer,
                               ProcstreamOutputCore *core,
                               GMainContext         *context)
{
  ProcstreamOutputSignals *self = g_new0 (ProcstreamOutputSignals, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->outer = outer;
  self->core = core;
  self->opening = TRUE;
  self->emitter = procstream_emitter_new (&emitter_ops, outer, context, procstream_output_core_get_family (core),
                                          &procstream_output_core_get_settings (core)->lines);
  return self;
}

void
procstream_output_signals_open (ProcstreamOutputSignals *self)
{
  procstream_output_core_set_opening (self->core, TRUE);
  procstream_output_core_set_probe (self->core, probe, signals_ref (self), procstream_output_signals_unref);
  g_mutex_lock (&self->mutex);
  subscribe_locked (self);
  g_mutex_unlock (&self->mutex);
}

gboolean
procstream_output_signals_close (ProcstreamOutputSignals *self)
{
  if (self->outer == NULL)
    return FALSE;
  g_mutex_lock (&self->mutex);
  self->outer = NULL;
  g_mutex_unlock (&self->mutex);
  procstream_emitter_close (self->emitter);
  return TRUE;
}

void
procstream_output_signals_mute (ProcstreamOutputSignals *self)
{
  g_mutex_lock (&self->mutex);
  self->muted = TRUE;
  g_atomic_int_set (&self->opening, FALSE);
  if (self->outer)
    procstream_output_core_set_opening (self->core, FALSE);
  procstream_emitter_cancel (self->emitter);
  g_atomic_int_set (&self->subscribed, FALSE);
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_signals_release_opening (ProcstreamOutputSignals *self)
{
  g_atomic_int_set (&self->opening, FALSE);
  procstream_emitter_post (self->emitter);
}

void
procstream_output_signals_release_opening_now (ProcstreamOutputSignals *self)
{
  if (has_any_handler (self->outer))
    return;
  g_mutex_lock (&self->mutex);
  g_atomic_int_set (&self->opening, FALSE);
  procstream_output_core_set_opening (self->core, FALSE);
  procstream_emitter_cancel (self->emitter);
  g_atomic_int_set (&self->subscribed, FALSE);
  g_mutex_unlock (&self->mutex);
}

/* Whether it has ended, and those who would be told have not been looked for since. */
static gboolean
is_unheard (ProcstreamOutputSignals *self)
{
  return !g_atomic_int_get (&self->ended) && !g_atomic_int_get (&self->subscribed) && procstream_output_core_is_ended (self->core);
}

void
procstream_output_signals_touch (ProcstreamOutputSignals *self)
{
  if (!is_unheard (self))
    return;
  g_mutex_lock (&self->mutex);
  if (self->outer && !self->subscribed)
    subscribe_locked (self);
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_signals_look (ProcstreamOutputSignals *self)
{
  if (!procstream_platform_forked () && is_unheard (self))
    probe (self);
}

gboolean
procstream_output_signals_is_drained (ProcstreamOutputSignals *self)
{
  return procstream_output_core_is_settled (self->core) && !procstream_emitter_is_subscribed (self->emitter);
}

gboolean
procstream_output_signals_has_handlers (ProcstreamOutputSignals *self)
{
  return has_any_handler (self->outer);
}

void
procstream_output_signals_set_drained_func (ProcstreamOutputSignals *self,
                                            void (*func) (gpointer),
                                            gpointer data)
{
  self->drained = func;
  self->drained_data = data;
}

void
procstream_output_signals_set_priority (ProcstreamOutputSignals *self,
                                        int                      priority)
{
  procstream_emitter_set_priority (self->emitter, priority);
}

/* --- The signals -------------------------------------------------------------------------------------------------------------- */

/* A va_marshaller saves collecting the arguments in GValues for handlers written in C. */
static guint
add_signal (const char          *name,
            GSignalCMarshaller   marshaller,
            GSignalCVaMarshaller va_marshaller,
            GType                type)
{
  guint id = g_signal_new (name, PROCSTREAM_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, marshaller, G_TYPE_NONE, 1, type);

  g_signal_set_va_marshaller (id, PROCSTREAM_TYPE_OUTPUT, va_marshaller);
  return id;
}

void
procstream_output_signals_install (void)
{
  /**
   * ProcstreamOutput::chunk:
   * @self: the output
   * @bytes: what one read gave; never empty
   *
   * Bytes have arrived. They may be kept by keeping a reference to @bytes.
   *
   * Since: 1.0
   */
  signals[CHUNK] = add_signal ("chunk", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv, G_TYPE_BYTES);
  /**
   * ProcstreamOutput::chunk-info:
   * @self: the output
   * @info: what one read gave, and what is known of it
   *
   * Bytes have arrived: the same as [signal@Procstream.Output::chunk], with their
   * place, the time and the stream. It is emitted, and costs something, only where a handler
   * is connected.
   *
   * Since: 1.0
   */
  signals[CHUNK_INFO] = add_signal ("chunk-info", g_cclosure_marshal_VOID__OBJECT, g_cclosure_marshal_VOID__OBJECTv,
                                    PROCSTREAM_TYPE_CHUNK_INFO);
  /**
   * ProcstreamOutput::line:
   * @self: the output
   * @line: one line without its separator: valid UTF-8, where what was not valid, and
   *   NUL, is replaced by U+FFFD
   *
   * A line is complete. See the line options of
   * [class@Procstream.OutputConfig]. Where many lines are expected,
   * [signal@Procstream.Output::lines] is much cheaper.
   *
   * Since: 1.0
   */
  signals[LINE] = add_signal ("line", g_cclosure_marshal_VOID__STRING, g_cclosure_marshal_VOID__STRINGv,
                              G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ProcstreamOutput::lines:
   * @self: the output
   * @lines: (array zero-terminated=1): lines as those of
   *   [signal@Procstream.Output::line], at least one. In C they must be copied
   *   to be kept.
   *
   * All lines that one chunk completed.
   *
   * Since: 1.0
   */
  /* The static scope spares a copy of every line. It is not safe for boxed types in general, but bindings turn this
   * one into an array of their own strings before they call anything. */
  signals[LINES] = add_signal ("lines", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv,
                               G_TYPE_STRV | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ProcstreamOutput::joined-lines:
   * @self: the output
   * @text: the lines, with @separator between each two
   * @separator: a text that is in none of the lines: a LF wherever possible
   *
   * The same lines as those of [signal@Procstream.Output::lines], as one text.
   * It is for languages to which one long text that they split is much cheaper
   * than many short ones that they are handed. JavaScript is one: there,
   * a handler of `lines` is connected to this signal, and gets its array all the same.
   *
   * Since: 1.0
   */
  signals[JOINED_LINES] = g_signal_new ("joined-lines", PROCSTREAM_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                        2, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  /**
   * ProcstreamOutput::line-received:
   * @self: the output
   * @line: the line: its text, its bytes, and where and when it came
   *
   * A line is complete: the same as [signal@Procstream.Output::line], with all there is to
   * say of it. It is emitted, and costs something, only where a handler is
   * connected; then it is an object for each line.
   *
   * Since: 1.0
   */
  signals[LINE_RECEIVED] = add_signal ("line-received", g_cclosure_marshal_VOID__OBJECT, g_cclosure_marshal_VOID__OBJECTv,
                                       PROCSTREAM_TYPE_LINE);
  /**
   * ProcstreamOutput::gap:
   * @self: the output
   * @chunks: how many chunks
   * @bytes: how many bytes
   *
   * The handlers, which are a lossy subscriber, fell so far behind that this much was
   * dropped between what they got last and what comes next.
   *
   * Since: 1.0
   */
  signals[GAP] = g_signal_new ("gap", PROCSTREAM_TYPE_OUTPUT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 2, G_TYPE_UINT64, G_TYPE_UINT64);
  /**
   * ProcstreamOutput::ended:
   * @self: the output
   * @error: (nullable): why reading failed, or %NULL at the end of file
   *
   * The last signal: everything that came before has been emitted. An output
   * that was closed because nobody was left does not emit it.
   *
   * Since: 1.0
   */
  signals[ENDED] = add_signal ("ended", g_cclosure_marshal_VOID__BOXED, g_cclosure_marshal_VOID__BOXEDv, G_TYPE_ERROR);
}

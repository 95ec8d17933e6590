/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-completion-private.h"

#include "procstream-cancel-source-private.h"
#include "procstream-capture-private.h"
#include "procstream-chunk-private.h"
#include "procstream-collector.h"
#include "procstream-io-thread-private.h"
#include "procstream-line-count-private.h"
#include "procstream-result-private.h"
#include "procstream-ring-private.h"
#include "procstream-silence-private.h"
#include "procstream-subscription-private.h"
#include "procstream-valid-text-private.h"

#include <string.h>

/*
 *     (not started) ──▸ waiting ──▸ (ending) ──▸ draining ──▸ over
 *                          └───────────────────────────────────▴
 *
 * It works in the I/O thread, with or without a main loop, and is one source there: whatever happens (the child exits, an output
 * ends or says too much, the cancellable is cancelled, a time has come) makes the source ready, and look() decides from what is so by
 * then, not from what happened. So no order of events matters.
 *
 *  - cause is why the wait came to its end before the child did; NONE as long as it did not. It is set once. Then the child is shut down,
 *    if that was asked for, and the wait goes on to the exit; otherwise it is over.
 *  - A child that is not started is waited for: until then nothing can come of it, and no time counts. One that never will be is an error.
 *  - The drain begins when the process is gone and no shutdown is under way, which still ends those who hold the outputs open. It lasts until the
 *    outputs have ended and their files are written.
 *  - timeout_us bounds everything but the shutdown that it brings about, and the drain after that. It bounds a shutdown that somebody
 *    else began, too: that is then cut short, so that it kills when the one of this completion would, and is
 *    waited for until that would be over.
 *
 * Each output has a subscriber of its own, pushed in the thread that reads, which never blocks and so holds nobody up: it counts,
 * keeps what is to be kept, and the last bytes. mutex protects that; all else is the I/O thread's, until over is complete, and
 * constant from then on.
 *
 * The source has a reference, the subscriptions have one each; both are gone when it is over.
 */
typedef struct
{
  ProcstreamCompletion   *completion;
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription;
  guint64                 missed; /* what went by before that, and was not kept */

  /* Under mutex: */
  ProcstreamRing *kept; /* NULL: nothing is collected */
  ProcstreamRing *tail;
  guint64         seen;
  guint64         feeds; /* counted where something is collected */
  gboolean        open_line;
  guint64         cut;
  guint64         lost;
  guint64         gaps;
  gboolean        ended;
  gboolean        over; /* nothing more comes, whatever the reason */
  GError         *read_error;
} Stream;

struct _ProcstreamCompletion
{
  gatomicrefcount            ref_count;
  ProcstreamChildCore       *child;
  ProcstreamCompleteSettings settings;
  ProcstreamWaiters         *over;
  GSource                   *source;
  GSource                   *cancel_source;
  gint                       cancelled; /* atomic */
  gint                       stopped;   /* atomic; a cause */

  GMutex   mutex;
  Stream   streams[2];
  gboolean is_over; /* no more is counted */

  ProcstreamWaiters *joined; /* so does the end of this shutdown */

  ProcstreamCause cause;
  gboolean        ending;    /* it is shut down, for this cause */
  gint64          end_by_us; /* how long that is waited for; -1: to its end */
  gint64          begin_us;  /* from then on the times count; 0: it was not started */
  gboolean        watching;  /* the exit makes the source ready */
  gint64          drain_us;  /* when the drain began; 0: it did not */
  gboolean        cut_short; /* the drain was, since it was stopped */
  gint64          left_us;   /* how long the child had run when it was left alone, for this cause; 0: it was not */
  GError         *error;     /* with which over is complete */
};

/* Of what the tail is made. */

static void finish (ProcstreamCompletion *self,
                    const GError         *error);

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

ProcstreamCompletion *
procstream_completion_ref (ProcstreamCompletion *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_completion_unref (ProcstreamCompletion *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < 2; i++)
    {
      g_clear_pointer (&self->streams[i].kept, procstream_ring_free);
      procstream_ring_free (self->streams[i].tail);
      g_clear_error (&self->streams[i].read_error);
      procstream_output_core_unref (self->streams[i].output);
    }
  g_source_unref (self->source);
  g_clear_pointer (&self->joined, procstream_waiters_unref);
  g_clear_error (&self->error);
  procstream_waiters_unref (self->over);
  procstream_complete_settings_clear (&self->settings);
  procstream_child_core_unref (self->child);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

gint64
procstream_completion_get_begin_us (ProcstreamCompletion *self)
{
  return self->begin_us;
}

ProcstreamWaiters *
procstream_completion_get_over (ProcstreamCompletion *self)
{
  return self->over;
}

const GError *
procstream_completion_get_error (ProcstreamCompletion *self)
{
  return self->error;
}

/* Something happened. Any thread. */
static void
poke (ProcstreamCompletion *self)
{
  g_source_set_ready_time (self->source, 0);
}

void
procstream_completion_stop (ProcstreamCompletion *self,
                            ProcstreamCause       cause)
{
  g_atomic_int_compare_and_exchange (&self->stopped, PROCSTREAM_CAUSE_NONE, (gint) cause);
  poke (self);
}

ProcstreamCause
procstream_completion_get_cause (ProcstreamCompletion *self)
{
  return self->cause;
}

gboolean
procstream_completion_was_cut_short (ProcstreamCompletion *self)
{
  return self->cut_short;
}

/* --- The outputs -------------------------------------------------------------------------------------------------------------- */

static gpointer
stream_ref_cb (gpointer data)
{
  Stream *self = data;

  procstream_completion_ref (self->completion);
  return self;
}

static void
stream_unref_cb (gpointer data)
{
  Stream *self = data;

  procstream_completion_unref (self->completion);
}

static void
take_chunk_locked (Stream          *self,
                   ProcstreamChunk *chunk)
{
  const ProcstreamCompleteSettings *settings = &self->completion->settings;

  self->seen += chunk->size;
  procstream_ring_push (self->tail, chunk->data, chunk->size);
  if (self->kept == NULL)
    return;
  self->feeds += procstream_line_count_feeds (chunk->data, chunk->size);
  self->open_line = chunk->data[chunk->size - 1] != '\n';
  if (settings->keep == PROCSTREAM_KEEP_LAST)
    self->cut += procstream_ring_push (self->kept, chunk->data, chunk->size);
  else
    self->cut += chunk->size - procstream_ring_fill (self->kept, chunk->data, chunk->size);
}

static gboolean
is_too_much_locked (ProcstreamCompletion *self)
{
  guint64 seen = (self->settings.is_joint ? 0 : self->streams[0].seen) + self->streams[1].seen;

  return self->settings.output_limit < PROCSTREAM_UNLIMITED && seen > self->settings.output_limit;
}

static gboolean
push_cb (gpointer                  data,
         const ProcstreamLogEvent *event)
{
  Stream               *self = data;
  ProcstreamCompletion *completion = self->completion;
  gboolean              was_too_much, wanted;

  g_mutex_lock (&completion->mutex);
  was_too_much = is_too_much_locked (completion);
  if (completion->is_over)
    {
      g_mutex_unlock (&completion->mutex);
      return TRUE;
    }
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    {
      take_chunk_locked (self, event->chunk);
    }
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP)
    {
      self->gaps++;
      self->lost += event->bytes;
    }
  else if (event->type == PROCSTREAM_LOG_EVENT_END)
    {
      self->over = TRUE;
      self->ended = event->error == NULL;
      self->read_error = event->error ? g_error_copy (event->error) : NULL;
    }
  wanted = event->type == PROCSTREAM_LOG_EVENT_END || (!was_too_much && is_too_much_locked (completion));
  g_mutex_unlock (&completion->mutex);
  if (wanted)
    poke (completion);
  return FALSE;
}

static void
over_cb (gpointer data)
{
  Stream *self = data;

  g_mutex_lock (&self->completion->mutex);
  self->over = TRUE;
  g_mutex_unlock (&self->completion->mutex);
  poke (self->completion);
}

static const ProcstreamSubscriberOps ops = {
  .push = push_cb,
  .over = over_cb,
  .ref = stream_ref_cb,
  .unref = stream_unref_cb,
};

/* And everything that came before that is here: an output that has ended may still have to give it, in another thread. */
static gboolean
are_ended (ProcstreamCompletion *self)
{
  gboolean ended;

  g_mutex_lock (&self->mutex);
  ended = self->streams[0].over && self->streams[1].over;
  g_mutex_unlock (&self->mutex);
  return ended;
}

/* --- Looking ------------------------------------------------------------------------------------------------------------------ */

/* Since when it has written nothing. One that has closed its outputs goes on writing nothing. */
static gint64
get_silent_since (ProcstreamCompletion *self,
                  gint64                now_us)
{
  const ProcstreamSilence silence = {
    .outputs = { self->streams[0].output, self->streams[1].output },
    .watched = { self->settings.idle[0], self->settings.idle[1] },
    .in_step = procstream_child_core_get_options (self->child)->exact_order,
  };
  ProcstreamSilenceFacts facts;

  /* Looking costs a little, and most waits do not ask. */
  if (self->settings.idle_timeout_ms < 0)
    return now_us;
  procstream_silence_look (&silence, self->begin_us, now_us, &facts);
  return facts.since_us;
}

/* A time that has come ends the wait; one that has not makes the source ready then. */
static gboolean
is_due (gint64  begin_us,
        gint64  after_ms,
        gint64  now_us,
        gint64 *next_us)
{
  gint64 due_us;

  if (after_ms < 0 || after_ms > G_MAXINT64 / 4000)
    return FALSE;
  due_us = begin_us + after_ms * 1000;
  if (now_us >= due_us)
    return TRUE;
  if (*next_us < 0 || due_us < *next_us)
    *next_us = due_us;
  return FALSE;
}

static gboolean
is_too_much (ProcstreamCompletion *self)
{
  gboolean too_much;

  g_mutex_lock (&self->mutex);
  too_much = is_too_much_locked (self);
  g_mutex_unlock (&self->mutex);
  return too_much;
}

static ProcstreamCause
find_cause (ProcstreamCompletion *self,
            gint64                now_us,
            gint64               *next_us)
{
  ProcstreamCause stopped = (ProcstreamCause) g_atomic_int_get (&self->stopped);

  if (g_atomic_int_get (&self->cancelled))
    return PROCSTREAM_CAUSE_CANCELLED;
  if (stopped != PROCSTREAM_CAUSE_NONE)
    return stopped;
  if (is_too_much (self))
    return PROCSTREAM_CAUSE_OUTPUT_LIMIT;
  if (is_due (self->begin_us, self->settings.timeout_ms, now_us, next_us))
    return PROCSTREAM_CAUSE_TIMED_OUT;
  if (is_due (get_silent_since (self, now_us), self->settings.idle_timeout_ms, now_us, next_us))
    return PROCSTREAM_CAUSE_IDLE;
  return PROCSTREAM_CAUSE_NONE;
}

static gboolean
shall_end (ProcstreamCompletion *self)
{
  switch (self->cause)
    {
    case PROCSTREAM_CAUSE_CANCELLED:
      return self->settings.end_on & PROCSTREAM_END_ON_CANCEL;
    case PROCSTREAM_CAUSE_OUTPUT_LIMIT:
      return self->settings.end_on & PROCSTREAM_END_ON_OUTPUT_LIMIT;
    case PROCSTREAM_CAUSE_IDLE:
      return self->settings.end_on & PROCSTREAM_END_ON_IDLE;
    default:
      return self->settings.end_on & PROCSTREAM_END_ON_TIMEOUT;
    }
}

static void
poke_cb (gpointer      data,
         const GError *error)
{
  poke (data);
}

static gpointer
ref_cb (gpointer data)
{
  return procstream_completion_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_completion_unref (data);
}

static void
watch (ProcstreamCompletion *self,
       ProcstreamWaiters    *waiters)
{
  procstream_waiters_add_func (waiters, poke_cb, procstream_completion_ref (self), unref_cb);
}

static void
join (ProcstreamCompletion *self,
      ProcstreamWaiters    *shutdown) /* taken */
{
  if (shutdown == self->joined)
    {
      procstream_waiters_unref (shutdown);
      return;
    }
  g_clear_pointer (&self->joined, procstream_waiters_unref);
  self->joined = shutdown;
  watch (self, shutdown);
}

/* Whoever began it. */
static gboolean
is_shutting_down (ProcstreamCompletion *self)
{
  ProcstreamWaiters *shutdown = procstream_child_core_dup_shutdown (self->child);

  if (shutdown)
    join (self, shutdown);
  return shutdown != NULL;
}

static ProcstreamShutdownPlan *
get_plan (ProcstreamCompletion *self)
{
  return self->settings.shutdown ? self->settings.shutdown : procstream_child_core_get_options (self->child)->shutdown;
}

static void
end_child (ProcstreamCompletion *self,
           gint64                now_us)
{
  gboolean foreign = is_shutting_down (self);

  self->ending = TRUE;
  self->end_by_us = foreign ? now_us + procstream_shutdown_plan_get_total_ms (get_plan (self)) * 1000 : -1;
  join (self, procstream_child_core_shut_down_by (self->child, get_plan (self), self->cause));
}

/* The process runs, or somebody ends what is left of its group. */
static void
look_at_running (ProcstreamCompletion *self,
                 gint64                now_us,
                 gint64               *next_us)
{
  self->cause = find_cause (self, now_us, next_us);
  if (self->cause == PROCSTREAM_CAUSE_NONE)
    return;
  *next_us = -1;
  if (!shall_end (self))
    {
      finish (self, NULL);
      return;
    }
  end_child (self, now_us);
  *next_us = self->end_by_us;
}

static void
look_at_ending (ProcstreamCompletion *self,
                gint64                now_us,
                gint64               *next_us)
{
  /* It could not be ended, or not in time. */
  if (!is_shutting_down (self) || (self->end_by_us >= 0 && now_us >= self->end_by_us))
    finish (self, NULL);
  else
    *next_us = self->end_by_us;
}

/* The process and those who ended it are gone. */
static void
look_at_outputs (ProcstreamCompletion *self,
                 gint64                now_us,
                 gint64               *next_us)
{
  gboolean over;

  if (self->drain_us == 0)
    self->drain_us = now_us;
  over = (are_ended (self) && procstream_child_core_is_written (self->child)) ||
         is_due (self->drain_us, self->settings.drain_timeout_ms, now_us, next_us);
  if (!over && !self->ending)
    {
      self->cut_short = g_atomic_int_get (&self->stopped) != PROCSTREAM_CAUSE_NONE;
      over = self->cut_short || g_atomic_int_get (&self->cancelled) || is_due (self->begin_us, self->settings.timeout_ms, now_us, next_us);
    }
  if (over)
    finish (self, NULL);
}

static void
look_at_created (ProcstreamCompletion *self)
{
  g_autoptr (GError) error = NULL;

  if (!procstream_waiters_is_complete (procstream_child_core_get_claimed (self->child)))
    return;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "“%s” was never started", procstream_child_core_get_options (self->child)->name);
  finish (self, error);
}

/* No time counts yet. One that somebody was faster to start, or to refuse, is looked at again. */
static void
look_at_queued (ProcstreamCompletion *self)
{
  g_autoptr (GError) error = NULL;

  if (!g_atomic_int_get (&self->cancelled))
    return;
  self->cause = PROCSTREAM_CAUSE_CANCELLED;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The wait for “%s” was cancelled before it was started",
                       procstream_child_core_get_options (self->child)->name);
  if (!shall_end (self))
    {
      finish (self, error);
      return;
    }
  self->cause = PROCSTREAM_CAUSE_NONE;
  procstream_child_core_unqueue (self->child, error);
  poke (self);
}

static void
look_at_started (ProcstreamCompletion *self,
                 gboolean              exited,
                 gint64                now_us,
                 gint64               *next_us)
{
  if (self->begin_us == 0)
    self->begin_us = now_us;
  if (!self->watching)
    watch (self, procstream_child_core_get_exited (self->child));
  self->watching = TRUE;
  if (exited && !is_shutting_down (self))
    look_at_outputs (self, now_us, next_us);
  else if (self->ending)
    look_at_ending (self, now_us, next_us);
  else
    look_at_running (self, now_us, next_us);
}

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  ProcstreamCompletion *self = user_data;
  gint64                next_us = -1;
  ProcstreamChildState  state;

  g_source_set_ready_time (source, -1);
  state = procstream_child_core_get_state (self->child);
  if (state == PROCSTREAM_CHILD_STATE_FAILED)
    finish (self, procstream_child_core_get_error (self->child));
  else if (state == PROCSTREAM_CHILD_STATE_CREATED)
    look_at_created (self);
  else if (state == PROCSTREAM_CHILD_STATE_QUEUED)
    look_at_queued (self);
  else
    look_at_started (self, state == PROCSTREAM_CHILD_STATE_EXITED, g_get_monotonic_time (), &next_us);
  if (g_source_is_destroyed (source))
    return G_SOURCE_REMOVE;
  if (next_us >= 0)
    g_source_set_ready_time (source, next_us);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

/* --- From begin to end -------------------------------------------------------------------------------------------------------- */

/* Or will be, as far as is known. */
static gboolean
is_alive (ProcstreamCompletion *self)
{
  ProcstreamChildState state = procstream_child_core_get_state (self->child);

  return state == PROCSTREAM_CHILD_STATE_STARTING || state == PROCSTREAM_CHILD_STATE_RUNNING || state == PROCSTREAM_CHILD_STATE_TERMINATING;
}

static void
finish (ProcstreamCompletion *self,
        const GError         *error)
{
  if (self->cause != PROCSTREAM_CAUSE_NONE && is_alive (self))
    self->left_us = MAX (procstream_child_core_get_elapsed_us (self->child), 1);
  self->error = error ? g_error_copy (error) : NULL;
  g_mutex_lock (&self->mutex);
  self->is_over = TRUE;
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < 2; i++)
    {
      procstream_output_core_unsubscribe (self->streams[i].output, self->streams[i].subscription);
      procstream_subscription_unref (g_steal_pointer (&self->streams[i].subscription));
    }
  g_clear_pointer (&self->cancel_source, procstream_cancel_source_end);
  procstream_completion_ref (self);
  g_source_destroy (self->source);
  procstream_waiters_complete (self->over, error);
  procstream_completion_unref (self);
}

void
procstream_completion_cancel (ProcstreamCompletion *self)
{
  g_atomic_int_set (&self->cancelled, TRUE);
  poke (self);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  procstream_completion_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
settings_copy (const ProcstreamCompleteSettings *settings,
               ProcstreamCompleteSettings       *copy)
{
  *copy = *settings;
  if (copy->shutdown)
    procstream_shutdown_plan_ref (copy->shutdown);
}

static void
subscribe (ProcstreamCompletion *self)
{
  for (guint i = 0; i < 2; i++)
    {
      Stream *stream = &self->streams[i];

      stream->completion = self;
      stream->output = procstream_output_core_ref (procstream_child_core_get_output (self->child, i));
      stream->tail = procstream_ring_new (PROCSTREAM_TAIL_BYTES);
      if (self->settings.capture && !(i == 0 && self->settings.is_joint))
        stream->kept = procstream_ring_new (self->settings.max_bytes);
    }
  for (guint i = 0; i < 2; i++)
    {
      ProcstreamOutputCore *output = self->streams[i].output;

      self->streams[i].subscription = procstream_output_core_subscribe (output, &ops, &self->streams[i],
                                                                        procstream_output_core_get_settings (output)->delivery, FALSE);
      self->streams[i].missed = procstream_subscription_get_start (self->streams[i].subscription);
    }
}

ProcstreamCompletion *
procstream_completion_new (ProcstreamChildCore              *child,
                           const ProcstreamCompleteSettings *settings,
                           GCancellable                     *cancellable)
{
  ProcstreamCompletion *self = g_new0 (ProcstreamCompletion, 1);
  ProcstreamInputCore  *input = procstream_child_core_get_input (child);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->child = procstream_child_core_ref (child);
  settings_copy (settings, &self->settings);
  self->over = procstream_waiters_new ();
  /* Where it has not begun, its times count from its beginning. */
  switch (procstream_child_core_get_state (child))
    {
    case PROCSTREAM_CHILD_STATE_CREATED:
    case PROCSTREAM_CHILD_STATE_QUEUED:
      self->begin_us = 0;
      break;
    default:
      self->begin_us = g_get_monotonic_time ();
    }
  self->end_by_us = -1;
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "procstream-completion");
  g_source_set_callback (self->source, NULL, procstream_completion_ref (self), unref_cb);
  subscribe (self);
  /* What feeds it closes it. */
  if (settings->close_stdin && input && !procstream_input_core_is_fed (input))
    procstream_input_core_close (input);
  if (cancellable)
    self->cancel_source = procstream_cancel_source_new (cancellable, procstream_io_thread_get_context (), cancelled_cb,
                                                        procstream_completion_ref (self), unref_cb);
  watch (self, procstream_child_core_get_claimed (child));
  procstream_child_core_ask_for_files (child);
  procstream_child_core_add_written_func (child, poke_cb, self, ref_cb, unref_cb);
  /* From here on it is the I/O thread's. */
  g_source_set_ready_time (self->source, 0);
  g_source_attach (self->source, procstream_io_thread_get_context ());
  return self;
}

/* --- What came of it ---------------------------------------------------------------------------------------------------------- */

static GBytes *
get_ring (ProcstreamRing *ring)
{
  gsize   size = procstream_ring_get_size (ring);
  guint8 *bytes = g_malloc (size);

  procstream_ring_copy_to (ring, bytes);
  return g_bytes_new_take (bytes, size);
}

static ProcstreamCapture *
make_capture (Stream *self)
{
  ProcstreamCaptureFacts facts;

  if (self->kept == NULL)
    return NULL;
  facts = (ProcstreamCaptureFacts){
    .bytes = get_ring (self->kept),
    .bytes_seen = self->seen,
    .bytes_cut = self->cut,
    .bytes_lost = self->lost,
    .bytes_missed = self->missed,
    .gaps = self->gaps,
    .lines_seen = self->feeds + self->open_line,
    .ended = self->ended,
    .read_error = self->read_error ? g_error_copy (self->read_error) : NULL,
  };
  return procstream_capture_new (&facts);
}

/* Of the standard error, if anything came there: that is where a program says what went wrong. */
static char *
make_tail (ProcstreamCompletion *self)
{
  Stream *stream = &self->streams[self->streams[1].seen > 0 ? 1 : 0];
  g_autoptr (GBytes) bytes = get_ring (stream->tail);
  gsize            size;
  const char      *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = procstream_valid_text_new (data, size);

  return g_strdup (procstream_valid_text_find_last_lines (text));
}

/* What the child came to after it was left alone is not known here: that the wait for others took longer changes nothing. */
static void
leave_out_end (ProcstreamCompletion  *self,
               ProcstreamResultFacts *facts)
{
  facts->running = TRUE;
  facts->exit_code = -1;
  facts->term_signal = 0;
  facts->duration_us = self->left_us;
  facts->usage = PROCSTREAM_NO_USAGE;
}

ProcstreamResult *
procstream_completion_make_result (ProcstreamCompletion *self)
{
  ProcstreamResultFacts facts = { 0 };

  procstream_child_core_get_facts (self->child, &facts);
  if (self->left_us > 0)
    leave_out_end (self, &facts);
  if (self->cause != PROCSTREAM_CAUSE_NONE && facts.running)
    facts.cause = self->cause;
  facts.cut_allowed = self->settings.allow_truncated;
  if (!facts.running)
    facts.file_error = procstream_child_core_dup_file_error (self->child);
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < 2; i++)
    facts.captures[i] = make_capture (&self->streams[i]);
  facts.tail = make_tail (self);
  g_mutex_unlock (&self->mutex);
  return procstream_result_new_from_facts (&facts);
}

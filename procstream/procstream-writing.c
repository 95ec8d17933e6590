/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-writing-private.h"

#include "procstream-consumer-core-private.h"
#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"
#include "procstream-pump-private.h"
#include "procstream-write-target-private.h"
#include "procstream-write-text-private.h"
#include "procstream-writing-exit-private.h"

#include <string.h>
#include <unistd.h>

/*
 * Work is done by the pump: in a worker, or, for a stream that is not GIO's own, in the captured context. It takes from the
 * subscription what there is, up to a batch, writes all of that, and takes again; so the log is the only queue, and the live window
 * and the delivery of the subscription say what a slow disk does: with reliable delivery the child waits, with lossy the gap is exact.
 * What a batch holds besides is bounded (see there).
 *
 * The stages are passed in their order, and only by the pump:
 *
 *     OPENING ──▸ WRITING ──end──▸ FLUSHING ──▸ CLOSING ──▸ OVER
 *        └───────────┴──── stopped by an error ────┘
 *
 * and from each to OVER, the sink being closed, as soon as the consumer was cancelled. The consumer's state becomes final in CLOSING,
 * after the sink was closed: who waits for it finds everything written.
 *
 * An operation that takes its time (pending, see procstream-write-target.c) is waited for, also when the writer was cancelled; then the same step
 * is taken again, and finds the outcome. While the user's code is called, which may run the main loop, no step is taken within.
 *
 * mutex protects what others look at, or say: attached, over, the counts, the first error, the descriptor that is given, and where it is to
 * leave. All else belongs to the pump,
 * which is woken only once it was attached: one that never was has nothing to leave, and its stream is let go of where the writer is.
 */
typedef enum
{
  OPENING,
  WRITING,
  FLUSHING,
  CLOSING,
  OVER,
} Stage;

/* At most so much at once goes to code that runs in the captured context, which has other things to do. */
#define FOREIGN_SIZE 65536

struct _ProcstreamWriting
{
  ProcstreamConsumerCore  *core; /* its owner */
  ProcstreamWritingOptions options;
  ProcstreamPump           pump;

  Stage                 stage;
  ProcstreamWriteTarget target; /* with a sink from WRITING on */
  ProcstreamWriteText   text;
  ProcstreamWriteBatch  batch;
  gboolean              end_seen;
  GError               *end_error;
  gboolean              flush_due;

  gboolean torn;     /* the beginning of a line was written, and its end was not */
  guint64  unmarked; /* given up since something was written */
  GString *fence;    /* what has to be written before the next item because of these */
  gsize    fence_done;
  gboolean last_fence; /* it was tried after the end, too */

  GMutex                  mutex;
  gboolean                attached;
  gboolean                over;
  ProcstreamWritingCounts counts;
  guint64                 bytes_torn;
  GError                 *error;    /* the first */
  int                     given_fd; /* -1: none */
  gboolean                gone;     /* everything is done */
  gboolean                leaving;  /* the program exits */
  guint64                 leave_at; /* where in the output, then */
};

static gboolean
is_over (ProcstreamWriting *self)
{
  gboolean over;

  g_mutex_lock (&self->mutex);
  over = self->over;
  g_mutex_unlock (&self->mutex);
  return over;
}

/* --- Errors ------------------------------------------------------------------------------------------------------------------- */

static gboolean
stops (ProcstreamWriting *self)
{
  return self->options.error_policy != PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE;
}

static gsize
give_up_batch (ProcstreamWriting *self)
{
  gsize left = procstream_write_batch_get_left (&self->batch);

  procstream_write_batch_advance (&self->batch, left);
  return left;
}

/* It held up its output for too long; only whoever has nothing left to do fails otherwise. */
static gboolean
was_dropped (ProcstreamWriting *self)
{
  return self->stage != OVER && procstream_consumer_core_get_state (self->core) == PROCSTREAM_CONSUMER_STATE_FAILED;
}

static void
count_failed (ProcstreamWriting *self,
              guint64            bytes)
{
  g_mutex_lock (&self->mutex);
  self->counts.bytes_failed += bytes;
  g_mutex_unlock (&self->mutex);
}

/* Counts @error (taken), which befell @bytes. A writer that was cancelled, or dropped, has no error. */
static void
meet_error (ProcstreamWriting *self,
            GError            *error,
            guint64            bytes)
{
  if (is_over (self))
    {
      count_failed (self, was_dropped (self) ? bytes : 0);
      g_clear_error (&error);
      return;
    }
  if (stops (self))
    {
      bytes += give_up_batch (self);
      self->stage = CLOSING;
    }
  g_mutex_lock (&self->mutex);
  self->counts.write_errors++;
  self->counts.bytes_failed += bytes;
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->mutex);
  g_clear_error (&error);
}

/* What had been begun is given up. */
static void
fail_item (ProcstreamWriting *self,
           GError            *error)
{
  gsize lost = procstream_write_batch_get_item_end (&self->batch) - self->batch.done;

  self->torn |= !procstream_write_batch_is_at_item (&self->batch);
  procstream_write_batch_advance (&self->batch, lost);
  self->unmarked += lost;
  meet_error (self, error, lost);
}

/* --- Opening ------------------------------------------------------------------------------------------------------------------ */

/* FALSE when there is no subscription: not yet, or not any more. */
static gboolean
learn_names (ProcstreamWriting *self)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self->core, &output);

  if (subscription == NULL)
    return FALSE;
  self->text.name = g_strdup (procstream_output_core_get_name (output));
  self->text.label = g_strdup (procstream_output_core_get_label (output));
  self->target.family = procstream_output_core_get_family (output);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  return TRUE;
}

static int
steal_given_fd (ProcstreamWriting *self)
{
  int fd;

  g_mutex_lock (&self->mutex);
  fd = g_steal_fd (&self->given_fd);
  g_mutex_unlock (&self->mutex);
  return fd;
}

/* NULL: the descriptor has still to come. */
static ProcstreamSink *
make_sink (ProcstreamWriting *self)
{
  ProcstreamWritingOptions *options = &self->options;
  int                       fd;

  if (options->stream)
    return procstream_stream_sink_new (options->stream, !self->target.foreign, options->close_stream);
  if (!options->given)
    return procstream_file_sink_new (options->path, options->file_mode, options->max_file_size, options->max_backups);
  fd = steal_given_fd (self);
  return fd >= 0 ? procstream_file_sink_new_take_fd (options->path, fd) : NULL;
}

static gboolean fill (ProcstreamWriting *self);

static gboolean
open_sink (ProcstreamWriting *self)
{
  GError *error = NULL;

  if (self->text.name == NULL && !learn_names (self))
    return FALSE;
  self->target.sink = make_sink (self);
  if (self->target.sink == NULL)
    {
      /* Its child may never be started; nothing but the end can come then. */
      if (!fill (self) || !self->end_seen)
        return FALSE;
      self->stage = CLOSING;
      return TRUE;
    }
  self->stage = WRITING;
  if (self->target.sink->klass->open (self->target.sink, self->target.cancellable, &error))
    return TRUE;
  g_prefix_error (&error, "Could not open “%s” to write “%s”: ", self->target.sink->name, self->text.label);
  meet_error (self, error, 0);
  self->target.sink->klass->free (g_steal_pointer (&self->target.sink));
  self->stage = CLOSING;
  return TRUE;
}

/* --- Writing ------------------------------------------------------------------------------------------------------------------ */

static void
take_event (ProcstreamWriting  *self,
            ProcstreamLogEvent *event)
{
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    {
      procstream_write_text_chunk (&self->text, event->chunk, &self->batch);
    }
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP)
    {
      procstream_consumer_core_count_gap (self->core, event->chunks, event->bytes);
      procstream_write_text_gap (&self->text, event->bytes, &self->batch);
    }
  else
    {
      procstream_write_text_end (&self->text, &self->batch);
      self->end_seen = TRUE;
      self->end_error = event->error ? g_error_copy (event->error) : NULL;
    }
  procstream_log_event_clear (event);
}

/* With nothing left to take. */
static gboolean
may_leave (ProcstreamWriting      *self,
           ProcstreamOutputCore   *output,
           ProcstreamSubscription *subscription)
{
  gboolean leaving;
  guint64  at;

  g_mutex_lock (&self->mutex);
  leaving = self->leaving;
  at = self->leave_at;
  g_mutex_unlock (&self->mutex);
  return leaving && procstream_output_core_get_offset (output, subscription) >= at;
}

static void
note_torn (ProcstreamWriting *self)
{
  g_mutex_lock (&self->mutex);
  self->bytes_torn = procstream_write_text_get_bytes_torn (&self->text);
  g_mutex_unlock (&self->mutex);
}

/* FALSE: there is nothing, for now. */
static gboolean
fill (ProcstreamWriting *self)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self->core, &output);
  ProcstreamLogEvent      event = { 0 };

  if (subscription == NULL)
    return FALSE;
  procstream_write_batch_reset (&self->batch);
  while (!self->end_seen && !procstream_write_batch_is_full (&self->batch) &&
         procstream_output_core_take (output, subscription, &event) != PROCSTREAM_LOG_EVENT_NOTHING)
    take_event (self, &event);
  if (!self->end_seen && self->batch.size == 0 && may_leave (self, output, subscription))
    {
      procstream_write_text_end (&self->text, &self->batch);
      self->end_seen = TRUE;
    }
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  note_torn (self);
  return self->end_seen || self->batch.size > 0;
}

static void
count_written (ProcstreamWriting *self,
               gsize              size)
{
  g_mutex_lock (&self->mutex);
  self->counts.bytes_written += size;
  g_mutex_unlock (&self->mutex);
}

static void
prefix_write_error (ProcstreamWriting *self,
                    GError           **error,
                    gsize              size)
{
  g_prefix_error (error, "Could not write %" G_GSIZE_FORMAT " bytes of “%s” to “%s”: ", size, self->text.label, self->target.sink->name);
}

/* After something was given up: a line that was torn ends, and a marker says so, before the next item is written. */
static void
raise_fence (ProcstreamWriting *self)
{
  gboolean marks = self->options.mark_losses && self->unmarked > 0;

  g_string_set_size (self->fence, 0);
  self->fence_done = 0;
  if (self->torn && (marks || self->options.mode == PROCSTREAM_WRITE_MODE_LINES))
    g_string_append_c (self->fence, '\n');
  if (marks)
    procstream_write_text_append_marker (&self->text, self->unmarked, "not written", self->fence);
}

static gboolean
write_fence (ProcstreamWriting *self)
{
  GOutputVector          vector;
  ProcstreamWriteOutcome outcome;
  gsize                  size;

  if (self->fence_done == 0 && !self->target.arrived)
    raise_fence (self);
  size = self->fence->len - self->fence_done;
  vector = (GOutputVector){ self->fence->str + self->fence_done, size };
  if (size > 0 && !procstream_write_target_perform (&self->target, PROCSTREAM_WRITE_OPERATION_WRITE, &vector, 1, &outcome))
    return FALSE;
  if (size > 0)
    {
      count_written (self, outcome.written);
      self->fence_done += outcome.written;
      if (!outcome.done)
        {
          prefix_write_error (self, &outcome.error, size);
          fail_item (self, outcome.error);
          self->torn |= self->fence_done > 0;
          self->fence_done = 0;
          return TRUE;
        }
    }
  if (self->fence_done < self->fence->len)
    return TRUE;
  self->fence_done = 0;
  self->torn = FALSE;
  self->unmarked = 0;
  return TRUE;
}

static gboolean
renew (ProcstreamWriting *self)
{
  GError *error = NULL;

  if (self->target.sink->klass->renew (self->target.sink, &error))
    {
      g_mutex_lock (&self->mutex);
      self->counts.rotations++;
      g_mutex_unlock (&self->mutex);
      return TRUE;
    }
  g_prefix_error (&error, "Could not rotate “%s”, which “%s” is written to: ", self->target.sink->name, self->text.label);
  meet_error (self, error, 0);
  return TRUE;
}

/* Up to where in the batch may be written now; done when the file is full. A line is never cut in two. */
static gsize
get_limit (ProcstreamWriting *self)
{
  ProcstreamWriteBatch *batch = &self->batch;
  guint64               room = G_MAXUINT64;
  gsize                 limit;

  if (self->target.sink->klass->get_room)
    room = self->target.sink->klass->get_room (self->target.sink);
  if (room >= procstream_write_batch_get_left (batch))
    return batch->size;
  limit = batch->done + room;
  if (self->options.mode == PROCSTREAM_WRITE_MODE_BYTES)
    return limit;
  limit = procstream_write_batch_get_last_end (batch, limit);
  /* What does not even fit into an empty file, or was begun in this one, goes there as it is. */
  if (limit == batch->done && (self->target.sink->klass->is_new (self->target.sink) || !procstream_write_batch_is_at_item (batch)))
    return procstream_write_batch_get_item_end (batch);
  return limit;
}

static gboolean
write_items (ProcstreamWriting *self)
{
  GOutputVector          vectors[PROCSTREAM_WRITE_BATCH_PIECES];
  gsize                  limit = get_limit (self);
  gsize                  size = 0;
  guint                  n;
  ProcstreamWriteOutcome outcome;

  if (limit == self->batch.done)
    return renew (self);
  if (self->target.foreign)
    limit = MIN (limit, self->batch.done + FOREIGN_SIZE);
  n = procstream_write_batch_get_vectors (&self->batch, limit, vectors, self->target.foreign ? 1 : PROCSTREAM_WRITE_BATCH_PIECES);
  for (guint i = 0; i < n; i++)
    size += vectors[i].size;
  if (!procstream_write_target_perform (&self->target, PROCSTREAM_WRITE_OPERATION_WRITE, vectors, n, &outcome))
    return FALSE;
  procstream_write_batch_advance (&self->batch, outcome.written);
  count_written (self, outcome.written);
  self->flush_due |= outcome.written > 0 && self->options.flush_policy == PROCSTREAM_FLUSH_POLICY_ALWAYS;
  if (outcome.done)
    return TRUE;
  prefix_write_error (self, &outcome.error, size);
  fail_item (self, outcome.error);
  return TRUE;
}

/* --- The end ------------------------------------------------------------------------------------------------------------------ */

static gboolean
flush (ProcstreamWriting *self)
{
  ProcstreamWriteOutcome outcome = { 0 };

  if (!procstream_write_target_perform (&self->target, PROCSTREAM_WRITE_OPERATION_FLUSH, NULL, 0, &outcome))
    return FALSE;
  self->flush_due = FALSE;
  if (self->stage == FLUSHING)
    self->stage = CLOSING;
  if (outcome.done)
    return TRUE;
  g_prefix_error (&outcome.error, "Could not flush “%s”, which “%s” is written to: ", self->target.sink->name, self->text.label);
  meet_error (self, outcome.error, 0);
  return TRUE;
}

static gboolean
flush_at_end (ProcstreamWriting *self)
{
  self->stage = CLOSING;
  if (self->options.flush_policy == PROCSTREAM_FLUSH_POLICY_NEVER)
    return TRUE;
  self->stage = FLUSHING;
  return flush (self);
}

/* The exit of the program need not wait for it. */
static void
go (ProcstreamWriting *self)
{
  g_mutex_lock (&self->mutex);
  self->gone = TRUE;
  g_mutex_unlock (&self->mutex);
  procstream_writing_exit_remove (self);
}

static void
finish (ProcstreamWriting *self)
{
  /* A file that could not be opened leaves nothing to go on with, whatever the policy. */
  g_autoptr (GError) error = stops (self) || self->target.sink == NULL ? procstream_writing_dup_error (self) : NULL;

  self->stage = OVER;
  if (error == NULL && self->end_error)
    error = g_error_copy (self->end_error);
  procstream_consumer_core_finish (self->core, error ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED, error);
  go (self);
}

static gboolean
close_sink (ProcstreamWriting *self)
{
  ProcstreamWriteOutcome outcome = { .done = TRUE };

  if (self->target.sink && !procstream_write_target_perform (&self->target, PROCSTREAM_WRITE_OPERATION_CLOSE, NULL, 0, &outcome))
    return FALSE;
  if (!outcome.done)
    {
      g_prefix_error (&outcome.error, "Could not close “%s”, which “%s” was written to: ", self->target.sink->name, self->text.label);
      meet_error (self, outcome.error, 0);
    }
  finish (self);
  return TRUE;
}

/* What it had taken, and nobody else counts; once. */
static void
give_up_taken (ProcstreamWriting *self)
{
  count_failed (self, give_up_batch (self));
  if (self->end_seen)
    return;
  self->end_seen = TRUE;
  procstream_write_text_gap (&self->text, 0, &self->batch);
  procstream_write_text_end (&self->text, &self->batch);
  procstream_write_batch_reset (&self->batch);
  note_torn (self);
}

/* Cancelled, dropped, or over. */
static gboolean
leave (ProcstreamWriting *self)
{
  ProcstreamWriteOutcome outcome = { 0 };

  if (was_dropped (self))
    give_up_taken (self);
  if (self->stage < CLOSING)
    procstream_write_target_forget (&self->target);
  if (self->stage != OVER && self->target.sink && !procstream_write_target_perform (&self->target, PROCSTREAM_WRITE_OPERATION_CLOSE, NULL, 0, &outcome))
    {
      self->stage = CLOSING;
      return FALSE;
    }
  g_clear_error (&outcome.error);
  self->stage = OVER;
  procstream_write_batch_reset (&self->batch);
  procstream_write_target_drop (&self->target);
  g_clear_object (&self->options.stream);
  procstream_pump_release_context (&self->pump);
  go (self);
  return FALSE;
}

/* --- The pump ----------------------------------------------------------------------------------------------------------------- */

static gboolean
write_on (ProcstreamWriting *self)
{
  gboolean left = procstream_write_batch_get_left (&self->batch) > 0;

  if (left && (self->torn || self->unmarked > 0))
    return write_fence (self);
  if (left)
    return write_items (self);
  if (self->flush_due)
    return flush (self);
  if (!self->end_seen)
    return fill (self);
  if (self->unmarked > 0 && self->options.mark_losses && (!self->last_fence || self->fence_done > 0 || self->target.arrived))
    {
      self->last_fence = TRUE;
      return write_fence (self);
    }
  return flush_at_end (self);
}

/* A step; FALSE when there is none to do now. */
static gboolean
advance (ProcstreamWriting *self)
{
  if (procstream_write_target_is_busy (&self->target))
    return FALSE;
  if (is_over (self))
    return leave (self);
  switch (self->stage)
    {
    case OPENING:
      return open_sink (self);
    case WRITING:
      return write_on (self);
    case FLUSHING:
      return flush (self);
    case CLOSING:
      return close_sink (self);
    default:
      return FALSE;
    }
}

static gboolean
run (gpointer          data,
     ProcstreamBudget *budget)
{
  ProcstreamWriting *self = data;

  while (advance (self))
    if (budget && procstream_budget_spent (budget))
      return TRUE;
  return FALSE;
}

/* --- The record --------------------------------------------------------------------------------------------------------------- */

static gboolean
writing_attach (gpointer                     native,
                const ProcstreamLineOptions *lines,
                gboolean                    *wants_lines,
                GError                     **error)
{
  ProcstreamWriting        *self = native;
  ProcstreamWritingOptions *options = &self->options;

  if (!procstream_platform_check_forked ("write an output", error) || !procstream_writing_options_check (options, error))
    return FALSE;
  /* The worker cuts the lines, and builds the index if nobody else did: the thread that reads has no part in it. */
  *wants_lines = FALSE;
  if (procstream_write_text_is_init (&self->text))
    return TRUE;
  self->text.mode = options->mode;
  self->text.prefix = g_strdup (options->prefix);
  self->text.ending = g_strdup (options->line_ending);
  self->text.mark_losses = options->mark_losses;
  procstream_write_text_init (&self->text, lines);
  self->batch.whole = stops (self) && options->max_file_size == 0;
  if (options->stream)
    procstream_write_target_set_stream (&self->target, options->stream, options->close_stream);
  if (self->target.foreign)
    procstream_pump_use_context (&self->pump, self->target.context);
  return TRUE;
}

static void
writing_wake (gpointer native)
{
  ProcstreamWriting *self = native;

  procstream_pump_wake (&self->pump);
}

static void
writing_attached (gpointer native)
{
  ProcstreamWriting *self = native;
  gboolean           gone;

  /* Nobody runs the captured context while the program exits. */
  if (!self->target.foreign)
    procstream_writing_exit_add (self);
  g_mutex_lock (&self->mutex);
  self->attached = TRUE;
  gone = self->gone;
  g_mutex_unlock (&self->mutex);
  /* What it attached to may have ended, and have been written, meanwhile. */
  if (gone)
    procstream_writing_exit_remove (self);
  writing_wake (self);
}

/* Where it is being attached at the same time, that wakes. */
static void
writing_over (gpointer native)
{
  ProcstreamWriting *self = native;
  gboolean           attached;

  g_mutex_lock (&self->mutex);
  self->over = TRUE;
  attached = self->attached;
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->target.cancellable);
  if (attached)
    writing_wake (self);
}

static guint64
writing_get_bytes_torn (gpointer native)
{
  ProcstreamWriting *self = native;
  guint64            torn;

  procstream_platform_lock_to_read (&self->mutex);
  torn = self->bytes_torn;
  procstream_platform_unlock_to_read (&self->mutex);
  return torn;
}

static void
writing_free (gpointer native)
{
  ProcstreamWriting *self = native;

  procstream_write_target_clear (&self->target);
  procstream_pump_clear (&self->pump);
  if (self->given_fd >= 0)
    close (self->given_fd);
  procstream_write_text_clear (&self->text);
  procstream_write_batch_clear (&self->batch);
  g_string_free (self->fence, TRUE);
  procstream_writing_options_clear (&self->options);
  g_clear_error (&self->end_error);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static const ProcstreamNativeClass native_class = {
  .attach = writing_attach,
  .ready = writing_wake,
  .attached = writing_attached,
  .over = writing_over,
  .get_bytes_torn = writing_get_bytes_torn,
  .free = writing_free,
  .outlives_consumer = TRUE,
};

ProcstreamWriting *
procstream_writing_ref (ProcstreamWriting *self)
{
  procstream_consumer_core_ref (self->core);
  return self;
}

void
procstream_writing_unref (ProcstreamWriting *self)
{
  procstream_consumer_core_unref (self->core);
}

static gpointer
ref_cb (gpointer data)
{
  return procstream_writing_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_writing_unref (data);
}

ProcstreamWriting *
procstream_writing_new (ProcstreamConsumer *consumer,
                        GMainContext       *context)
{
  ProcstreamWriting *self = g_new0 (ProcstreamWriting, 1);

  self->core = procstream_consumer_set_native (consumer, &native_class, self);
  procstream_write_target_init (&self->target, self, writing_wake, ref_cb, unref_cb, context);
  procstream_pump_init (&self->pump, "procstream-write", run, self, ref_cb, unref_cb);
  procstream_write_batch_init (&self->batch);
  g_mutex_init (&self->mutex);
  self->fence = g_string_new (NULL);
  self->given_fd = -1;
  procstream_writing_options_init (&self->options);
  return self;
}

ProcstreamWritingOptions *
procstream_writing_get_options (ProcstreamWriting *self)
{
  return &self->options;
}

void
procstream_writing_get_counts (ProcstreamWriting       *self,
                               ProcstreamWritingCounts *counts)
{
  procstream_platform_lock_to_read (&self->mutex);
  *counts = self->counts;
  procstream_platform_unlock_to_read (&self->mutex);
}

GError *
procstream_writing_dup_error (ProcstreamWriting *self)
{
  GError *error;

  if (procstream_platform_forked ())
    return NULL;
  g_mutex_lock (&self->mutex);
  error = self->error ? g_error_copy (self->error) : NULL;
  g_mutex_unlock (&self->mutex);
  return error;
}

void
procstream_writing_take_fd (ProcstreamWriting *self,
                            int                fd)
{
  g_mutex_lock (&self->mutex);
  g_assert (self->given_fd < 0);
  self->given_fd = fd;
  g_mutex_unlock (&self->mutex);
  procstream_pump_wake (&self->pump);
}

/* What somebody else's context would still read, it does not any more. */
static guint64
get_last_offset (ProcstreamOutputCore *output)
{
  ProcstreamOutputCounts counts;

  if (procstream_io_thread_has_context (procstream_output_core_get_home_context (output)))
    return procstream_output_core_get_pending_offset (output);
  procstream_output_core_get_counts (output, &counts);
  return counts.received;
}

void
procstream_writing_take_leave (ProcstreamWriting *self)
{
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self->core, &output);

  if (subscription == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->leaving = TRUE;
  self->leave_at = get_last_offset (output);
  g_mutex_unlock (&self->mutex);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  procstream_consumer_core_set_paused (self->core, FALSE);
  procstream_pump_wake (&self->pump);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-emitter-private.h"

#include "procstream-chunk-info-private.h"
#include "procstream-emission-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-platform-private.h"

/*
 * User code may do anything while it is called: run the main loop, and so this emitter, again; cancel; disconnect; drop the last
 * reference it had. So what is to be emitted next is never a local variable of a loop: it stands in this record (what is known of a
 * chunk, then a batch with the position of the next line, then the end), it is advanced before the call, and after each call everything is looked at
 * anew. A nested run goes on where the outer one stands, and the outer one finds it done: nothing is doubled, nothing is
 * out of order.
 *
 * mutex protects core and subscription, which are both set or both NULL. The rest belongs to the thread that runs the context;
 * wants_lines from when it is subscribed on.
 * keep_alive is set while subscribed at the earliest and dropped in the context's thread only.
 */
struct _ProcstreamEmitter
{
  gatomicrefcount             ref_count;
  const ProcstreamEmitterOps *ops;
  GWeakRef                    target;
  ProcstreamDispatchItem     *item;
  ProcstreamLineOptions       line_options;
  ProcstreamLineMark          mark;   /* that they need; constant */
  gconstpointer               family; /* see ProcstreamEmission; constant */

  GMutex                  mutex;
  ProcstreamOutputCore   *core;
  ProcstreamSubscription *subscription;
  gint                    subscribed; /* whether it is, for a look without the lock before each line */
  GObject                *keep_alive;

  gboolean             wants_lines; /* as the core was told */
  ProcstreamLineCursor lines;
  ProcstreamChunkInfo *info;
  ProcstreamLineBatch *batch;
  gboolean             batch_sent; /* as a batch; the lines follow one by one */
  guint                next_line;
  GPtrArray           *records; /* of ProcstreamLine */
  guint                next_record;
  guint64              n_lines; /* that were cut */
  gboolean             ending;
  GError              *end_error;
  gboolean             leaving; /* the end was emitted, but whoever it was emitted to holds */
};

/* How many lines are emitted between two looks at the clock, which costs about as much as one. */
#define LINES_PER_LOOK 64

static void
emitter_ready (gpointer data)
{
  ProcstreamEmitter *self = data;

  procstream_dispatch_item_post (self->item);
}

static gpointer
emitter_ref_cb (gpointer data)
{
  return procstream_emitter_ref (data);
}

static void
emitter_unref_cb (gpointer data)
{
  procstream_emitter_unref (data);
}

static void
emitter_muted (gpointer data)
{
  ProcstreamEmitter *self = data;
  g_autoptr (GObject) target = g_weak_ref_get (&self->target);

  if (target)
    self->ops->muted (target);
}

static const ProcstreamSubscriberOps subscriber_ops = {
  .muted = emitter_muted,
  .ready = emitter_ready,
  .ref = emitter_ref_cb,
  .unref = emitter_unref_cb,
};

/* --- Taking ------------------------------------------------------------------------------------------------------------------- */

ProcstreamSubscription *
procstream_emitter_dup_subscription (ProcstreamEmitter     *self,
                                     ProcstreamOutputCore **core)
{
  ProcstreamSubscription *subscription = NULL;

  g_mutex_lock (&self->mutex);
  if (self->subscription)
    {
      subscription = procstream_subscription_ref (self->subscription);
      *core = procstream_output_core_ref (self->core);
    }
  g_mutex_unlock (&self->mutex);
  return subscription;
}

/* FALSE when it was not subscribed. */
static gboolean
unsubscribe (ProcstreamEmitter *self)
{
  ProcstreamSubscription *subscription;
  ProcstreamOutputCore   *core;

  if (procstream_platform_forked ())
    return FALSE;
  g_mutex_lock (&self->mutex);
  subscription = g_steal_pointer (&self->subscription);
  core = g_steal_pointer (&self->core);
  g_atomic_int_set (&self->subscribed, FALSE);
  g_mutex_unlock (&self->mutex);
  if (subscription == NULL)
    return FALSE;
  procstream_output_core_unsubscribe (core, subscription);
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (core);
  return TRUE;
}

static void
forget_pending (ProcstreamEmitter *self)
{
  procstream_line_cursor_clear (&self->lines);
  g_clear_object (&self->info);
  g_clear_pointer (&self->batch, procstream_line_batch_unref);
  g_clear_pointer (&self->records, g_ptr_array_unref);
  g_clear_error (&self->end_error);
  self->ending = FALSE;
  self->leaving = FALSE;
}

static void
leave (ProcstreamEmitter *self,
       gpointer           target,
       gboolean           ended)
{
  if (!unsubscribe (self))
    return;
  forget_pending (self);
  self->ops->left (target, ended);
}

static void
set_batch (ProcstreamEmitter   *self,
           ProcstreamLineBatch *batch)
{
  g_assert (self->batch == NULL);
  self->batch = batch;
  self->batch_sent = FALSE;
  self->next_line = 0;
}

static void
update_wants (ProcstreamEmitter      *self,
              const ProcstreamWants  *wants,
              ProcstreamOutputCore   *core,
              ProcstreamSubscription *subscription)
{
  const gboolean wants_lines = wants->lines || wants->records;

  if (wants_lines && !procstream_line_cursor_is_init (&self->lines))
    procstream_line_cursor_init (&self->lines, &self->line_options);
  else if (!wants_lines)
    procstream_line_cursor_clear (&self->lines);
  if (wants_lines == self->wants_lines)
    return;
  self->wants_lines = wants_lines;
  procstream_output_core_set_wants_lines (core, subscription, wants_lines ? self->mark : PROCSTREAM_LINE_MARK_NONE);
}

typedef enum
{
  NOTHING_MORE,
  GO_ON,
  DONE,
} Step;

/* --- Cutting ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  ProcstreamEmitter *emitter;
  const char        *output;
} RecordSink;

static void
record_cb (gpointer      user_data,
           const guint8 *data,
           gsize         size,
           gboolean      plain)
{
  RecordSink           *sink = user_data;
  ProcstreamEmitter    *self = sink->emitter;
  ProcstreamLineCursor *cursor = &self->lines;
  const char           *stream = procstream_stream_get_name (cursor->stream);

  g_ptr_array_add (self->records, procstream_line_new (data, size, ++self->n_lines, procstream_line_cursor_get_time (cursor),
                                                       stream ? stream : sink->output, procstream_line_cursor_get_end (cursor)));
}

static void
cut_records (ProcstreamEmitter *self,
             ProcstreamChunk   *chunk,
             const char        *output)
{
  RecordSink sink = { self, output };

  g_assert (self->records == NULL);
  self->records = g_ptr_array_new_with_free_func (g_object_unref);
  self->next_record = 0;
  if (chunk)
    procstream_line_cursor_push (&self->lines, chunk, record_cb, &sink);
  else
    procstream_line_cursor_finish (&self->lines, record_cb, &sink);
  if (self->records->len == 0)
    g_clear_pointer (&self->records, g_ptr_array_unref);
}

static ProcstreamLineBatch *
batch_from_records (GPtrArray *records)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_sized_new (records->len);

  for (guint i = 0; i < records->len; i++)
    g_ptr_array_add (texts, (gpointer) procstream_line_get_text (g_ptr_array_index (records, i)));
  return procstream_line_batch_new ((const char *const *) texts->pdata, texts->len);
}

static void
cut_texts (ProcstreamEmitter *self,
           ProcstreamChunk   *chunk)
{
  if (chunk)
    set_batch (self, procstream_line_cursor_push_batch (&self->lines, chunk));
  else
    set_batch (self, procstream_line_cursor_finish_batch (&self->lines));
  self->n_lines += self->batch ? self->batch->n_lines : 0;
}

/* The lines that @chunk completes; or (NULL) those that nothing completes any more. */
static void
cut_lines (ProcstreamEmitter     *self,
           gpointer               target,
           ProcstreamChunk       *chunk,
           const char            *output,
           const ProcstreamWants *wants)
{
  if (wants->records)
    {
      cut_records (self, chunk, output);
      set_batch (self, wants->lines && self->records ? batch_from_records (self->records) : NULL);
    }
  else
    {
      cut_texts (self, chunk);
    }
  if (self->ops->torn)
    self->ops->torn (target, procstream_line_cursor_get_bytes_lost (&self->lines));
}

/* --- Emitting ----------------------------------------------------------------------------------------------------------------- */

static Step
emit_chunk (ProcstreamEmitter     *self,
            gpointer               target,
            ProcstreamChunk       *chunk,
            const char            *output,
            const ProcstreamWants *wants,
            ProcstreamBudget      *budget)
{
  gboolean done = FALSE;

  budget->bytes -= chunk->size;
  if (wants->infos)
    self->info = procstream_chunk_info_new_for_chunk (chunk, output);
  if (wants->lines || wants->records)
    cut_lines (self, target, chunk, output, wants);
  if (wants->chunks)
    {
      g_autoptr (GBytes) bytes = procstream_chunk_to_bytes (chunk);

      done = self->ops->chunk (target, bytes);
    }
  return done ? DONE : GO_ON;
}

static Step
emit_info (ProcstreamEmitter *self,
           gpointer           target)
{
  g_autoptr (ProcstreamChunkInfo) info = g_steal_pointer (&self->info);

  return self->ops->chunk_info (target, info) ? DONE : GO_ON;
}

static Step
emit_lines (ProcstreamEmitter *self,
            gpointer           target,
            gboolean           each_line)
{
  ProcstreamLineBatch *batch = procstream_line_batch_ref (self->batch);
  gboolean             done = FALSE;

  if (!self->batch_sent)
    {
      self->batch_sent = TRUE;
      done = self->ops->lines (target, batch);
    }
  for (guint looks = 0; !done && each_line && self->batch == batch && self->next_line < batch->n_lines; looks++)
    {
      if (looks == LINES_PER_LOOK || !g_atomic_int_get (&self->subscribed))
        break;
      done = self->ops->line (target, batch->lines[self->next_line++]);
    }
  if (self->batch == batch && (!each_line || self->next_line == batch->n_lines))
    g_clear_pointer (&self->batch, procstream_line_batch_unref);
  procstream_line_batch_unref (batch);
  return done ? DONE : GO_ON;
}

static Step
emit_records (ProcstreamEmitter *self,
              gpointer           target)
{
  g_autoptr (GPtrArray) records = g_ptr_array_ref (self->records);
  gboolean done = FALSE;

  for (guint looks = 0; !done && self->records == records && self->next_record < records->len; looks++)
    {
      if (looks == LINES_PER_LOOK || !g_atomic_int_get (&self->subscribed))
        break;
      done = self->ops->line_received (target, g_ptr_array_index (records, self->next_record++));
    }
  if (self->records == records && self->next_record == records->len)
    g_clear_pointer (&self->records, g_ptr_array_unref);
  return done ? DONE : GO_ON;
}

static Step
emit_end (ProcstreamEmitter     *self,
          gpointer               target,
          const char            *output,
          const ProcstreamWants *wants)
{
  g_autoptr (GError) error = NULL;

  /* First the last line of each stream. */
  if (procstream_line_cursor_is_init (&self->lines))
    cut_lines (self, target, NULL, output, wants);
  if (self->batch || self->records)
    return GO_ON;
  error = g_steal_pointer (&self->end_error);
  self->ending = FALSE;
  self->ops->ended (target, error);
  if (self->ops->wants (target).hold)
    self->leaving = TRUE;
  else
    leave (self, target, TRUE);
  return NOTHING_MORE;
}

static Step
emit_event (ProcstreamEmitter     *self,
            gpointer               target,
            ProcstreamLogEvent    *event,
            const char            *output,
            const ProcstreamWants *wants,
            ProcstreamBudget      *budget)
{
  switch (event->type)
    {
    case PROCSTREAM_LOG_EVENT_CHUNK:
      return emit_chunk (self, target, event->chunk, output, wants, budget);
    case PROCSTREAM_LOG_EVENT_GAP:
      if (procstream_line_cursor_is_init (&self->lines))
        procstream_line_cursor_gap (&self->lines);
      return self->ops->gap (target, event->chunks, event->bytes) ? DONE : GO_ON;
    case PROCSTREAM_LOG_EVENT_END:
      self->ending = TRUE;
      self->end_error = event->error ? g_error_copy (event->error) : NULL;
      return GO_ON;
    default:
      return NOTHING_MORE;
    }
}

/* The next thing to emit, whatever it is. */
static Step
step (ProcstreamEmitter *self,
      gpointer           target,
      ProcstreamBudget  *budget)
{
  ProcstreamOutputCore   *core;
  ProcstreamSubscription *subscription = procstream_emitter_dup_subscription (self, &core);
  ProcstreamLogEvent      event = { 0 };
  ProcstreamWants         wants;
  Step                    result = NOTHING_MORE;

  if (subscription == NULL)
    return NOTHING_MORE;
  wants = self->ops->wants (target);
  if (wants.hold)
    {
      /* Whoever lets go posts. */
    }
  else if (self->leaving)
    {
      leave (self, target, TRUE);
    }
  else if (!wants.anything)
    {
      leave (self, target, FALSE);
    }
  else if (self->info)
    {
      result = emit_info (self, target);
    }
  else if (self->batch)
    {
      result = emit_lines (self, target, wants.each_line);
    }
  else if (self->records)
    {
      result = emit_records (self, target);
    }
  else if (self->ending)
    {
      result = emit_end (self, target, procstream_output_core_get_name (core), &wants);
    }
  else
    {
      update_wants (self, &wants, core, subscription);
      procstream_output_core_take (core, subscription, &event);
      result = emit_event (self, target, &event, procstream_output_core_get_name (core), &wants, budget);
      procstream_log_event_clear (&event);
    }
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (core);
  return result;
}

static void
release_keep_alive (ProcstreamEmitter *self)
{
  GObject *keep_alive = NULL;

  g_mutex_lock (&self->mutex);
  if (self->subscription == NULL)
    keep_alive = g_steal_pointer (&self->keep_alive);
  g_mutex_unlock (&self->mutex);
  g_clear_object (&keep_alive);
}

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  ProcstreamEmitter *self = data;
  gpointer           target = g_weak_ref_get (&self->target);
  gboolean           more = FALSE;
  Step               result = GO_ON;
  ProcstreamEmission emission;

  if (target)
    {
      procstream_emission_begin (&emission, self->family);
      while (!more && (result = step (self, target, budget)) == GO_ON)
        more = procstream_budget_spent (budget);
      procstream_emission_end (&emission);
      if (result == DONE)
        leave (self, target, FALSE);
      if (!procstream_emitter_is_subscribed (self))
        forget_pending (self);
      release_keep_alive (self);
      g_object_unref (target);
    }
  return more;
}

/* --- Interface ---------------------------------------------------------------------------------------------------------------- */

ProcstreamEmitter *
procstream_emitter_new (const ProcstreamEmitterOps  *ops,
                        gpointer                     target,
                        GMainContext                *context,
                        gconstpointer                family,
                        const ProcstreamLineOptions *lines)
{
  ProcstreamEmitter *self = g_new0 (ProcstreamEmitter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->target, target);
  self->ops = ops;
  self->family = family;
  self->line_options = *lines;
  self->mark = procstream_line_options_get_mark (lines);
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, dispatch, self, emitter_ref_cb, emitter_unref_cb);
  return self;
}

ProcstreamEmitter *
procstream_emitter_ref (ProcstreamEmitter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_emitter_unref (ProcstreamEmitter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_assert (self->subscription == NULL);
  procstream_dispatch_item_free (self->item);
  forget_pending (self);
  g_weak_ref_clear (&self->target);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
procstream_emitter_subscribe_full (ProcstreamEmitter                *self,
                                   ProcstreamOutputCore             *core,
                                   const ProcstreamSubscribeOptions *options,
                                   gboolean                          keep_alive)
{
  ProcstreamSubscription *subscription;

  subscription = procstream_output_core_subscribe_full (core, &subscriber_ops, self, options);
  g_mutex_lock (&self->mutex);
  g_assert (self->subscription == NULL);
  self->core = procstream_output_core_ref (core);
  self->subscription = subscription;
  self->wants_lines = options->mark != PROCSTREAM_LINE_MARK_NONE;
  g_atomic_int_set (&self->subscribed, TRUE);
  if (keep_alive)
    self->keep_alive = g_weak_ref_get (&self->target);
  g_mutex_unlock (&self->mutex);
  /* It may have been told before it knew its subscription. */
  procstream_dispatch_item_post (self->item);
}

void
procstream_emitter_subscribe (ProcstreamEmitter    *self,
                              ProcstreamOutputCore *core,
                              ProcstreamDelivery    delivery,
                              gboolean              wants_lines,
                              gboolean              keep_alive)
{
  const ProcstreamSubscribeOptions options = {
    .delivery = delivery,
    .mark = wants_lines ? self->mark : PROCSTREAM_LINE_MARK_NONE,
    .for_handlers = TRUE,
  };

  procstream_emitter_subscribe_full (self, core, &options, keep_alive);
}

gboolean
procstream_emitter_is_subscribed (ProcstreamEmitter *self)
{
  gboolean subscribed;

  procstream_platform_lock_to_read (&self->mutex);
  subscribed = self->subscription != NULL;
  procstream_platform_unlock_to_read (&self->mutex);
  return subscribed;
}

void
procstream_emitter_cancel (ProcstreamEmitter *self)
{
  /* The context's thread still has to forget what was pending, and whom it kept alive. */
  if (unsubscribe (self))
    procstream_dispatch_item_post (self->item);
}

void
procstream_emitter_close (ProcstreamEmitter *self)
{
  unsubscribe (self);
  procstream_dispatch_item_close (self->item);
}

void
procstream_emitter_post (ProcstreamEmitter *self)
{
  procstream_dispatch_item_post (self->item);
}

void
procstream_emitter_set_priority (ProcstreamEmitter *self,
                                 int                priority)
{
  procstream_dispatch_item_set_priority (self->item, priority);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-record-private.h"

#include "procstream-chunk-private.h"
#include "procstream-error.h"
#include "procstream-io-thread-private.h"
#include "procstream-platform-private.h"

/*
 * What the subscribers of one output may do to each other: who may come, who stands still, how far behind each is, and who goes because it
 * holds up the others. What holds is told in -output-record-private.h.
 *
 * Who holds up the reading since when: reading paused at paused_since_us, and while it is paused no more is appended than what had been
 * taken from the child by then, so whoever holds it up now has done so since then, or since it came. The timer is not stopped when reading goes on, as that would cost a wake-up of the I/O
 * thread for each pause of a busy output: when it fires too early it is set anew, or not at all.
 */

/* --- The one place of a single output ----------------------------------------------------------------------------------------- */

gboolean
procstream_output_core_claim (ProcstreamOutputCore *self,
                              GError              **error)
{
  gboolean taken;

  if (self->settings.backend != PROCSTREAM_BACKEND_SINGLE)
    return TRUE;
  g_mutex_lock (&self->mutex);
  taken = self->claimed;
  self->claimed = TRUE;
  g_mutex_unlock (&self->mutex);
  if (taken)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "“%s” has a consumer already, and its backend “single” allows no second one before that is over",
                 procstream_output_core_get_label (self));
  return !taken;
}

void
procstream_output_core_unclaim (ProcstreamOutputCore *self)
{
  g_mutex_lock (&self->mutex);
  self->claimed = FALSE;
  g_mutex_unlock (&self->mutex);
}

void
procstream_output_core_vacate (ProcstreamOutputCore   *self,
                               ProcstreamSubscription *subscription)
{
  g_mutex_lock (&self->mutex);
  if (subscription->occupies)
    self->claimed = FALSE;
  subscription->occupies = FALSE;
  g_mutex_unlock (&self->mutex);
}

/* --- Muting ------------------------------------------------------------------------------------------------------------------- */

static void
collect_muted_locked (GPtrArray *subscriptions,
                      GPtrArray *muted)
{
  for (guint i = 0; i < subscriptions->len; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (subscriptions, i);

      if (subscription->ops->muted == NULL)
        continue;
      subscription->ops->ref (subscription->data);
      g_ptr_array_add (muted, procstream_subscription_ref (subscription));
    }
}

gint *
procstream_output_core_dup_muted (ProcstreamOutputCore *self)
{
  return g_atomic_rc_box_acquire (self->muted);
}

void
procstream_output_core_mute (ProcstreamOutputCore *self)
{
  g_autoptr (GPtrArray) muted = g_ptr_array_new ();

  g_atomic_int_set (self->muted, TRUE);
  g_mutex_lock (&self->mutex);
  collect_muted_locked (self->pulling, muted);
  collect_muted_locked (self->pushed, muted);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < muted->len; i++)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (muted, i);

      subscription->ops->muted (subscription->data);
      subscription->ops->unref (subscription->data);
      procstream_subscription_unref (subscription);
    }
}

/* --- Standing still ----------------------------------------------------------------------------------------------------------- */

void
procstream_output_core_set_paused (ProcstreamOutputCore   *self,
                                   ProcstreamSubscription *subscription,
                                   gboolean                paused)
{
  gboolean push = subscription->ops->push != NULL;
  gboolean goes_on;

  g_mutex_lock (&self->push_mutex);
  g_mutex_lock (&self->mutex);
  subscription->paused = paused;
  goes_on = !paused && subscription->cursor && procstream_chunk_log_has_next (self->log, subscription->cursor);
  if (goes_on && !push)
    {
      procstream_output_core_wake_one_locked (subscription);
      if (self->n_blocked > 0)
        g_cond_broadcast (&self->cond);
    }
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->push_mutex);
  if (paused && push)
    procstream_output_core_tell_if_settled (self);
  else if (goes_on && push)
    procstream_output_core_invoke_data (self, procstream_output_core_push_all, procstream_output_core_ref (self),
                                        (GDestroyNotify) procstream_output_core_unref);
}

void
procstream_output_core_get_lag (ProcstreamOutputCore   *self,
                                ProcstreamSubscription *subscription,
                                ProcstreamLag          *lag)
{
  *lag = (ProcstreamLag){ 0 };
  procstream_platform_lock_to_read (&self->mutex);
  if (subscription->cursor)
    procstream_chunk_log_get_lag (self->log, subscription->cursor, lag);
  procstream_platform_unlock_to_read (&self->mutex);
}

/* --- Holding up the others ---------------------------------------------------------------------------------------------------- */

/* When it has held up the reading for too long, or -1. */
static gint64
get_stall_deadline (ProcstreamOutputCore   *self,
                    ProcstreamSubscription *subscription)
{
  if (subscription->max_stall_us == 0 || subscription->cursor == NULL ||
      !procstream_chunk_log_holds_up (self->log, subscription->cursor))
    return -1;
  return MAX (self->paused_since_us, subscription->since_us) + subscription->max_stall_us;
}

static gint64
get_first_deadline (ProcstreamOutputCore *self,
                    GPtrArray            *subscriptions)
{
  gint64 first = -1;

  for (guint i = 0; i < subscriptions->len; i++)
    {
      gint64 deadline = get_stall_deadline (self, g_ptr_array_index (subscriptions, i));

      if (deadline >= 0 && (first < 0 || deadline < first))
        first = deadline;
    }
  return first;
}

static gboolean
stall_source_dispatch (GSource    *source,
                       GSourceFunc callback,
                       gpointer    user_data)
{
  return callback (user_data);
}

static GSourceFuncs stall_source_funcs = { .dispatch = stall_source_dispatch };

static void
forget_source (ProcstreamOutputCore *self)
{
  GSource *source;

  g_mutex_lock (&self->mutex);
  source = g_steal_pointer (&self->stall_source);
  g_mutex_unlock (&self->mutex);
  if (source == NULL)
    return;
  g_source_destroy (source);
  g_source_unref (source);
}

static gboolean
stalled_cb (gpointer data)
{
  ProcstreamOutputCore *self = data;

  forget_source (self);
  procstream_output_core_check_stalls (self, g_get_monotonic_time ());
  return G_SOURCE_REMOVE;
}

void
procstream_output_core_watch_stalls_locked (ProcstreamOutputCore *self)
{
  gint64 pulling = get_first_deadline (self, self->pulling);
  gint64 pushed = get_first_deadline (self, self->pushed);
  gint64 first = pulling < 0 || (pushed >= 0 && pushed < pulling) ? pushed : pulling;

  if (first < 0)
    return;
  if (self->stall_source)
    {
      /* One that was set before may have been set for later. */
      if (first < g_source_get_ready_time (self->stall_source))
        g_source_set_ready_time (self->stall_source, first);
      return;
    }
  self->stall_source = g_source_new (&stall_source_funcs, sizeof (GSource));
  g_source_set_static_name (self->stall_source, "procstream-stall");
  g_source_set_ready_time (self->stall_source, first);
  g_source_set_callback (self->stall_source, stalled_cb, procstream_output_core_ref (self), (GDestroyNotify) procstream_output_core_unref);
  g_source_attach (self->stall_source, procstream_io_thread_get_context ());
}

void
procstream_output_core_unwatch_stalls (ProcstreamOutputCore *self)
{
  forget_source (self);
}

static GError *
make_stall_error (ProcstreamOutputCore   *self,
                  ProcstreamSubscription *subscription,
                  const ProcstreamLag    *lag)
{
  return g_error_new (PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_STALLED,
                      "A consumer of “%s” held up the output for more than %" G_GINT64_FORMAT " ms, and was dropped before %" G_GUINT64_FORMAT
                      " chunks (%" G_GUINT64_FORMAT " bytes) that it had not taken",
                      procstream_output_core_get_label (self), subscription->max_stall_us / 1000, lag->chunks, lag->bytes);
}

typedef struct
{
  ProcstreamSubscription *subscription; /* owned */
  ProcstreamLag           lag;
  GError                 *error;
} Dropped;

/* Those of the library's own are taken out and told at once, by the caller. Whoever is told in its own context stays until it was. */
static void
drop_locked (ProcstreamOutputCore   *self,
             GPtrArray              *subscriptions,
             ProcstreamSubscription *subscription,
             GArray                 *all_dropped)
{
  Dropped dropped = { 0 };

  procstream_chunk_log_get_lag (self->log, subscription->cursor, &dropped.lag);
  dropped.error = make_stall_error (self, subscription, &dropped.lag);
  self->n_dropped++;
  if (subscription->ops->dropped == NULL)
    {
      procstream_chunk_log_drop (self->log, subscription->cursor, dropped.error);
      procstream_output_core_wake_one_locked (subscription);
      return;
    }
  procstream_output_core_drop_cursor_locked (self, subscription);
  subscription->armed = FALSE;
  dropped.subscription = subscription;
  g_ptr_array_remove (subscriptions, subscription);
  g_array_append_val (all_dropped, dropped);
}

static void
drop_stalled_locked (ProcstreamOutputCore *self,
                     GPtrArray            *subscriptions,
                     gint64                now_us,
                     GArray               *all_dropped)
{
  for (guint i = subscriptions->len; i > 0; i--)
    {
      ProcstreamSubscription *subscription = g_ptr_array_index (subscriptions, i - 1);
      gint64                  deadline = get_stall_deadline (self, subscription);

      if (deadline >= 0 && deadline <= now_us)
        drop_locked (self, subscriptions, subscription, all_dropped);
    }
}

static void
tell_dropped (GArray *all_dropped)
{
  for (guint i = 0; i < all_dropped->len; i++)
    {
      Dropped                *dropped = &g_array_index (all_dropped, Dropped, i);
      ProcstreamSubscription *subscription = dropped->subscription;

      subscription->ops->dropped (subscription->data, dropped->lag.chunks, dropped->lag.bytes, dropped->error);
      g_error_free (dropped->error);
      procstream_subscription_unref (subscription);
    }
}

void
procstream_output_core_check_stalls (ProcstreamOutputCore *self,
                                     gint64                now_us)
{
  g_autoptr (GArray) all_dropped = g_array_new (FALSE, FALSE, sizeof (Dropped));

  g_mutex_lock (&self->push_mutex);
  g_mutex_lock (&self->mutex);
  if (self->state == PROCSTREAM_OUTPUT_STATE_PAUSED)
    {
      drop_stalled_locked (self, self->pulling, now_us, all_dropped);
      drop_stalled_locked (self, self->pushed, now_us, all_dropped);
      procstream_output_core_update_reading_locked (self);
    }
  if (self->n_blocked > 0)
    g_cond_broadcast (&self->cond);
  if (self->state == PROCSTREAM_OUTPUT_STATE_PAUSED)
    procstream_output_core_watch_stalls_locked (self);
  self->n_finishing += all_dropped->len;
  g_mutex_unlock (&self->mutex);
  g_mutex_unlock (&self->push_mutex);
  if (all_dropped->len == 0)
    return;
  tell_dropped (all_dropped);
  g_mutex_lock (&self->mutex);
  self->n_finishing -= all_dropped->len;
  g_mutex_unlock (&self->mutex);
  procstream_output_core_tell_if_settled (self);
}

guint64
procstream_output_core_get_n_dropped (ProcstreamOutputCore *self)
{
  guint64 n_dropped;

  procstream_platform_lock_to_read (&self->mutex);
  n_dropped = self->n_dropped;
  procstream_platform_unlock_to_read (&self->mutex);
  return n_dropped;
}

GByteArray *
procstream_output_core_dup_last (ProcstreamOutputCore *self,
                                 gsize                 max)
{
  GByteArray *last = g_byte_array_new ();
  guint64     sequence;

  g_mutex_lock (&self->mutex);
  sequence = procstream_chunk_log_get_head (self->log);
  while (sequence > 0 && last->len < max)
    {
      ProcstreamChunk *chunk = procstream_chunk_log_peek (self->log, --sequence);
      gsize            size;

      if (chunk == NULL)
        break;
      size = MIN (chunk->size, max - last->len);
      g_byte_array_prepend (last, chunk->data + chunk->size - size, (guint) size);
    }
  g_mutex_unlock (&self->mutex);
  return last;
}

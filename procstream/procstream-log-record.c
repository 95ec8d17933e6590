/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-log-record-private.h"

#include "procstream-consumer-private.h"
#include "procstream-dispatcher-private.h"
#include "procstream-line-cursor-private.h"
#include "procstream-platform-private.h"

/*
 * Any number of feeds, each of one output, append to pending, in the threads that read, under mutex: so the lines of two outputs are in
 * the order in which they were read. The model takes all of it once in an iteration of its context. Only it knows what it shows,
 * so that nothing of that is touched by any other thread.
 *
 * What an output gave that is muted is left out in the very moment in which it is to be shown, which may be long after the output has ended.
 *
 * pending is bounded by the same limits as what is shown. When the context does not iterate the oldest lines go, and are counted. So there
 * are never more than twice the limits, and never a feed that has to wait.
 *
 * In a forked copy of the program, where nothing comes any more, mutex is left alone, for it may be held for ever: what changes what is below
 * does nothing then, and numbers are read as they are. What the list shows needs nothing of it.
 *
 * Whenever mutex is free:
 *  - pending keeps to the limits, and its ids go on from what is shown, or about to be; where lines of it were dropped, or it was cleared,
 *    there is a hole before it;
 *  - the item was posted after the last line was added to it, or is about to be.
 */
struct _ProcstreamLogRecord
{
  gatomicrefcount         ref_count;
  GWeakRef                outer;
  ProcstreamDispatchItem *item;
  void (*changed) (GObject *outer);

  GMutex                mutex;
  ProcstreamLogPending *pending;
  guint64               begin;   /* of what is pending, had nothing of it been dropped or cleared */
  GPtrArray            *streams; /* of reference counted strings: the names that numbers in the store stand for */
  ProcstreamLogLimits   limits;
  ProcstreamLogCounts   counts;
  guint64               first_shown;
};

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

static gboolean
dispatch (gpointer          data,
          ProcstreamBudget *budget)
{
  ProcstreamLogRecord *self = data;
  g_autoptr (GObject) outer = g_weak_ref_get (&self->outer);

  if (outer)
    self->changed (outer);
  return FALSE;
}

static gpointer
ref_cb (gpointer data)
{
  return procstream_log_record_ref (data);
}

static void
unref_cb (gpointer data)
{
  procstream_log_record_unref (data);
}

ProcstreamLogRecord *
procstream_log_record_new (GObject      *outer,
                           GMainContext *context,
                           void (*changed) (GObject *outer))
{
  ProcstreamLogRecord *self = g_new0 (ProcstreamLogRecord, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_weak_ref_init (&self->outer, outer);
  self->changed = changed;
  self->pending = procstream_log_pending_new (0);
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ref_string_release);
  self->item = procstream_dispatch_item_new (context, G_PRIORITY_DEFAULT, dispatch, self, ref_cb, unref_cb);
  procstream_dispatch_item_set_once (self->item);
  return self;
}

void
procstream_log_record_close (ProcstreamLogRecord *self)
{
  procstream_dispatch_item_close (self->item);
}

ProcstreamLogRecord *
procstream_log_record_ref (ProcstreamLogRecord *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_log_record_unref (ProcstreamLogRecord *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count) || procstream_platform_forked ())
    return;
  procstream_dispatch_item_free (self->item);
  procstream_log_pending_free (self->pending);
  g_ptr_array_unref (self->streams);
  g_weak_ref_clear (&self->outer);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
procstream_log_record_post (ProcstreamLogRecord *self)
{
  procstream_dispatch_item_post (self->item);
}

/* --- Limits and counts -------------------------------------------------------------------------------------------------------- */

static void
keep_to_limits_locked (ProcstreamLogRecord *self)
{
  self->counts.lines_dropped += procstream_log_pending_trim (self->pending, self->limits.max_lines, self->limits.max_bytes);
}

void
procstream_log_record_set_limits (ProcstreamLogRecord       *self,
                                  const ProcstreamLogLimits *limits)
{
  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  self->limits = *limits;
  keep_to_limits_locked (self);
  g_mutex_unlock (&self->mutex);
  procstream_log_record_post (self);
}

void
procstream_log_record_get_limits (ProcstreamLogRecord *self,
                                  ProcstreamLogLimits *limits)
{
  procstream_platform_lock_to_read (&self->mutex);
  *limits = self->limits;
  procstream_platform_unlock_to_read (&self->mutex);
}

void
procstream_log_record_get_counts (ProcstreamLogRecord *self,
                                  ProcstreamLogCounts *counts)
{
  procstream_platform_lock_to_read (&self->mutex);
  *counts = self->counts;
  procstream_platform_unlock_to_read (&self->mutex);
}

void
procstream_log_record_add_dropped (ProcstreamLogRecord *self,
                                   guint64              lines)
{
  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  self->counts.lines_dropped += lines;
  g_mutex_unlock (&self->mutex);
}

void
procstream_log_record_set_first_shown (ProcstreamLogRecord *self,
                                       guint64              id)
{
  if (procstream_platform_forked ())
    return;
  g_mutex_lock (&self->mutex);
  self->first_shown = id;
  g_mutex_unlock (&self->mutex);
}

guint64
procstream_log_record_get_first_shown (ProcstreamLogRecord *self)
{
  guint64 id;

  procstream_platform_lock_to_read (&self->mutex);
  id = self->first_shown;
  procstream_platform_unlock_to_read (&self->mutex);
  return id;
}

/* --- What is pending ---------------------------------------------------------------------------------------------------------- */

static guint64
get_first (ProcstreamLogPending *pending)
{
  return procstream_line_store_get_first (procstream_log_pending_get_store (pending));
}

static guint64
get_end (ProcstreamLogPending *pending)
{
  return procstream_line_store_get_end (procstream_log_pending_get_store (pending));
}

/* Without what is muted by now. Where nothing is left of what was dropped in part, it is as if nothing had come, and what is shown stays. */
static ProcstreamLogPending *
exclude_muted (ProcstreamLogPending *pending, /* taken */
               guint64               begin,
               guint64               first)
{
  ProcstreamLogPending *left;

  if (first == get_first (pending) && !procstream_log_pending_has_muted (pending))
    return pending;
  left = procstream_log_pending_dup_audible (pending, first);
  procstream_log_pending_free (pending);
  if (get_first (left) < get_end (left))
    return left;
  procstream_log_pending_free (left);
  return procstream_log_pending_new (begin);
}

/* All of what is shown goes when some of what came after it was dropped already. */
ProcstreamLogPending *
procstream_log_record_begin_showing (ProcstreamLogRecord *self,
                                     guint64              shown_end,
                                     GPtrArray           *streams,
                                     guint64             *max_lines,
                                     guint64             *max_bytes)
{
  ProcstreamLogPending *showing;
  ProcstreamLineStore  *store;

  g_mutex_lock (&self->mutex);
  for (guint i = streams->len; i < self->streams->len; i++)
    g_ptr_array_add (streams, g_ref_string_acquire (g_ptr_array_index (self->streams, i)));
  self->pending = exclude_muted (self->pending, self->begin, get_first (self->pending));
  keep_to_limits_locked (self);
  store = procstream_log_pending_get_store (self->pending);
  *max_lines = get_first (self->pending) > shown_end ? 0 : self->limits.max_lines - (get_end (self->pending) - get_first (self->pending));
  *max_bytes = self->limits.max_bytes - procstream_line_store_get_bytes (store);
  showing = self->pending;
  self->begin = get_end (showing);
  self->pending = procstream_log_pending_new (self->begin);
  g_mutex_unlock (&self->mutex);
  return showing;
}

ProcstreamLogPending *
procstream_log_record_end_showing (ProcstreamLogRecord  *self,
                                   ProcstreamLogPending *showing)
{
  guint64 first = get_first (showing);
  guint64 n_fewer = get_end (showing);

  showing = exclude_muted (showing, first, first);
  n_fewer -= get_end (showing);
  if (n_fewer == 0)
    return showing;
  g_mutex_lock (&self->mutex);
  self->begin -= n_fewer;
  self->pending = exclude_muted (self->pending, self->begin, get_first (self->pending) - n_fewer);
  g_mutex_unlock (&self->mutex);
  return showing;
}

guint64
procstream_log_record_forget_pending (ProcstreamLogRecord *self)
{
  guint64 end;

  if (procstream_platform_forked ())
    return G_MAXUINT64;
  g_mutex_lock (&self->mutex);
  end = get_end (self->pending);
  self->begin = end;
  procstream_log_pending_trim (self->pending, 0, 0);
  g_mutex_unlock (&self->mutex);
  return end;
}

/* There are few names; should there be more than the numbers reach, the last one stands for all that follow. */
static guint16
add_stream_locked (ProcstreamLogRecord *self,
                   const char          *name)
{
  guint i;

  for (i = 0; i < self->streams->len; i++)
    {
      if (g_str_equal (g_ptr_array_index (self->streams, i), name))
        return i;
    }
  if (i == G_MAXUINT16)
    return i - 1;
  g_ptr_array_add (self->streams, g_ref_string_new_intern (name));
  return i;
}

GMutex *
procstream_log_record_peek_mutex (ProcstreamLogRecord *self)
{
  return &self->mutex;
}

/* --- Feeds -------------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamConsumerCore *core; /* its owner */
  ProcstreamLogRecord    *record;

  /* Under the record's mutex. */
  ProcstreamLineCursor cursor;
  guint16              streams[3]; /* what stands for each ProcstreamStream, + 1; 0: not needed yet */
  guint64              number;     /* of the last line */
  gint64               time_us;    /* of the chunk that is being cut */
  guint64              torn;       /* what the record was told of what is lost of lines */
} Feed;

typedef struct
{
  ProcstreamConsumer parent_instance;
  Feed              *feed;
} ProcstreamLogFeed;
typedef ProcstreamConsumerClass ProcstreamLogFeedClass;

static GType procstream_log_feed_get_type (void);
G_DEFINE_FINAL_TYPE (ProcstreamLogFeed, procstream_log_feed, PROCSTREAM_TYPE_CONSUMER)

static guint16
get_stream_locked (Feed *self)
{
  ProcstreamStream stream = self->cursor.stream;
  const char      *name = procstream_stream_get_name (stream);

  if (self->streams[stream] == 0)
    self->streams[stream] = add_stream_locked (self->record, name ? name : procstream_consumer_core_get_stream (self->core)) + 1;
  return self->streams[stream] - 1;
}

static void
add_locked (Feed                 *self,
            ProcstreamStoredLine *line)
{
  line->time_us = self->time_us;
  line->stream = get_stream_locked (self);
  procstream_log_pending_append (self->record->pending, procstream_consumer_core_get_muted (self->core), line);
  keep_to_limits_locked (self->record);
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  Feed *self = user_data;

  add_locked (self, &(ProcstreamStoredLine){ .data = data, .size = size, .number = ++self->number, .end = procstream_line_cursor_get_end (&self->cursor) });
}

static void
gap_locked (Feed                     *self,
            const ProcstreamLogEvent *event)
{
  ProcstreamStoredGap gap = { event->chunks, event->bytes };

  procstream_line_cursor_gap (&self->cursor);
  self->record->counts.gaps++;
  self->record->counts.bytes_lost += event->bytes;
  if (self->record->limits.show_gaps)
    add_locked (self, &(ProcstreamStoredLine){ .data = (const guint8 *) &gap, .size = sizeof gap, .number = self->number, .is_gap = TRUE });
}

/* Of lines whose beginning or end is missing, or that are too long. */
static void
count_torn_locked (Feed *self)
{
  guint64 torn = procstream_line_cursor_get_bytes_lost (&self->cursor);

  self->record->counts.bytes_lost += torn - self->torn;
  self->torn = torn;
}

static gboolean
feed_event (gpointer                  native,
            const ProcstreamLogEvent *event)
{
  Feed    *self = native;
  guint64  end;
  gboolean any;

  g_mutex_lock (&self->record->mutex);
  end = get_end (self->record->pending);
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    {
      self->time_us = event->chunk->time_us;
      procstream_line_cursor_push (&self->cursor, event->chunk, line_cb, self);
    }
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP)
    {
      gap_locked (self, event);
    }
  else
    {
      procstream_line_cursor_finish (&self->cursor, line_cb, self);
    }
  count_torn_locked (self);
  /* Some of what came may have gone already: that, too, changes what may be shown. */
  any = get_end (self->record->pending) > end;
  g_mutex_unlock (&self->record->mutex);
  if (any)
    procstream_log_record_post (self->record);
  return FALSE;
}

static gboolean
feed_attach (gpointer                     native,
             const ProcstreamLineOptions *lines,
             gboolean                    *wants_lines,
             GError                     **error)
{
  Feed *self = native;

  if (self->record == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "The consumer belongs to no log model");
      return FALSE;
    }
  *wants_lines = TRUE;
  g_mutex_lock (&self->record->mutex);
  if (!procstream_line_cursor_is_init (&self->cursor))
    procstream_line_cursor_init (&self->cursor, lines);
  g_mutex_unlock (&self->record->mutex);
  return TRUE;
}

/* What it gave and is not shown yet never is, see the record. */
static void
feed_muted (gpointer native)
{
  Feed *self = native;

  procstream_consumer_core_finish (self->core, PROCSTREAM_CONSUMER_STATE_CANCELLED, NULL);
}

/* The model lets go of the feeds that are over. */
static void
feed_over (gpointer native)
{
  Feed *self = native;

  if (self->record)
    procstream_log_record_post (self->record);
}

static guint64
feed_get_bytes_torn (gpointer native)
{
  Feed   *self = native;
  guint64 torn;

  if (self->record == NULL)
    return 0;
  procstream_platform_lock_to_read (&self->record->mutex);
  torn = procstream_line_cursor_get_bytes_lost (&self->cursor);
  procstream_platform_unlock_to_read (&self->record->mutex);
  return torn;
}

static void
feed_free (gpointer native)
{
  Feed *self = native;

  procstream_line_cursor_clear (&self->cursor);
  g_clear_pointer (&self->record, procstream_log_record_unref);
  g_free (self);
}

static const ProcstreamNativeClass native_class = {
  .attach = feed_attach,
  .event = feed_event,
  .over = feed_over,
  .muted = feed_muted,
  .get_bytes_torn = feed_get_bytes_torn,
  .free = feed_free,
};

static void
procstream_log_feed_class_init (ProcstreamLogFeedClass *klass)
{
}

static void
procstream_log_feed_init (ProcstreamLogFeed *self)
{
  self->feed = g_new0 (Feed, 1);
  self->feed->core = procstream_consumer_set_native (PROCSTREAM_CONSUMER (self), &native_class, self->feed);
}

ProcstreamConsumer *
procstream_log_feed_new (ProcstreamLogRecord *record)
{
  ProcstreamLogFeed *self = g_object_new (procstream_log_feed_get_type (), NULL);

  self->feed->record = procstream_log_record_ref (record);
  return PROCSTREAM_CONSUMER (self);
}

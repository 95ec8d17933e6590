/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-collection-private.h"

#include "procstream-error.h"
#include "procstream-platform-private.h"

#include <string.h>

/*
 * The record is shared by the outer and the thread that reads, or the worker that spills; mutex protects all of it but the options, which
 * are fixed from attach on, and, where it spills, what only the worker changes, which the worker reads without it. Whenever mutex is free:
 *
 *  - seen = kept + cut, in bytes, and where lines are collected in lines as well; the bytes of lines are those between their ends;
 *  - each end holds no more than its limits say, and nothing where it has none. A line counts as its bytes and one more, for what it takes to
 *    tell it from the next: so no number of empty lines is without a limit;
 *  - what an end holds is without a hole: of the beginning nothing more is kept once something was cut (full), and what the end lets
 *    go is always its oldest. So all that was cut lies after the beginning and before the end, in one piece;
 *  - last.sizes are, of bytes, those of the chunks that last.bytes are made of, but for head_cut bytes of the oldest, which are gone: so
 *    a chunk is counted as cut once, with the first of its bytes.
 *
 * What is kept of lines is what the child wrote; it is made text for those who ask for text.
 *
 * Where it spills, it pulls, in a worker: the disk holds up the child or, with lossy delivery, loses chunks, and never the thread that
 * reads. The bytes are in first.bytes until they would be more than spill_above, and from then on in the file, all of them; who looks at
 * them sees either. After an error what there is stays, and all that follows is cut.
 */

/* --- Collecting --------------------------------------------------------------------------------------------------------------- */

/* The last so many bytes let go of the oldest. */
static void
count_cut (ProcstreamCollection *self,
           guint64               cut)
{
  self->bytes_cut += cut;
  while (cut > 0)
    {
      guint64 left = procstream_size_queue_peek (&self->last.sizes) - self->head_cut;

      if (self->head_cut == 0)
        self->chunks_cut++;
      if (cut < left)
        {
          self->head_cut += cut;
          return;
        }
      procstream_size_queue_pop (&self->last.sizes);
      self->head_cut = 0;
      cut -= left;
    }
}

static void
collect_bytes (ProcstreamCollection *self,
               const guint8         *data,
               gsize                 size)
{
  gsize kept = self->first.bytes ? procstream_ring_fill (self->first.bytes, data, size) : 0;

  self->bytes_seen += size;
  if (kept == size)
    return;
  if (self->last.bytes)
    {
      procstream_size_queue_push (&self->last.sizes, size - kept);
      count_cut (self, procstream_ring_push (self->last.bytes, data + kept, size - kept));
      return;
    }
  self->bytes_cut += size - kept;
  self->chunks_cut++;
}

static gboolean
fits (const ProcstreamCollectionEnd *end,
      guint64                        size)
{
  guint64 used = end->size + end->sizes.length;

  return end->sizes.length < end->max_lines && used < end->max_bytes && size < end->max_bytes - used;
}

static void
cut_oldest (ProcstreamCollection *self)
{
  guint64 size = procstream_size_queue_pop (&self->last.sizes);

  procstream_ring_drop (self->last.bytes, size);
  self->last.size -= size;
  self->bytes_cut += size;
  self->lines_cut++;
}

static void
keep_line (ProcstreamCollectionEnd *end,
           const guint8            *data,
           gsize                    size)
{
  procstream_size_queue_push (&end->sizes, size);
  procstream_ring_fill (end->bytes, data, size);
  end->size += size;
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  ProcstreamCollection *self = user_data;

  self->lines_seen++;
  self->bytes_seen += size;
  self->full |= !fits (&self->first, size);
  if (!self->full)
    {
      keep_line (&self->first, data, size);
      return;
    }
  while (!fits (&self->last, size) && self->last.sizes.length > 0)
    cut_oldest (self);
  if (fits (&self->last, size))
    {
      keep_line (&self->last, data, size);
      return;
    }
  self->bytes_cut += size;
  self->lines_cut++;
}

static gboolean
collection_event (gpointer                  native,
                  const ProcstreamLogEvent *event)
{
  ProcstreamCollection *self = native;
  gboolean              lines = self->collect == PROCSTREAM_COLLECT_LINES;

  g_mutex_lock (&self->mutex);
  if (event->type == PROCSTREAM_LOG_EVENT_CHUNK && lines)
    procstream_line_cursor_push (&self->cursor, event->chunk, line_cb, self);
  else if (event->type == PROCSTREAM_LOG_EVENT_CHUNK)
    collect_bytes (self, event->chunk->data, event->chunk->size);
  else if (event->type == PROCSTREAM_LOG_EVENT_GAP && lines)
    procstream_line_cursor_gap (&self->cursor);
  else if (event->type == PROCSTREAM_LOG_EVENT_END && lines)
    procstream_line_cursor_finish (&self->cursor, line_cb, self);
  g_mutex_unlock (&self->mutex);
  return FALSE;
}

/* --- Spilling ----------------------------------------------------------------------------------------------------------------- */

static gboolean
collection_pulls (gpointer native)
{
  ProcstreamCollection *self = native;

  return self->spill_above < self->max_bytes;
}

static gsize
get_size (const ProcstreamCollectionEnd *end)
{
  return end->bytes ? procstream_ring_get_size (end->bytes) : 0;
}

/* From memory to a file; FALSE, with what there is in memory, when that is not possible. */
static gboolean
begin_spill (ProcstreamCollection *self,
             GError              **error)
{
  ProcstreamSpill   *spill = procstream_spill_new (error);
  g_autofree guint8 *kept = NULL;
  gsize              size, written;

  if (spill == NULL)
    return FALSE;
  /* Only this thread changes it. */
  size = get_size (&self->first);
  kept = g_malloc (size);
  procstream_ring_copy_to (self->first.bytes, kept);
  if (!procstream_spill_append (spill, kept, size, &written, error))
    {
      procstream_spill_free (spill);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  self->spill = spill;
  g_clear_pointer (&self->first.bytes, procstream_ring_free);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

/* How much of @size was kept. */
static gsize
spill_bytes (ProcstreamCollection *self,
             const guint8         *data,
             gsize                 size)
{
  g_autoptr (GError) error = NULL;
  gsize written = 0;

  if (self->spill_error || size == 0)
    return 0;
  if (self->spill || begin_spill (self, &error))
    procstream_spill_append (self->spill, data, size, &written, &error);
  if (error)
    {
      g_prefix_error (&error, "Could not keep all that was collected: ");
      g_mutex_lock (&self->mutex);
      self->spill_error = g_steal_pointer (&error);
      g_mutex_unlock (&self->mutex);
    }
  return written;
}

static void
take_chunk (ProcstreamCollection *self,
            ProcstreamChunk      *chunk)
{
  guint64  kept = self->bytes_seen - self->bytes_cut;
  gsize    room = MIN (chunk->size, self->max_bytes - kept);
  gsize    written = 0;
  gboolean in_memory = self->spill == NULL && self->spill_error == NULL && kept + room <= self->spill_above;

  if (!in_memory)
    written = spill_bytes (self, chunk->data, room);
  g_mutex_lock (&self->mutex);
  if (in_memory)
    written = procstream_ring_fill (self->first.bytes, chunk->data, room);
  self->bytes_seen += chunk->size;
  self->bytes_cut += chunk->size - written;
  self->chunks_cut += written < chunk->size;
  g_mutex_unlock (&self->mutex);
}

static void
meet_end (ProcstreamCollection *self,
          const GError         *error)
{
  const GError *first = self->spill_error ? self->spill_error : error;

  procstream_consumer_core_finish (self->core, first ? PROCSTREAM_CONSUMER_STATE_FAILED : PROCSTREAM_CONSUMER_STATE_ENDED, first);
}

/* FALSE: nothing, for now. */
static gboolean
take_event (ProcstreamCollection   *self,
            ProcstreamOutputCore   *output,
            ProcstreamSubscription *subscription)
{
  ProcstreamLogEvent event = { 0 };

  switch (procstream_output_core_take (output, subscription, &event))
    {
    case PROCSTREAM_LOG_EVENT_NOTHING:
      return FALSE;
    case PROCSTREAM_LOG_EVENT_CHUNK:
      take_chunk (self, event.chunk);
      break;
    case PROCSTREAM_LOG_EVENT_GAP:
      procstream_consumer_core_count_gap (self->core, event.chunks, event.bytes);
      break;
    default:
      meet_end (self, event.error);
    }
  procstream_log_event_clear (&event);
  return TRUE;
}

static gboolean
run (gpointer          data,
     ProcstreamBudget *budget)
{
  ProcstreamCollection   *self = data;
  ProcstreamOutputCore   *output;
  ProcstreamSubscription *subscription = procstream_consumer_core_dup_subscription (self->core, &output);

  if (subscription == NULL)
    return FALSE;
  while (take_event (self, output, subscription))
    ;
  procstream_subscription_unref (subscription);
  procstream_output_core_unref (output);
  return FALSE;
}

static void
collection_ready (gpointer native)
{
  ProcstreamCollection *self = native;

  procstream_pump_wake (&self->pump);
}

/* It may have been told to take while there was no subscription to take from. */
static void
collection_attached (gpointer native)
{
  if (collection_pulls (native))
    collection_ready (native);
}

/* --- The record --------------------------------------------------------------------------------------------------------------- */

static gboolean
unset (const char *property,
       GError    **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY,
               "The property “%s” of the collector is not set", property);
  return FALSE;
}

static gboolean
invalid (const char *message,
         GError    **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s", message);
  return FALSE;
}

static gboolean
check (ProcstreamCollection *self,
       GError              **error)
{
  gboolean both = self->keep == PROCSTREAM_KEEP_FIRST_AND_LAST;

  if (self->collect == PROCSTREAM_COLLECT_UNSET)
    return unset ("collect", error);
  if (self->keep == PROCSTREAM_KEEP_UNSET)
    return unset ("keep", error);
  if (self->max_bytes == 0)
    return invalid ("The property “max-bytes” of the collector must not be 0", error);
  if (self->max_lines == 0)
    return invalid ("The property “max-lines” of the collector must not be 0", error);
  if (both && self->first_bytes >= self->max_bytes)
    return invalid ("The property “first-bytes” of the collector must be less than “max-bytes”", error);
  if (both && self->first_lines >= self->max_lines)
    return invalid ("The property “first-lines” of the collector must be less than “max-lines”", error);
  if (collection_pulls (self) && (self->collect != PROCSTREAM_COLLECT_BYTES || self->keep != PROCSTREAM_KEEP_FIRST))
    return invalid ("The collector can have a “spill-above” only where it collects bytes and keeps the first", error);
  return TRUE;
}

static void
set_limits (ProcstreamCollection *self)
{
  gboolean both = self->keep == PROCSTREAM_KEEP_FIRST_AND_LAST;

  if (self->keep != PROCSTREAM_KEEP_LAST)
    {
      self->first.max_bytes = !both ? self->max_bytes : self->first_bytes ? self->first_bytes
                                                                          : self->max_bytes / 2;
      self->first.max_lines = !both ? self->max_lines : self->first_lines ? self->first_lines
                                                                          : self->max_lines / 2;
    }
  if (self->keep != PROCSTREAM_KEEP_FIRST)
    {
      self->last.max_bytes = self->max_bytes - self->first.max_bytes;
      self->last.max_lines = self->max_lines - self->first.max_lines;
    }
  if (self->first.max_bytes > 0)
    self->first.bytes = procstream_ring_new (self->first.max_bytes);
  if (self->last.max_bytes > 0)
    self->last.bytes = procstream_ring_new (self->last.max_bytes);
}

static gboolean
collection_attach (gpointer                     native,
                   const ProcstreamLineOptions *lines,
                   gboolean                    *wants_lines,
                   GError                     **error)
{
  ProcstreamCollection *self = native;

  if (!check (self, error))
    return FALSE;
  *wants_lines = self->collect == PROCSTREAM_COLLECT_LINES;
  g_mutex_lock (&self->mutex);
  if (self->first.max_bytes == 0 && self->last.max_bytes == 0)
    set_limits (self);
  if (*wants_lines && !procstream_line_cursor_is_init (&self->cursor))
    procstream_line_cursor_init (&self->cursor, lines);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static guint64
collection_get_bytes_torn (gpointer native)
{
  ProcstreamCollection *self = native;
  guint64               torn;

  procstream_platform_lock_to_read (&self->mutex);
  torn = procstream_line_cursor_get_bytes_lost (&self->cursor);
  procstream_platform_unlock_to_read (&self->mutex);
  return torn;
}

static void
clear_end (ProcstreamCollectionEnd *end)
{
  g_clear_pointer (&end->bytes, procstream_ring_free);
  procstream_size_queue_clear (&end->sizes);
}

static void
collection_free (gpointer native)
{
  ProcstreamCollection *self = native;

  procstream_pump_clear (&self->pump);
  procstream_line_cursor_clear (&self->cursor);
  clear_end (&self->first);
  clear_end (&self->last);
  g_clear_pointer (&self->spill, procstream_spill_free);
  g_clear_error (&self->spill_error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static const ProcstreamNativeClass native_class = {
  .attach = collection_attach,
  .event = collection_event,
  .pulls = collection_pulls,
  .ready = collection_ready,
  .attached = collection_attached,
  .get_bytes_torn = collection_get_bytes_torn,
  .free = collection_free,
};

static gpointer
ref_cb (gpointer data)
{
  ProcstreamCollection *self = data;

  procstream_consumer_core_ref (self->core);
  return self;
}

static void
unref_cb (gpointer data)
{
  ProcstreamCollection *self = data;

  procstream_consumer_core_unref (self->core);
}

ProcstreamCollection *
procstream_collection_new (ProcstreamConsumer *consumer)
{
  ProcstreamCollection *self = g_new0 (ProcstreamCollection, 1);

  self->core = procstream_consumer_set_native (consumer, &native_class, self);
  self->max_bytes = PROCSTREAM_DEFAULT_COLLECTED_BYTES;
  self->max_lines = PROCSTREAM_UNLIMITED;
  self->spill_above = PROCSTREAM_UNLIMITED;
  procstream_pump_init (&self->pump, "procstream-spill", run, self, ref_cb, unref_cb);
  g_mutex_init (&self->mutex);
  return self;
}

/* --- What there is ------------------------------------------------------------------------------------------------------------ */

guint64
procstream_collection_get_count (ProcstreamCollection *self,
                                 const guint64        *count)
{
  guint64 value;

  procstream_platform_lock_to_read (&self->mutex);
  value = *count;
  procstream_platform_unlock_to_read (&self->mutex);
  return value;
}

/* FALSE in a forked copy when a thread that is not there holds the lock, and what is kept may be half changed. The program hears
 * of it, since nothing at all is what an empty output gives, too. */
static gboolean
lock_kept (ProcstreamCollection *self)
{
  if (procstream_platform_forked ())
    {
      if (g_mutex_trylock (&self->mutex))
        return TRUE;
      g_warning ("The program was forked while this collector was collecting: what it holds cannot be read in the copy");
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  return TRUE;
}

/* What is held of lines, as it is asked for. It may be more than an array of GLib has room for. */
typedef struct
{
  guint8  *bytes; /* with room for all */
  gsize    size;
  gboolean line_feeds; /* after each line */
  void (*func) (gpointer data,
                gsize    offset,
                gsize    size);
  gpointer data;
} Lines;

static gsize
get_size_of_lines (const ProcstreamCollectionEnd *end,
                   const Lines                   *lines)
{
  return get_size (end) + (lines->line_feeds ? end->sizes.length : 0);
}

static void
append_lines (const ProcstreamCollectionEnd *end,
              Lines                         *lines)
{
  g_autofree guint8 *kept = NULL;
  gsize              position = 0;
  gsize              at = 0;
  guint64            size;

  if (end->sizes.length == 0)
    return;
  kept = g_malloc (get_size (end));
  procstream_ring_copy_to (end->bytes, kept);
  for (; procstream_size_queue_next (&end->sizes, &position, &size); at += size)
    {
      if (lines->func)
        lines->func (lines->data, lines->size, size);
      if (size > 0)
        memcpy (lines->bytes + lines->size, kept + at, size);
      lines->size += size;
      if (lines->line_feeds)
        lines->bytes[lines->size++] = '\n';
    }
}

static GBytes *
dup_lines (ProcstreamCollection *self,
           gboolean              first,
           gboolean              last,
           Lines                *lines)
{
  if (lock_kept (self))
    {
      lines->bytes = g_malloc ((first ? get_size_of_lines (&self->first, lines) : 0) + (last ? get_size_of_lines (&self->last, lines) : 0));
      if (first)
        append_lines (&self->first, lines);
      if (last)
        append_lines (&self->last, lines);
      g_mutex_unlock (&self->mutex);
    }
  return g_bytes_new_take (lines->bytes, lines->size);
}

GBytes *
procstream_collection_dup_lines (ProcstreamCollection *self,
                                 gboolean              first,
                                 gboolean              last,
                                 void (*func) (gpointer data,
                                               gsize    offset,
                                               gsize    size),
                                 gpointer data)
{
  Lines lines = { .func = func, .data = data };

  return dup_lines (self, first, last, &lines);
}

/* Of both ends, as far as they are asked for. */
static GBytes *
dup_ends_locked (ProcstreamCollection *self,
                 gboolean              first,
                 gboolean              last)
{
  gsize   n_first = first ? get_size (&self->first) : 0;
  gsize   n_last = last ? get_size (&self->last) : 0;
  guint8 *bytes = g_malloc (n_first + n_last);

  if (n_first > 0)
    procstream_ring_copy_to (self->first.bytes, bytes);
  if (n_last > 0)
    procstream_ring_copy_to (self->last.bytes, bytes + n_first);
  return g_bytes_new_take (bytes, n_first + n_last);
}

GBytes *
procstream_collection_dup_bytes (ProcstreamCollection *self,
                                 gboolean              first,
                                 gboolean              last)
{
  ProcstreamSpill *spill = NULL;
  GBytes          *bytes = NULL;
  gsize            size = 0;

  if (self->collect == PROCSTREAM_COLLECT_LINES)
    {
      Lines lines = { .line_feeds = TRUE };

      return dup_lines (self, first, last, &lines);
    }
  if (!lock_kept (self))
    return g_bytes_new_static (NULL, 0);
  if (first && self->spill)
    {
      spill = self->spill;
      size = self->bytes_seen - self->bytes_cut;
    }
  else
    {
      bytes = dup_ends_locked (self, first, last);
    }
  g_mutex_unlock (&self->mutex);
  /* It stays as long as the record does, and what was written does not change. */
  return bytes ? bytes : procstream_spill_map (spill, size);
}
